/*
 * Lags: how long after its touch an order comes, in buckets.
 *
 * The edges are those of the goal rule's delay curve (hours 0 1 2 3 4 6 8 12 18 24 36 48 72 96 120 144 168 216 264 336 408
 * 480 552 636 720 for a lookback of 30 days), in proportion to the lookback. What is stored of a campaign (and of the
 * account, for each day of touches) is a row of LAG_COLUMNS sums: millionths of orders, then net revenue.
 */
#ifndef ROIWATCH_ATTRIBUTION_LAG_H
#define ROIWATCH_ATTRIBUTION_LAG_H

#include <stdint.h>

enum { LAG_BUCKETS = 24, LAG_CONVERSIONS = 0, LAG_REVENUE = LAG_BUCKETS, LAG_COLUMNS = 2 * LAG_BUCKETS };

/* Where bucket i of LAG_BUCKETS begins, in ms; i = LAG_BUCKETS is where the last ends. */
int64_t lag_edge_ms(int i, int64_t lookback_ms);
/* The bucket of a lag of 0 to the lookback; what is longer is in the last. */
int lag_bucket(int64_t lag_ms, int64_t lookback_ms);

#endif
