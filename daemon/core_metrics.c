/*
 * Metrics of the core: lib/ingest and lib/evaluate, which know of no metrics themselves.
 */
#include "daemon/metrics.h"
#include "lib/evaluate/evaluate.h"
#include "lib/ingest/ingest.h"

/* --- ingest --- */

static void add_topics(const struct ingest *ingest, struct metrics_page *page, size_t column,
                       const char *label)
{
    for (size_t i = 0; i < ingest_n_topics(ingest); i++) {
        const struct ingest_topic *topic = ingest_topic(ingest, i);
        metric_add(page, topic->counters[column], topic->name, label);
    }
}

static void emit_events(const void *module, struct metrics_page *page)
{
    for (enum event_type type = EVENT_NONE + 1; type < N_EVENT_TYPES; type++)
        add_topics(module, page, lane_column_of(type), event_type_name(type));
}

static void emit_rejected(const void *module, struct metrics_page *page)
{
    for (enum reject_reason reason = REJECT_NONE + 1; reason < N_REJECT_REASONS; reason++)
        add_topics(module, page, LANE_REJECTED + (size_t)reason - 1, reject_reason_name(reason));
}

static void emit_duplicates(const void *module, struct metrics_page *page)
{
    add_topics(module, page, LANE_DUPLICATES, NULL);
}

static void emit_late(const void *module, struct metrics_page *page)
{
    add_topics(module, page, LANE_LATE, NULL);
}

static void emit_overflow(const void *module, struct metrics_page *page)
{
    add_topics(module, page, LANE_OVERFLOW, NULL);
}

static void emit_messages(const void *module, struct metrics_page *page)
{
    metric_add(page, ingest_counts(module).messages, NULL, NULL);
}

static void emit_applies(const void *module, struct metrics_page *page)
{
    metric_add(page, ingest_counts(module).applies, NULL, NULL);
}

static void emit_refused(const void *module, struct metrics_page *page)
{
    metric_add(page, ingest_counts(module).refused, NULL, NULL);
}

static void emit_rewinds(const void *module, struct metrics_page *page)
{
    metric_add(page, ingest_counts(module).restarts, NULL, NULL);
}

static void emit_set_aside(const void *module, struct metrics_page *page)
{
    metric_add(page, ingest_counts(module).set_aside, NULL, NULL);
}

static void emit_again(const void *module, struct metrics_page *page)
{
    metric_add(page, ingest_counts(module).looked_up_again, NULL, NULL);
}

static void emit_pending(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)ingest_sizes(module).n_pending_cells, NULL, NULL);
}

static void emit_known(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)ingest_sizes(module).n_campaigns, NULL, NULL);
}

static void emit_late_touches(const void *module, struct metrics_page *page)
{
    add_topics(module, page, LANE_LATE_TOUCHES, NULL);
}

static void emit_waiting(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)ingest_sizes(module).n_waiting, NULL, NULL);
}

static void emit_cut(const void *module, struct metrics_page *page)
{
    metric_add(page, ingest_counts(module).touches_cut, NULL, NULL);
}

static const struct metric_row ingest_rows[] = {
    {"roiwatch_events_total",
     {"topic", "type"},
     KIND_COUNTER,
     "Events that Redis has acknowledged as counted. (After a lost answer exact in Redis only: roiwatch "
     "offsets.)",
     emit_events},
    {"roiwatch_rejected_total",
     {"topic", "reason"},
     KIND_COUNTER,
     "Messages that were rejected, likewise; the reasons are those of the contract.",
     emit_rejected},
    {"roiwatch_duplicates_total",
     {"topic"},
     KIND_COUNTER,
     "Repeats of a click, an order or a refund that was counted before, likewise.",
     emit_duplicates},
    {"roiwatch_late_total",
     {"topic"},
     KIND_COUNTER,
     "Events too late for every window, likewise: they count in total and excluded_micros only.",
     emit_late},
    {"roiwatch_overflow_total",
     {"topic"},
     KIND_COUNTER,
     "Events of campaigns beyond limits.campaigns, likewise: they count under (overflow).",
     emit_overflow},
    {"roiwatch_late_touches_total",
     {"topic"},
     KIND_COUNTER,
     "Touches later than lateness.disorder, likewise: an order may have been decided without them.",
     emit_late_touches},
    {"roiwatch_orders_waiting",
     {0},
     KIND_GAUGE,
     "Orders and refunds in memory that wait for the touches before them.",
     emit_waiting},
    {"roiwatch_touches_cut_total",
     {0},
     KIND_COUNTER,
     "Touches that one identity with more than 10,000 had to let go.",
     emit_cut},
    {"roiwatch_messages_read_total",
     {0},
     KIND_COUNTER,
     "Messages read, those included that were read again.",
     emit_messages},
    {"roiwatch_applies_total", {0}, KIND_COUNTER, "Calls that add counts to a shard.", emit_applies},
    {"roiwatch_applies_refused_total",
     {0},
     KIND_COUNTER,
     "Calls that a shard refused, as it stood elsewhere than this process thought: another process was "
     "there.",
     emit_refused},
    {"roiwatch_rewinds_total",
     {0},
     KIND_COUNTER,
     "Starts over: what was in memory was dropped and is read again from where the shards stand.",
     emit_rewinds},
    {"roiwatch_cells_set_aside_total",
     {0},
     KIND_COUNTER,
     "Groups of counts that could not be added: a foreign key, or a sum beyond 64 bits. Look into the log.",
     emit_set_aside},
    {"roiwatch_lookups_again_total",
     {0},
     KIND_COUNTER,
     "Ads looked up of events that some shards had counted before: where a row has changed in between, it is "
     "counted by either.",
     emit_again},
    {"roiwatch_pending_cells",
     {0},
     KIND_GAUGE,
     "Sums in memory that are not sent to Redis yet.",
     emit_pending},
    {"roiwatch_campaigns_known",
     {0},
     KIND_GAUGE,
     "Campaign ids that are remembered while counting.",
     emit_known},
};

