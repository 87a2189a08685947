#include "lib/goal/goal_settings.h"

#include <stdio.h>

#include "lib/config/read.h"
#include "lib/config/value.h"
#include "lib/goal/rules.h"
#include "lib/window/window_settings.h"

#define MICRO INT64_C(1000000)
#define AMOUNT_MOST (INT64_C(1000000000000) * MICRO)

enum { METRIC_TEXT_SIZE = 320 };

#define METRIC_WORD(name, text, field) text,
static const char *const metric_words[] = {METRICS(METRIC_WORD) NULL};
#undef METRIC_WORD

/* What stands before the measure's name in a metric of a measure; 0 for all others. */
static size_t prefix_size(enum metric metric)
{
    return metric == METRIC_MEASURE || metric == METRIC_COST_PER ? strcspn(metric_words[metric], ":") + 1 : 0;
}

static bool metric_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    const char *text = config_scalar(run, node, "metric");
    if (!text)
        return false;
    for (unsigned i = 0; i < N_METRICS; i++) {
        size_t size = prefix_size((enum metric)i);
        if (size ? strncmp(metric_words[i], text, size) || !text[size] : strcmp(metric_words[i], text))
            continue;
        *(struct metric_settings *)ret_value =
            (struct metric_settings){(enum metric)i, size ? text + size : NULL};
        return true;
    }
    config_fail_word(run, node, metric_words);
    return false;
}

static void metric_write(const void *value, bool json, struct buffer *buffer)
{
    const struct metric_settings *given = value;
    const char *word = metric_words[given->metric];
    if (!given->measure) {
        value_write_text(word, json, buffer);
        return;
    }
    char text[METRIC_TEXT_SIZE];
    snprintf(text, sizeof(text), "%.*s%s", (int)prefix_size(given->metric), word, given->measure);
    value_write_text(text, json, buffer);
}

static const struct config_custom metric_custom = {
    .name = "metric",
    .size = sizeof(struct metric_settings),
    .read = metric_read,
    .write = metric_write,
};

static const char *const rule_words[] = {
    [RULE_THRESHOLD] = "threshold", [RULE_LAG_AWARE] = "lag_aware", NULL};

static const struct config_row goal_rows[] = {
    {
        .key = "name",
        .type = CONFIG_TEXT,
        .flags = CONFIG_REQUIRED,
        .least = 1,
        .most = GOAL_NAME_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, name),
        .help = "A name that is unique within the campaign.",
    },
    {
        .key = "metric",
        .type = CONFIG_CUSTOM,
        .flags = CONFIG_REQUIRED | CONFIG_MARKED,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, metric),
        .mark_offset = offsetof(struct goal_settings, has_metric),
        .custom = &metric_custom,
        .help = "roi, roas, cost, revenue, value, cpa, cpc, cpm, ctr, cvr, orders, clicks or impressions; "
                "measure:NAME or cost_per:NAME of a configured measure.",
    },
    {
        .key = "target",
        .type = CONFIG_DECIMAL,
        .flags = CONFIG_OPTIONAL | CONFIG_MARKED,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, target_micro),
        .mark_offset = offsetof(struct goal_settings, has_target),
        .help = "The metric is to be at least this; ratios as 0.25 for 25 %, money in currency units. Either "
                "target or "
                "below.",
    },
    {
        .key = "below",
        .type = CONFIG_DECIMAL,
        .flags = CONFIG_OPTIONAL | CONFIG_MARKED,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, below_micro),
        .mark_offset = offsetof(struct goal_settings, has_below),
        .help = "The metric is to be at most this.",
    },
    {
        .key = "recover",
        .type = CONFIG_DECIMAL,
        .flags = CONFIG_OPTIONAL | CONFIG_MARKED,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, recover_micro),
        .mark_offset = offsetof(struct goal_settings, has_recover),
        .help = "A firing goal recovers only at or past this; the bound itself where absent.",
    },
    {
        .key = "window",
        .type = CONFIG_CUSTOM,
        .flags = CONFIG_REQUIRED,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, window),
        .custom = &window_custom,
        .help = "A window, which need not be among `windows`.",
    },
    {
        .key = "for",
        .type = CONFIG_DURATION,
        .fallback = "0",
        .most = 90 * DAY_MS,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, for_ms),
        .help = "The breach must last this long, in event time, before the alert.",
    },
    {
        .key = "keep_firing_for",
        .type = CONFIG_DURATION,
        .fallback = "0",
        .most = 90 * DAY_MS,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, keep_firing_for_ms),
        .help = "The recovery must last this long, in event time, before the alert is resolved.",
    },
    {
        .key = "min_cost",
        .type = CONFIG_MONEY,
        .fallback = "0",
        .most = AMOUNT_MOST,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, min_cost_micros),
        .help = "With less cost in the window there is no verdict.",
    },
    {
        .key = "min_orders",
        .type = CONFIG_INT,
        .fallback = "0",
        .most = 1000000000,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, min_orders),
        .help = "With fewer orders in the window there is no verdict.",
    },
    {
        .key = "rule",
        .type = CONFIG_WORD,
        .flags = CONFIG_OPTIONAL | CONFIG_MARKED,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct goal_settings, rule),
        .mark_offset = offsetof(struct goal_settings, has_rule),
        .words = rule_words,
        .help = "How the goal is judged. Where absent, lag_aware for roi, roas and cpa, else threshold; "
                "lag_aware is not "
                "yet in this version, so a goal on roi, roas or cpa must say threshold.",
    },
    {
        .key = "sales_cycle",
        .type = CONFIG_LATER,
        .flags = CONFIG_NOT_YET,
        .fallback = "~",
        .effect = EFFECT_LIVE,
        .help = "How long orders follow their spend, for lag-aware goals.",
    },
};

