/*
 * Configured costs: cpm, cpc, cpa by date, and fixed amounts spread over days.
 *
 * Prices hold by the event's time and change at the first instant of a local date of the campaign, so those
 * instants are also edges of its slices: a slice has one price. A row replaces the whole row before; before
 * the first row there is no price. Fixed costs hold by their own dates.
 */
#ifndef ROIWATCH_WINDOW_COST_H
#define ROIWATCH_WINDOW_COST_H

#include "lib/base/must.h"
#include "lib/base/span.h"
#include "lib/base/tz.h"

struct price {
    int64_t from_ms; /* first instant at which it holds; INT64_MIN for a single price without dates */
    int64_t cpm_micros;
    int64_t cpc_micros;
    int64_t cpa_micros;
};

/* Every local day in [from, to) gets the same part of the amount, within a day by milliseconds. */
struct fixed_cost {
    int64_t amount_micros;
    int64_t from_date; /* local dates: days since 1970-01-01 */
    int64_t to_date;
};

/* What a campaign costs by configuration. Arrays are the owner's (the settings'). */
struct cost_plan {
    const struct price *prices; /* ascending from_ms */
    size_t n_prices;
    const struct fixed_cost *fixed;
    size_t n_fixed;
    const struct tz *tz; /* the campaign's zone */
};

/* The price in force at an instant, or NULL. */
const struct price *cost_price_at(const struct cost_plan *plan, int64_t at_ms);
/* Start of the sub-slice that holds at_ms, for slices of slice_ms: the grid edge or the latest price change,
 * whichever is later. slice_ms 0 is `total`: INT64_MIN stands for "before any price change", returned as 0
 * when there is none. */
int64_t cost_slice_start(const struct cost_plan *plan, int64_t slice_ms, int64_t at_ms);

/* Sums priced counts exactly; rounds once at the end. */
struct price_sum {
    __int128 cpm; /* impressions * cpm_micros, to be divided by 1000 */
    __int128 cpc; /* clicks * cpc_micros */
    __int128 cpa; /* conversions_micro * cpa_micros, to be divided by 1e6 */
};
void price_sum_add(struct price_sum *sum, const struct cost_plan *plan, int64_t slice_start_ms,
                   int64_t impressions, int64_t clicks, int64_t conversions_micro);
/* cpm and cpa rounded half to even, each once. False where the total leaves int64. */
MUST_CHECK bool price_sum_micros(const struct price_sum *sum, int64_t *ret_micros);

/* Fixed costs in [from, to): per item floor(F(to)) - floor(F(from)), so that parts add up. INT64_MAX where
 * their sum is beyond it. */
int64_t fixed_cost_micros(const struct cost_plan *plan, int64_t from_ms, int64_t to_ms);

#endif
