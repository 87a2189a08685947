/*
 * Metrics of the source and of the dead letters.
 */
#include "daemon/kafka_letters.h"
#include "daemon/kafka_source.h"
#include "daemon/metrics.h"

static void emit_up(const void *module, struct metrics_page *page)
{
    bool known = kafka_source_silent_ms(module) < INT64_MAX;
    metric_add(page, known && !kafka_source_is_away(module), NULL, NULL);
}

static void add_errors(struct metrics_page *page, const uint64_t errors[N_KAFKA_ERRORS])
{
    for (enum kafka_error error = 0; error < N_KAFKA_ERRORS; error++)
        metric_add(page, (int64_t)errors[error], kafka_error_name(error), NULL);
}

static void emit_errors(const void *module, struct metrics_page *page)
{
    struct source_counts counts;
    kafka_source_get_counts(module, &counts);
    add_errors(page, counts.errors);
}

static void emit_rebalances(const void *module, struct metrics_page *page)
{
    struct source_counts counts;
    kafka_source_get_counts(module, &counts);
    metric_add(page, (int64_t)counts.n_assigned, "given", NULL);
    metric_add(page, (int64_t)counts.n_revoked, "taken", NULL);
}

static const struct metric_row source_rows[] = {
    {"roiwatch_kafka_up", {0}, KIND_GAUGE, "1 while any broker was heard from in the last seconds.", emit_up},
    {"roiwatch_kafka_errors_total",
     {"class"},
     KIND_COUNTER,
     "Errors that librdkafka's consumer has told of; it goes on trying by itself.",
     emit_errors},
    {"roiwatch_rebalances_total",
     {"partitions"},
     KIND_COUNTER,
     "Times that the consumer group has given partitions to this process, and taken them back.",
     emit_rebalances},
};

const struct metric_table kafka_source_metrics = {source_rows, ARRAY_SIZE(source_rows)};

static void emit_delivered(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)kafka_letters_counts(module).delivered, NULL, NULL);
}

static void emit_open(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)kafka_letters_open(module), NULL, NULL);
}

static void emit_letter_errors(const void *module, struct metrics_page *page)
{
    add_errors(page, kafka_letters_counts(module).errors);
}

static const struct metric_row letters_rows[] = {
    {"roiwatch_dead_letters_total",
     {0},
     KIND_COUNTER,
     "Rejected messages that the dead-letter topic has acknowledged.",
     emit_delivered},
    {"roiwatch_dead_letters_waiting",
     {0},
     KIND_GAUGE,
     "Rejected messages that it has not acknowledged yet; nothing is counted beyond them.",
     emit_open},
    {"roiwatch_dead_letter_errors_total",
     {"class"},
     KIND_COUNTER,
     "Attempts that failed; the letter goes again.",
     emit_letter_errors},
};

const struct metric_table kafka_letters_metrics = {letters_rows, ARRAY_SIZE(letters_rows)};
