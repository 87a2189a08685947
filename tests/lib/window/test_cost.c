#include "lib/window/cost.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/window/window.h"
#include "tests/lib/zone_file.h"

#define SINCE INT64_C(1767225600000) /* 2026-01-01 */

static const struct price dated[] = {
    {SINCE + 10 * HOUR_MS, 2500000, 400000, 0},
    {SINCE + 20 * HOUR_MS, 0, 500000, 3000000},
};
static const struct price always[] = {{INT64_MIN, 2500000, 400000, 0}};
static const struct cost_plan dated_plan = {.prices = dated, .n_prices = 2};
static const struct cost_plan always_plan = {.prices = always, .n_prices = 1};
static const struct cost_plan free_plan = {0};

static void a_price_holds_from_its_first_instant_until_the_next(void **state)
{
    (void)state;
    assert_null(cost_price_at(&free_plan, SINCE));
    assert_null(cost_price_at(&dated_plan, INT64_MIN));
    assert_null(cost_price_at(&dated_plan, SINCE + 10 * HOUR_MS - 1));
    assert_ptr_equal(cost_price_at(&dated_plan, SINCE + 10 * HOUR_MS), &dated[0]);
    assert_ptr_equal(cost_price_at(&dated_plan, SINCE + 20 * HOUR_MS - 1), &dated[0]);
    assert_ptr_equal(cost_price_at(&dated_plan, SINCE + 20 * HOUR_MS), &dated[1]);
    assert_ptr_equal(cost_price_at(&dated_plan, INT64_MAX), &dated[1]);
    assert_ptr_equal(cost_price_at(&always_plan, INT64_MIN), &always[0]);
    assert_ptr_equal(cost_price_at(&always_plan, 0), &always[0]);
}

static void a_slice_is_cut_where_the_price_changes(void **state)
{
    (void)state;
    const int64_t slice_ms = 7 * HOUR_MS;
    const int64_t edge_ms = floor_to(SINCE + 10 * HOUR_MS, slice_ms);
    assert_true(edge_ms < SINCE + 10 * HOUR_MS);
    assert_int_equal(cost_slice_start(&free_plan, slice_ms, SINCE + 10 * HOUR_MS), edge_ms);
    assert_int_equal(cost_slice_start(&always_plan, slice_ms, SINCE + 10 * HOUR_MS), edge_ms);
    assert_int_equal(cost_slice_start(&dated_plan, slice_ms, SINCE + 10 * HOUR_MS - 1), edge_ms);
    assert_int_equal(cost_slice_start(&dated_plan, slice_ms, SINCE + 10 * HOUR_MS), SINCE + 10 * HOUR_MS);
    assert_int_equal(cost_slice_start(&dated_plan, slice_ms, edge_ms + slice_ms - 1), SINCE + 10 * HOUR_MS);
    assert_int_equal(cost_slice_start(&dated_plan, slice_ms, edge_ms + slice_ms), edge_ms + slice_ms);
}

static void the_slices_of_total_are_those_between_price_changes(void **state)
{
    (void)state;
    assert_int_equal(cost_slice_start(&free_plan, 0, SINCE), 0);
    assert_int_equal(cost_slice_start(&always_plan, 0, SINCE), 0);
    assert_int_equal(cost_slice_start(&dated_plan, 0, SINCE), 0);
    assert_int_equal(cost_slice_start(&dated_plan, 0, SINCE + 15 * HOUR_MS), SINCE + 10 * HOUR_MS);
    assert_int_equal(cost_slice_start(&dated_plan, 0, SINCE + 99 * HOUR_MS), SINCE + 20 * HOUR_MS);
    /* The start of a slice has the price of all in it. */
    assert_null(cost_price_at(&dated_plan, cost_slice_start(&dated_plan, 0, SINCE)));
    assert_ptr_equal(cost_price_at(&always_plan, cost_slice_start(&always_plan, 0, SINCE)), &always[0]);
}

static void counts_are_priced_by_their_slice_and_rounded_once(void **state)
{
    (void)state;
    struct price_sum sum = {0};
    int64_t micros = 77;
    const struct price odd = {INT64_MIN, 501, 3, 1};
    const struct cost_plan plan = {.prices = &odd, .n_prices = 1};
    price_sum_add(&sum, &dated_plan, SINCE, 1000, 1000, 1000000);
    assert_true(price_sum_micros(&sum, &micros));
    assert_int_equal(micros, 0);
    price_sum_add(&sum, &dated_plan, SINCE + 10 * HOUR_MS, 2000, 10, 7000000);
    price_sum_add(&sum, &dated_plan, SINCE + 20 * HOUR_MS, 2000, 10, 1500000);
    assert_true(price_sum_micros(&sum, &micros));
    assert_int_equal(micros, 2 * 2500000 + 10 * 400000 + 10 * 500000 + 4500000);
    /* 1 impression is 0.501 micro-units: two of them, each rounded, would be 2. */
    sum = (struct price_sum){0};
    price_sum_add(&sum, &plan, 0, 1, 0, 0);
    price_sum_add(&sum, &plan, 0, 1, 0, 0);
    assert_true(price_sum_micros(&sum, &micros));
    assert_int_equal(micros, 1);
    /* 500 impressions are 250.5, half an order is 0.5: both go to even, each for itself. */
    sum = (struct price_sum){0};
    price_sum_add(&sum, &plan, 0, 500, 2, 500000);
    assert_true(price_sum_micros(&sum, &micros));
    assert_int_equal(micros, 250 + 6 + 0);
}

