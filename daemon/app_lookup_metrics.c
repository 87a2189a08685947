/*
 * Metrics of the lookup that is in force.
 */
#include "daemon/app_lookup.h"
#include "daemon/metrics.h"

enum { MICRO_PER_MS = 1000 };

static const struct app_lookups *lookups_of(const void *module)
{
    return module;
}

static void emit_rows(const void *module, struct metrics_page *page)
{
    const struct app_lookup *current = lookups_of(module)->current;
    if (current)
        metric_add(page, current->table ? (int64_t)ad_table_count(current->table) : 0, NULL, NULL);
}

static void emit_refreshed(const void *module, struct metrics_page *page)
{
    const struct app_lookup *current = lookups_of(module)->current;
    if (current && current->table)
        metric_add_micro(page, current->refreshed_ms * MICRO_PER_MS, NULL, NULL);
}

static void emit_failures(const void *module, struct metrics_page *page)
{
    metric_add(page, lookups_of(module)->n_failed, NULL, NULL);
}

static void emit_changed(const void *module, struct metrics_page *page)
{
    metric_add(page, lookups_of(module)->n_changed, NULL, NULL);
}

static const struct metric_row rows[] = {
    {"roiwatch_lookup_rows",
     {0},
     KIND_GAUGE,
     "Ads whose campaign is known, of at most 1,000,000.",
     emit_rows},
    {"roiwatch_lookup_refreshed_timestamp_seconds",
     {0},
     KIND_GAUGE,
     "When they were last read, or seen to be as they were, since the epoch.",
     emit_refreshed},
    {"roiwatch_lookup_failures_total",
     {0},
     KIND_COUNTER,
     "Refreshes that found a mistake, or could not read; the ads before stay. Look into the log.",
     emit_failures},
    {"roiwatch_lookup_rows_changed_total",
     {0},
     KIND_COUNTER,
     "Ads that a refresh found gone or with another campaign.",
     emit_changed},
};

const struct metric_table lookup_metrics = {rows, ARRAY_SIZE(rows)};