static bool is_slow(enum metric metric)
{
    return metric == METRIC_ROI || metric == METRIC_ROAS || metric == METRIC_CPA;
}

/* Fills the rule in where it is left to the metric. */
static void goal_check_rule(struct config_run *run, const struct config_node *node,
                            struct goal_settings *goal)
{
    bool absent = !config_node_child(node, "rule");
    if (goal->has_rule && goal->rule == RULE_LAG_AWARE)
        config_fail_key(run, node, "rule", "lag_aware is not yet in this version; allowed is threshold");
    else if (absent && goal->has_metric && is_slow(goal->metric.metric))
        config_fail_key(
            run, node, "rule",
            "is required: say `rule: threshold`; lag_aware, the default for %s, is not yet in this version",
            metric_words[goal->metric.metric]);
    goal->has_rule = true;
}

static void goal_check(struct config_run *run, const struct config_node *node, void *record)
{
    struct goal_settings *goal = record;
    bool target = config_node_child(node, "target"), below = config_node_child(node, "below");
    if (target && below)
        config_fail_key(run, node, "below", "stands beside target; allowed is one of the two");
    else if (!target && !below)
        config_fail(run, node, "needs target (at least) or below (at most)");
    else if (goal->has_target && goal->has_recover && goal->recover_micro < goal->target_micro)
        config_fail_key(run, node, "recover", "must not be under target");
    else if (goal->has_below && goal->has_recover && goal->recover_micro > goal->below_micro)
        config_fail_key(run, node, "recover", "must not be over below");
    goal_check_rule(run, node, goal);
}

static const struct config_shape goal_shape = {
    .rows = goal_rows,
    .n_rows = ARRAY_SIZE(goal_rows),
    .size = sizeof(struct goal_settings),
    .check = goal_check,
};

const struct config_row goal_element = {.type = CONFIG_RECORD, .shape = &goal_shape};

void goals_settings_check(struct config_run *run, const struct config_node *record,
                          const struct goal_list *goals)
{
    for (size_t i = 0; i < goals->n; i++)
        for (size_t j = 0; j < i; j++)
            if (goals->items[i].name && goals->items[j].name &&
                strcmp(goals->items[i].name, goals->items[j].name) == 0)
                config_fail_item(run, record, "goals", i, "the name \"%.64s\" stands twice",
                                 goals->items[i].name);
}
