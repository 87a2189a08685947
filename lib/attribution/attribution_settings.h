/*
 * Settings of attribution and of the order ledger.
 */
#ifndef ROIWATCH_ATTRIBUTION_ATTRIBUTION_SETTINGS_H
#define ROIWATCH_ATTRIBUTION_ATTRIBUTION_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/attribution/touches.h"

struct config_row;

struct attribution_settings {
    enum attribution_model model;
    int64_t click_lookback_ms;
    int64_t view_lookback_ms; /* 0: views count for nothing */
    int64_t half_life_ms;
    int64_t order_hold_ms;
    int64_t max_touches;
    bool collapse;
    bool trust_order_campaign; /* an order's campaign_id gets all credit */
    bool hash_identities;
};

enum refund_booking { REFUND_BOOKED_AT_ORDER, REFUND_BOOKED_AT_REFUND };

struct ledger_settings {
    int64_t refund_horizon_ms; /* order ids are remembered at least so long, in event time */
    enum refund_booking refund_booking;
};

extern const struct config_row attribution_row;
extern const struct config_row ledger_row;

#endif
