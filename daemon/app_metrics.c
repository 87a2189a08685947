/*
 * Metrics of the whole: how far it is, whether it is healthy, what it was built and configured as.
 */
#include "daemon/app_metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/app.h"
#include "daemon/metrics.h"

#ifndef ROIWATCH_VERSION
#define ROIWATCH_VERSION "unknown"
#endif

enum { MICRO_PER_MS = 1000, PARTITION_SIZE = 16 };

static const struct app *app_of(const void *module)
{
    return ((const struct app_look *)module)->app;
}

static const struct health_facts *facts_of(const void *module)
{
    return &((const struct app_look *)module)->facts;
}

static void emit_build(const void *module, struct metrics_page *page)
{
    (void)module;
    metric_add(page, 1, ROIWATCH_VERSION, rd_kafka_version_str());
}

static void emit_start(const void *module, struct metrics_page *page)
{
    metric_add_micro(page, app_of(module)->began_ms * MICRO_PER_MS, NULL, NULL);
}

static void emit_config(const void *module, struct metrics_page *page)
{
    metric_add(page, 1, app_of(module)->settings->fingerprint, NULL);
}

static void emit_reload(const void *module, struct metrics_page *page)
{
    metric_add(page, !app_of(module)->reload.failed, NULL, NULL);
}

static void emit_reloads(const void *module, struct metrics_page *page)
{
    metric_add(page, app_of(module)->reload.n_taken, "taken", NULL);
    metric_add(page, app_of(module)->reload.n_failed, "refused", NULL);
}

static void emit_loaded(const void *module, struct metrics_page *page)
{
    metric_add_micro(page, app_of(module)->reload.taken_ms * MICRO_PER_MS, NULL, NULL);
}

static void emit_ready(const void *module, struct metrics_page *page)
{
    metric_add(page, ((const struct app_look *)module)->ready, NULL, NULL);
}

static void emit_unready(const void *module, struct metrics_page *page)
{
    const struct app_look *look = module;
    for (enum unready_reason reason = 0; reason < N_UNREADY_REASONS; reason++)
        metric_add(page, look->health.unready[reason], unready_reason_name(reason), NULL);
}

static void emit_status(const void *module, struct metrics_page *page)
{
    for (enum pipeline_status status = 0; status < N_PIPELINE_STATUSES; status++)
        metric_add(page, facts_of(module)->status == status, pipeline_status_name(status), NULL);
}

static void emit_as_of(const void *module, struct metrics_page *page)
{
    if (facts_of(module)->as_of_ms != NEVER)
        metric_add_micro(page, facts_of(module)->as_of_ms * MICRO_PER_MS, NULL, NULL);
}

static void emit_behind(const void *module, struct metrics_page *page)
{
    if (facts_of(module)->as_of_ms != NEVER)
        metric_add_micro(page, facts_of(module)->behind_ms * MICRO_PER_MS, NULL, NULL);
}

static void emit_generation(const void *module, struct metrics_page *page)
{
    if (app_of(module)->phase == APP_READY)
        metric_add(page, app_of(module)->layout.generation, NULL, NULL);
}

static void emit_skew(const void *module, struct metrics_page *page)
{
    metric_add_micro(page, app_of(module)->redis_skew_ms * MICRO_PER_MS, NULL, NULL);
}

static void emit_partitions(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)facts_of(module)->n_partitions, NULL, NULL);
}

static void emit_topics(const void *module, struct metrics_page *page)
{
    const struct app *app = app_of(module);
    for (size_t i = 0; app->counts_known && i < app->settings->kafka.n_topics; i++)
        metric_add(page, app->partition_counts[i], app->settings->kafka.topics[i].name, NULL);
}

/* Calls add for every partition that is read, with its slot. */
static void each_slot(const struct app *app, struct metrics_page *page,
                      void (*add)(const struct app *app, size_t slot, struct metrics_page *page,
                                  const char *topic, const char *partition))
{
    const rd_kafka_topic_partition_list_t *offered = kafka_source_offered(app->source);
    bool known =
        app->ingest && offered && app->partitions == PARTITIONS_TAKEN &&
        (ingest_phase(app->ingest) == INGEST_RUNNING || ingest_phase(app->ingest) == INGEST_DRAINING);
    for (size_t i = 0; known && i < app->n_slots; i++) {
        char partition[PARTITION_SIZE];
        snprintf(partition, sizeof(partition), "%" PRId32, offered->elems[i].partition);
        add(app, i, page, offered->elems[i].topic, partition);
    }
}

