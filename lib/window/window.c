#include "lib/window/window.h"

enum { PARTS_TO_AN_HOUR = 60, PARTS_BEYOND = 96, MINUTES_OF_AN_HOUR = 60 };

#define ROLLING_MOST_MS (400 * DAY_MS)
#define BY_MINUTES_MOST_MS (2 * HOUR_MS)
#define FURTHEST_MS (INT64_MAX / 2) /* no as_of is let beyond it: bounds around it still fit */

int64_t floor_to(int64_t at_ms, int64_t step_ms)
{
    int64_t rest = at_ms % step_ms;
    return at_ms - (rest < 0 ? rest + step_ms : rest);
}

static const struct window_spec calendar_windows[] = {
    {"today", WINDOW_TODAY, 0, QUARTER_HOUR_MS, 1 * DAY_MS},
    {"yesterday", WINDOW_YESTERDAY, 0, QUARTER_HOUR_MS, 2 * DAY_MS},
    {"week", WINDOW_WEEK, 0, QUARTER_HOUR_MS, 7 * DAY_MS},
    {"month", WINDOW_MONTH, 0, QUARTER_HOUR_MS, 31 * DAY_MS},
    {"total", WINDOW_TOTAL, 0, 0, 0},
};

static const struct {
    const char *suffix;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", MINUTE_MS}, {"h", HOUR_MS}, {"d", DAY_MS}};

/* Digits and a unit. Zero alone needs none. What is longer than any window stands for "too long". */
static bool read_duration(struct span text, int64_t *ret_ms)
{
    size_t n_digits = 0;
    int64_t value = 0;
    for (; n_digits < text.size && text.data[n_digits] >= '0' && text.data[n_digits] <= '9'; n_digits++)
        value = value > ROLLING_MOST_MS ? value : value * 10 + (text.data[n_digits] - '0');
    struct span suffix = {text.data + n_digits, text.size - n_digits};
    if (n_digits == 0)
        return false;
    if (suffix.size == 0 && value == 0) {
        *ret_ms = 0;
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (!span_equal(suffix, span_of(units[i].suffix)))
            continue;
        *ret_ms = value > ROLLING_MOST_MS / units[i].ms ? ROLLING_MOST_MS + 1 : value * units[i].ms;
        return true;
    }
    return false;
}

/* The longest divisor that is small enough against the window. */
static int64_t rolling_slice_ms(int64_t length_ms)
{
    int64_t minutes = length_ms / MINUTE_MS;
    int64_t parts = minutes <= MINUTES_OF_AN_HOUR ? PARTS_TO_AN_HOUR : PARTS_BEYOND;
    int64_t slice = minutes / parts;
    while (slice > 1 && minutes % slice != 0)
        slice--;
    return (slice > 1 ? slice : 1) * MINUTE_MS;
}

int window_parse(struct span text, struct window_spec *ret_window)
{
    for (size_t i = 0; i < ARRAY_SIZE(calendar_windows); i++) {
        if (span_equal(text, span_of(calendar_windows[i].name))) {
            *ret_window = calendar_windows[i];
            return 0;
        }
    }
    int64_t length_ms;
    if (text.size >= WINDOW_NAME_SIZE || !read_duration(text, &length_ms))
        return WINDOW_UNKNOWN;
    if (length_ms < MINUTE_MS || length_ms > ROLLING_MOST_MS)
        return WINDOW_OUT_OF_RANGE;
    if (length_ms % (length_ms > BY_MINUTES_MOST_MS ? QUARTER_HOUR_MS : MINUTE_MS) != 0)
        return WINDOW_UNEVEN;
    struct window_spec window = {.kind = WINDOW_ROLLING, .length_ms = length_ms, .reach_ms = length_ms};
    memcpy(window.name, text.data, text.size);
    window.slice_ms = rolling_slice_ms(length_ms);
    *ret_window = window;
    return 0;
}

static int64_t first_date(enum window_kind kind, int64_t today)
{
    int32_t year;
    int32_t month;
    int32_t day;
    switch (kind) {
    case WINDOW_YESTERDAY:
        return today - 1;
    case WINDOW_WEEK:
        return today - weekday_of_date(today);
    case WINDOW_MONTH:
        civil_from_date(today, &year, &month, &day);
        return today - day + 1;
    default:
        return today;
    }
}

void window_bounds(const struct window_spec *window, const struct tz *tz, int64_t as_of_ms,
                   int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    if (as_of_ms > FURTHEST_MS)
        as_of_ms = FURTHEST_MS;
    if (as_of_ms < -FURTHEST_MS)
        as_of_ms = -FURTHEST_MS;
    if (window->kind == WINDOW_ROLLING) {
        *ret_to_ms = floor_to(as_of_ms, window->slice_ms) + window->slice_ms;
        *ret_from_ms = *ret_to_ms - window->length_ms;
        return;
    }
    *ret_to_ms = floor_to(as_of_ms, QUARTER_HOUR_MS) + QUARTER_HOUR_MS;
    if (window->kind == WINDOW_TOTAL) {
        *ret_from_ms = 0;
        return;
    }
    int64_t today = tz_date(tz, as_of_ms);
    *ret_from_ms = tz_first_instant(tz, first_date(window->kind, today));
    if (window->kind == WINDOW_YESTERDAY)
        *ret_to_ms = tz_first_instant(tz, today);
}
