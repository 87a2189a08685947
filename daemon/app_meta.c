/*
 * What is fixed at the first start, and what is done when Redis turns out to have lost data.
 *
 * DESIGN
 *   PREFIX~meta says which layout, number of shards, currency and group the keys under the prefix belong to,
 * and the generation that counts. Another layout or currency is a configuration error, another group is
 * fenced off. A generation is part of all key names of shards. When a shard, a vector or the registry is
 * gone, a new generation begins, and everything is counted again from where counting once began: if the log
 * still holds all of it. If not, roiwatch stops and says so; it never adds on top of what is left. Keys of
 * generations that are gone are unlinked a few at a time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/letter_headers.h"
#include "daemon/log.h"
#include "daemon/slices_text.h"

enum { KEY_MAX = 600, SLICES_APART_MOST = 2 };

void app_meta_key(struct app *app, struct call *call, bool key)
{
    buffer_clear(&app->scratch);
    buffer_append_text(&app->scratch, app->settings->redis.prefix);
    buffer_append_text(&app->scratch, "~meta");
    if (key)
        call_key(call, buffer_span(&app->scratch));
    else
        call_arg(call, buffer_span(&app->scratch));
}

static void call_field(struct call *call, const char *name, const char *value)
{
    call_arg_text(call, name);
    call_arg_text(call, value);
}

static struct span meta_get(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i + 1 < reply->n_elements; i += 2)
        if (span_equal(reply_at(reply, i)->text, span_of(name)))
            return reply_at(reply, i + 1)->text;
    return (struct span){0};
}

static bool meta_agrees(struct app *app, const struct reply *reply, const char *name, const char *ours,
                        int exit_code, const char *help)
{
    struct span theirs = meta_get(reply, name);
    if (span_equal(theirs, span_of(ours)))
        return true;
    log_line(LOG_LEVEL_ERROR,
             "the keys under prefix %s were begun with %s %.*s, this configuration says %s: %s",
             app->settings->redis.prefix, name, (int)theirs.size, theirs.data, ours, help);
    app_stop(app, exit_code);
    return false;
}

static int64_t meta_i64(const struct reply *reply, const char *name, int64_t fallback)
{
    struct reply text = {.type = REPLY_TEXT, .text = meta_get(reply, name)};
    return reply_i64(&text, fallback);
}

struct ingest_rules app_ingest_rules(struct app *app)
{
    const struct settings *settings = app->settings;
    struct ingest_rules rules = {
        .layout = app->layout,
        .decode = {.future_ms = settings->lateness.future_ms,
                   .message_bytes = settings->limits.message_bytes,
                   .has_lookup = app->lookups.current != NULL,
                   .rates = settings->counting.rates},
        .counting = settings->counting,
        .earlier = app_counting_source(app),
        .repeat_ms = settings->attribution.click_lookback_ms + settings->attribution.order_hold_ms,
        .book = &settings->book,
        .campaigns_limit = settings->limits.campaigns,
        .book_at_refund = settings->ledger.refund_booking == REFUND_BOOKED_AT_REFUND,
        .refund_horizon_ms = settings->ledger.refund_horizon_ms,
        .flush_ms = settings->redis.flush_ms,
        .cells_due = INGEST_CELLS_DUE,
    };
    rules.counting.lookup = app->lookups.current ? &app->lookups.current->rows : NULL;
    snprintf(rules.decode.currency, sizeof(rules.decode.currency), "%s", settings->account.currency);
    attribution_rules_make(&settings->attribution, &settings->identities, &rules.attribution);
    return rules;
}

static int core_open(struct app *app)
{
    const struct settings *settings = app->settings;
    struct ingest_rules rules = app_ingest_rules(app);
    struct evaluator_options options = {
        .book = &settings->book,
        .layout = app->layout,
        .future_ms = settings->lateness.future_ms,
        .stream_length = settings->alerts.stream_length,
    };
    int r = ingest_new(&rules, &app->ingest);
    return r < 0 ? r : evaluator_new(&options, &app->evaluator);
}

void app_close_core(struct app *app)
{
    app->core_number++;
    evaluator_free(app->evaluator);
    ingest_free(app->ingest);
    app->evaluator = NULL;
    app->ingest = NULL;
    free(app->ends);
    free(app->own_marks);
    free(app->reads_headers);
    app->ends = NULL;
    app->reads_headers = NULL;
    app->own_marks = NULL;
    app->n_slots = 0;
    app->placed_epoch = 0;
    app->loss_asked = false;
    app->rules_cleared = false;
    if (app->partitions != PARTITIONS_NONE)
        app->partitions = PARTITIONS_OFFERED;
}

void app_store_slices(struct app *app, struct span slices)
{
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HSET");
    app_meta_key(app, &app->call, false);
    call_arg_text(&app->call, "slices");
    call_arg(&app->call, slices);
    app_send(app, app_ignore, 0);
}

/*
 * Whether another process of the group counts with other windows or another disorder: then each would store what the
 * other does not, and both would be wrong. A start reads the file as it is now, and takes over or begins a recount.
 * Our own change of it may still be on its way, so it has to be seen twice.
 */
