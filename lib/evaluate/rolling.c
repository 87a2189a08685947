#include "lib/evaluate/rolling.h"

#include "lib/base/table.h"
#include "lib/window/cost.h"

enum { TRIM_PARTS = 8 };

static const struct slices *slices_of(const struct rolling *rolling, const struct window_spec *window)
{
    return &rolling->tier[tiers_of_window(rolling->tiers, window)];
}

/* Adds the rows that start in [from, to), which are all of one price. */
static void add_priced(const struct rolling *rolling, const struct slices *slices, int64_t from_ms,
                       int64_t to_ms, struct price_sum *prices)
{
    struct cell sum;
    slices_sum(slices, slices_find(slices, from_ms), slices_find(slices, to_ms), &sum);
    price_sum_add(prices, &rolling->rules->cost, from_ms, sum.column[CELL_IMPRESSIONS],
                  sum.column[CELL_CLICKS], sum.column[CELL_CONVERSIONS]);
}

static void sum_prices(const struct rolling *rolling, const struct slices *slices, int64_t from_ms,
                       int64_t to_ms, struct price_sum *prices)
{
    const struct cost_plan *plan = &rolling->rules->cost;
    for (size_t i = 0; i < plan->n_prices && from_ms < to_ms; i++) {
        int64_t change_ms = plan->prices[i].from_ms;
        if (change_ms <= from_ms)
            continue;
        int64_t end_ms = change_ms < to_ms ? change_ms : to_ms;
        add_priced(rolling, slices, from_ms, end_ms, prices);
        from_ms = end_ms;
    }
    if (from_ms < to_ms)
        add_priced(rolling, slices, from_ms, to_ms, prices);
}

/* Spend is part of media cost. */
static bool add_spend(const struct rolling *rolling, bool total, struct snapshot *snapshot)
{
    int64_t *media_micros = &snapshot->sum.column[CELL_MEDIA_COST];
    struct spend_sums sums;
    if (spend_n(rolling->spend) == 0)
        return true;
    if (!spend_between(rolling->spend, snapshot->from_ms, snapshot->to_ms, total, &sums))
        return false;
    snapshot->spread_micros = sums.spread_micros;
    return !__builtin_add_overflow(*media_micros, sums.moments_micros, media_micros) &&
           !__builtin_add_overflow(*media_micros, sums.spread_micros, media_micros);
}

bool rolling_snapshot(const struct rolling *rolling, const struct window_spec *window, int64_t as_of_ms,
                      struct snapshot *ret_snapshot)
{
    const struct slices *slices = slices_of(rolling, window);
    const struct slices *total = &rolling->tier[rolling->tiers->n];
    struct snapshot snapshot = {.as_of_ms = as_of_ms, .measures = rolling->measures};
    struct price_sum prices = {0};
    window_bounds(window, rolling->rules->tz, as_of_ms, &snapshot.from_ms, &snapshot.to_ms);
    if (window->kind == WINDOW_TOTAL) {
        slices_sum(slices, 0, slices->n, &snapshot.sum);
        sum_prices(rolling, slices, 0, INT64_MAX, &prices);
        snapshot.sum.column[CELL_EXCLUDED] = 0;
    } else {
        struct cell all;
        slices_sum(total, 0, total->n, &all);
        slices_sum(slices, slices_find(slices, snapshot.from_ms), slices_find(slices, snapshot.to_ms),
                   &snapshot.sum);
        sum_prices(rolling, slices, snapshot.from_ms, snapshot.to_ms, &prices);
        snapshot.sum.column[CELL_EXCLUDED] = all.column[CELL_EXCLUDED];
    }
    if (!add_spend(rolling, window->kind == WINDOW_TOTAL, &snapshot))
        return false;
    if (!snapshot_finish(&snapshot, &prices, &rolling->rules->cost, &rolling->rules->value))
        return false;
    *ret_snapshot = snapshot;
    return true;
}

