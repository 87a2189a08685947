/*
 * The joined table of metrics, and the page that /metrics gives.
 */
#ifndef ROIWATCH_DAEMON_METRICS_H
#define ROIWATCH_DAEMON_METRICS_H

#include "daemon/metrics_text.h"
#include "lib/base/must.h"

struct app;

/* Declared beside their modules; what each takes as its module stands in metrics.c. */
extern const struct metric_table app_metrics;
extern const struct metric_table kafka_source_metrics;
extern const struct metric_table kafka_letters_metrics;
extern const struct metric_table redis_store_metrics;
extern const struct metric_table ingest_metrics;
extern const struct metric_table lookup_metrics;
extern const struct metric_table evaluator_metrics;
extern const struct metric_table http_metrics;
extern const struct metric_table process_metrics;

/* The whole page. What belongs to a part that there is not (no Redis yet, no dead-letter topic) has no
 * samples. -ENOMEM is left in the buffer's status. */
void metrics_page(struct app *app, struct buffer *buffer);

/* Row i of all tables together; NULL behind the last. */
const struct metric_row *metrics_row(size_t i);

#endif
