/*
 * Spend: what a campaign's records of spend come to in a window.
 *
 * A record is of one moment, or spread by milliseconds over [from, to). What a window holds of a spread one is
 * floor(F(window's to)) - floor(F(window's from)), so that parts add up; one of a moment is there or not.
 *
 * DESIGN
 *   Records are kept by their end, each with the sum of all up to it, so that a window costs two searches, and a look
 *   at those that its edges cut: no record ends later than the longest one lasts beyond an edge that cuts it.
 */
#ifndef ROIWATCH_WINDOW_SPEND_H
#define ROIWATCH_WINDOW_SPEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/must.h"

struct spend_record {
    __int128 through_micros; /* sum of all amounts to this one */
    int64_t from_ms;
    int64_t to_ms; /* the end; of a moment its time, as from_ms */
    int64_t amount_micros;
};

struct spend_list {
    struct spend_record *records; /* owned */
    size_t n;
    size_t capacity;
};

struct spend {
    struct spend_list moments;
    struct spend_list ranges;
    int64_t longest_ms; /* of the ranges */
    int64_t latest_ms;  /* from here on nothing of it lies; INT64_MIN without any */
    uint64_t hash;      /* of all records, in whichever order they came; 0 without any */
};

#define SPEND_INIT ((struct spend){.latest_ms = INT64_MIN})

/* Whether these can be a record at all: what is stored may be written over by others. */
static inline bool spend_is_record(int64_t from_ms, int64_t to_ms, int64_t amount_micros)
{
    return from_ms >= 0 && from_ms <= to_ms && to_ms < INT64_C(1) << 48 && amount_micros >= 0;
}

void spend_deinit(struct spend *spend);
/* Adds a record without order: only before spend_sort, on an empty spend. to_ms = from_ms is a moment. -ENOMEM. */
MUST_CHECK int spend_collect(struct spend *spend, int64_t from_ms, int64_t to_ms, int64_t amount_micros);
/* Ends a collection. */
void spend_sort(struct spend *spend);
static inline size_t spend_n(const struct spend *spend)
{
    return spend->moments.n + spend->ranges.n;
}

/* The two parts of what a window holds. */
struct spend_sums {
    int64_t moments_micros;
    int64_t spread_micros;
};
/* In [from, to); total: every moment, and what is spread up to to. False where a sum leaves int64. */
MUST_CHECK bool spend_between(const struct spend *spend, int64_t from_ms, int64_t to_ms, bool total,
                              struct spend_sums *ret_sums);

#endif