static void a_sum_beyond_64_bits_is_found(void **state)
{
    (void)state;
    int64_t micros = 77;
    const struct price dear = {INT64_MIN, 1000, 1, 1000000};
    const struct cost_plan plan = {.prices = &dear, .n_prices = 1};
    static const struct {
        int64_t impressions, clicks, conversions;
        bool fits;
    } cases[] = {
        {INT64_MAX, 0, 0, true},
        {0, INT64_MAX, 0, true},
        {0, 0, INT64_MAX, true},
        {INT64_MAX, 1, 0, false},
        {0, INT64_MAX, 1, false},
        {1, 0, INT64_MAX, false},
        {INT64_MAX / 2, INT64_MAX / 2, 1, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct price_sum sum = {0};
        price_sum_add(&sum, &plan, 0, cases[i].impressions, cases[i].clicks, cases[i].conversions);
        assert_int_equal(price_sum_micros(&sum, &micros), cases[i].fits);
        if (cases[i].fits)
            assert_int_equal(micros, INT64_MAX);
    }
    const struct price dearest = {INT64_MIN, INT64_MAX, INT64_MAX, INT64_MAX};
    const struct cost_plan dearest_plan = {.prices = &dearest, .n_prices = 1};
    struct price_sum sum = {0};
    micros = 77;
    for (size_t i = 0; i < 1000; i++)
        price_sum_add(&sum, &dearest_plan, 0, INT64_C(1) << 50, INT64_C(1) << 50, INT64_C(1) << 50);
    assert_false(price_sum_micros(&sum, &micros));
    assert_int_equal(micros, 77);
}

static int64_t date_of(const char *text)
{
    int64_t date;
    assert_int_equal(date_parse(span_of(text), &date), 0);
    return date;
}

static void a_fixed_cost_is_spread_evenly_over_local_days(void **state)
{
    (void)state;
    /* 31 of each day, October 2026 in Paris: its 25th day has 25 hours. */
    struct tz *tz = zone_load("Europe/Paris");
    const struct fixed_cost october = {31 * 3600, date_of("2026-10-01"), date_of("2026-11-01")};
    const struct cost_plan plan = {.fixed = &october, .n_fixed = 1, .tz = tz};
    for (int64_t date = october.from_date; date < october.to_date; date++) {
        int64_t start_ms = tz_first_instant(tz, date);
        int64_t end_ms = tz_first_instant(tz, date + 1);
        int64_t half_ms = start_ms + (end_ms - start_ms) / 2;
        assert_int_equal(end_ms - start_ms, (date == date_of("2026-10-25") ? 25 : 24) * HOUR_MS);
        assert_int_equal(fixed_cost_micros(&plan, start_ms, end_ms), 3600);
        assert_int_equal(fixed_cost_micros(&plan, start_ms, half_ms), 1800);
    }
    int64_t long_day_ms = tz_first_instant(tz, date_of("2026-10-25"));
    assert_int_equal(fixed_cost_micros(&plan, long_day_ms, long_day_ms + 5 * HOUR_MS), 3600 / 5);
    assert_int_equal(fixed_cost_micros(&plan, 0, tz_first_instant(tz, october.from_date)), 0);
    assert_int_equal(fixed_cost_micros(&plan, tz_first_instant(tz, october.to_date), INT64_MAX), 0);
    assert_int_equal(fixed_cost_micros(&plan, 0, INT64_MAX), october.amount_micros);
    tz_free(tz);
}

static void parts_are_floored_against_the_whole(void **state)
{
    (void)state;
    struct tz *tz;
    assert_int_equal(tz_utc(&tz), 0);
    /* 10 over 3 days: F is 3.33 and 6.67 at the midnights between. */
    const struct fixed_cost ten = {10, 0, 3};
    const struct cost_plan plan = {.fixed = &ten, .n_fixed = 1, .tz = tz};
    assert_int_equal(fixed_cost_micros(&plan, 0, DAY_MS), 3);
    assert_int_equal(fixed_cost_micros(&plan, DAY_MS, 2 * DAY_MS), 3);
    assert_int_equal(fixed_cost_micros(&plan, 2 * DAY_MS, 3 * DAY_MS), 4);
    /* Exactly 1 at 0.3 days: not a millisecond earlier. */
    assert_int_equal(fixed_cost_micros(&plan, 0, 3 * DAY_MS / 10), 1);
    assert_int_equal(fixed_cost_micros(&plan, 0, 3 * DAY_MS / 10 - 1), 0);
    tz_free(tz);
}

static void parts_add_up_however_time_is_cut(void **state)
{
    (void)state;
    static const char *const zones[] = {"Europe/Paris", "America/St_Johns",  "Australia/Lord_Howe",
                                        "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca"};
    uint64_t seed = 1;
    for (size_t z = 0; z < ARRAY_SIZE(zones); z++) {
        struct tz *tz = zone_load(zones[z]);
        assert_non_null(tz);
        for (size_t round = 0; round < 200; round++) {
            int64_t first = random_between(&seed, 10957, 18000);
            const struct fixed_cost item = {round % 2 ? random_between(&seed, 0, 1000000000)
                                                      : random_between(&seed, 0, INT64_MAX - 1),
                                            first, first + random_between(&seed, 1, 500)};
            const struct cost_plan plan = {.fixed = &item, .n_fixed = 1, .tz = tz};
            int64_t sum = 0;
            int64_t end_ms = tz_first_instant(tz, item.to_date) + DAY_MS;
            int64_t from_ms = tz_first_instant(tz, first) - DAY_MS;
            while (from_ms < end_ms) {
                int64_t to_ms = from_ms + random_between(&seed, 1, round % 3 ? 40 * DAY_MS : 3 * DAY_MS);
                int64_t part = fixed_cost_micros(&plan, from_ms, to_ms);
                assert_true(part >= 0);
                sum += part;
                from_ms = to_ms;
            }
            assert_int_equal(sum, item.amount_micros);
        }
        tz_free(tz);
    }
}

static void a_midnight_that_comes_twice_does_not_pay_twice(void **state)
{
    (void)state;
    /* On 2009-11-01 at 00:01 the clock went back to 23:01 of the day before. */
    struct tz *tz = zone_load("America/St_Johns");
    const int64_t date = date_of("2009-11-01");
    const struct fixed_cost item = {25 * 60 * 3, date - 1, date + 2};
    const struct cost_plan plan = {.fixed = &item, .n_fixed = 1, .tz = tz};
    const int64_t start_ms = tz_first_instant(tz, date);
    assert_int_equal(tz_date(tz, start_ms), date);
    assert_int_equal(tz_date(tz, start_ms + MINUTE_MS), date - 1);
    for (int64_t minute = 0; minute < 25 * 60; minute++)
        assert_int_equal(
            fixed_cost_micros(&plan, start_ms + minute * MINUTE_MS, start_ms + (minute + 1) * MINUTE_MS), 1);
    tz_free(tz);
}

static void items_add_up_and_an_empty_one_costs_nothing(void **state)
{
    (void)state;
    struct tz *tz;
    assert_int_equal(tz_utc(&tz), 0);
    const struct fixed_cost items[] = {{100, 0, 1}, {1000, 0, 10}, {7777, 5, 5}, {7777, 6, 5}};
    struct cost_plan plan = {.fixed = items, .n_fixed = ARRAY_SIZE(items), .tz = tz};
    assert_int_equal(fixed_cost_micros(&plan, 0, 2 * DAY_MS), 300);
    assert_int_equal(fixed_cost_micros(&plan, 0, 99 * DAY_MS), 1100);
    assert_int_equal(fixed_cost_micros(&free_plan, 0, 99 * DAY_MS), 0);
    const struct fixed_cost dear[] = {{INT64_MAX - 1, 0, 1}, {2, 0, 1}};
    plan = (struct cost_plan){.fixed = dear, .n_fixed = 2, .tz = tz};
    assert_int_equal(fixed_cost_micros(&plan, 0, DAY_MS), INT64_MAX);
    tz_free(tz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_price_holds_from_its_first_instant_until_the_next),
        cmocka_unit_test(a_slice_is_cut_where_the_price_changes),
        cmocka_unit_test(the_slices_of_total_are_those_between_price_changes),
        cmocka_unit_test(counts_are_priced_by_their_slice_and_rounded_once),
        cmocka_unit_test(a_sum_beyond_64_bits_is_found),
        cmocka_unit_test(a_fixed_cost_is_spread_evenly_over_local_days),
        cmocka_unit_test(parts_are_floored_against_the_whole),
        cmocka_unit_test(parts_add_up_however_time_is_cut),
        cmocka_unit_test(a_midnight_that_comes_twice_does_not_pay_twice),
        cmocka_unit_test(items_add_up_and_an_empty_one_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
