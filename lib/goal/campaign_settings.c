#include "lib/goal/campaign_settings.h"

#include <errno.h>

#include "lib/base/ids.h"
#include "lib/config/read.h"
#include "lib/config/value.h"

enum {
    LABELS_MAX = 64,
    LABEL_BYTES_MAX = 1024,
    CAMPAIGNS_MAX = 1000000,
    ZONE_NAME_MAX = 64,
    MICRO = 1000000
};

static const struct config_row defaults_rows[] = {
    {
        .key = "goals",
        .type = CONFIG_LIST,
        .fallback = "[]",
        .most = GOALS_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct campaigns_settings, defaults.goals),
        .element = &goal_element,
        .item_size = sizeof(struct goal_settings),
        .help = "Goals of campaigns that name none.",
    },
    {
        .key = "cost",
        .type = CONFIG_LIST,
        .flags = CONFIG_ONE_OR_LIST,
        .fallback = "[]",
        .most = PRICES_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct campaigns_settings, defaults.cost),
        .element = &price_element,
        .item_size = sizeof(struct price_settings),
        .help = "Costs of campaigns that name none: one map, or a list of them, each with `from`.",
    },
};

static void defaults_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct campaigns_settings *campaigns = record;
    goals_settings_check(run, node, &campaigns->defaults.goals);
    cost_settings_check(run, node, &campaigns->defaults.cost);
}

static const struct config_shape defaults_shape = {
    .rows = defaults_rows,
    .n_rows = ARRAY_SIZE(defaults_rows),
    .size = sizeof(struct campaigns_settings),
    .check = defaults_check,
};

const struct config_row defaults_row = {
    .key = "defaults",
    .type = CONFIG_RECORD,
    .shape = &defaults_shape,
    .help = "Goals and costs of campaigns that name none, configured or not.",
};

static bool margin_rate_read(struct config_run *run, const struct config_node *node,
                             struct value_rule *ret_value)
{
    const struct config_node *rate = config_node_child(node, "margin_rate");
    int64_t micro;
    if (!rate || node->n_children != 1) {
        config_fail(run, node, "must be revenue, margin or {margin_rate: 0.35}");
        return false;
    }
    const char *text = config_scalar(run, rate, "decimal");
    if (!text)
        return false;
    if (!value_decimal(text, &micro) || micro < 0 || micro > MICRO) {
        config_fail(run, rate, "\"%.64s\" is no margin rate; allowed are decimals from 0 to 1, such as 0.35",
                    text);
        return false;
    }
    *ret_value = (struct value_rule){VALUE_MARGIN_RATE, micro};
    return true;
}

static bool value_rule_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    static const char *const words[] = {"revenue", "margin", "{margin_rate: 0.35}", NULL};
    struct value_rule *value = ret_value;
    if (node->kind == CONFIG_MAPPING)
        return margin_rate_read(run, node, value);
    const char *text = config_scalar(run, node, "word");
    if (!text)
        return false;
    if (strcmp(text, "revenue") != 0 && strcmp(text, "margin") != 0) {
        config_fail_word(run, node, words);
        return false;
    }
    *value = (struct value_rule){.kind = text[0] == 'r' ? VALUE_REVENUE : VALUE_MARGIN};
    return true;
}

static void value_rule_write(const void *value, bool json, struct buffer *buffer)
{
    const struct value_rule *rule = value;
    if (rule->kind != VALUE_MARGIN_RATE) {
        value_write_text(rule->kind == VALUE_MARGIN ? "margin" : "revenue", json, buffer);
        return;
    }
    buffer_append_text(buffer, json ? "{\"margin_rate\":" : "{margin_rate: ");
    value_write_decimal(rule->margin_rate_micro, buffer);
    buffer_append_text(buffer, "}");
}

static const struct config_custom value_rule_custom = {
    .name = "revenue, margin or {margin_rate: decimal}",
    .size = sizeof(struct value_rule),
    .read = value_rule_read,
    .write = value_rule_write,
};

static const struct config_row label_element = {
    .type = CONFIG_TEXT,
    .most = LABEL_BYTES_MAX,
    .offset = offsetof(struct campaign_label, value),
};

static const struct config_row campaign_rows[] = {
    {
        .key = "labels",
        .type = CONFIG_MAP,
        .fallback = "{}",
        .most = LABELS_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct campaign_settings, labels),
        .item = "NAME",
        .element = &label_element,
        .item_size = sizeof(struct campaign_label),
        .help = "Texts that go with the campaign's key and its alerts.",
    },
    {
        .key = "timezone",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = ZONE_NAME_MAX,
        .effect = EFFECT_REBUILD,
        .offset = offsetof(struct campaign_settings, timezone),
        .help = "IANA name, such as Europe/Berlin; the account's where absent.",
    },
    {
        .key = "cost",
        .type = CONFIG_LIST,
        .flags = CONFIG_ONE_OR_LIST | CONFIG_MARKED,
        .most = PRICES_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct campaign_settings, cost),
        .mark_offset = offsetof(struct campaign_settings, has_cost),
        .element = &price_element,
        .item_size = sizeof(struct price_settings),
        .help = "Prices and fixed costs, on top of what the events carry: one map, or a list of them, each "
                "with `from`. "
                "Those of `defaults` where absent.",
    },
    {
        .key = "value",
        .type = CONFIG_CUSTOM,
        .fallback = "revenue",
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct campaign_settings, value),
        .custom = &value_rule_custom,
        .help = "What goals, roi and roas take as the campaign's value.",
    },
    {
        .key = "goals",
        .type = CONFIG_LIST,
        .flags = CONFIG_MARKED,
        .most = GOALS_MAX,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct campaign_settings, goals),
        .mark_offset = offsetof(struct campaign_settings, has_goals),
        .element = &goal_element,
        .item_size = sizeof(struct goal_settings),
        .help = "Those of `defaults` where absent; [] for none.",
    },
};

static void campaign_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct campaign_settings *campaign = record;
    if (strcmp(campaign->id, CAMPAIGN_UNATTRIBUTED) == 0 || strcmp(campaign->id, CAMPAIGN_OVERFLOW) == 0)
        config_fail(run, NULL, "is a name that roiwatch uses itself; choose another id");
    goals_settings_check(run, node, &campaign->goals);
    cost_settings_check(run, node, &campaign->cost);
}

static const struct config_shape campaign_shape = {
    .rows = campaign_rows,
    .n_rows = ARRAY_SIZE(campaign_rows),
    .size = sizeof(struct campaign_settings),
    .check = campaign_check,
};

static const struct config_row campaign_element = {.type = CONFIG_RECORD, .shape = &campaign_shape};

const struct config_row campaigns_row = {
    .key = "campaigns",
    .type = CONFIG_MAP,
    .fallback = "{}",
    .most = CAMPAIGNS_MAX,
    .effect = EFFECT_LIVE,
    .offset = offsetof(struct campaigns_settings, configured),
    .item = "ID",
    .element = &campaign_element,
    .item_size = sizeof(struct campaign_settings),
    .help = "Campaigns by id. Files of campaigns.d beside this file add more. Campaigns that are not "
            "configured are "
            "counted all the same.",
};
