/*
 * Durations in buckets, for the metrics.
 */
#ifndef ROIWATCH_DAEMON_HISTOGRAM_H
#define ROIWATCH_DAEMON_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Upper bounds of the buckets: X(microseconds, the same in seconds) */
#define HISTOGRAM_BUCKETS(X)                                                                                 \
    X(1000, "0.001")                                                                                         \
    X(2500, "0.0025")                                                                                        \
    X(5000, "0.005")                                                                                         \
    X(10000, "0.01")                                                                                         \
    X(25000, "0.025")                                                                                        \
    X(50000, "0.05")                                                                                         \
    X(100000, "0.1")                                                                                         \
    X(250000, "0.25")                                                                                        \
    X(500000, "0.5")                                                                                         \
    X(1000000, "1")                                                                                          \
    X(2500000, "2.5")                                                                                        \
    X(5000000, "5")                                                                                          \
    X(10000000, "10")

#define HISTOGRAM_COUNT(us, text) +1
enum { N_HISTOGRAM_BUCKETS = 0 HISTOGRAM_BUCKETS(HISTOGRAM_COUNT) };
#undef HISTOGRAM_COUNT

struct histogram {
    uint64_t buckets[N_HISTOGRAM_BUCKETS + 1]; /* each its own; the last is beyond all bounds */
    uint64_t count;
    int64_t sum_us;
};

void histogram_add(struct histogram *histogram, int64_t us);
/* The bound of a bucket as text: "0.001" … */
const char *histogram_bound(size_t bucket);

#endif
