#include "lib/window/window.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/lib/zone_file.h"

static struct window_spec window_of(const char *name)
{
    struct window_spec window;
    assert_int_equal(window_parse(span_of(name), &window), 0);
    return window;
}

static void a_window_has_the_slice_that_the_contract_says(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t length_minutes;
        int64_t slice_minutes;
    } cases[] = {
        {"1m", 1, 1},           {"60s", 1, 1},          {"60000ms", 1, 1}, {"5m", 5, 1},
        {"7m", 7, 1},           {"1h", 60, 1},          {"60m", 60, 1},    {"61m", 61, 1},
        {"90m", 90, 1},         {"119m", 119, 1},       {"2h", 120, 1},    {"3h", 180, 1},
        {"195m", 195, 1},       {"6h", 360, 3},         {"12h", 720, 6},   {"24h", 1440, 15},
        {"1d", 1440, 15},       {"36h", 2160, 20},      {"25h", 1500, 15}, {"7d", 10080, 105},
        {"30d", 43200, 450},    {"400d", 576000, 6000}, {"45h", 2700, 27}, {"1455m", 1455, 15},
        {"11655m", 11655, 111},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct window_spec window = window_of(cases[i].name);
        assert_string_equal(window.name, cases[i].name);
        assert_int_equal(window.kind, WINDOW_ROLLING);
        assert_int_equal(window.length_ms, cases[i].length_minutes * MINUTE_MS);
        assert_int_equal(window.reach_ms, window.length_ms);
        assert_int_equal(window.slice_ms, cases[i].slice_minutes * MINUTE_MS);
    }
}

/* The definition, tried out: the longest whole number of minutes that divides the window and is small enough.
 */
static int64_t slice_by_definition(int64_t minutes)
{
    int64_t parts = minutes <= 60 ? 60 : 96;
    int64_t best = 1;
    for (int64_t slice = 1; slice <= minutes; slice++)
        if (minutes % slice == 0 && slice * parts <= minutes)
            best = slice;
    return best;
}

static void every_length_has_the_slice_of_the_definition(void **state)
{
    (void)state;
    for (int64_t minutes = 1; minutes <= 40000; minutes += minutes < 120 ? 1 : 15) {
        char name[32];
        snprintf(name, sizeof(name), "%lldm", (long long)minutes);
        struct window_spec window = window_of(name);
        assert_int_equal(window.slice_ms, slice_by_definition(minutes) * MINUTE_MS);
        assert_int_equal(window.length_ms % window.slice_ms, 0);
    }
}

static void calendar_windows_are_known_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum window_kind kind;
        int64_t slice_ms;
        int64_t reach_ms;
    } cases[] = {
        {"today", WINDOW_TODAY, QUARTER_HOUR_MS, DAY_MS},
        {"yesterday", WINDOW_YESTERDAY, QUARTER_HOUR_MS, 2 * DAY_MS},
        {"week", WINDOW_WEEK, QUARTER_HOUR_MS, 7 * DAY_MS},
        {"month", WINDOW_MONTH, QUARTER_HOUR_MS, 31 * DAY_MS},
        {"total", WINDOW_TOTAL, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct window_spec window = window_of(cases[i].name);
        assert_string_equal(window.name, cases[i].name);
        assert_int_equal(window.kind, cases[i].kind);
        assert_int_equal(window.length_ms, 0);
        assert_int_equal(window.slice_ms, cases[i].slice_ms);
        assert_int_equal(window.reach_ms, cases[i].reach_ms);
    }
}

static void what_is_no_window_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int result;
    } cases[] = {
        {"", WINDOW_UNKNOWN},
        {"5", WINDOW_UNKNOWN},
        {"m", WINDOW_UNKNOWN},
        {"-5m", WINDOW_UNKNOWN},
        {"5 m", WINDOW_UNKNOWN},
        {"5w", WINDOW_UNKNOWN},
        {"1h30m", WINDOW_UNKNOWN},
        {"1.5h", WINDOW_UNKNOWN},
        {"Today", WINDOW_UNKNOWN},
        {"tod", WINDOW_UNKNOWN},
        {"todays", WINDOW_UNKNOWN},
        {"000000000000005m", WINDOW_UNKNOWN}, /* longer than a name may be */
        {"0", WINDOW_OUT_OF_RANGE},
        {"0m", WINDOW_OUT_OF_RANGE},
        {"59s", WINDOW_OUT_OF_RANGE},
        {"250ms", WINDOW_OUT_OF_RANGE},
        {"401d", WINDOW_OUT_OF_RANGE},
        {"9601h", WINDOW_OUT_OF_RANGE},
        {"99999999999999d", WINDOW_OUT_OF_RANGE},
        {"9999999999999h", WINDOW_OUT_OF_RANGE},
        {"90s", WINDOW_UNEVEN},
        {"60001ms", WINDOW_UNEVEN},
        {"121m", WINDOW_UNEVEN},
        {"130m", WINDOW_UNEVEN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct window_spec window = {.name = "untouched"};
        assert_int_equal(window_parse(span_of(cases[i].name), &window), cases[i].result);
        assert_string_equal(window.name, "untouched");
    }
}

