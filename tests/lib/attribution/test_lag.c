/* Buckets of how long after its touch an order came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/attribution/lag.h"

#define HOUR INT64_C(3600000)
#define LOOKBACK (720 * HOUR)

static void buckets_begin_at_their_edges(void **state)
{
    (void)state;
    assert_int_equal(lag_bucket(0, LOOKBACK), 0);
    for (int i = 1; i < LAG_BUCKETS; i++) {
        assert_true(lag_edge_ms(i, LOOKBACK) > lag_edge_ms(i - 1, LOOKBACK));
        assert_int_equal(lag_bucket(lag_edge_ms(i, LOOKBACK), LOOKBACK), i);
        assert_int_equal(lag_bucket(lag_edge_ms(i, LOOKBACK) - 1, LOOKBACK), i - 1);
    }
    assert_int_equal(lag_edge_ms(9, LOOKBACK), 24 * HOUR);
    assert_int_equal(lag_edge_ms(LAG_BUCKETS, LOOKBACK), LOOKBACK);
}

static void the_lookback_itself_and_what_is_longer_are_in_the_last(void **state)
{
    (void)state;
    assert_int_equal(lag_bucket(LOOKBACK, LOOKBACK), LAG_BUCKETS - 1);
    assert_int_equal(lag_bucket(INT64_MAX, LOOKBACK), LAG_BUCKETS - 1);
}

static void edges_go_with_the_lookback(void **state)
{
    (void)state;
    assert_int_equal(lag_edge_ms(9, LOOKBACK / 10), 24 * HOUR / 10);
    assert_int_equal(lag_bucket(0, 0), LAG_BUCKETS - 1);
    assert_int_equal(lag_edge_ms(LAG_BUCKETS, 400 * 24 * HOUR), 400 * 24 * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_begin_at_their_edges),
        cmocka_unit_test(the_lookback_itself_and_what_is_longer_are_in_the_last),
        cmocka_unit_test(edges_go_with_the_lookback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
