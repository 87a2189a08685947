#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/attribution/split.h"
#include "lib/base/must.h"

enum { PARTS = 6 };

static void expect(int64_t amount, const int64_t *weights, size_t n, const int64_t *shares)
{
    int64_t given[PARTS];
    split_amount(amount, weights, n, given);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(given[i], shares[i]);
}

static void what_is_left_goes_to_the_largest_remainders(void **state)
{
    (void)state;
    expect(100, (int64_t[]){1, 1, 1}, 3, (int64_t[]){34, 33, 33});
    expect(101, (int64_t[]){1, 1, 1}, 3, (int64_t[]){34, 34, 33});
    expect(10, (int64_t[]){1, 2, 4}, 3, (int64_t[]){1, 3, 6});
    expect(7, (int64_t[]){40, 20, 40}, 3, (int64_t[]){3, 1, 3});
    expect(1, (int64_t[]){1, 2}, 2, (int64_t[]){0, 1});
    expect(3, (int64_t[]){0, 5, 0, 5}, 4, (int64_t[]){0, 2, 0, 1});
}

static void a_share_without_weight_gets_nothing(void **state)
{
    (void)state;
    expect(999, (int64_t[]){0, 1, 0}, 3, (int64_t[]){0, 999, 0});
    expect(0, (int64_t[]){3, 1}, 2, (int64_t[]){0, 0});
}

static void weights_that_are_all_zero_weigh_the_same(void **state)
{
    (void)state;
    expect(5, (int64_t[]){0, 0}, 2, (int64_t[]){3, 2});
}

static void a_negative_amount_is_split_as_its_absolute_value(void **state)
{
    (void)state;
    expect(-100, (int64_t[]){1, 1, 1}, 3, (int64_t[]){-34, -33, -33});
}

static void the_ends_of_64_bits_are_split_exactly(void **state)
{
    (void)state;
    int64_t heavy = INT64_C(1) << 61;
    expect(INT64_MAX, (int64_t[]){1, 1}, 2,
           (int64_t[]){INT64_C(4611686018427387904), INT64_C(4611686018427387903)});
    expect(INT64_MIN, (int64_t[]){heavy, heavy}, 2, (int64_t[]){INT64_MIN / 2, INT64_MIN / 2});
    expect(INT64_MAX, (int64_t[]){INT64_MAX}, 1, (int64_t[]){INT64_MAX});
    expect(INT64_MIN, (int64_t[]){7}, 1, (int64_t[]){INT64_MIN});
}

/* Whatever the weights: the shares sum to the amount, and none is a unit away from its quota. */
static void shares_sum_to_the_amount_and_keep_their_quota(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        int64_t weights[PARTS], shares[PARTS], total = 0, sum = 0;
        size_t n = 1 + (size_t)round % PARTS;
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        int64_t amount = (int64_t)(seed >> (1 + round % 40));
        for (size_t i = 0; i < n; i++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            weights[i] = (int64_t)(seed >> (4 + round % 50));
            total += weights[i];
        }
        split_amount(amount, weights, n, shares);
        for (size_t i = 0; i < n; i++) {
            sum += shares[i];
            __int128 off = (__int128)shares[i] * total - (__int128)amount * weights[i];
            assert_true(total == 0 || (off < total && off > -(__int128)total));
        }
        assert_int_equal(sum, amount);
    }
}

static void a_part_is_rounded_half_to_even(void **state)
{
    (void)state;
    static const struct {
        int64_t amount, numerator, denominator, part;
    } cases[] = {
        {1000000, 1, 3, 333333},
        {5, 1, 2, 2},
        {7, 1, 2, 4},
        {-5, 1, 2, -2},
        {-7, 1, 2, -4},
        {1000000, 0, 7, 0},
        {1000000, 7, 7, 1000000},
        {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
        {INT64_MIN, INT64_MAX, INT64_MAX, INT64_MIN},
        {1, 1, INT64_MAX, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(split_part(cases[i].amount, cases[i].numerator, cases[i].denominator),
                         cases[i].part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_goes_to_the_largest_remainders),
        cmocka_unit_test(a_share_without_weight_gets_nothing),
        cmocka_unit_test(weights_that_are_all_zero_weigh_the_same),
        cmocka_unit_test(a_negative_amount_is_split_as_its_absolute_value),
        cmocka_unit_test(the_ends_of_64_bits_are_split_exactly),
        cmocka_unit_test(shares_sum_to_the_amount_and_keep_their_quota),
        cmocka_unit_test(a_part_is_rounded_half_to_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
