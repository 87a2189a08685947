/*
 * Settings of attribution and of the order ledger.
 */
#ifndef ROIWATCH_ATTRIBUTION_ATTRIBUTION_SETTINGS_H
#define ROIWATCH_ATTRIBUTION_ATTRIBUTION_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/attribution/attribution_rules.h"

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
    const char *identity_key_file; /* NULL: none */
    struct {
        int64_t *items; /* millionths; POSITION_WEIGHTS of them */
        size_t n;
    } position;
    struct {
        struct kind_model *items; /* sorted by kind */
        size_t n;
    } by_kind;
};

enum { KINDS_MOST = 100 };

enum refund_booking { REFUND_BOOKED_AT_ORDER, REFUND_BOOKED_AT_REFUND };

struct ledger_settings {
    int64_t refund_horizon_ms; /* order ids are remembered at least so long, in event time */
    enum refund_booking refund_booking;
};

/* The settings must outlive the rules. */
void attribution_rules_make(const struct attribution_settings *settings,
                            const struct identity_rules *identities, struct attribution_rules *ret_rules);

extern const struct config_row attribution_row;
extern const struct config_row ledger_row;

#endif
