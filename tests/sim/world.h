/*
 * One run: clients that come, die, sleep and hand partitions over, against the log and the store.
 */
#ifndef ROIWATCH_TESTS_SIM_WORLD_H
#define ROIWATCH_TESTS_SIM_WORLD_H

#include "tests/sim/client.h"

struct sim_options {
    uint64_t seed;
    int64_t n_steps;
    enum sim_fault fault;
    bool verbose;
};

struct sim_result {
    int64_t step; /* where the run ended */
    struct failure failure;
    int64_t executed, restarts, refused, kills, zombies, handovers, changes;
    int64_t orders, early, by_touches, as_finished, excused, repeats, refunds, forgotten, expired;
};

struct sim_result world_run(const struct sim_options *options);

#endif
