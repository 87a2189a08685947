/*
 * Sends workload events to the configured topics, event number i to partition i modulo their number.
 */
#ifndef ROIWATCH_TESTS_BENCH_PRODUCER_H
#define ROIWATCH_TESTS_BENCH_PRODUCER_H

#include "tests/bench/workload.h"

struct producer;

/* The topics must be there. 0, or 1 and a sentence on stderr. */
MUST_CHECK int producer_new(const struct settings *settings, struct producer **ret_producer);
/* For CLEANUP. */
void producer_release(struct producer **producer);

/* Queues one event; waits where the queue is full. 0, or 1 and a sentence on stderr. */
MUST_CHECK int producer_put(struct producer *producer, int64_t number, const struct workload_event *event);
void producer_poll(struct producer *producer, int timeout_ms);
/* Returns 0 when all is acknowledged, 1 where anything was not. */
MUST_CHECK int producer_flush(struct producer *producer);

#endif
