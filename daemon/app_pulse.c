/*
 * Once a second: what all processes agree on through Redis, and what people look at.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/log.h"

enum { PULSE_MS = 1000, STANDSTILL_MS = 10000 };

/* The first configured topic that exists: its partitions say who evaluates which shard. */
static int first_topic(const struct app *app)
{
    for (size_t i = 0; i < app->settings->kafka.n_topics; i++)
        if (app->partition_counts[i] > 0)
            return (int)i;
    return -1;
}

static bool holds(const struct app *app, const char *topic, int32_t partition)
{
    const rd_kafka_topic_partition_list_t *offered = kafka_source_offered(app->source);
    bool held =
        app->partitions == PARTITIONS_TAKEN || app->partitions == PARTITIONS_PAUSED || app->reassigning;
    if (!held || !offered)
        return false;
    for (int i = 0; i < offered->cnt; i++)
        if (offered->elems[i].partition == partition && strcmp(offered->elems[i].topic, topic) == 0)
            return true;
    return false;
}

static bool owns_shard(const struct app *app, uint32_t shard)
{
    int topic = first_topic(app);
    return topic >= 0 && app->counts_known && !app->stopping &&
           holds(app, app->settings->kafka.topics[topic].name,
                 (int32_t)(shard % (uint32_t)app->partition_counts[topic]));
}

void app_own_shards(struct app *app)
{
    for (uint32_t shard = 0; app->evaluator && shard < app->layout.n_shards; shard++)
        if (evaluator_own(app->evaluator, shard, owns_shard(app, shard)) < 0)
            log_line(LOG_LEVEL_ERROR, "out of memory: shard %" PRIu32 " is not evaluated yet", shard);
}

size_t app_n_partitions(const struct app *app)
{
    size_t n = 0;
    for (size_t i = 0; i < app->settings->kafka.n_topics; i++)
        n += (size_t)app->partition_counts[i];
    return n;
}

/* Tells the evaluator which partitions count, once all of them are registered. */
static void partitions_tell(struct app *app)
{
    size_t expected = app_n_partitions(app);
    if (!app->counts_known || expected == 0)
        return;
    uint32_t *numbers = calloc(expected, sizeof(*numbers));
    size_t n = 0;
    for (size_t i = 0; numbers && i < app->settings->kafka.n_topics; i++) {
        for (int32_t partition = 0; partition < app->partition_counts[i]; partition++) {
            const struct registry_entry *entry =
                registry_find(&app->registry, app->settings->kafka.topics[i].name, partition);
            if (entry)
                numbers[n++] = entry->index;
        }
    }
    if (numbers && n == expected && evaluator_set_partitions(app->evaluator, numbers, n) < 0)
        log_line(LOG_LEVEL_ERROR, "out of memory");
    free(numbers);
}

void app_ask(struct app *app, const char *name, redis_answer answer)
{
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HGETALL");
    call_arg(&app->call, app_common_key(app, name));
    app_send(app, answer, 0);
}

static void on_lanes(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (!reply || app->phase != APP_READY || app->partitions == PARTITIONS_PLACING)
        return;
    if (reply->type != REPLY_ARRAY) {
        app_say_refused(app, "lanes", reply);
        return;
    }
    bool running = app->partitions == PARTITIONS_TAKEN && ingest_phase(app->ingest) == INGEST_RUNNING;
    if (running && app->n_slots > 0 && reply->n_elements == 0)
        app_lost(app, "the lane registry is gone");
    else if (registry_parse(&app->registry, reply))
        partitions_tell(app);
}

int64_t app_behind_ms(const struct app *app)
{
    int64_t reference_ms = app->settings->book.clock ? app->now_ms : app_marks_furthest(app);
    int64_t as_of_ms = app->shards_as_of_ms == NEVER ? 0 : app->shards_as_of_ms;
    return reference_ms == NEVER || reference_ms < as_of_ms ? 0 : reference_ms - as_of_ms;
}

/*
 * Whether what was counted is published, or on its way. Where windows end by the log's own time, being at its end
 * says nothing of that.
 */
static bool is_publishing(const struct app *app)
{
    struct evaluator_stats stats;
    if (!app->evaluator)
        return false;
    evaluator_get_stats(app->evaluator, &stats);
    if (stats.n_loading + stats.n_lost > 0)
        return false;
    if (app->settings->book.clock)
        return app_behind_ms(app) <= app->settings->book.stale_after_ms;
    if (app_marks_furthest(app) == NEVER) /* there never was an event */
        return true;
    return app->shards_as_of_ms != NEVER && (app_behind_ms(app) <= app->settings->book.disorder_ms ||
                                             app->steady_ms - app->shards_moved_ms < STANDSTILL_MS);
}

