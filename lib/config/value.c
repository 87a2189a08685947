#include "lib/config/value.h"

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/money.h"
#include "lib/base/tz.h"

struct unit {
    const char *name;
    int64_t size;
};

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Largest first: what is written takes the first that divides. */
static const struct unit durations[] = {{"d", DAY}, {"h", HOUR}, {"m", MINUTE}, {"s", SECOND}, {"ms", 1}};
static const struct unit sizes[] = {{"GiB", INT64_C(1) << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

/* Reads digits at *text and moves it behind them. */
static bool read_digits(const char **text, int64_t *ret_value)
{
    const char *p = *text;
    int64_t value = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
            return false;
    if (p == *text)
        return false;
    *text = p;
    *ret_value = value;
    return true;
}

bool value_int(const char *text, int64_t *ret_value)
{
    bool negative = *text == '-';
    const char *rest = text + negative;
    int64_t value;
    if (!read_digits(&rest, &value) || *rest)
        return false;
    *ret_value = negative ? -value : value;
    return true;
}

static bool read_with_unit(const char *text, const struct unit *units, size_t n_units, int64_t *ret_value)
{
    const char *rest = text;
    int64_t value;
    if (!read_digits(&rest, &value))
        return false;
    if (!*rest && value == 0) {
        *ret_value = 0;
        return true;
    }
    for (size_t i = 0; i < n_units; i++)
        if (strcmp(rest, units[i].name) == 0 && !__builtin_mul_overflow(value, units[i].size, &value)) {
            *ret_value = value;
            return true;
        }
    return false;
}

static void write_with_unit(int64_t value, const struct unit *units, size_t n_units, struct buffer *buffer)
{
    size_t i = 0;
    while (i + 1 < n_units && value % units[i].size)
        i++;
    if (value == 0)
        buffer_append_text(buffer, "0");
    else
        buffer_printf(buffer, "%lld%s", (long long)(value / units[i].size), units[i].name);
}

bool value_duration(const char *text, int64_t *ret_ms)
{
    return read_with_unit(text, durations, ARRAY_SIZE(durations), ret_ms);
}

bool value_size(const char *text, int64_t *ret_bytes)
{
    return read_with_unit(text, sizes, ARRAY_SIZE(sizes), ret_bytes);
}

void value_write_duration(int64_t ms, struct buffer *buffer)
{
    write_with_unit(ms, durations, ARRAY_SIZE(durations), buffer);
}

void value_write_size(int64_t bytes, struct buffer *buffer)
{
    write_with_unit(bytes, sizes, ARRAY_SIZE(sizes), buffer);
}

/* Whether the digits after the sixth decimal are all 0; there is no exponent. */
static bool is_exact(const char *text)
{
    const char *point = strchr(text, '.');
    if (strpbrk(text, "eE"))
        return false;
    for (size_t i = 1; point && point[i]; i++)
        if (i > 6 && point[i] != '0')
            return false;
    return true;
}

bool value_decimal(const char *text, int64_t *ret_micros)
{
    int64_t micros;
    bool negative;
    if (!is_exact(text) || money_parse(span_of(text), &micros, &negative) != 0)
        return false;
    *ret_micros = micros;
    return true;
}

void value_write_decimal(int64_t micros, struct buffer *buffer)
{
    char text[MICROS_TEXT_SIZE];
    micros_text(micros, text);
    size_t size = strlen(text);
    while (text[size - 1] == '0')
        size--;
    if (text[size - 1] == '.')
        size--;
    buffer_append(buffer, text, size);
}

bool value_date(const char *text, int64_t *ret_date)
{
    return date_parse(span_of(text), ret_date) == 0;
}

void value_write_date(int64_t date, struct buffer *buffer)
{
    int32_t year, month, day;
    civil_from_date(date, &year, &month, &day);
    buffer_printf(buffer, "%04d-%02d-%02d", year, month, day);
}

/* Reads two digits up to most. */
static bool two_digits(const char *text, int most, int *ret_value)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *ret_value = (text[0] - '0') * 10 + (text[1] - '0');
    return *ret_value <= most;
}

/* hh:mm at the start of text. */
static bool hours_minutes(const char *text, int64_t *ret_ms)
{
    int hours, minutes;
    if (!two_digits(text, 23, &hours) || text[2] != ':' || !two_digits(text + 3, 59, &minutes))
        return false;
    *ret_ms = hours * (int64_t)HOUR + minutes * (int64_t)MINUTE;
    return true;
}

/* Z or ±hh:mm, and nothing behind it. */
static bool zone_offset(const char *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if ((text[0] == 'Z' || text[0] == 'z') && !text[1])
        return true;
    if ((text[0] != '+' && text[0] != '-') || !hours_minutes(text + 1, ret_ms) || text[6])
        return false;
    if (text[0] == '-')
        *ret_ms = -*ret_ms;
    return true;
}

/* Milliseconds of a fraction; digits beyond are cut. *ret_rest is what follows. */
static bool fraction_ms(const char *text, int64_t *ret_ms, const char **ret_rest)
{
    int64_t ms = 0, unit = 100;
    *ret_ms = 0;
    *ret_rest = text;
    if (text[0] != '.')
        return true;
    const char *p = text + 1;
    for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
        ms += (*p - '0') * unit;
    *ret_ms = ms;
    *ret_rest = p;
    return p > text + 1;
}

bool value_time(const char *text, int64_t *ret_ms)
{
    enum { DATE_SIZE = 10, SECONDS_AT = 17, FRACTION_AT = 19 };
    int64_t date, time_ms, fraction, zone_ms;
    int seconds;
    const char *zone;
    if (strnlen(text, FRACTION_AT + 1) <= FRACTION_AT || date_parse(span_from(text, DATE_SIZE), &date) != 0)
        return false;
    if (!strchr("Tt ", text[DATE_SIZE]) || !hours_minutes(text + DATE_SIZE + 1, &time_ms))
        return false;
    if (text[SECONDS_AT - 1] != ':' || !two_digits(text + SECONDS_AT, 59, &seconds))
        return false;
    if (!fraction_ms(text + FRACTION_AT, &fraction, &zone) || !zone_offset(zone, &zone_ms))
        return false;
    *ret_ms = date * DAY + time_ms + seconds * SECOND + fraction - zone_ms;
    return true;
}

void value_write_time(int64_t ms, struct buffer *buffer)
{
    int64_t date = ms / DAY - (ms % DAY < 0);
    int64_t rest = ms - date * DAY;
    value_write_date(date, buffer);
    buffer_printf(buffer, "T%02d:%02d:%02d", (int)(rest / HOUR), (int)(rest / MINUTE % 60),
                  (int)(rest / SECOND % 60));
    if (rest % SECOND)
        buffer_printf(buffer, ".%03d", (int)(rest % SECOND));
    buffer_append_text(buffer, "Z");
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_plain(const char *text)
{
    static const char *const words[] = {"null", "Null", "NULL"};
    if (!is_alphanumeric(text[0]) && text[0] != '/')
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(text, words[i]) == 0)
            return false;
    for (const char *p = text; *p; p++)
        if (!is_alphanumeric(*p) && !strchr("._-/:@+=%", *p))
            return false;
    return text[strlen(text) - 1] != ':';
}

void value_write_text(const char *text, bool json, struct buffer *buffer)
{
    if (!json && is_plain(text))
        buffer_append_text(buffer, text);
    else
        json_append_text(buffer, span_of(text));
}
