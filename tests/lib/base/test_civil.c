#include "lib/base/tz.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/lib/zone_file.h"

#define DAY_S INT64_C(86400)

static int64_t date_of(const char *text)
{
    int64_t date;
    assert_int_equal(date_parse(span_of(text), &date), 0);
    return date;
}

static void civil_dates_agree_with_the_c_library_and_back(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (size_t n = 0; n < 20000; n++) {
        int64_t date = random_between(&seed, -800000, 3000000);
        time_t at = date * DAY_S;
        struct tm utc;
        gmtime_r(&at, &utc);
        int32_t year;
        int32_t month;
        int32_t day;
        civil_from_date(date, &year, &month, &day);
        assert_int_equal(year, utc.tm_year + 1900);
        assert_int_equal(month, utc.tm_mon + 1);
        assert_int_equal(day, utc.tm_mday);
        assert_int_equal(date_from_civil(year, month, day), date);
        assert_int_equal(weekday_of_date(date), (utc.tm_wday + 6) % 7);
    }
}

static void a_date_is_read_or_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "2026-02-29",  "2100-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
        "2026-01-32", "2026-04-31",  "2026-1-01",  "26-01-01",   "2026/01/01", "2026-01-0a",
        "+026-01-01", "2026-01-01 ", "2026-01 01", "202a-01-01",
    };
    assert_int_equal(date_of("1970-01-01"), 0);
    assert_int_equal(date_of("1969-12-31"), -1);
    assert_int_equal(date_of("2000-02-29"), 11016);
    assert_int_equal(date_of("2026-12-31"), 20818);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t date = 77;
        assert_int_equal(date_parse(span_of(bad[i]), &date), 1);
        assert_int_equal(date, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_dates_agree_with_the_c_library_and_back),
        cmocka_unit_test(a_date_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