static void floors_also_hold_before_the_epoch(void **state)
{
    (void)state;
    assert_int_equal(floor_to(0, 60), 0);
    assert_int_equal(floor_to(59, 60), 0);
    assert_int_equal(floor_to(60, 60), 60);
    assert_int_equal(floor_to(-1, 60), -60);
    assert_int_equal(floor_to(-60, 60), -60);
    assert_int_equal(floor_to(-61, 60), -120);
}

static int64_t instant(const char *date, int64_t hours, int64_t minutes)
{
    int64_t days;
    assert_int_equal(date_parse(span_of(date), &days), 0);
    return days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS;
}

static void a_rolling_window_ends_at_the_first_edge_after_as_of(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct tz *tz = zone_load("Europe/Paris"); /* makes no difference */
    static const char *const names[] = {"5m", "7m", "1h", "90m", "36h", "7d", "30d"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct window_spec window = window_of(names[i]);
        for (size_t n = 0; n < 1000; n++) {
            int64_t from_ms;
            int64_t to_ms;
            int64_t as_of_ms = random_between(&seed, 0, INT64_C(4102444800000));
            if (n % 2)
                as_of_ms = floor_to(as_of_ms, window.slice_ms); /* exactly on an edge */
            window_bounds(&window, tz, as_of_ms, &from_ms, &to_ms);
            assert_true(to_ms > as_of_ms && to_ms - window.slice_ms <= as_of_ms);
            assert_int_equal(to_ms % window.slice_ms, 0);
            assert_int_equal(to_ms - from_ms, window.length_ms);
        }
    }
    tz_free(tz);
}