bool rolling_hash(const struct rolling *rolling, const struct snapshot *snapshot,
                  struct rolling_hashes *ret_hashes)
{
    ret_hashes->content = report_content_hash(snapshot);
    ret_hashes->without_spread = ret_hashes->content;
    if (rolling->rules->cost.n_fixed == 0 && rolling->spend->ranges.n == 0)
        return true;
    struct snapshot bare = *snapshot;
    int64_t fixed = fixed_cost_micros(&rolling->rules->cost, snapshot->from_ms, snapshot->to_ms);
    if (__builtin_sub_overflow(bare.cost_micros, fixed, &bare.cost_micros) ||
        __builtin_sub_overflow(bare.cost_micros, bare.spread_micros, &bare.cost_micros))
        return false;
    bare.sum.column[CELL_MEDIA_COST] -= bare.spread_micros;
    /* A record that came or was restated is no cost that moves by itself. */
    const uint64_t parts[] = {report_content_hash(&bare), rolling->spend->hash};
    ret_hashes->without_spread = hash_bytes(span_from(parts, sizeof(parts)));
    return true;
}

/* Whether costs that are spread over time can still move in the window. */
static bool spread_moves(const struct rolling *rolling, const struct window_spec *window, int64_t from_ms,
                         int64_t to_ms)
{
    const struct cost_plan *plan = &rolling->rules->cost;
    int64_t passed_ms = window->kind == WINDOW_TOTAL ? to_ms : from_ms;
    for (size_t i = 0; i < plan->n_fixed; i++)
        if (tz_first_instant(plan->tz, plan->fixed[i].to_date) > passed_ms)
            return true;
    return rolling->spend->latest_ms > passed_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t calendar_due_ms(const struct rolling *rolling, const struct window_spec *window,
                               int64_t as_of_ms, bool holds_any, int64_t enters_ms)
{
    const struct tz *tz = rolling->rules->tz;
    bool tomorrow = holds_any || (window->kind == WINDOW_YESTERDAY && enters_ms != INT64_MAX);
    int64_t due_ms = tomorrow ? tz_first_instant(tz, tz_date(tz, as_of_ms) + 1) : INT64_MAX;
    return window->kind == WINDOW_YESTERDAY ? due_ms : earlier(due_ms, enters_ms);
}

int64_t rolling_due_ms(const struct rolling *rolling, const struct window_spec *window, int64_t as_of_ms)
{
    int64_t from_ms, to_ms;
    window_bounds(window, rolling->rules->tz, as_of_ms, &from_ms, &to_ms);
    int64_t due_ms = INT64_MAX;
    if (spread_moves(rolling, window, from_ms, to_ms))
        due_ms = floor_to(as_of_ms, window->kind == WINDOW_ROLLING ? window->slice_ms : QUARTER_HOUR_MS) +
                 (window->kind == WINDOW_ROLLING ? window->slice_ms : QUARTER_HOUR_MS);
    if (window->kind == WINDOW_TOTAL)
        return due_ms;
    const struct slices *slices = slices_of(rolling, window);
    size_t first = slices_find(slices, from_ms);
    size_t end = slices_find(slices, to_ms);
    int64_t enters_ms =
        end < slices->n ? floor_to(slices_start_ms(slices, end), window->slice_ms) : INT64_MAX;
    if (window->kind != WINDOW_ROLLING)
        return earlier(due_ms, calendar_due_ms(rolling, window, as_of_ms, first < end, enters_ms));
    if (first < end)
        due_ms =
            earlier(due_ms, floor_to(slices_start_ms(slices, first), window->slice_ms) + window->length_ms);
    return earlier(due_ms, enters_ms);
}

/* Calendar windows reach an hour further where a day has 25 hours, so tiers that hold days keep one more. */
static int64_t kept_ms(const struct tier *tier)
{
    return tier->reach_ms + 2 * tier->slice_ms + (tier->reach_ms >= DAY_MS ? DAY_MS : 0);
}

int64_t rolling_trim_due_ms(const struct tier *tier, const struct slices *slices)
{
    if (slices->n == 0)
        return INT64_MAX;
    return slices_start_ms(slices, 0) + kept_ms(tier) + tier->reach_ms / TRIM_PARTS;
}

size_t rolling_expired(const struct tier *tier, const struct slices *slices, int64_t as_of_ms)
{
    return slices_find(slices, as_of_ms - kept_ms(tier));
}