enum pipeline_status app_pipeline_status(struct app *app)
{
    bool live = is_publishing(app) && (app->settings->book.clock || app_marks_at_end(app));
    app->rebuilding = app->rebuilding && !live;
    return live ? PIPELINE_LIVE : app->rebuilding ? PIPELINE_REBUILDING : PIPELINE_CATCHING_UP;
}

static void field_i64(struct call *call, const char *name, int64_t value)
{
    call_arg_text(call, name);
    call_arg_i64(call, value);
}

static void field_text(struct call *call, const char *name, const char *value)
{
    call_arg_text(call, name);
    call_arg_text(call, value);
}

/* roi:meta, for other services. status NULL: what it is by the numbers. */
static void meta_write(struct app *app, const char *status, redis_answer answer)
{
    int64_t as_of_ms = app->shards_as_of_ms == NEVER ? 0 : app->shards_as_of_ms;
    int64_t behind_ms = app_behind_ms(app);
    int topic = first_topic(app);
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HSET");
    buffer_clear(&app->scratch);
    buffer_append_text(&app->scratch, app->settings->redis.prefix);
    buffer_append_text(&app->scratch, "meta");
    call_arg(&app->call, buffer_span(&app->scratch));
    field_i64(&app->call, "contract", 1);
    field_i64(&app->call, "as_of_ms", as_of_ms);
    field_i64(&app->call, "behind_ms", behind_ms);
    field_text(&app->call, "status", status ? status : pipeline_status_name(app_pipeline_status(app)));
    field_i64(&app->call, "shards", app->layout.n_shards);
    field_i64(&app->call, "partitions", topic < 0 ? 0 : app->partition_counts[topic]);
    field_text(&app->call, "config_fingerprint", app->settings->fingerprint);
    app_send(app, answer, 0);
}

static void on_farewell(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    (void)reply;
    app->farewell_open = false;
}

void app_farewell(struct app *app)
{
    if (!owns_shard(app, 0))
        return;
    app->farewell_open = true;
    meta_write(app, "stopped", on_farewell);
}

static void on_shards(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (!reply || app->phase != APP_READY)
        return;
    int64_t least_ms = INT64_MAX;
    for (size_t i = 0; i + 1 < reply->n_elements; i += 2) { /* no elements in an error */
        char text[128];
        struct span value = reply_at(reply, i + 1)->text;
        snprintf(text, sizeof(text), "%.*s", (int)value.size, value.data);
        int64_t as_of_ms;
        if (sscanf(text, "%" SCNd64, &as_of_ms) == 1 && as_of_ms < least_ms)
            least_ms = as_of_ms;
    }
    int64_t before_ms = app->shards_as_of_ms;
    app->shards_as_of_ms = reply->n_elements / 2 == app->layout.n_shards ? least_ms : NEVER;
    if (app->shards_as_of_ms != before_ms)
        app->shards_moved_ms = app->steady_ms;
    if (app->evaluator)
        evaluator_set_complete(app->evaluator,
                               app->counts_known && app_pipeline_status(app) == PIPELINE_LIVE);
    if (owns_shard(app, 0))
        meta_write(app, NULL, app_ignore);
}

static void on_time(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (!reply || reply->type != REPLY_ARRAY)
        return;
    int64_t redis_ms = reply_i64(reply_at(reply, 0), 0) * 1000 + reply_i64(reply_at(reply, 1), 0) / 1000;
    int64_t wall_ms = app->redis_skew_ms < 0 ? app->now_ms - app->redis_skew_ms : app->now_ms;
    app->redis_skew_ms = redis_ms - wall_ms;
}

static void commit(struct app *app)
{
    int64_t *offsets = calloc(app->n_slots + 1, sizeof(*offsets));
    for (size_t i = 0; offsets && i < app->n_slots; i++)
        offsets[i] = ingest_counted(app->ingest, i);
    if (offsets && app->n_slots > 0)
        kafka_source_commit(app->source, offsets);
    free(offsets);
}

void app_pulse(struct app *app)
{
    if (app->steady_ms - app->pulse_at_ms < PULSE_MS)
        return;
    app->pulse_at_ms = app->steady_ms;
    app_status(app);
    if (app->phase == APP_WAITING && redis_store_is_ready(app->store))
        app_meta_begin(app);
    if (app->phase != APP_READY || !redis_store_is_ready(app->store) || app->stopping)
        return;
    app_say_aside(app);
    app_topics_refresh(app);
    app_own_shards(app);
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "TIME");
    app_send(app, on_time, 0);
    app_meta_check(app);
    app_sweep(app);
    app_ask(app, "lanes", on_lanes);
    app_marks_ask(app);
    app_ask(app, "shards", on_shards);
    if (app->partitions == PARTITIONS_TAKEN && ingest_phase(app->ingest) == INGEST_RUNNING) {
        commit(app);
        app_rules_clear(app);
        if (!app->service.ready)
            service_ready(&app->service);
    }
}
