#include "daemon/app_lookup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/log.h"
#include "daemon/lookup_file.h"

enum { PIECE = 1000, RETRY_MS = 5000, ERROR_BYTES_MAX = 200 };

static const char *name_of(const struct app_lookup *lookup)
{
    return lookup->path ? lookup->path : lookup->hash;
}

/* The fresh table takes the old one's place. */
static void take(struct app *app, struct app_lookup *lookup, struct ad_table *fresh)
{
    if (lookup->table)
        app->lookups.n_changed += (int64_t)ad_table_changes(lookup->table, fresh);
    log_line(LOG_LEVEL_INFO, "lookup: %zu ads from %s", ad_table_count(fresh), name_of(lookup));
    ad_table_free(lookup->table);
    lookup->table = fresh;
    lookup->rows.table = fresh;
    lookup->refreshed_ms = app->now_ms;
    lookup->due_ms = app->steady_ms + app->settings->lookup.refresh_ms;
}

static void fail(struct app *app, struct app_lookup *lookup, const char *why, int size)
{
    app->lookups.n_failed++;
    ad_table_free(lookup->fresh);
    lookup->fresh = NULL;
    lookup->due_ms = app->steady_ms + (lookup->table ? app->settings->lookup.refresh_ms : RETRY_MS);
    if (lookup->table)
        log_line(LOG_LEVEL_ERROR, "lookup: %.*s; the %zu ads that were read before stay, nothing is lost",
                 size, why, ad_table_count(lookup->table));
    else
        log_line(LOG_LEVEL_ERROR,
                 "lookup: %.*s; roiwatch reads nothing from Kafka until it has the ads, and tries again, "
                 "nothing is "
                 "lost",
                 size, why);
}

/* --- a file --- */

static int file_load(struct app *app, struct app_lookup *lookup, struct buffer *why)
{
    struct ad_table *fresh = NULL;
    int r = lookup_file_read(lookup->path, &fresh, &lookup->stamp, why);
    if (r == 0)
        take(app, lookup, fresh);
    return r;
}

static void file_refresh(struct app *app, struct app_lookup *lookup)
{
    CLEANUP(buffer_deinit) struct buffer why = BUFFER_INIT;
    if (lookup_file_is_same(lookup->path, &lookup->stamp)) {
        lookup->refreshed_ms = app->now_ms;
        lookup->due_ms = app->steady_ms + app->settings->lookup.refresh_ms;
        return;
    }
    int r = file_load(app, lookup, &why);
    if (r < 0 || (r > 0 && buffer_status(&why) < 0))
        fail(app, lookup, "out of memory", INT32_MAX);
    else if (r > 0)
        fail(app, lookup, why.data, (int)why.size);
}

/* --- a hash --- */

static void on_piece(void *context, uint64_t tag, const struct reply *reply);

static void ask_piece(struct app *app, struct app_lookup *lookup, struct span cursor)
{
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HSCAN");
    call_arg_text(&app->call, lookup->hash);
    call_arg(&app->call, cursor);
    call_arg_text(&app->call, "COUNT");
    call_arg_i64(&app->call, PIECE);
    app_send(app, on_piece, lookup->number);
}

static void hash_refresh(struct app *app, struct app_lookup *lookup)
{
    if (lookup->fresh || !redis_store_is_ready(app->store))
        return;
    if (ad_table_new(&lookup->fresh) < 0)
        fail(app, lookup, "out of memory", INT32_MAX);
    else
        ask_piece(app, lookup, span_of("0"));
}

/* A hash that is not there is empty: it is taken for one that has not been filled yet. */
static void hash_done(struct app *app, struct app_lookup *lookup)
{
    CLEANUP(buffer_deinit) struct buffer why = BUFFER_INIT;
    if (ad_table_count(lookup->fresh) == 0) {
        buffer_printf(&why, "Redis has no hash %s, or nothing in it", lookup->hash);
        fail(app, lookup, why.data ? why.data : "", (int)why.size);
        return;
    }
    take(app, lookup, STEAL(lookup->fresh));
}

/* 0; 1 with why; or -ENOMEM. */
static int piece_add(struct app_lookup *lookup, const struct reply *pairs, struct buffer *why)
{
    for (size_t i = 0; i + 1 < pairs->n_elements; i += 2) {
        struct span ad = reply_at(pairs, i)->text;
        int r = ad_table_add(lookup->fresh, ad, reply_at(pairs, i + 1)->text);
        if (r < 0)
            return r;
        /* A hash has each ad once; one that changes while it is read may come twice, and either is right. */
        if (r > 0 && r != AD_TWICE) {
            buffer_printf(why, "Redis hash %s, ad \"%.*s\": %s", lookup->hash,
                          (int)(ad.size < 64 ? ad.size : 64), ad.data, ad_fault_text((enum ad_fault)r));
            return 1;
        }
    }
    return 0;
}

