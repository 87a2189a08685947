#include "lib/event/ts.h"

#include "lib/base/tz.h"

enum { DATE_SIZE = 10, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

bool ts_from_number(const struct number *number, int64_t *ret_ms)
{
    int64_t ms = 0;

    if (!number->integer)
        return false;
    for (size_t i = 0; i < number->whole.size; i++) {
        int digit = number->whole.data[i] - '0';
        if (__builtin_mul_overflow(ms, 10, &ms) ||
            __builtin_add_overflow(ms, number->negative ? -digit : digit, &ms))
            return false;
    }
    *ret_ms = ms;
    return true;
}

/* Takes `size` characters off the front of *rest; false where they are not there. */
static bool take(struct span *rest, size_t size, struct span *ret_taken)
{
    if (rest->size < size)
        return false;
    *ret_taken = span_from(rest->data, size);
    *rest = span_from(rest->data + size, rest->size - size);
    return true;
}

static bool take_char(struct span *rest, char lower, char upper)
{
    struct span taken;

    if (rest->size == 0 || (rest->data[0] != lower && rest->data[0] != upper))
        return false;
    return take(rest, 1, &taken);
}

/* Two digits below `limit`. */
static bool take_two(struct span *rest, int limit, int64_t *ret_value)
{
    struct span taken;
    int tens, ones;

    if (!take(rest, 2, &taken))
        return false;
    tens = taken.data[0] - '0';
    ones = taken.data[1] - '0';
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9 || tens * 10 + ones >= limit)
        return false;
    *ret_value = tens * 10 + ones;
    return true;
}

static bool take_fraction(struct span *rest, int64_t *ret_ms)
{
    int64_t ms = 0, weight = 100;
    size_t n = 0;

    *ret_ms = 0;
    if (!take_char(rest, '.', '.'))
        return true;
    for (; n < rest->size && rest->data[n] >= '0' && rest->data[n] <= '9'; n++) {
        ms += (rest->data[n] - '0') * weight;
        weight /= 10;
    }
    *rest = span_from(rest->data + n, rest->size - n);
    *ret_ms = ms;
    return n > 0;
}

static bool take_clock(struct span *rest, int64_t *ret_ms)
{
    int64_t hour, minute, second, fraction_ms;

    if (!take_two(rest, 24, &hour) || !take_char(rest, ':', ':') || !take_two(rest, 60, &minute) ||
        !take_char(rest, ':', ':') || !take_two(rest, 60, &second) || !take_fraction(rest, &fraction_ms))
        return false;
    *ret_ms = hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + fraction_ms;
    return true;
}

/* Local time less UTC. */
static bool take_zone(struct span *rest, int64_t *ret_offset_ms)
{
    int64_t hour, minute, sign = 1;

    if (take_char(rest, 'z', 'Z')) {
        *ret_offset_ms = 0;
        return true;
    }
    if (take_char(rest, '-', '-'))
        sign = -1;
    else if (!take_char(rest, '+', '+'))
        return false;
    if (!take_two(rest, 24, &hour) || !take_char(rest, ':', ':') || !take_two(rest, 60, &minute))
        return false;
    *ret_offset_ms = sign * (hour * HOUR_MS + minute * MINUTE_MS);
    return true;
}

bool ts_from_text(struct span text, int64_t *ret_ms)
{
    struct span rest = text, date;
    int64_t days, clock_ms, offset_ms;

    if (!take(&rest, DATE_SIZE, &date) || date_parse(date, &days) != 0)
        return false;
    if (!take_char(&rest, 't', 'T') || !take_clock(&rest, &clock_ms) || !take_zone(&rest, &offset_ms))
        return false;
    if (rest.size != 0)
        return false;
    *ret_ms = days * DAY_MS + clock_ms - offset_ms;
    return true;
}
