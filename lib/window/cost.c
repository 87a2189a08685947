#include "lib/window/cost.h"

#include "lib/base/money.h"
#include "lib/window/window.h"

enum { PER_MILLE = 1000, MICRO = 1000000 };

const struct price *cost_price_at(const struct cost_plan *plan, int64_t at_ms)
{
    size_t low = 0;
    size_t high = plan->n_prices;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plan->prices[middle].from_ms <= at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &plan->prices[low - 1];
}

int64_t cost_slice_start(const struct cost_plan *plan, int64_t slice_ms, int64_t at_ms)
{
    int64_t edge_ms = slice_ms == 0 ? INT64_MIN : floor_to(at_ms, slice_ms);
    const struct price *price = cost_price_at(plan, at_ms);
    if (price && price->from_ms > edge_ms)
        edge_ms = price->from_ms;
    return edge_ms == INT64_MIN ? 0 : edge_ms;
}

void price_sum_add(struct price_sum *sum, const struct cost_plan *plan, int64_t slice_start_ms,
                   int64_t impressions, int64_t clicks, int64_t conversions_micro)
{
    const struct price *price = cost_price_at(plan, slice_start_ms);
    if (!price)
        return;
    sum->cpm += (__int128)impressions * price->cpm_micros;
    sum->cpc += (__int128)clicks * price->cpc_micros;
    sum->cpa += (__int128)conversions_micro * price->cpa_micros;
}

bool price_sum_micros(const struct price_sum *sum, int64_t *ret_micros)
{
    int64_t cpm;
    int64_t cpc;
    int64_t cpa;
    int64_t total;
    if (!divide_half_even(sum->cpm, PER_MILLE, &cpm) || !divide_half_even(sum->cpc, 1, &cpc) ||
        !divide_half_even(sum->cpa, MICRO, &cpa))
        return false;
    if (__builtin_add_overflow(cpm, cpc, &total) || __builtin_add_overflow(total, cpa, &total))
        return false;
    *ret_micros = total;
    return true;
}

/*
 * floor(F(at)): what of the amount lies before an instant. Days are those between first instants of dates, so
 * that they follow each other without gap or overlap where a clock goes back over midnight.
 */
static int64_t fixed_until(const struct fixed_cost *fixed, const struct tz *tz, int64_t at_ms)
{
    if (fixed->to_date <= fixed->from_date || at_ms <= tz_first_instant(tz, fixed->from_date))
        return 0;
    if (at_ms >= tz_first_instant(tz, fixed->to_date))
        return fixed->amount_micros;
    int64_t date = tz_date(tz, at_ms);
    while (tz_first_instant(tz, date + 1) <= at_ms)
        date++;
    int64_t start_ms = tz_first_instant(tz, date);
    int64_t day_ms = tz_first_instant(tz, date + 1) - start_ms;
    __int128 passed = (__int128)(date - fixed->from_date) * day_ms + (at_ms - start_ms);
    __int128 whole = (__int128)(fixed->to_date - fixed->from_date) * day_ms;
    return (int64_t)(fixed->amount_micros * passed / whole);
}

int64_t fixed_cost_micros(const struct cost_plan *plan, int64_t from_ms, int64_t to_ms)
{
    int64_t sum = 0;
    for (size_t i = 0; i < plan->n_fixed; i++) {
        const struct fixed_cost *fixed = &plan->fixed[i];
        int64_t part = fixed_until(fixed, plan->tz, to_ms) - fixed_until(fixed, plan->tz, from_ms);
        if (__builtin_add_overflow(sum, part, &sum))
            return INT64_MAX;
    }
    return sum;
}
