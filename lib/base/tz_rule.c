#include "lib/base/tz_rule.h"

#include "lib/base/tz.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, OFFSET_HOURS_MAX = 24, EDGE_HOURS_MAX = 167 };

static bool take(struct span *text, char wanted)
{
    if (text->size == 0 || text->data[0] != wanted)
        return false;
    text->data++;
    text->size--;
    return true;
}

/* One to three decimal digits, in [least, most]. */
static bool take_number(struct span *text, int32_t least, int32_t most, int32_t *ret_value)
{
    int32_t value = 0;
    size_t n_digits = 0;
    while (n_digits < 3 && n_digits < text->size && text->data[n_digits] >= '0' &&
           text->data[n_digits] <= '9')
        value = value * 10 + (text->data[n_digits++] - '0');
    if (n_digits == 0 || value < least || value > most)
        return false;
    text->data += n_digits;
    text->size -= n_digits;
    *ret_value = value;
    return true;
}

/* [+-]h[:mm[:ss]] */
static bool take_time(struct span *text, int32_t hours_max, int32_t *ret_seconds)
{
    int32_t hours;
    int32_t minutes = 0;
    int32_t seconds = 0;
    bool negative = take(text, '-');
    if (!negative)
        (void)take(text, '+');
    if (!take_number(text, 0, hours_max, &hours))
        return false;
    if (take(text, ':')) {
        if (!take_number(text, 0, 59, &minutes))
            return false;
        if (take(text, ':') && !take_number(text, 0, 59, &seconds))
            return false;
    }
    int32_t total = hours * HOUR_S + minutes * MINUTE_S + seconds;
    *ret_seconds = negative ? -total : total;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_quoted(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

/* Three letters or more; between < and > also digits and signs. */
static bool take_name(struct span *text)
{
    bool quoted = take(text, '<');
    size_t size = 0;
    while (size < text->size && (quoted ? is_quoted(text->data[size]) : is_letter(text->data[size])))
        size++;
    text->data += size;
    text->size -= size;
    return size >= 3 && (!quoted || take(text, '>'));
}

static bool take_edge_date(struct span *text, struct tz_edge *edge)
{
    if (take(text, 'J')) {
        edge->form = TZ_EDGE_JULIAN;
        return take_number(text, 1, 365, &edge->day);
    }
    if (!take(text, 'M')) {
        edge->form = TZ_EDGE_DAY;
        return take_number(text, 0, 365, &edge->day);
    }
    edge->form = TZ_EDGE_WEEKDAY;
    return take_number(text, 1, 12, &edge->month) && take(text, '.') &&
           take_number(text, 1, 5, &edge->week) && take(text, '.') && take_number(text, 0, 6, &edge->day);
}

static bool take_edge(struct span *text, struct tz_edge *edge)
{
    edge->time_s = 2 * HOUR_S;
    if (!take(text, ',') || !take_edge_date(text, edge))
        return false;
    return !take(text, '/') || take_time(text, EDGE_HOURS_MAX, &edge->time_s);
}

bool tz_rule_parse(struct span text, struct tz_rule *ret_rule)
{
    struct tz_rule rule = {0};
    int32_t west_s;
    if (!take_name(&text) || !take_time(&text, OFFSET_HOURS_MAX, &west_s))
        return false;
    rule.standard_s = -west_s;
    rule.daylight_s = rule.standard_s;
    if (text.size > 0) {
        rule.has_daylight = true;
        rule.daylight_s += HOUR_S;
        if (!take_name(&text))
            return false;
        if (text.size > 0 && text.data[0] != ',') {
            if (!take_time(&text, OFFSET_HOURS_MAX, &west_s))
                return false;
            rule.daylight_s = -west_s;
        }
        if (!take_edge(&text, &rule.start) || !take_edge(&text, &rule.end) || text.size > 0)
            return false;
    }
    *ret_rule = rule;
    return true;
}

static int64_t first_of_month(int32_t year, int32_t month)
{
    return month == 13 ? date_from_civil(year + 1, 1, 1) : date_from_civil(year, month, 1);
}

static int64_t edge_date(const struct tz_edge *edge, int32_t year)
{
    int64_t new_year = first_of_month(year, 1);
    if (edge->form == TZ_EDGE_DAY)
        return new_year + edge->day;
    if (edge->form == TZ_EDGE_JULIAN) {
        bool after_leap_day = edge->day >= 60 && first_of_month(year, 3) - new_year == 60;
        return new_year + edge->day - 1 + after_leap_day;
    }
    int64_t first = first_of_month(year, edge->month);
    int32_t wanted = (edge->day + 6) % 7; /* Monday is 0 in weekday_of_date */
    int64_t date = first + (wanted - weekday_of_date(first) + 7) % 7 + (int64_t)(edge->week - 1) * 7;
    return date < first_of_month(year, edge->month + 1) ? date : date - 7;
}

/*
 * An edge's time may leave its year by a week on either side, so that the edges around an instant can belong
 * to the second year before or after it. Daylight saving time that ends in the instant at which the next one
 * starts never ends: of two edges at one instant the start holds.
 */
struct tz_stretch tz_rule_at(const struct tz_rule *rule, int64_t at_s)
{
    struct tz_stretch stretch = {.offset_s = rule->standard_s, .until_s = INT64_MAX};
    if (!rule->has_daylight)
        return stretch;
    int32_t year;
    int32_t month;
    int32_t day;
    int64_t latest_s = INT64_MIN;
    civil_from_date(at_s / DAY_S, &year, &month, &day);
    for (int32_t i = 0; i < 10; i++) {
        bool starts = i % 2 != 0;
        const struct tz_edge *edge = starts ? &rule->start : &rule->end;
        int32_t before_s = starts ? rule->standard_s : rule->daylight_s;
        int64_t edge_s = edge_date(edge, year - 2 + i / 2) * DAY_S + edge->time_s - before_s;
        if (edge_s > at_s && edge_s < stretch.until_s)
            stretch.until_s = edge_s;
        if (edge_s > at_s || edge_s < latest_s || (edge_s == latest_s && !starts))
            continue;
        latest_s = edge_s;
        stretch.offset_s = starts ? rule->daylight_s : rule->standard_s;
    }
    return stretch;
}
