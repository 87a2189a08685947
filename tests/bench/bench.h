/*
 * roiwatch-bench: the parts of the bench that have to be as fast as what they measure. bench.py runs it.
 *
 * Each part reads a roiwatch configuration (-c, --set), prints one JSON object to stdout and returns an exit
 * code; what is wrong it has said on stderr.
 */
#ifndef ROIWATCH_TESTS_BENCH_H
#define ROIWATCH_TESTS_BENCH_H

#include "daemon/settings.h"
#include "lib/base/must.h"

struct bench_options {
    int64_t n_events;
    int64_t n_campaigns;
    int64_t first;     /* number of the first event: ids are made from it */
    int64_t rate;      /* events a second; 0: as fast as it goes */
    int64_t start_ms;  /* event time of the first event */
    int64_t span_ms;   /* event time from the first to the last */
    int64_t n_watched; /* latency: campaigns whose total is watched */
    bool even;         /* every campaign as often as the others; else few have most of the events */
    bool by_touches;   /* orders name no campaign: the click before them, of the same user, earns them */
    bool people;       /* half clicks and half orders by them, each by a user of its own */
};

MUST_CHECK int bench_fill(const struct settings *settings, const struct bench_options *options);
MUST_CHECK int bench_drain(const struct settings *settings, const struct bench_options *options);
MUST_CHECK int bench_micro(const struct settings *settings, const struct bench_options *options);
/* Nanoseconds of one decision over n touches; -1 where it failed. */
double micro_credit(size_t n_touches);
MUST_CHECK int bench_latency(const struct settings *settings, const struct bench_options *options);

#endif