static bool slices_are_others(struct app *app, struct span stored)
{
    CLEANUP(buffer_deinit) struct buffer slices = BUFFER_INIT;
    slices_text(app->settings, &slices);
    bool apart = buffer_status(&slices) == 0 && !span_equal(stored, buffer_span(&slices));
    app->n_slices_apart = apart ? app->n_slices_apart + 1 : 0;
    if (app->n_slices_apart < SLICES_APART_MOST)
        return false;
    log_line(
        LOG_LEVEL_ERROR,
        "another process of group %s counts with other windows, measures or another lateness.disorder under "
        "prefix %s; "
        "roiwatchd ends, so that it starts again with what its configuration says now. Give all processes of "
        "a "
        "group the same windows, goals' windows, measures and lateness.disorder, and restart them together",
        app->settings->kafka.group, app->settings->redis.prefix);
    app_stop(app, EXIT_FAILED);
    return true;
}

static void meta_use(struct app *app, const struct reply *reply)
{
    char number[24];
    const struct settings *settings = app->settings;
    snprintf(number, sizeof(number), "%d", CELL_LAYOUT);
    if (!meta_agrees(app, reply, "layout", number, EXIT_CONFIGURATION,
                     "another version of roiwatch wrote them; use that one or another prefix"))
        return;
    snprintf(number, sizeof(number), "%" PRId64, settings->redis.shards);
    if (!meta_agrees(app, reply, "shards", number, EXIT_CONFIGURATION,
                     "redis.shards is fixed at the first start") ||
        !meta_agrees(app, reply, "currency", settings->account.currency, EXIT_CONFIGURATION,
                     "account.currency is fixed at the first start") ||
        !meta_agrees(app, reply, "group", settings->kafka.group, EXIT_DENIED,
                     "two deployments must not share a prefix; give one of them another redis.prefix"))
        return;
    int64_t generation = meta_i64(reply, "generation", 0);
    if (app->phase == APP_READY && slices_are_others(app, meta_get(reply, "slices")))
        return;
    if (app->phase == APP_READY && generation == app->layout.generation)
        return;
    if (app->phase == APP_READY)
        log_line(LOG_LEVEL_NOTICE, "generation %" PRId64 " has begun: starting over with it", generation);
    app_close_core(app);
    app->layout =
        (struct layout){span_of(settings->redis.prefix), (uint32_t)settings->redis.shards, generation};
    app->count_id = count_id_of(meta_i64(reply, "begun", 0), generation);
    app->rebuilt_from = meta_i64(reply, "rebuilt_from", 0);
    app->rebuilding = app->rebuilt_from > 0;
    app->accepted_loss = meta_i64(reply, "accept_loss", 0) == generation;
    app->sweep_cursor = generation > 1 ? 0 : -1;
    CLEANUP(buffer_deinit) struct buffer slices = BUFFER_INIT;
    slices_text(app->settings, &slices);
    if (core_open(app) < 0) {
        app_stop(app, EXIT_FAILED);
        return;
    }
    app->phase = APP_READY;
    app->n_slices_apart = 0;
    struct span stored = meta_get(reply, "slices");
    if (slices_cover(app->settings, stored) && !span_equal(stored, buffer_span(&slices)))
        app_store_slices(app, buffer_span(&slices));
    else if (!slices_cover(app->settings, stored))
        app_lost(
            app,
            "other windows, measures or another lateness.disorder are configured than were counted with");
    app_turn(app);
}

static void on_meta(void *context, uint64_t tag, const struct reply *reply);

static void meta_create(struct app *app)
{
    app->phase = APP_OPENING;
    call_begin(&app->call, SCRIPT_META);
    app_meta_key(app, &app->call, true);
    CLEANUP(buffer_deinit) struct buffer slices = BUFFER_INIT;
    slices_text(app->settings, &slices);
    call_arg_text(&app->call, "layout");
    call_arg_i64(&app->call, CELL_LAYOUT);
    call_arg_text(&app->call, "shards");
    call_arg_i64(&app->call, app->settings->redis.shards);
    call_field(&app->call, "currency", app->settings->account.currency);
    call_field(&app->call, "group", app->settings->kafka.group);
    call_arg_text(&app->call, "generation");
    call_arg_i64(&app->call, app->left_generation + 1);
    call_arg_text(&app->call, "begun");
    call_arg_i64(&app->call, app->now_ms);
    call_arg_text(&app->call, "slices");
    call_arg(&app->call, buffer_span(&slices));
    app_send(app, on_meta, 0);
}

static void scan_call(struct app *app, struct span cursor);

/* The generation in the name of an internal key: PREFIX~{c12.G}:part or PREFIX~name.G; 0 where there is none.
 */
static int64_t key_generation(const struct app *app, struct span key)
{
    char text[KEY_MAX];
    size_t prefix = strlen(app->settings->redis.prefix);
    if (key.size <= prefix + 1 || key.size >= sizeof(text))
        return 0;
    memcpy(text, key.data, key.size);
    text[key.size] = '\0';
    char *name = text + prefix + 1;
    if (*name == '{')
        name[strcspn(name, "}")] = '\0';
    const char *dot = strrchr(name, '.');
    return dot ? strtoll(dot + 1, NULL, 10) : 0;
}

