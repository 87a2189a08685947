/*
 * The invented market: what its campaigns cost and return, and when people are awake.
 */
#ifndef ROIWATCH_DAEMON_CLI_MARKET_H
#define ROIWATCH_DAEMON_CLI_MARKET_H

#include <stddef.h>
#include <stdint.h>

struct market_campaign {
    const char *name;
    int64_t weight;          /* its share of the impressions */
    int64_t cpm_micros;      /* what a thousand impressions cost */
    int64_t cpc_micros;      /* what a click costs */
    int64_t ctr_micro;       /* clicks per impression */
    int64_t cvr_micro;       /* orders per click */
    int64_t roi_micro;       /* what it truly returns: 250000 is 25 % */
    int64_t swing_micro;     /* by so much its ROI swings up and down ... */
    int64_t swing_period_ms; /* ... in so long; 0: it does not */
};

/* The named ones, and others made from them by their number. */
struct market_campaign market_campaign(int64_t number, char *name, size_t name_size);

/* The average value of an order at an event time that gives the campaign its true ROI. */
int64_t market_order_micros(const struct market_campaign *campaign, int64_t at_ms);

/* Traffic in percent of the daily average, at an event time (UTC). */
int64_t market_traffic_percent(int64_t at_ms);

#endif
