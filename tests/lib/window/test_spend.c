#include "lib/window/spend.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/base/span.h"

#define T0 INT64_C(1795300200000)

static struct spend_sums sums_of(const struct spend *spend, int64_t from_ms, int64_t to_ms, bool total)
{
    struct spend_sums sums = {-1, -1};
    assert_true(spend_between(spend, from_ms, to_ms, total, &sums));
    return sums;
}

static void a_moment_is_in_the_window_that_holds_it_and_always_in_total(void **state)
{
    (void)state;
    struct spend spend = SPEND_INIT;
    assert_int_equal(spend_collect(&spend, T0, T0, 7), 0);
    assert_int_equal(spend_collect(&spend, T0 - 5, T0 - 5, 30), 0);
    spend_sort(&spend);
    assert_int_equal(sums_of(&spend, T0, T0 + 1, false).moments_micros, 7);
    assert_int_equal(sums_of(&spend, T0 + 1, T0 + 9, false).moments_micros, 0);
    assert_int_equal(sums_of(&spend, T0 - 5, T0, false).moments_micros, 30);
    assert_int_equal(sums_of(&spend, T0 - 4, T0, false).moments_micros, 0);
    assert_int_equal(sums_of(&spend, T0, T0 - 9, false).moments_micros, 0);
    assert_int_equal(sums_of(&spend, 0, T0 - 100, true).moments_micros, 37);
    assert_int_equal(sums_of(&spend, 0, T0 + 1, true).spread_micros, 0);
    assert_int_equal(spend.latest_ms, T0 + 1);
    spend_deinit(&spend);
}

static void a_range_is_spread_by_milliseconds_and_cut_at_the_end_of_total_too(void **state)
{
    (void)state;
    struct spend spend = SPEND_INIT;
    assert_int_equal(spend_collect(&spend, T0, T0 + 3, 7), 0);
    spend_sort(&spend);
    /* floor(7/3) = 2, floor(14/3) = 4 */
    static const int64_t until[] = {0, 0, 2, 4, 7, 7};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(sums_of(&spend, 0, T0 - 1 + i, true).spread_micros, until[i]);
        assert_int_equal(sums_of(&spend, T0 - 9, T0 - 1 + i, false).spread_micros, until[i]);
        assert_int_equal(sums_of(&spend, T0 - 1 + i, T0 + 9, false).spread_micros, 7 - until[i]);
    }
    assert_int_equal(spend.latest_ms, T0 + 3);
    spend_deinit(&spend);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* floor(F(at)) of one record. */
static int64_t until(const int64_t record[3], int64_t at_ms)
{
    int64_t passed_ms = at_ms < record[0] ? 0 : at_ms > record[1] ? record[1] - record[0] : at_ms - record[0];
    return (int64_t)((__int128)record[2] * passed_ms / (record[1] - record[0]));
}

static void any_window_equals_a_recount(void **state)
{
    enum { N = 40 };
    (void)state;
    for (uint64_t first = 1; first < 200; first++) {
        uint64_t seed = first;
        int64_t records[N][3];
        struct spend spend = SPEND_INIT, turned = SPEND_INIT;
        for (int i = 0; i < N; i++) {
            int64_t longest_ms = next_random(&seed) % 10 ? 50 : 2000;
            records[i][0] = (int64_t)(next_random(&seed) % 1000);
            records[i][1] = records[i][0] + 1 + (int64_t)next_random(&seed) % longest_ms;
            records[i][2] = (int64_t)(next_random(&seed) % 1000000);
        }
        for (int i = 0; i < N; i++) {
            const int64_t *a = records[i], *b = records[N - 1 - i];
            assert_int_equal(spend_collect(&spend, a[0], a[1], a[2]), 0);
            assert_int_equal(spend_collect(&turned, b[0], b[1], b[2]), 0);
        }
        spend_sort(&spend);
        spend_sort(&turned);
        assert_true(spend.hash == turned.hash && spend.hash != 0);
        for (int k = 0; k < 50; k++) {
            int64_t from_ms = (int64_t)next_random(&seed) % 3100,
                    to_ms = from_ms + (int64_t)next_random(&seed) % 900;
            int64_t expected = 0, whole = 0;
            for (int i = 0; i < N; i++) {
                expected += until(records[i], to_ms) - until(records[i], from_ms);
                whole += until(records[i], to_ms);
            }
            assert_int_equal(sums_of(&spend, from_ms, to_ms, false).spread_micros, expected);
            assert_int_equal(sums_of(&spend, 0, to_ms, true).spread_micros, whole);
        }
        spend_deinit(&spend);
        spend_deinit(&turned);
    }
}

static void sums_beyond_64_bits_are_told(void **state)
{
    (void)state;
    struct spend spend = SPEND_INIT;
    struct spend_sums sums;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(spend_collect(&spend, T0, T0 + 1000, INT64_MAX), 0);
        assert_int_equal(spend_collect(&spend, T0, T0, INT64_MAX), 0);
    }
    spend_sort(&spend);
    assert_false(spend_between(&spend, 0, T0 + 1, true, &sums)); /* the moments */
    assert_false(spend_between(&spend, T0 + 1, T0 + 1000, false, &sums));
    /* Of what is beyond together, a part may fit. */
    assert_int_equal(sums_of(&spend, T0 + 1, T0 + 500, false).spread_micros,
                     2 * (int64_t)((__int128)INT64_MAX * 500 / 1000 - INT64_MAX / 1000));
    spend_deinit(&spend);
}

static void what_cannot_be_a_record_is_none(void **state)
{
    (void)state;
    assert_true(spend_is_record(T0, T0, 0));
    assert_true(spend_is_record(0, T0, 1));
    assert_false(spend_is_record(T0, T0 - 1, 1));
    assert_false(spend_is_record(-1, T0, 1));
    assert_false(spend_is_record(T0, INT64_MAX, 1));
    assert_false(spend_is_record(T0, T0, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_in_the_window_that_holds_it_and_always_in_total),
        cmocka_unit_test(a_range_is_spread_by_milliseconds_and_cut_at_the_end_of_total_too),
        cmocka_unit_test(any_window_equals_a_recount),
        cmocka_unit_test(sums_beyond_64_bits_are_told),
        cmocka_unit_test(what_cannot_be_a_record_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
