/*
 * Attribution rules, resolved: who earns an order (docs/CONTRACT.md, "Attribution, exactly").
 */
#ifndef ROIWATCH_ATTRIBUTION_ATTRIBUTION_RULES_H
#define ROIWATCH_ATTRIBUTION_ATTRIBUTION_RULES_H

#include "lib/attribution/identity.h"
#include "lib/attribution/touches.h"

/* Another model for a kind of order. */
struct kind_model {
    const char *kind;
    enum attribution_model model;
};

struct attribution_rules {
    struct touch_rules touches;
    enum attribution_model model;
    const struct kind_model *by_kind; /* outlives the rules */
    size_t n_by_kind;
    int64_t order_hold_ms;     /* a touch that is older than its lookback by more is forgotten */
    bool trust_order_campaign; /* an order's campaign_id gets all credit */
    struct identity_rules identities;
};

/* The model for an order of this kind; an empty kind is a sale. */
enum attribution_model attribution_model_for(const struct attribution_rules *rules, struct span kind);

#endif
