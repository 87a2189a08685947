/*
 * Counting rules of earlier configurations: made of their texts while something has to be read by them, and their
 * texts cleared away when no lane names them any more.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/log.h"
#include "daemon/settings_counting.h"

/* What ingest holds of an earlier configuration. */
struct earlier {
    struct counting_rules counting; /* first: what ingest sees */
    struct settings *settings;
    struct app_lookup *lookup;
};

static void say_errors(uint64_t version, const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->n_items; i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        config_error_text(&errors->items[i], &text);
        log_line(LOG_LEVEL_ERROR, "the configuration before, version %016" PRIx64 ": %.*s", version,
                 (int)text.size, text.size ? text.data : "");
    }
}

static int earlier_open(struct app *app, uint64_t version, struct span text, struct earlier *earlier)
{
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    int r = settings_counting_read(text, &earlier->settings, &errors);
    say_errors(version, &errors);
    if (r == 0)
        r = app_lookup_use(app, earlier->settings, app->settings, &earlier->lookup);
    if (r != 0)
        return r == -ENOMEM ? r : COUNTING_UNREADABLE;
    earlier->counting = earlier->settings->counting;
    earlier->counting.version = version;
    earlier->counting.lookup = earlier->lookup ? &earlier->lookup->rows : NULL;
    log_line(LOG_LEVEL_NOTICE,
             "some shards are ahead of others: what they have counted is read by the configuration before "
             "(version %016" PRIx64 ")",
             version);
    return 0;
}

static void on_close(void *context, const struct counting_rules *counting)
{
    struct earlier *earlier = (struct earlier *)counting;
    app_lookup_drop(context, earlier->lookup);
    settings_free(earlier->settings);
    free(earlier);
}

static int on_open(void *context, uint64_t version, struct span text,
                   const struct counting_rules **ret_counting)
{
    struct earlier *earlier = calloc(1, sizeof(*earlier));
    if (!earlier)
        return -ENOMEM;
    int r = earlier_open(context, version, text, earlier);
    if (r != 0) {
        on_close(context, &earlier->counting);
        return r;
    }
    *ret_counting = &earlier->counting;
    return 0;
}

struct counting_source app_counting_source(struct app *app)
{
    return (struct counting_source){on_open, on_close, app};
}

/* --- clearing away --- */

static void entries_free(struct rules_entries *entries)
{
    for (size_t i = 0; i < entries->n; i++) {
        buffer_deinit(&entries->items[i].version);
        buffer_deinit(&entries->items[i].text);
    }
    free(entries->items);
    *entries = (struct rules_entries){0};
}

void app_rules_close(struct app *app)
{
    entries_free(&app->old_rules);
}

/* The registry's texts hold the versions as they are written. */
static bool is_named(const struct reply *lanes, struct span version)
{
    for (size_t i = 1; i < lanes->n_elements; i += 2) {
        struct span text = reply_at(lanes, i)->text;
        if (memmem(text.data, text.size, version.data, version.size))
            return true;
    }
    return false;
}

static void on_lanes(void *context, uint64_t tag, const struct reply *lanes)
{
    struct app *app = context;
    (void)tag;
    for (size_t i = 0; lanes && lanes->type == REPLY_ARRAY && i < app->old_rules.n; i++) {
        const struct rules_entry *entry = &app->old_rules.items[i];
        if (is_named(lanes, buffer_span(&entry->version)))
            continue;
        call_begin(&app->call, SCRIPT_RULES);
        call_key(&app->call, app_common_key(app, "rules"));
        call_arg_text(&app->call, "drop");
        call_arg(&app->call, buffer_span(&entry->version));
        call_arg(&app->call, buffer_span(&entry->text));
        app_send(app, app_ignore, 0);
    }
    entries_free(&app->old_rules);
}

static void on_rules(void *context, uint64_t tag, const struct reply *rules)
{
    struct app *app = context;
    struct rules_entries *entries = &app->old_rules;
    (void)tag;
    if (!rules || rules->type != REPLY_ARRAY || rules->n_elements < 2 || entries->items)
        return;
    entries->items = calloc(rules->n_elements / 2, sizeof(*entries->items));
    int r = entries->items ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i + 1 < rules->n_elements; i += 2) {
        struct rules_entry *entry = &entries->items[entries->n++];
        buffer_append_span(&entry->version, reply_at(rules, i)->text);
        buffer_append_span(&entry->text, reply_at(rules, i + 1)->text);
        r = buffer_status(&entry->version) < 0 ? -ENOMEM : buffer_status(&entry->text);
    }
    if (r < 0)
        entries_free(entries);
    else
        app_ask(app, "lanes", on_lanes);
}

/* First the texts, then the registry: see lib/ingest/versions.c. */
void app_rules_clear(struct app *app)
{
    if (app->rules_cleared || ingest_phase(app->ingest) != INGEST_RUNNING)
        return;
    app->rules_cleared = true;
    app_ask(app, "rules", on_rules);
}
