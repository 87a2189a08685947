/*
 * Chance from a seed: the same seed gives the same run, on every machine (splitmix64).
 */
#ifndef ROIWATCH_TESTS_SIM_RANDOM_H
#define ROIWATCH_TESTS_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_bits(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In [0, n); 0 for n = 0. */
static inline int64_t random_below(struct random *random, int64_t n)
{
    return n > 0 ? (int64_t)(random_bits(random) % (uint64_t)n) : 0;
}

/* In [low, high]. */
static inline int64_t random_in(struct random *random, int64_t low, int64_t high)
{
    return low + random_below(random, high - low + 1);
}

static inline bool random_chance(struct random *random, int per_mille)
{
    return random_below(random, 1000) < per_mille;
}

#endif