static void calendar_windows_follow_the_clock_of_their_zone(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *window;
        const char *as_of[2]; /* date and HH:MM, UTC */
        const char *from[2];
        const char *to[2];
    } cases[] = {
        /* the day of 23 hours, the day of 25, and what lies around them */
        {"Europe/Paris", "today", {"2026-03-29", "12:07"}, {"2026-03-28", "23:00"}, {"2026-03-29", "12:15"}},
        {"Europe/Paris",
         "yesterday",
         {"2026-03-29", "22:00"},
         {"2026-03-28", "23:00"},
         {"2026-03-29", "22:00"}},
        {"Europe/Paris", "today", {"2026-10-25", "22:59"}, {"2026-10-24", "22:00"}, {"2026-10-25", "23:00"}},
        {"Europe/Paris",
         "yesterday",
         {"2026-10-26", "10:00"},
         {"2026-10-24", "22:00"},
         {"2026-10-25", "23:00"}},
        {"Europe/Paris", "week", {"2026-10-25", "22:59"}, {"2026-10-18", "22:00"}, {"2026-10-25", "23:00"}},
        {"Europe/Paris", "week", {"2026-10-25", "23:00"}, {"2026-10-25", "23:00"}, {"2026-10-25", "23:15"}},
        {"Europe/Paris", "month", {"2026-10-31", "22:30"}, {"2026-09-30", "22:00"}, {"2026-10-31", "22:45"}},
        {"Europe/Paris", "month", {"2026-10-31", "23:30"}, {"2026-10-31", "23:00"}, {"2026-10-31", "23:45"}},
        {"Europe/Paris", "today", {"2026-01-01", "23:00"}, {"2026-01-01", "23:00"}, {"2026-01-01", "23:15"}},
        {"Europe/Paris", "today", {"2026-01-01", "22:59"}, {"2025-12-31", "23:00"}, {"2026-01-01", "23:00"}},
        {"Europe/Paris", "month", {"2026-03-31", "21:59"}, {"2026-02-28", "23:00"}, {"2026-03-31", "22:00"}},
        {"America/Sao_Paulo",
         "today",
         {"2018-11-04", "04:00"},
         {"2018-11-04", "03:00"},
         {"2018-11-04", "04:15"}},
        {"America/Sao_Paulo",
         "yesterday",
         {"2018-11-04", "04:00"},
         {"2018-11-03", "03:00"},
         {"2018-11-04", "03:00"}},
        {"Asia/Kathmandu",
         "today",
         {"2026-06-01", "12:00"},
         {"2026-05-31", "18:15"},
         {"2026-06-01", "12:15"}},
        {"Australia/Lord_Howe",
         "today",
         {"2026-10-04", "00:00"},
         {"2026-10-03", "13:30"},
         {"2026-10-04", "00:15"}},
        {"Australia/Lord_Howe",
         "yesterday",
         {"2026-10-05", "00:00"},
         {"2026-10-03", "13:30"},
         {"2026-10-04", "13:00"}},
        {"Pacific/Apia",
         "yesterday",
         {"2011-12-30", "12:00"},
         {"2011-12-30", "10:00"},
         {"2011-12-30", "10:00"}},
        {"UTC", "month", {"2024-02-29", "23:59"}, {"2024-02-01", "00:00"}, {"2024-03-01", "00:00"}},
        {"UTC", "week", {"2026-06-01", "00:00"}, {"2026-06-01", "00:00"}, {"2026-06-01", "00:15"}},
        {"UTC", "total", {"2026-06-01", "00:15"}, {"1970-01-01", "00:00"}, {"2026-06-01", "00:30"}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t expected[3];
        const char *const *const texts[3] = {cases[i].as_of, cases[i].from, cases[i].to};
        for (size_t n = 0; n < 3; n++)
            expected[n] = instant(texts[n][0], atoi(texts[n][1]), atoi(texts[n][1] + 3));
        struct tz *tz = zone_load(cases[i].zone);
        struct window_spec window = window_of(cases[i].window);
        int64_t from_ms;
        int64_t to_ms;
        assert_non_null(tz);
        window_bounds(&window, tz, expected[0], &from_ms, &to_ms);
        assert_int_equal(from_ms, expected[1]);
        assert_int_equal(to_ms, expected[2]);
        window_bounds(&window, tz, expected[0] + MINUTE_MS - 1, &from_ms, &to_ms);
        assert_int_equal(from_ms, expected[1]);
        tz_free(tz);
    }
}

/* What lets calendar windows be summed from slices of quarter hours. */
static void local_dates_begin_at_quarter_hours_in_every_zone(void **state)
{
    (void)state;
    size_t n_zones = 0;
    FILE *list = fopen(ZONE_FILES "tzdata.zi", "r");
    char line[512];
    assert_non_null(list);
    while (fgets(line, sizeof(line), list)) {
        char name[64];
        struct tz *tz = sscanf(line, "Z %63s", name) == 1 ? zone_load(name) : NULL;
        if (!tz)
            continue;
        n_zones++;
        for (int64_t date = 10957; date < 10957 + 50 * 366; date++)
            assert_int_equal(floor_to(tz_first_instant(tz, date), QUARTER_HOUR_MS),
                             tz_first_instant(tz, date));
        tz_free(tz);
    }
    fclose(list);
    assert_true(n_zones > 300);
}

static void bounds_at_the_ends_of_time_do_not_overflow(void **state)
{
    (void)state;
    static const char *const names[] = {"5m", "400d", "today", "yesterday", "week", "month", "total"};
    struct tz *tz = zone_load("Europe/Paris");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct window_spec window = window_of(names[i]);
        int64_t from_ms;
        int64_t to_ms;
        window_bounds(&window, tz, INT64_MAX, &from_ms, &to_ms);
        assert_true(from_ms < to_ms);
        window_bounds(&window, tz, INT64_MIN, &from_ms, &to_ms);
        assert_true(from_ms < to_ms || window.kind == WINDOW_TOTAL);
    }
    tz_free(tz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_has_the_slice_that_the_contract_says),
        cmocka_unit_test(every_length_has_the_slice_of_the_definition),
        cmocka_unit_test(calendar_windows_are_known_by_name),
        cmocka_unit_test(what_is_no_window_is_refused_with_its_reason),
        cmocka_unit_test(floors_also_hold_before_the_epoch),
        cmocka_unit_test(a_rolling_window_ends_at_the_first_edge_after_as_of),
        cmocka_unit_test(calendar_windows_follow_the_clock_of_their_zone),
        cmocka_unit_test(local_dates_begin_at_quarter_hours_in_every_zone),
        cmocka_unit_test(bounds_at_the_ends_of_time_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
