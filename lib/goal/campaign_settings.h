/*
 * Settings of campaigns: goals, costs, value, labels; and the rules that they come to.
 */
#ifndef ROIWATCH_GOAL_CAMPAIGN_SETTINGS_H
#define ROIWATCH_GOAL_CAMPAIGN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/must.h"
#include "lib/config/arena.h"
#include "lib/goal/goal_settings.h"
#include "lib/goal/rules.h"
#include "lib/window/cost_settings.h"

struct label_list {
    struct campaign_label *items; /* sorted by name */
    size_t n;
};

struct campaign_settings {
    const char *id;
    struct label_list labels;
    const char *timezone; /* NULL: the account's */
    struct cost_settings cost;
    struct value_rule value;
    struct goal_list goals;
    bool has_cost; /* false: the defaults' */
    bool has_goals;
};

struct campaigns_settings {
    struct {
        struct goal_list goals;
        struct cost_settings cost;
    } defaults;
    struct {
        struct campaign_settings *items; /* sorted by id */
        size_t n;
    } configured;
};

/* `defaults` and `campaigns`, read to a struct campaigns_settings. */
extern const struct config_row defaults_row;
extern const struct config_row campaigns_row;

/*
 * The rules of one campaign, or of all that are not configured (campaign NULL), in the zone tz. Arrays are
 * made in the arena, texts are those of the settings. Goals keep the measures. Returns 0 or -ENOMEM.
 */
MUST_CHECK int campaign_rules_make(struct arena *arena, const struct campaigns_settings *campaigns,
                                   const struct campaign_settings *campaign, const struct tz *tz,
                                   const struct measures *measures, struct campaign_rules *ret_rules);

#endif
