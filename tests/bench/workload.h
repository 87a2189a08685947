/*
 * The main workload: events of some 250 bytes with fields that nobody reads among them, 98 of 100
 * impressions, the rest clicks and orders. Event number i is the same in every run.
 */
#ifndef ROIWATCH_TESTS_BENCH_WORKLOAD_H
#define ROIWATCH_TESTS_BENCH_WORKLOAD_H

#include "lib/event/event.h"
#include "tests/bench/bench.h"

enum { WORKLOAD_TEXT = 512 };

struct workload_event {
    enum event_type type;
    int64_t campaign; /* below n_campaigns; its id is workload_campaign's */
    int key_size;
    int value_size;
    char key[32];
    char value[WORKLOAD_TEXT];
};

void workload_event(const struct bench_options *options, int64_t number, struct workload_event *ret_event);
void workload_campaign(int64_t campaign, char ret_id[32]);

#endif