/* No meta: nothing may be counted on top of what earlier generations have left. */
static void on_scan(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (!reply || reply->type == REPLY_ERROR || app->phase != APP_SCANNING)
        return;
    const struct reply *keys = reply_at(reply, 1);
    for (size_t i = 0; i < keys->n_elements; i++) {
        int64_t generation = key_generation(app, reply_at(keys, i)->text);
        if (generation > app->left_generation)
            app->left_generation = generation;
    }
    struct span cursor = reply_at(reply, 0)->text;
    if (span_equal(cursor, span_of("0")))
        meta_create(app);
    else
        scan_call(app, cursor);
}

static void scan_begin(struct app *app, struct span cursor)
{
    CLEANUP(buffer_deinit) struct buffer pattern = BUFFER_INIT;
    for (const char *c = app->settings->redis.prefix; *c; c++) {
        if (strchr("*?[]\\^-", *c))
            buffer_append_u8(&pattern, '\\');
        buffer_append_u8(&pattern, (uint8_t)*c);
    }
    buffer_append_text(&pattern, "~*");
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "SCAN");
    call_arg(&app->call, cursor);
    call_arg_text(&app->call, "MATCH");
    call_arg(&app->call, buffer_span(&pattern));
    call_field(&app->call, "COUNT", "1000");
}

static void scan_call(struct app *app, struct span cursor)
{
    scan_begin(app, cursor);
    app_send(app, on_scan, 0);
}

/* Unlinks the internal keys of earlier generations that one step of the scan has found. */
static void on_sweep(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (!reply || reply->type != REPLY_ARRAY || app->phase != APP_READY || app->sweep_cursor < 0)
        return;
    const struct reply *keys = reply_at(reply, 1);
    for (size_t i = 0; i < keys->n_elements; i++) {
        struct span key = reply_at(keys, i)->text;
        int64_t generation = key_generation(app, key);
        if (generation == 0 || generation >= app->layout.generation)
            continue;
        call_begin(&app->call, SCRIPT_NONE);
        call_arg_text(&app->call, "UNLINK");
        call_arg(&app->call, key);
        app_send(app, app_ignore, 0);
    }
    int64_t cursor = reply_i64(reply_at(reply, 0), 0);
    app->sweep_cursor = cursor == 0 ? -1 : cursor;
}

void app_sweep(struct app *app)
{
    if (app->sweep_cursor < 0 || app->rebuilding)
        return;
    char cursor[24];
    int size = snprintf(cursor, sizeof(cursor), "%" PRId64, app->sweep_cursor);
    scan_begin(app, span_from(cursor, (size_t)size));
    app_send(app, on_sweep, 0);
}

static bool error_is(const struct reply *reply, const char *code)
{
    size_t size = strlen(code);
    return reply->text.size >= size && memcmp(reply->text.data, code, size) == 0;
}

/* Redis does not want to now (READONLY, OOM, LOADING ...), or not at all. */
static void meta_refused(struct app *app, const struct reply *reply)
{
    int size = (int)(reply->text.size < KEY_MAX ? reply->text.size : KEY_MAX);
    if (error_is(reply, "NOPERM") || error_is(reply, "NOAUTH")) {
        log_line(LOG_LEVEL_ERROR, "redis: %.*s", size, reply->text.data);
        app_stop(app, EXIT_DENIED);
        return;
    }
    if (app->phase == APP_READY)
        return;
    if (!app->meta_refused)
        log_line(LOG_LEVEL_WARNING, "redis: %.*s; roiwatch waits and tries again, nothing is lost", size,
                 reply->text.data);
    app->meta_refused = true;
    app->phase = APP_WAITING;
}

static void on_meta(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (!reply || app->stopping)
        return;
    if (reply->type == REPLY_ERROR && !error_is(reply, "WRONGTYPE")) {
        meta_refused(app, reply);
    } else if (reply->type != REPLY_ARRAY) {
        log_line(LOG_LEVEL_ERROR,
                 "%s~meta is not a hash: another program uses this prefix; choose another redis.prefix",
                 app->settings->redis.prefix);
        app_stop(app, EXIT_CONFIGURATION);
    } else if (reply->n_elements > 0) {
        meta_use(app, reply);
    } else {
        if (app->phase == APP_READY)
            log_line(LOG_LEVEL_ERROR, "redis: %s~meta is gone: Redis was emptied",
                     app->settings->redis.prefix);
        app_close_core(app);
        app->phase = APP_SCANNING;
        app->left_generation = 0;
        scan_call(app, span_of("0"));
    }
    app_turn(app);
}

void app_meta_check(struct app *app)
{
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HGETALL");
    app_meta_key(app, &app->call, false);
    app_send(app, on_meta, 0);
}

void app_meta_begin(struct app *app)
{
    if (app->phase != APP_READY)
        app->phase = APP_META;
    app_meta_check(app);
}