const struct metric_table ingest_metrics = {ingest_rows, ARRAY_SIZE(ingest_rows)};

/* --- the evaluator: of a struct evaluator_stats, which is costly to gather and so gathered once a page --- */

static const struct evaluator_stats *stats_of(const void *module)
{
    return module;
}

static void emit_goals(const void *module, struct metrics_page *page)
{
    for (enum goal_state state = 0; state < N_GOAL_STATES; state++)
        metric_add(page, (int64_t)stats_of(module)->n_goals[state], goal_state_name(state), NULL);
}

static void emit_alerts(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_alerts, NULL, NULL);
}

static void emit_campaigns(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_members, NULL, NULL);
}

static void emit_cells(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_cells, NULL, NULL);
}

static void emit_shards(const void *module, struct metrics_page *page)
{
    const struct evaluator_stats *stats = module;
    metric_add(page, (int64_t)(stats->n_owned - stats->n_loading - stats->n_lost), "live", NULL);
    metric_add(page, (int64_t)stats->n_loading, "loading", NULL);
    metric_add(page, (int64_t)stats->n_lost, "lost", NULL);
}

static void emit_published(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_published, NULL, NULL);
}

static void emit_outrun(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_refused, NULL, NULL);
}

static void emit_compares(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_lost_compares, NULL, NULL);
}

static void emit_loads(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_reloads, NULL, NULL);
}

static void emit_errors(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_errors, NULL, NULL);
}

static void emit_aside(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)stats_of(module)->n_aside, NULL, NULL);
}

static const struct metric_row evaluator_rows[] = {
    {"roiwatch_goals", {"state"}, KIND_GAUGE, "Goals of the shards that this process evaluates.", emit_goals},
    {"roiwatch_alerts_sent_total",
     {0},
     KIND_COUNTER,
     "Alerts and resolves put into the stream.",
     emit_alerts},
    {"roiwatch_campaigns",
     {0},
     KIND_GAUGE,
     "Campaigns of the shards that this process evaluates.",
     emit_campaigns},
    {"roiwatch_evaluator_cells",
     {0},
     KIND_GAUGE,
     "Slices of them in memory, some 100 bytes each.",
     emit_cells},
    {"roiwatch_shards",
     {"state"},
     KIND_GAUGE,
     "Shards that this process evaluates; lost: its counts are gone or not opened yet.",
     emit_shards},
    {"roiwatch_reader_keys_written_total",
     {0},
     KIND_COUNTER,
     "Keys of campaigns' windows written.",
     emit_published},
    {"roiwatch_reader_keys_outrun_total",
     {0},
     KIND_COUNTER,
     "Keys that were not written, as another process had written a newer one.",
     emit_outrun},
    {"roiwatch_goal_compares_lost_total",
     {0},
     KIND_COUNTER,
     "Changes of a goal's state that another process had made before.",
     emit_compares},
    {"roiwatch_shard_loads_total",
     {0},
     KIND_COUNTER,
     "Times that a shard was loaded whole, the first included.",
     emit_loads},
    {"roiwatch_evaluator_errors_total",
     {0},
     KIND_COUNTER,
     "Error replies to the evaluator's calls; the shard is loaded again.",
     emit_errors},
    {"roiwatch_campaigns_aside_total",
     {0},
     KIND_COUNTER,
     "Campaigns and goals left alone: a foreign key, or money beyond 64 bits. Look into the log.",
     emit_aside},
};

const struct metric_table evaluator_metrics = {evaluator_rows, ARRAY_SIZE(evaluator_rows)};
