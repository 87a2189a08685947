/*
 * Windows: their names, slices and bounds; and tiers, the slice lengths that are stored.
 *
 * A rolling window is a whole number of minutes (beyond 2 h of quarter hours). Its slice is the longest whole
 * number of minutes that divides it and is at most 1/60 (windows to an hour) or 1/96 (beyond) of it, at least
 * 1 minute. Calendar windows go by quarter hours. `total` holds everything.
 *
 * Tiers: a window's slices are stored at its own slice length, unless a shorter stored length divides it and
 * is kept at least as far back. All times are ms since the epoch.
 */
#ifndef ROIWATCH_WINDOW_WINDOW_H
#define ROIWATCH_WINDOW_WINDOW_H

#include "lib/base/must.h"
#include "lib/base/span.h"
#include "lib/base/tz.h"

#define MINUTE_MS INT64_C(60000)
#define QUARTER_HOUR_MS (15 * MINUTE_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

enum window_kind {
    WINDOW_ROLLING,
    WINDOW_TODAY,
    WINDOW_YESTERDAY,
    WINDOW_WEEK,
    WINDOW_MONTH,
    WINDOW_TOTAL,
};

enum { WINDOW_NAME_SIZE = 16, WINDOWS_MAX = 32, TIERS_MAX = WINDOWS_MAX };

struct window_spec {
    char name[WINDOW_NAME_SIZE]; /* as configured: "5m", "today" … NUL-terminated */
    enum window_kind kind;
    int64_t length_ms; /* rolling windows; else 0 */
    int64_t slice_ms;  /* total: 0 */
    int64_t reach_ms;  /* how far back it can need slices: length; month 31 d, week 7, yesterday 2, today 1;
                          total 0 */
};

enum window_result {
    WINDOW_UNKNOWN = 1,  /* neither a duration nor the name of a calendar window */
    WINDOW_UNEVEN,       /* not whole minutes, or beyond 2 h not whole quarter hours */
    WINDOW_OUT_OF_RANGE, /* below a minute or beyond 400 days */
};

MUST_CHECK int window_parse(struct span text, struct window_spec *ret_window);

/* The bounds [from, to) at an as_of, in the campaign's zone. */
void window_bounds(const struct window_spec *window, const struct tz *tz, int64_t as_of_ms,
                   int64_t *ret_from_ms, int64_t *ret_to_ms);

struct tier {
    int64_t slice_ms; /* whole minutes */
    int64_t reach_ms; /* the longest reach of the windows that are summed from it */
};

struct tiers {
    size_t n;
    struct tier tier[TIERS_MAX]; /* shortest slice first */
    int64_t base_ms;             /* greatest common divisor of the slice lengths; a minute without tiers */
    int64_t longest_reach_ms;    /* 0 where there is nothing but total */
};

/* Plans what to store for all windows (those of goals too). False where they need more than TIERS_MAX slice
 * lengths. */
MUST_CHECK bool tiers_plan(const struct window_spec *windows, size_t n_windows, struct tiers *ret_tiers);
/* The tier that a window is summed from: index into tiers->tier; total has none (tiers->n). */
size_t tiers_of_window(const struct tiers *tiers, const struct window_spec *window);

/* Largest multiple of step_ms at or below at_ms, also before the epoch. */
int64_t floor_to(int64_t at_ms, int64_t step_ms);

#endif
