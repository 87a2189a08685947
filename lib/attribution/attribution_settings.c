#include "lib/attribution/attribution_settings.h"

#include "lib/config/read.h"

#define MODEL_WORD(id, name) [id] = name,
static const char *const model_words[] = {ATTRIBUTION_MODELS(MODEL_WORD)[N_ATTRIBUTION_MODELS] = NULL};
#undef MODEL_WORD

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define LOOKBACK_MOST (400 * DAY_MS)

static const struct config_row weight_element = {
    .key = "WEIGHT",
    .type = CONFIG_DECIMAL,
    .least = 0,
    .most = INT64_C(1000000) * 1000000,
    .help = "A relative weight.",
};

static const struct config_row kind_element = {
    .key = "KIND",
    .type = CONFIG_WORD,
    .words = model_words,
    .offset = offsetof(struct kind_model, model),
    .help = "A model.",
};

static const struct config_row attribution_rows[] = {
    {
        .key = "model",
        .type = CONFIG_WORD,
        .fallback = "last_click",
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, model),
        .words = model_words,
        .help = "How an order's value is shared among the touches before it.",
    },
    {
        .key = "click_lookback",
        .type = CONFIG_DURATION,
        .fallback = "30d",
        .most = LOOKBACK_MOST,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, click_lookback_ms),
        .help = "How long before its order a click may be.",
    },
    {
        .key = "view_lookback",
        .type = CONFIG_DURATION,
        .fallback = "0",
        .most = LOOKBACK_MOST,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, view_lookback_ms),
        .help = "The same for impressions, where there is no click; 0 is off.",
    },
    {
        .key = "half_life",
        .type = CONFIG_DURATION,
        .fallback = "7d",
        .least = 1,
        .most = LOOKBACK_MOST,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, half_life_ms),
        .help = "Of time_decay: a touch that is so much older weighs half.",
    },
    {
        .key = "position",
        .type = CONFIG_LIST,
        .fallback = "[40, 20, 40]",
        .least = POSITION_WEIGHTS,
        .most = POSITION_WEIGHTS,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, position),
        .element = &weight_element,
        .item_size = sizeof(int64_t),
        .help = "Of position: the weights of the first, the middle and the last touch.",
    },
    {
        .key = "order_hold",
        .type = CONFIG_DURATION,
        .fallback = "10m",
        .most = 7 * DAY_MS,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, order_hold_ms),
        .help = "How long orders wait for clicks of a partition that makes no progress.",
    },
    {
        .key = "max_touches",
        .type = CONFIG_INT,
        .fallback = "50",
        .least = 1,
        .most = TOUCHES_COUNT_MOST,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, max_touches),
        .help = "The newest touches that can share an order.",
    },
    {
        .key = "collapse",
        .type = CONFIG_BOOL,
        .fallback = "false",
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, collapse),
        .help = "Of touches of one campaign in a row only the last counts.",
    },
    {
        .key = "trust_order_campaign",
        .type = CONFIG_BOOL,
        .fallback = "true",
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, trust_order_campaign),
        .help = "An order that names its campaign gives it all credit.",
    },
    {
        .key = "hash_identities",
        .type = CONFIG_BOOL,
        .fallback = "false",
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, hash_identities),
        .help = "Keep user and click ids only as keyed hashes.",
    },
    {
        .key = "identity_key_file",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .least = 1,
        .most = 4096,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, identity_key_file),
        .help = "A file, or the name of a credential, with the key of these hashes: 16 to 64 bytes. With "
                "another key, "
                "touches that were stored before are not found any more.",
    },
    {
        .key = "by_kind",
        .type = CONFIG_MAP,
        .fallback = "{}",
        .most = KINDS_MOST,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct attribution_settings, by_kind),
        .item = "KIND",
        .element = &kind_element,
        .item_size = sizeof(struct kind_model),
        .help = "Another model for a kind of order.",
    },
};

static void attribution_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct attribution_settings *settings = record;
    if (settings->hash_identities && !settings->identity_key_file)
        config_fail_key(run, node, "hash_identities",
                        "needs attribution.identity_key_file: without a key anybody could try ids out");
    if (!settings->hash_identities && settings->identity_key_file)
        config_fail_key(
            run, node, "identity_key_file",
            "is only read with attribution.hash_identities: true; without it ids are kept as they are");
}

static const struct config_shape attribution_shape = {
    .rows = attribution_rows,
    .n_rows = ARRAY_SIZE(attribution_rows),
    .size = sizeof(struct attribution_settings),
    .check = attribution_check,
};

const struct config_row attribution_row = {
    .key = "attribution",
    .type = CONFIG_RECORD,
    .shape = &attribution_shape,
    .help = "Which campaigns an order is credited to.",
};

static const char *const booking_words[] = {
    [REFUND_BOOKED_AT_ORDER] = "order",
    [REFUND_BOOKED_AT_REFUND] = "refund",
    NULL,
};

static const struct config_row ledger_rows[] = {
    {
        .key = "refund_horizon",
        .type = CONFIG_DURATION,
        .fallback = "60d",
        .least = HOUR_MS,
        .most = 400 * DAY_MS,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct ledger_settings, refund_horizon_ms),
        .help =
            "Order ids are remembered at least so long, in event time: a repeat within it counts once, and a "
            "refund within it counts.",
    },
    {
        .key = "refund_booking",
        .type = CONFIG_WORD,
        .fallback = "order",
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct ledger_settings, refund_booking),
        .words = booking_words,
        .help = "Whether a refund counts at the time of its order or at its own.",
    },
};

static const struct config_shape ledger_shape = {
    .rows = ledger_rows,
    .n_rows = ARRAY_SIZE(ledger_rows),
    .size = sizeof(struct ledger_settings),
};

const struct config_row ledger_row = {
    .key = "ledger",
    .type = CONFIG_RECORD,
    .shape = &ledger_shape,
    .help = "What is remembered of orders.",
};

void attribution_rules_make(const struct attribution_settings *settings,
                            const struct identity_rules *identities, struct attribution_rules *ret_rules)
{
    struct attribution_rules rules = {
        .touches = {.click_lookback_ms = settings->click_lookback_ms,
                    .view_lookback_ms = settings->view_lookback_ms,
                    .max_touches = (size_t)settings->max_touches,
                    .collapse = settings->collapse,
                    .half_life_ms = settings->half_life_ms},
        .model = settings->model,
        .by_kind = settings->by_kind.items,
        .n_by_kind = settings->by_kind.n,
        .order_hold_ms = settings->order_hold_ms,
        .trust_order_campaign = settings->trust_order_campaign,
        .identities = *identities,
    };
    for (int i = 0; i < POSITION_WEIGHTS; i++)
        rules.touches.position_micro[i] = settings->position.items[i];
    *ret_rules = rules;
}
