/*
 * Settings of goals.
 */
#ifndef ROIWATCH_GOAL_GOAL_SETTINGS_H
#define ROIWATCH_GOAL_GOAL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/report/report.h"
#include "lib/window/window.h"

struct config_node;
struct config_row;
struct config_run;

enum goal_rule { RULE_THRESHOLD, RULE_LAG_AWARE };

/* A metric, and for METRIC_MEASURE and METRIC_COST_PER the measure's name, else NULL. */
struct metric_settings {
    enum metric metric;
    const char *measure;
};

/* has_… says whether a key was given; of target and below exactly one is. */
struct goal_settings {
    const char *name;
    struct metric_settings metric;
    int64_t target_micro;  /* at least; millionths of the metric's unit, money in micro-units */
    int64_t below_micro;   /* at most */
    int64_t recover_micro; /* the bound itself where not given */
    struct window_spec window;
    int64_t for_ms;
    int64_t keep_firing_for_ms;
    int64_t min_cost_micros;
    int64_t min_orders;
    enum goal_rule rule; /* filled in */
    bool has_metric;
    bool has_target;
    bool has_below;
    bool has_recover;
    bool has_rule;
};

struct goal_list {
    struct goal_settings *items;
    size_t n;
};

/* One goal of a `goals` list, read to a struct goal_settings. */
extern const struct config_row goal_element;

/* Looks at the goals of record's `goals` together: no name twice. */
void goals_settings_check(struct config_run *run, const struct config_node *record,
                          const struct goal_list *goals);

#endif
