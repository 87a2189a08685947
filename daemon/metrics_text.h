/*
 * Metrics as rows, and the text that Prometheus reads (exposition format 0.0.4).
 *
 * A row says what a metric is and has a function that writes its samples. Modules declare their rows beside
 * their code; metrics.c joins them, and the page, docs/METRICS.md and the tests come from the joined table.
 * Values of labels are of closed or configured lists: topics, partitions, classes; never campaigns, orders or
 * users, whose number nobody bounds.
 */
#ifndef ROIWATCH_DAEMON_METRICS_TEXT_H
#define ROIWATCH_DAEMON_METRICS_TEXT_H

#include "daemon/histogram.h"
#include "lib/base/buffer.h"

enum metric_kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };
const char *metric_kind_name(enum metric_kind kind);

struct metrics_page;

struct metric_row {
    const char *name;      /* the unit at its end, _total behind it where it is a counter */
    const char *labels[2]; /* names; NULL: none */
    enum metric_kind kind;
    const char *help; /* one sentence */
    /* Writes the samples, perhaps none. The module is what the table's joiner says. */
    void (*emit)(const void *module, struct metrics_page *page);
};

struct metric_table {
    const struct metric_row *rows;
    size_t n_rows;
};

/* The page as it is written. */
struct metrics_page {
    struct buffer *buffer;
    const struct metric_row *row; /* whose samples come now */
};

/* Every row of the table with its samples. */
void metrics_append(struct buffer *buffer, const struct metric_table *table, const void *module);

/* One sample of the row; values of its labels, NULL where it has none. */
void metric_add(struct metrics_page *page, int64_t value, const char *first, const char *second);
/* The same with a value in millionths, for seconds. */
void metric_add_micro(struct metrics_page *page, int64_t micro, const char *first, const char *second);
/* The samples of a histogram of microseconds, as seconds. */
void metric_add_histogram(struct metrics_page *page, const struct histogram *histogram, const char *first);

#endif
