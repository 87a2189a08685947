#include "lib/window/cost_settings.h"

#include "lib/config/read.h"

#define UNIT_MICROS INT64_C(1000000)
#define PRICE_MOST (INT64_C(1000000000) * UNIT_MICROS)
#define AMOUNT_MOST (INT64_C(1000000000000) * UNIT_MICROS)

enum { DATE_MOST = 84006 /* 2200-01-01 */, FIXED_MAX = 1000, LABEL_MAX = 256 };

static const struct config_row fixed_rows[] = {
    {
        .key = "amount",
        .type = CONFIG_MONEY,
        .flags = CONFIG_REQUIRED,
        .most = AMOUNT_MOST,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct fixed_settings, amount_micros),
        .help = "The whole amount, spread evenly over the days from `from` to `to`.",
    },
    {
        .key = "from",
        .type = CONFIG_DATE,
        .flags = CONFIG_REQUIRED,
        .most = DATE_MOST,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct fixed_settings, from_date),
        .help = "The first day, a local date of the campaign.",
    },
    {
        .key = "to",
        .type = CONFIG_DATE,
        .flags = CONFIG_REQUIRED,
        .most = DATE_MOST,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct fixed_settings, to_date),
        .help = "The day after the last one.",
    },
    {
        .key = "label",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .most = LABEL_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct fixed_settings, label),
        .help = "What it is for; for people only.",
    },
};

static void fixed_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct fixed_settings *fixed = record;
    if (fixed->from_date && fixed->to_date && fixed->to_date <= fixed->from_date)
        config_fail_key(run, node, "to", "must be later than from; it is the day after the last one");
}

static const struct config_shape fixed_shape = {
    .rows = fixed_rows,
    .n_rows = ARRAY_SIZE(fixed_rows),
    .size = sizeof(struct fixed_settings),
    .check = fixed_check,
};

static const struct config_row fixed_element = {.type = CONFIG_RECORD, .shape = &fixed_shape};

static const struct config_row price_rows[] = {
    {
        .key = "from",
        .type = CONFIG_DATE,
        .flags = CONFIG_OPTIONAL | CONFIG_MARKED,
        .most = DATE_MOST,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct price_settings, from_date),
        .mark_offset = offsetof(struct price_settings, has_from),
        .help = "The first local date on which the prices hold; needed in a list. A row replaces the whole "
                "row before.",
    },
    {
        .key = "cpm",
        .type = CONFIG_MONEY,
        .fallback = "0",
        .most = PRICE_MOST,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct price_settings, cpm_micros),
        .help = "Cost of a thousand impressions.",
    },
    {
        .key = "cpc",
        .type = CONFIG_MONEY,
        .fallback = "0",
        .most = PRICE_MOST,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct price_settings, cpc_micros),
        .help = "Cost of a click.",
    },
    {
        .key = "cpa",
        .type = CONFIG_MONEY,
        .fallback = "0",
        .most = PRICE_MOST,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct price_settings, cpa_micros),
        .help = "Cost of an order.",
    },
    {
        .key = "fixed",
        .type = CONFIG_LIST,
        .fallback = "[]",
        .most = FIXED_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct price_settings, fixed),
        .element = &fixed_element,
        .item_size = sizeof(struct fixed_settings),
        .help =
            "Amounts that are spread over days; they hold by their own dates, in whichever row they stand.",
    },
};

static const struct config_shape price_shape = {
    .rows = price_rows,
    .n_rows = ARRAY_SIZE(price_rows),
    .size = sizeof(struct price_settings),
};

const struct config_row price_element = {.type = CONFIG_RECORD, .shape = &price_shape};

/* Whether a row has no `from` at all. One that is none has been told already, and so has a row that is no mapping. */
static bool lacks_from(const struct config_node *row)
{
    const struct config_node *from = config_node_child(row, "from");
    return row->kind == CONFIG_MAPPING && (!from || config_node_is_null(from));
}

void cost_settings_check(struct config_run *run, const struct config_node *record,
                         const struct cost_settings *cost)
{
    const struct config_node *list = config_node_child(record, "cost");
    bool is_list = list && list->kind == CONFIG_SEQUENCE;
    const struct config_node *row = is_list ? list->first : NULL;
    for (size_t i = 0; row && i < cost->n; i++, row = row->next) {
        const struct price_settings *price = &cost->items[i];
        if (lacks_from(row))
            config_fail_item(run, record, "cost", i, "needs a `from`: in a list each row has one");
        else if (i && price->has_from && price[-1].has_from && price->from_date <= price[-1].from_date)
            config_fail_item(run, record, "cost", i, "`from` must be later than that of the row before");
    }
}
