/*
 * Metrics of the store.
 */
#include "daemon/metrics.h"
#include "daemon/redis_store.h"

static void emit_up(const void *module, struct metrics_page *page)
{
    metric_add(page, redis_store_is_ready(module), NULL, NULL);
}

static void emit_connections(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)redis_store_stats(module)->connections, NULL, NULL);
}

static void emit_errors(const void *module, struct metrics_page *page)
{
    for (enum redis_error error = 0; error < N_REDIS_ERRORS; error++)
        metric_add(page, (int64_t)redis_store_stats(module)->errors[error], redis_error_name(error), NULL);
}

static void emit_in_flight(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)redis_store_stats(module)->in_flight, NULL, NULL);
}

static void emit_silent(const void *module, struct metrics_page *page)
{
    metric_add_micro(page, redis_stats_silent_ms(redis_store_stats(module)) * 1000, NULL, NULL);
}

static void emit_durations(const void *module, struct metrics_page *page)
{
    for (enum script script = SCRIPT_NONE; script < N_SCRIPTS; script++)
        metric_add_histogram(page, &redis_store_stats(module)->durations[script],
                             script == SCRIPT_NONE ? "command" : script_name(script));
}

static const struct metric_row rows[] = {
    {"roiwatch_redis_up", {0}, KIND_GAUGE, "1 while there is a connection that has been checked.", emit_up},
    {"roiwatch_redis_connections_total",
     {0},
     KIND_COUNTER,
     "Connections that were made and checked.",
     emit_connections},
    {"roiwatch_redis_errors_total",
     {"class"},
     KIND_COUNTER,
     "Error replies by their first word; class connection: attempts and connections that failed.",
     emit_errors},
    {"roiwatch_redis_calls_in_flight", {0}, KIND_GAUGE, "Calls that Redis has not answered.", emit_in_flight},
    {"roiwatch_redis_silent_seconds",
     {0},
     KIND_GAUGE,
     "For how long Redis has owed an answer without giving any.",
     emit_silent},
    {"roiwatch_redis_call_duration_seconds",
     {"call"},
     KIND_HISTOGRAM,
     "From sending a call to its answer, by script; apply is what adds counts to a shard (a flush).",
     emit_durations},
};

const struct metric_table redis_store_metrics = {rows, ARRAY_SIZE(rows)};
