/*
 * Loss: what is done when Redis turns out to have lost data, or to hold what was counted by other rules.
 *
 * DESIGN
 *   If the log still holds every partition from where counting began, a new generation begins and counts it
 * again. If not, roiwatch stops and says what is missing and what the operator can do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/kafka_query.h"
#include "daemon/log.h"
#include "daemon/slices_text.h"

/* Begins the next generation (or finds that somebody else did), and comes back through app_meta_begin. */
static void on_advanced(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (reply && reply->type != REPLY_ERROR)
        app_meta_begin(app);
}

static void generation_advance(struct app *app, const char *why)
{
    log_line(
        LOG_LEVEL_WARNING,
        "%s; the log still holds everything since counting began: counting again from there, nothing is lost",
        why);
    call_begin(&app->call, SCRIPT_ADVANCE);
    app_meta_key(app, &app->call, true);
    call_arg_i64(&app->call, app->layout.generation);
    call_arg_i64(&app->call, app->layout.generation + 1);
    call_arg_text(&app->call, "rebuilt_from");
    call_arg_i64(&app->call, app->layout.generation);
    CLEANUP(buffer_deinit) struct buffer slices = BUFFER_INIT;
    slices_text(app->settings, &slices);
    call_arg_text(&app->call, "slices");
    call_arg(&app->call, buffer_span(&slices));
    app_send(app, on_advanced, 0);
}

void app_count_anew(struct app *app, const char *why)
{
    app_close_core(app);
    app->phase = APP_META;
    generation_advance(app, why);
}

/* How far the partition has been counted by all shards, where it is ours; else 0. */
static int64_t counted_offset(const struct app *app, const char *topic, int32_t partition)
{
    const rd_kafka_topic_partition_list_t *offered = kafka_source_offered(app->source);
    for (size_t i = 0; app->partitions == PARTITIONS_TAKEN && i < app->n_slots; i++)
        if (offered->elems[i].partition == partition && strcmp(offered->elems[i].topic, topic) == 0)
            return ingest_counted(app->ingest, i);
    return 0;
}

/* Does the log hold the lane from where it began, and as far as it was counted? */
static bool lane_is_whole(struct app *app, const struct registry_entry *entry, const char *topic,
                          int32_t partition, char *why, size_t why_size)
{
    int64_t low;
    int64_t high;
    if (kafka_query_watermarks(kafka_source_client(app->source), topic, partition, 5000, &low, &high) < 0) {
        snprintf(why, why_size, "%s cannot be asked where its log begins", entry->name);
        return false;
    }
    if (low > entry->start_offset) {
        snprintf(why, why_size, "%s begins at offset %" PRId64 " now, counting began at %" PRId64,
                 entry->name, low, entry->start_offset);
        return false;
    }
    int64_t counted = counted_offset(app, topic, partition);
    if (high < counted) {
        snprintf(why, why_size,
                 "%s ends at offset %" PRId64 " now, but was counted up to %" PRId64
                 ": the topic was deleted and made again",
                 entry->name, high, counted);
        return false;
    }
    return true;
}

/* Does the log hold every registered lane? The first that it does not is named. */
static bool log_is_whole(struct app *app, char *why, size_t why_size)
{
    for (size_t i = 0; i < app->registry.n; i++) {
        const struct registry_entry *entry = &app->registry.entries[i];
        const char *colon = strrchr(entry->name, ':');
        char topic[300];
        snprintf(topic, sizeof(topic), "%.*s", (int)(colon - entry->name), entry->name);
        if (!lane_is_whole(app, entry, topic, atoi(colon + 1), why, why_size))
            return false;
    }
    return true;
}

static void lost_with_registry(struct app *app, const char *what)
{
    char why[512];
    kafka_source_stop(app->source);
    if (app->registry.n > 0 && log_is_whole(app, why, sizeof(why))) {
        app_count_anew(app, what);
        return;
    }
    if (app->registry.n == 0)
        snprintf(why, sizeof(why), "the lane registry is gone too");
    log_line(LOG_LEVEL_ERROR,
             "%s, and it cannot be counted again: %s. roiwatch stops rather than add on top of numbers with "
             "a hole. Restore Redis from its last "
             "copy and start again; or run `roiwatch rebuild` to count only what Kafka still holds",
             what, why);
    app_stop(app, EXIT_FAILED);
}

/* What was lost is in the fault text of ingest. */
static void on_lost_registry(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    app->loss_asked = reply != NULL;
    if (!reply || app->stopping || app->phase != APP_READY)
        return;
    if (!registry_parse(&app->registry, reply))
        registry_deinit(&app->registry);
    char what[300];
    snprintf(what, sizeof(what), "%s",
             ingest_fault(app->ingest)[0] ? ingest_fault(app->ingest)
                                          : "data is gone or counted by other rules");
    lost_with_registry(app, what);
    app_turn(app);
}

/* Without the meta all of Redis was emptied, which has a way of its own. */
static void on_lost_meta(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    app->loss_asked = reply != NULL;
    if (!reply || app->stopping || app->phase != APP_READY)
        return;
    if (reply->type == REPLY_ARRAY && reply->n_elements == 0) {
        app_meta_begin(app);
        return;
    }
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HGETALL");
    call_arg(&app->call, app_common_key(app, "lanes"));
    app_send(app, on_lost_registry, 0);
}

void app_lost(struct app *app, const char *what)
{
    if (app->stopping || app->phase != APP_READY || app->loss_asked)
        return;
    app->loss_asked = true;
    log_line(LOG_LEVEL_ERROR, "%s", what);
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HGETALL");
    app_meta_key(app, &app->call, false);
    app_send(app, on_lost_meta, 0);
}
