/*
 * DESIGN: the proleptic Gregorian calendar in arithmetic that has no branch per century.
 *
 * Years are taken to begin in March, so that the leap day is the last of its year, and are counted in eras of
 * 400 years, which all have the same number of days.
 */
#include "lib/base/tz.h"

enum {
    YEARS_OF_ERA = 400,
    DAYS_OF_ERA = 146097,
    EPOCH_SHIFT = 719468, /* days from 0000-03-01 to 1970-01-01 */
};

static int64_t era_of(int64_t value, int64_t length)
{
    return (value >= 0 ? value : value - length + 1) / length;
}

int64_t date_from_civil(int32_t year, int32_t month, int32_t day)
{
    int64_t march_year = (int64_t)year - (month <= 2);
    int64_t era = era_of(march_year, YEARS_OF_ERA);
    int64_t year_of_era = march_year - era * YEARS_OF_ERA;
    int64_t march_month = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_OF_ERA + day_of_era - EPOCH_SHIFT;
}

void civil_from_date(int64_t date, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day)
{
    int64_t shifted = date + EPOCH_SHIFT;
    int64_t era = era_of(shifted, DAYS_OF_ERA);
    int64_t day_of_era = shifted - era * DAYS_OF_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    *ret_day = (int32_t)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *ret_month = (int32_t)(march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_year = (int32_t)(year_of_era + era * YEARS_OF_ERA + (*ret_month <= 2));
}

int32_t weekday_of_date(int64_t date)
{
    int64_t since_monday = (date + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int32_t)(since_monday < 0 ? since_monday + 7 : since_monday);
}

static bool read_digits(const char *text, size_t n_digits, int32_t *ret_value)
{
    int32_t value = 0;
    for (size_t i = 0; i < n_digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *ret_value = value;
    return true;
}

int date_parse(struct span text, int64_t *ret_date)
{
    int32_t year;
    int32_t month;
    int32_t day;
    if (text.size != 10 || text.data[4] != '-' || text.data[7] != '-')
        return 1;
    if (!read_digits(text.data, 4, &year) || !read_digits(text.data + 5, 2, &month) ||
        !read_digits(text.data + 8, 2, &day))
        return 1;
    if (month < 1 || month > 12 || day < 1)
        return 1;
    int64_t date = date_from_civil(year, month, day);
    int64_t next_month = month == 12 ? date_from_civil(year + 1, 1, 1) : date_from_civil(year, month + 1, 1);
    if (date >= next_month)
        return 1;
    *ret_date = date;
    return 0;
}
