/*
 * STATUS= of the service: one line for `systemctl status` that says how it goes, or what it waits for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/app.h"

/* Messages that our partitions hold beyond what was read, as far as brokers have told; nothing is asked. */
static int64_t messages_left(struct app *app)
{
    const rd_kafka_topic_partition_list_t *offered = kafka_source_offered(app->source);
    int64_t left = 0;
    for (size_t i = 0; offered && i < app->n_slots && i < (size_t)offered->cnt; i++) {
        const rd_kafka_topic_partition_t *partition = &offered->elems[i];
        int64_t low = 0, high = 0;
        if (rd_kafka_get_watermark_offsets(kafka_source_client(app->source), partition->topic,
                                           partition->partition, &low, &high))
            continue;
        int64_t position = ingest_position(app->ingest, i);
        if (position >= 0 && high > position)
            left += high - position;
    }
    return left;
}

static void running_text(struct app *app, char *text, size_t size)
{
    struct evaluator_stats stats;
    evaluator_get_stats(app->evaluator, &stats);
    int64_t behind_ms = app_behind_ms(app);
    int n = snprintf(text, size, "%zu partitions, %" PRId64 " messages to read, ", app->n_slots,
                     messages_left(app));
    if (app->shards_as_of_ms == NEVER)
        n += snprintf(text + n, size - (size_t)n, "nothing complete yet, ");
    else
        n += snprintf(text + n, size - (size_t)n, "complete up to %" PRId64 ".%" PRId64 " s ago, ",
                      behind_ms / 1000, behind_ms % 1000 / 100);
    snprintf(text + n, size - (size_t)n, "%" PRIu64 " goals firing",
             stats.n_goals[GOAL_FIRING] + stats.n_goals[GOAL_RECOVERING]);
}

/* What has to happen before anything is counted; NULL where it is. */
static const char *waiting_for(const struct app *app)
{
    if (app->stopping)
        return "stopping: what is in flight is finished";
    if (!redis_store_is_ready(app->store))
        return "waiting for Redis; nothing is read meanwhile, nothing is lost";
    if (app->phase == APP_WAITING)
        return "waiting for Redis, which answers but refuses; the log says what";
    if (app->phase != APP_READY)
        return "starting: looking at what Redis holds";
    if (app->partitions == PARTITIONS_NONE)
        return "waiting for Kafka's consumer group to give partitions";
    if (app->partitions == PARTITIONS_LEAVING)
        return "giving partitions back to the consumer group";
    if (app->partitions != PARTITIONS_TAKEN)
        return "taking partitions";
    return NULL;
}

void app_status(struct app *app)
{
    char text[SERVICE_STATUS_SIZE];
    const char *waiting = waiting_for(app);
    if (waiting)
        snprintf(text, sizeof(text), "%s", waiting);
    else if (ingest_phase(app->ingest) == INGEST_RUNNING)
        running_text(app, text, sizeof(text));
    else
        snprintf(text, sizeof(text), "%zu partitions, %s%s%s", app->n_slots,
                 ingest_phase_name(ingest_phase(app->ingest)), *ingest_fault(app->ingest) ? ": " : "",
                 ingest_fault(app->ingest));
    if (app->reload.failed) {
        size_t size = strlen(text);
        snprintf(text + size, sizeof(text) - size,
                 "; the configuration file was not taken, the one before holds");
    }
    service_status(&app->service, text);
}
