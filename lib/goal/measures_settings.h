/*
 * Settings of measures: what is counted beside sales, by name.
 */
#ifndef ROIWATCH_GOAL_MEASURES_SETTINGS_H
#define ROIWATCH_GOAL_MEASURES_SETTINGS_H

#include <stddef.h>

#include "lib/base/must.h"
#include "lib/config/arena.h"
#include "lib/goal/campaign_settings.h"
#include "lib/report/measures.h"

struct config_node;
struct config_row;
struct config_run;

/* Exactly one of action and orders_of_kind is given; the other is NULL. */
struct measure_settings {
    const char *name;
    const char *action;
    const char *orders_of_kind;
};

struct measures_settings {
    struct measure_settings *items; /* sorted by name */
    size_t n;
};

/* `measures`, read to a struct measures_settings. */
extern const struct config_row measures_row;

/* Looks whether the measures that goals name are configured; root is the whole configuration's node. */
void measures_settings_check(struct config_run *run, const struct config_node *root,
                             const struct measures_settings *measures,
                             const struct campaigns_settings *campaigns);

/* What the settings come to; texts are made in the arena. -ENOMEM. */
MUST_CHECK int measures_make(struct arena *arena, const struct measures_settings *settings,
                             struct measures *ret_measures);

#endif
