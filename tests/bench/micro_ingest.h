/*
 * Counting without Kafka and Redis: ingest, with a store that says yes to everything.
 */
#ifndef ROIWATCH_TESTS_BENCH_MICRO_INGEST_H
#define ROIWATCH_TESTS_BENCH_MICRO_INGEST_H

#include "tests/bench/bench.h"

/* Nanoseconds to read and count an impression of a known campaign, decoding included, and to encode a stored
 * cell into an apply call. 0, or 1. */
MUST_CHECK int micro_ingest(const struct settings *settings, const struct bench_options *options,
                            double *ret_count_ns, double *ret_apply_ns);

#endif
