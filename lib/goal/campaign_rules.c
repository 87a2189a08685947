#include <errno.h>

#include "lib/goal/campaign_settings.h"

static int prices_make(struct arena *arena, const struct cost_settings *cost, struct cost_plan *plan)
{
    struct price *prices = arena_alloc(arena, cost->n * sizeof(*prices));
    if (!prices)
        return -ENOMEM;
    for (size_t i = 0; i < cost->n; i++) {
        const struct price_settings *given = &cost->items[i];
        prices[i] = (struct price){
            .from_ms = given->has_from ? tz_first_instant(plan->tz, given->from_date) : INT64_MIN,
            .cpm_micros = given->cpm_micros,
            .cpc_micros = given->cpc_micros,
            .cpa_micros = given->cpa_micros,
        };
    }
    plan->prices = prices;
    plan->n_prices = cost->n;
    return 0;
}

/* Fixed costs hold by their own dates, so those of all rows go into one list. */
static int fixed_make(struct arena *arena, const struct cost_settings *cost, struct cost_plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < cost->n; i++)
        n += cost->items[i].fixed.n;
    struct fixed_cost *fixed = arena_alloc(arena, n * sizeof(*fixed));
    if (!fixed)
        return -ENOMEM;
    plan->fixed = fixed;
    plan->n_fixed = n;
    for (size_t i = 0; i < cost->n; i++)
        for (size_t j = 0; j < cost->items[i].fixed.n; j++) {
            const struct fixed_settings *given = &cost->items[i].fixed.items[j];
            *fixed++ = (struct fixed_cost){given->amount_micros, given->from_date, given->to_date};
        }
    return 0;
}

/* A goal's metric; settings were checked, so a measure that it names is there. */
static enum metric metric_make(const struct metric_settings *given, const struct measures *measures)
{
    for (size_t i = 0; given->measure && i < measures->n; i++)
        if (strcmp(measures->items[i].name, given->measure) == 0)
            return metric_of(given->metric, i);
    return given->metric;
}

static struct goal_spec goal_make(const struct goal_settings *given, const struct measures *measures)
{
    int64_t bound = given->has_below ? given->below_micro : given->target_micro;
    return (struct goal_spec){
        .name = given->name,
        .metric = metric_make(&given->metric, measures),
        .measures = measures,
        .below = given->has_below,
        .bound_micro = bound,
        .recover_micro = given->has_recover ? given->recover_micro : bound,
        .window = given->window,
        .for_ms = given->for_ms,
        .keep_firing_for_ms = given->keep_firing_for_ms,
        .min_cost_micros = given->min_cost_micros,
        .min_orders = given->min_orders,
    };
}

static int goals_make(struct arena *arena, const struct goal_list *goals, const struct measures *measures,
                      struct campaign_rules *rules)
{
    struct goal_spec *specs = arena_alloc(arena, goals->n * sizeof(*specs));
    if (!specs)
        return -ENOMEM;
    for (size_t i = 0; i < goals->n; i++)
        specs[i] = goal_make(&goals->items[i], measures);
    rules->goals = specs;
    rules->n_goals = goals->n;
    return 0;
}

int campaign_rules_make(struct arena *arena, const struct campaigns_settings *campaigns,
                        const struct campaign_settings *campaign, const struct tz *tz,
                        const struct measures *measures, struct campaign_rules *ret_rules)
{
    bool own_cost = campaign && campaign->has_cost, own_goals = campaign && campaign->has_goals;
    const struct cost_settings *cost = own_cost ? &campaign->cost : &campaigns->defaults.cost;
    struct campaign_rules rules = {.tz = tz, .cost.tz = tz};
    if (campaign) {
        rules.id = span_of(campaign->id);
        rules.labels = campaign->labels.items;
        rules.n_labels = campaign->labels.n;
        rules.value = campaign->value;
    }
    int r = prices_make(arena, cost, &rules.cost);
    if (r == 0)
        r = fixed_make(arena, cost, &rules.cost);
    if (r == 0)
        r = goals_make(arena, own_goals ? &campaign->goals : &campaigns->defaults.goals, measures, &rules);
    if (r == 0)
        *ret_rules = rules;
    return r;
}