static struct app_lookup *find_number(const struct app *app, uint64_t number)
{
    struct app_lookup *lookup = app->lookups.first;
    while (lookup && lookup->number != number)
        lookup = lookup->next;
    return lookup;
}

static void on_piece(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    struct app_lookup *lookup = find_number(app, tag);
    CLEANUP(buffer_deinit) struct buffer why = BUFFER_INIT;
    if (!lookup || !lookup->fresh)
        return;
    if (!reply) { /* the connection went, which was said: from the beginning, once it is back */
        ad_table_free(lookup->fresh);
        lookup->fresh = NULL;
        lookup->due_ms = app->steady_ms;
        return;
    }
    int r = 1;
    if (reply->type == REPLY_ARRAY)
        r = piece_add(lookup, reply_at(reply, 1), &why);
    else
        buffer_printf(&why, "Redis hash %s: %.*s", lookup->hash,
                      (int)(reply->text.size < ERROR_BYTES_MAX ? reply->text.size : ERROR_BYTES_MAX),
                      reply->text.size ? reply->text.data : "");
    struct span cursor = reply_at(reply, 0)->text;
    if (r < 0 || buffer_status(&why) < 0)
        fail(app, lookup, "out of memory", INT32_MAX);
    else if (r > 0)
        fail(app, lookup, why.data, (int)why.size);
    else if (!span_equal(cursor, span_of("0")))
        ask_piece(app, lookup, cursor);
    else
        hash_done(app, lookup);
}

/* --- all of them --- */

static void lookup_free(struct app_lookup *lookup)
{
    ad_table_free(lookup->table);
    ad_table_free(lookup->fresh);
    free(lookup->path);
    free(lookup->hash);
    free(lookup);
}

static bool is_of(const struct app_lookup *lookup, const char *path, const char *hash)
{
    return path ? lookup->path && strcmp(lookup->path, path) == 0
                : lookup->hash && strcmp(lookup->hash, hash) == 0;
}

static struct app_lookup *lookup_new(const char *path, const char *hash)
{
    struct app_lookup *lookup = calloc(1, sizeof(*lookup));
    if (!lookup)
        return NULL;
    lookup->path = path ? strdup(path) : NULL;
    lookup->hash = path ? NULL : strdup(hash);
    if (lookup->path || lookup->hash)
        return lookup;
    lookup_free(lookup);
    return NULL;
}

/* A new one, in the list; a file is read at once. */
static int lookup_open(struct app *app, const char *path, const char *hash, struct app_lookup **ret_lookup)
{
    CLEANUP(buffer_deinit) struct buffer why = BUFFER_INIT;
    struct app_lookup *lookup = lookup_new(path, hash);
    if (!lookup)
        return -ENOMEM;
    int r = path ? file_load(app, lookup, &why) : 0;
    if (r != 0) {
        if (r > 0)
            log_answer(LOG_LEVEL_ERROR, "lookup: %.*s", (int)why.size, why.size ? why.data : "");
        lookup_free(lookup);
        return r;
    }
    lookup->number = ++app->lookups.last_number;
    lookup->next = app->lookups.first;
    app->lookups.first = lookup;
    *ret_lookup = lookup;
    return 0;
}

int app_lookup_use(struct app *app, const struct settings *settings, const struct settings *folder_of,
                   struct app_lookup **ret_lookup)
{
    const struct lookup_source *source = &settings->lookup.ad_id;
    CLEANUP(buffer_deinit) struct buffer path = BUFFER_INIT;
    *ret_lookup = NULL;
    if (!lookup_is_configured(source))
        return 0;
    if (source->file)
        lookup_file_path(folder_of, source->file, &path);
    if (buffer_status(&path) < 0)
        return -ENOMEM;
    struct app_lookup *lookup = app->lookups.first;
    while (lookup && !is_of(lookup, path.data, source->redis_hash))
        lookup = lookup->next;
    int r = lookup ? 0 : lookup_open(app, path.data, source->redis_hash, &lookup);
    if (r != 0)
        return r;
    lookup->n_users++;
    *ret_lookup = lookup;
    return 0;
}

void app_lookup_drop(struct app *app, struct app_lookup *lookup)
{
    if (!lookup || --lookup->n_users > 0)
        return;
    struct app_lookup **at = &app->lookups.first;
    while (*at != lookup)
        at = &(*at)->next;
    *at = lookup->next;
    lookup_free(lookup);
}

bool app_lookups_ready(const struct app *app)
{
    for (const struct app_lookup *lookup = app->lookups.first; lookup; lookup = lookup->next)
        if (!lookup->table)
            return false;
    return true;
}

void app_lookups_tick(struct app *app)
{
    for (struct app_lookup *lookup = app->lookups.first; lookup; lookup = lookup->next) {
        if (lookup->due_ms > app->steady_ms)
            continue;
        if (lookup->path)
            file_refresh(app, lookup);
        else
            hash_refresh(app, lookup);
    }
}
