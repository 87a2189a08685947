/*
 * Rules: what the configuration says of every campaign, resolved (zones loaded, dates turned into instants).
 *
 * The rule book is built once from the settings and then only read. Everything in it is owned by the settings
 * that it came from and lives as long as they do.
 */
#ifndef ROIWATCH_GOAL_RULES_H
#define ROIWATCH_GOAL_RULES_H

#include "lib/base/table.h"
#include "lib/report/report.h"
#include "lib/window/cost.h"
#include "lib/window/window.h"

enum { GOALS_MAX = 16, GOAL_NAME_MAX = 64 };

/* One goal with `rule: threshold`. Thresholds are millionths of the metric's unit (money: micro-units). */
struct goal_spec {
    const char *name;
    enum metric metric;
    const struct measures *measures; /* for a metric of a measure; else it may be NULL */
    bool below;                      /* true: a breach is value > bound; false: value < target */
    int64_t bound_micro;             /* `target` or `below` */
    int64_t recover_micro;           /* recovering begins at or past it; equals bound where not configured */
    struct window_spec window;
    int64_t for_ms;             /* event time */
    int64_t keep_firing_for_ms; /* event time */
    int64_t min_cost_micros;    /* below it: insufficient */
    int64_t min_orders;
};

struct campaign_label {
    const char *name;
    const char *value;
};

struct campaign_rules {
    struct span id; /* empty for the defaults */
    const struct campaign_label *labels;
    size_t n_labels;
    const struct tz *tz;
    struct cost_plan cost;
    struct value_rule value;
    const struct goal_spec *goals;
    size_t n_goals;
};

struct rule_book {
    char currency[4];
    const struct window_spec *windows; /* the configured ones, in order: each has a reader key */
    size_t n_windows;
    struct tiers tiers;       /* of windows and goals' windows together */
    struct measures measures; /* what the last columns of a cell are */
    int64_t disorder_ms;
    int64_t stale_after_ms;
    bool clock;                     /* lateness.idle: clock */
    struct campaign_rules defaults; /* campaigns that are not configured */
    struct campaign_rules reserved; /* (unattributed) and (overflow): account's zone, no costs, no goals */
    const struct campaign_rules *campaigns; /* the configured ones */
    size_t n_campaigns;
    struct table by_id; /* id → const struct campaign_rules *, of the configured ones */
};

/* Names of the campaigns that only roiwatch names; NULL beyond the last. */
const char *reserved_campaign(size_t index);

/* Never NULL: the campaign's own rules, the reserved ones, or the defaults. */
const struct campaign_rules *rule_book_find(const struct rule_book *book, struct span campaign);

#endif
