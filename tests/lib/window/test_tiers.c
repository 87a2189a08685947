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

struct plan_case {
    const char *windows[10];
    struct tier tiers[5];
    int64_t base_ms;
    int64_t longest_reach_ms;
};

static struct tiers plan_of(const char *const *names, struct window_spec *windows, size_t *ret_n)
{
    struct tiers tiers;
    *ret_n = 0;
    for (; names[*ret_n]; (*ret_n)++)
        windows[*ret_n] = window_of(names[*ret_n]);
    assert_true(tiers_plan(windows, *ret_n, &tiers));
    return tiers;
}

static void slices_are_stored_once_where_a_shorter_length_serves(void **state)
{
    (void)state;
    static const struct plan_case cases[] = {
        {{"5m", "1h", "24h", "7d", "30d", "today", "month", "total"},
         {{MINUTE_MS, HOUR_MS}, {QUARTER_HOUR_MS, 31 * DAY_MS}},
         MINUTE_MS,
         31 * DAY_MS},
        {{"30d", "7d", "24h"},
         {{QUARTER_HOUR_MS, DAY_MS}, {105 * MINUTE_MS, 7 * DAY_MS}, {450 * MINUTE_MS, 30 * DAY_MS}},
         QUARTER_HOUR_MS,
         30 * DAY_MS},
        {{"36h", "6h", "24h"},
         {{3 * MINUTE_MS, 6 * HOUR_MS}, {QUARTER_HOUR_MS, DAY_MS}, {20 * MINUTE_MS, 36 * HOUR_MS}},
         MINUTE_MS,
         36 * HOUR_MS},
        {{"5m", "90m", "1h"}, {{MINUTE_MS, 90 * MINUTE_MS}}, MINUTE_MS, 90 * MINUTE_MS},
        {{"today", "yesterday", "week"}, {{QUARTER_HOUR_MS, 7 * DAY_MS}}, QUARTER_HOUR_MS, 7 * DAY_MS},
        {{"7d", "7d"}, {{105 * MINUTE_MS, 7 * DAY_MS}}, 105 * MINUTE_MS, 7 * DAY_MS},
        {{"total"}, {{0, 0}}, MINUTE_MS, 0},
        {{NULL}, {{0, 0}}, MINUTE_MS, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct window_spec windows[10];
        size_t n;
        struct tiers tiers = plan_of(cases[i].windows, windows, &n);
        for (size_t t = 0; t < tiers.n; t++) {
            assert_int_equal(tiers.tier[t].slice_ms, cases[i].tiers[t].slice_ms);
            assert_int_equal(tiers.tier[t].reach_ms, cases[i].tiers[t].reach_ms);
        }
        assert_int_equal(cases[i].tiers[tiers.n].slice_ms, 0);
        assert_int_equal(tiers.base_ms, cases[i].base_ms);
        assert_int_equal(tiers.longest_reach_ms, cases[i].longest_reach_ms);
    }
}

/* What holds for any plan: each window has a tier whose slices divide it and reach far enough, and total has
 * none. */
static void assert_serves(const struct tiers *tiers, const struct window_spec *windows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t index = tiers_of_window(tiers, &windows[i]);
        if (windows[i].kind == WINDOW_TOTAL) {
            assert_int_equal(index, tiers->n);
            continue;
        }
        assert_true(index < tiers->n);
        assert_int_equal(windows[i].slice_ms % tiers->tier[index].slice_ms, 0);
        assert_true(tiers->tier[index].reach_ms >= windows[i].reach_ms);
        assert_true(tiers->longest_reach_ms >= windows[i].reach_ms);
    }
    for (size_t i = 0; i < tiers->n; i++) {
        assert_int_equal(tiers->tier[i].slice_ms % tiers->base_ms, 0);
        assert_true(i == 0 || tiers->tier[i].slice_ms > tiers->tier[i - 1].slice_ms);
    }
}

static void every_window_is_served_by_a_tier(void **state)
{
    (void)state;
    uint64_t seed = 2;
    static const char *const calendar[] = {"today", "yesterday", "week", "month", "total"};
    for (size_t round = 0; round < 2000; round++) {
        struct window_spec windows[WINDOWS_MAX];
        size_t n = (size_t)random_between(&seed, 0, 8);
        for (size_t i = 0; i < n; i++) {
            char name[32];
            snprintf(name, sizeof(name), "%lldm", (long long)random_between(&seed, 1, 400) * 15);
            windows[i] = window_of(next_random(&seed) % 3 ? name : calendar[next_random(&seed) % 5]);
        }
        struct tiers tiers;
        assert_true(tiers_plan(windows, n, &tiers));
        assert_serves(&tiers, windows, n);
    }
}

static void a_plan_of_too_many_slice_lengths_is_refused(void **state)
{
    (void)state;
    /* 96 times a prime has that prime as its slice: none divides another. */
    static const int primes[] = {17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,
                                 61,  67,  71,  73,  79,  83,  89,  97,  101, 103, 107,
                                 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    struct window_spec windows[ARRAY_SIZE(primes)];
    struct tiers tiers = {.n = 77};
    for (size_t i = 0; i < ARRAY_SIZE(primes); i++)
        windows[i] = (struct window_spec){.kind = WINDOW_ROLLING,
                                          .length_ms = primes[i] * 96 * MINUTE_MS,
                                          .slice_ms = primes[i] * MINUTE_MS,
                                          .reach_ms = primes[i] * 96 * MINUTE_MS};
    assert_false(tiers_plan(windows, TIERS_MAX + 1, &tiers));
    assert_int_equal(tiers.n, 77);
    assert_true(tiers_plan(windows, TIERS_MAX, &tiers));
    assert_int_equal(tiers.n, TIERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_stored_once_where_a_shorter_length_serves),
        cmocka_unit_test(every_window_is_served_by_a_tier),
        cmocka_unit_test(a_plan_of_too_many_slice_lengths_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
