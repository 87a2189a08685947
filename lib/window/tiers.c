#include "lib/window/window.h"

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool tier_serves(const struct tier *tier, const struct window_spec *window)
{
    return window->slice_ms % tier->slice_ms == 0 && tier->reach_ms >= window->reach_ms;
}

/* The shortest slice length above floor_ms that a window has, or 0. */
static int64_t next_slice_ms(const struct window_spec *windows, size_t n_windows, int64_t floor_ms)
{
    int64_t next_ms = 0;
    for (size_t i = 0; i < n_windows; i++) {
        int64_t slice_ms = windows[i].slice_ms;
        if (slice_ms > floor_ms && (next_ms == 0 || slice_ms < next_ms))
            next_ms = slice_ms;
    }
    return next_ms;
}

size_t tiers_of_window(const struct tiers *tiers, const struct window_spec *window)
{
    if (window->slice_ms == 0)
        return tiers->n;
    /* Of all that would do, the longest slice has the fewest cells to sum. */
    for (size_t i = tiers->n; i > 0; i--)
        if (tier_serves(&tiers->tier[i - 1], window))
            return i - 1;
    return tiers->n;
}

/* From the shortest slice up, so that whatever can serve a window is there when its turn comes. */
bool tiers_plan(const struct window_spec *windows, size_t n_windows, struct tiers *ret_tiers)
{
    struct tiers tiers = {0};
    int64_t slice_ms = 0;
    while ((slice_ms = next_slice_ms(windows, n_windows, slice_ms)) > 0) {
        int64_t reach_ms = 0;
        for (size_t i = 0; i < n_windows; i++)
            if (windows[i].slice_ms == slice_ms && windows[i].reach_ms > reach_ms &&
                tiers_of_window(&tiers, &windows[i]) == tiers.n)
                reach_ms = windows[i].reach_ms;
        if (reach_ms == 0)
            continue;
        if (tiers.n == TIERS_MAX)
            return false;
        tiers.tier[tiers.n++] = (struct tier){.slice_ms = slice_ms, .reach_ms = reach_ms};
        tiers.base_ms = greatest_common_divisor(slice_ms, tiers.base_ms);
        if (reach_ms > tiers.longest_reach_ms)
            tiers.longest_reach_ms = reach_ms;
    }
    if (tiers.n == 0)
        tiers.base_ms = MINUTE_MS;
    *ret_tiers = tiers;
    return true;
}