static void add_counted(const struct app *app, size_t slot, struct metrics_page *page, const char *topic,
                        const char *partition)
{
    int64_t counted = ingest_counted(app->ingest, slot);
    if (counted >= 0)
        metric_add(page, counted, topic, partition);
}

static void add_end(const struct app *app, size_t slot, struct metrics_page *page, const char *topic,
                    const char *partition)
{
    int64_t end = kafka_source_end(app->source, slot);
    if (end >= 0)
        metric_add(page, end, topic, partition);
}

static void add_lag(const struct app *app, size_t slot, struct metrics_page *page, const char *topic,
                    const char *partition)
{
    int64_t end = kafka_source_end(app->source, slot);
    int64_t counted = ingest_counted(app->ingest, slot);
    if (end >= 0 && counted >= 0)
        metric_add(page, end > counted ? end - counted : 0, topic, partition);
}

static void emit_counted(const void *module, struct metrics_page *page)
{
    each_slot(app_of(module), page, add_counted);
}

static void emit_end(const void *module, struct metrics_page *page)
{
    each_slot(app_of(module), page, add_end);
}

static void emit_lag(const void *module, struct metrics_page *page)
{
    each_slot(app_of(module), page, add_lag);
}

static const struct metric_row rows[] = {
    {"roiwatch_build_info", {"version", "librdkafka"}, KIND_GAUGE, "Always 1; what runs here.", emit_build},
    {"process_start_time_seconds", {0}, KIND_GAUGE, "When the process began, since the epoch.", emit_start},
    {"roiwatch_config_info",
     {"fingerprint"},
     KIND_GAUGE,
     "Always 1; processes of one deployment should have the same fingerprint.",
     emit_config},
    {"roiwatch_config_reload_success",
     {0},
     KIND_GAUGE,
     "0 where the last reload found a mistake, so that the configuration before holds.",
     emit_reload},
    {"roiwatch_config_reloads_total",
     {"result"},
     KIND_COUNTER,
     "Reloads asked for; refused: the file has a mistake, or says what cannot change.",
     emit_reloads},
    {"roiwatch_config_last_timestamp_seconds",
     {0},
     KIND_GAUGE,
     "Since when the present configuration holds.",
     emit_loaded},
    {"roiwatch_ready", {0}, KIND_GAUGE, "1 where /readyz answers 200.", emit_ready},
    {"roiwatch_unready", {"reason"}, KIND_GAUGE, "1 for each reason why it does not.", emit_unready},
    {"roiwatch_status",
     {"status"},
     KIND_GAUGE,
     "1 for the status of the pipeline, as in roi:meta.",
     emit_status},
    {"roiwatch_as_of_timestamp_seconds",
     {0},
     KIND_GAUGE,
     "No event before this time is still expected, for all shards as published: how far the numbers are "
     "complete.",
     emit_as_of},
    {"roiwatch_behind_seconds",
     {0},
     KIND_GAUGE,
     "How far that is behind now (with lateness.idle: log, behind the newest event).",
     emit_behind},
    {"roiwatch_generation", {0}, KIND_GAUGE, "Grows when everything is counted anew.", emit_generation},
    {"roiwatch_redis_clock_skew_seconds", {0}, KIND_GAUGE, "Redis' clock less this machine's.", emit_skew},
    {"roiwatch_partitions",
     {0},
     KIND_GAUGE,
     "Partitions that the group has given to this process.",
     emit_partitions},
    {"roiwatch_topic_partitions",
     {"topic"},
     KIND_GAUGE,
     "Partitions of each configured topic; 0 where it does not exist.",
     emit_topics},
    {"roiwatch_partition_counted_offset",
     {"topic", "partition"},
     KIND_GAUGE,
     "The next offset that every shard has counted.",
     emit_counted},
    {"roiwatch_partition_end_offset",
     {"topic", "partition"},
     KIND_GAUGE,
     "The end of the partition as the last fetch said.",
     emit_end},
    {"roiwatch_partition_lag",
     {"topic", "partition"},
     KIND_GAUGE,
     "Offsets between the two; an open transaction counts as lag.",
     emit_lag},
};

const struct metric_table app_metrics = {rows, ARRAY_SIZE(rows)};
