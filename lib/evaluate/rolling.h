/*
 * Rolling: one window of one campaign at an as_of, and when it will look different although no data came.
 */
#ifndef ROIWATCH_EVALUATE_ROLLING_H
#define ROIWATCH_EVALUATE_ROLLING_H

#include "lib/base/must.h"
#include "lib/evaluate/slices.h"
#include "lib/goal/rules.h"
#include "lib/window/spend.h"

/* What windows are computed from; everything is the caller's. */
struct rolling {
    const struct tiers *tiers;
    const struct campaign_rules *rules;
    const struct slices *tier; /* tiers->n of them, then total's */
    const struct spend *spend;
    const struct measures *measures;
};

/* Why a content changed: the same snapshot with and without costs that are spread over time. */
struct rolling_hashes {
    uint64_t content;
    uint64_t without_spread;
};

/* False where money leaves int64: the window cannot be said. */
MUST_CHECK bool rolling_snapshot(const struct rolling *rolling, const struct window_spec *window,
                                 int64_t as_of_ms, struct snapshot *ret_snapshot);
MUST_CHECK bool rolling_hash(const struct rolling *rolling, const struct snapshot *snapshot,
                             struct rolling_hashes *ret_hashes);

/* The least as_of beyond the given one at which the window's content may differ; INT64_MAX: never without new
 * data. */
int64_t rolling_due_ms(const struct rolling *rolling, const struct window_spec *window, int64_t as_of_ms);

/* The as_of from which the oldest rows of a tier should be dropped; INT64_MAX where it is empty. Rows are
 * dropped an eighth of the reach later than they could be, many at once. */
int64_t rolling_trim_due_ms(const struct tier *tier, const struct slices *slices);
/* How many rows at the front no window can need at this as_of or later. */
size_t rolling_expired(const struct tier *tier, const struct slices *slices, int64_t as_of_ms);

#endif
