#include "lib/base/tz_rule.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/base/tz.h"
#include "tests/lib/zone_file.h"

#define DAY_S INT64_C(86400)
#define YEAR_2000_S INT64_C(946684800)
#define YEAR_2100_S INT64_C(4102444800)

static int64_t date_of(const char *text)
{
    int64_t date;
    assert_int_equal(date_parse(span_of(text), &date), 0);
    return date;
}

static struct tz_rule rule_of(const char *text)
{
    struct tz_rule rule;
    assert_true(tz_rule_parse(span_of(text), &rule));
    return rule;
}

static int32_t offset_at(const struct tz_rule *rule, int64_t at_s)
{
    struct tz_stretch stretch = tz_rule_at(rule, at_s);
    assert_true(stretch.until_s > at_s);
    return stretch.offset_s;
}

static void a_rule_means_what_the_c_library_takes_it_for(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "EST5EDT,M3.2.0,M11.1.0",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "IST-1GMT0,M10.5.0,M3.5.0/1", /* daylight saving time is the lesser offset */
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", /* the evening before */
        "EET-2EEST,M3.4.4/50,M10.4.4/50",  /* beyond the next day */
        "AAA3BBB,J60/0,J300/24:30:15",
        "AAA3BBB,59/0,300/1:02:03",
        "AAA-3:15:45BBB-4,J10/0,J350/23",
        "AAA3BBB,J59,M2.5.6/-167",
        "AAA-5BBB,M12.2.0/167,M7.1.1/-167",
        "AAA3BBB2:30,20/-10,J200",
        "UTC0",
        "<+0530>-5:30",
    };
    uint64_t seed = 3;
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        struct tz_rule rule = rule_of(rules[i]);
        libc_zone(rules[i]);
        for (size_t n = 0; n < 5000; n++) {
            int64_t at_s = random_between(&seed, YEAR_2000_S, YEAR_2100_S);
            assert_int_equal(offset_at(&rule, at_s), libc_offset_s(at_s));
        }
    }
}

static void daylight_saving_time_may_last_all_year(void **state)
{
    (void)state;
    static const char *const rules[] = {"XXX3EDT4,0/0,J365/23", "EST5EDT,0/0,J365/25"};
    static const int32_t daylight_s[] = {-4 * 3600, -4 * 3600};
    uint64_t seed = 4;
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        struct tz_rule rule = rule_of(rules[i]);
        for (size_t n = 0; n < 1000; n++)
            assert_int_equal(offset_at(&rule, random_between(&seed, YEAR_2000_S, YEAR_2100_S)),
                             daylight_s[i]);
        for (int32_t year = 2000; year < 2100; year++) /* the instant at which one ends and the next starts */
            assert_int_equal(offset_at(&rule, date_from_civil(year, 1, 1) * DAY_S - rule.standard_s),
                             daylight_s[i]);
    }
}

/* Edges that their time moves into the year before or after; the C library looks at one year only. */
static void edges_may_leave_their_year(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *date; /* of the edge, UTC */
        int64_t time_s;   /* on that date, UTC */
        int32_t before_s;
        int32_t after_s;
    } edges[] = {
        {"AAA-3BBB-4,J1/0,J200/0", "2050-12-31", 21 * 3600, 3 * 3600, 4 * 3600},
        {"AAA0BBB-1,J365/167,J200/0", "2051-01-06", 23 * 3600, 0, 3600},
        {"AAA0BBB-1,J200/0,J365/167", "2051-01-06", 22 * 3600, 3600, 0},
        {"AAA0BBB-1,0/-167,J200/0", "2050-12-25", 3600, 0, 3600},
    };
    for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
        struct tz_rule rule = rule_of(edges[i].rule);
        int64_t edge_s = date_of(edges[i].date) * DAY_S + edges[i].time_s;
        assert_int_equal(offset_at(&rule, edge_s - 1), edges[i].before_s);
        assert_int_equal(tz_rule_at(&rule, edge_s - 1).until_s, edge_s);
        assert_int_equal(offset_at(&rule, edge_s), edges[i].after_s);
        assert_int_equal(offset_at(&rule, edge_s + 20 * DAY_S), edges[i].after_s);
    }
}

static void the_edge_in_force_may_be_that_of_two_years_ago(void **state)
{
    (void)state;
    /* Standard time from January 5 to 6 only; both edges belong to the year before by their rule. */
    struct tz_rule rule = rule_of("AAA0BBB-1,J365/167,J364/167");
    assert_int_equal(offset_at(&rule, date_of("2052-01-03") * DAY_S), 3600);
    assert_int_equal(offset_at(&rule, date_of("2052-01-06") * DAY_S), 0);
    assert_int_equal(offset_at(&rule, date_of("2052-01-07") * DAY_S), 3600);
}

static void a_bad_rule_is_refused(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",
        "AB3",
        "3",
        "UTC",
        "<+01-1",
        "<+>-1",
        "<+0_1>-1",
        "AAA25",
        "AAA3:60",
        "AAA3:",
        "AAA3x",
        "AAA3BBB",
        "AAA3BB,J1,J2",
        "AAA3BBB,J1",
        "AAA3BBB,J1,J2,J3",
        "AAA3BBB,J0,J2",
        "AAA3BBB,J1,J366",
        "AAA3BBB,0,366",
        "AAA3BBB,M0.1.0,M2.1.0",
        "AAA3BBB,M13.1.0,M2.1.0",
        "AAA3BBB,M1.0.0,M2.1.0",
        "AAA3BBB,M1.6.0,M2.1.0",
        "AAA3BBB,M1.1.7,M2.1.0",
        "AAA3BBB,M1.1,M2.1.0",
        "AAA3BBB,M1.1.0/168,M2.1.0",
        "AAA3BBB,M1.1.0/,M2.1.0",
        "AAA3BBB,M1.1.0,M2.1.0/2:00:60",
        "AAA3BBB25,M1.1.0,M2.1.0",
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        struct tz_rule rule = {.standard_s = 77};
        assert_false(tz_rule_parse(span_of(rules[i]), &rule));
        assert_int_equal(rule.standard_s, 77);
    }
    struct tz_rule rule = rule_of("UTC0");
    assert_int_equal(tz_rule_at(&rule, 0).until_s, INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_means_what_the_c_library_takes_it_for),
        cmocka_unit_test(daylight_saving_time_may_last_all_year),
        cmocka_unit_test(edges_may_leave_their_year),
        cmocka_unit_test(the_edge_in_force_may_be_that_of_two_years_ago),
        cmocka_unit_test(a_bad_rule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
