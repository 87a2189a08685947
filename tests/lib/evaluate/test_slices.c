#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/evaluate/slices.h"
#include "lib/window/window.h"

enum { N_MINUTES = 60 };

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void assert_sums(const struct slices *slices, const int64_t *values, uint32_t from, uint32_t to)
{
    struct cell sum;
    int64_t expected = 0;
    for (uint32_t i = from; i < to; i++)
        expected = (int64_t)((uint64_t)expected + (uint64_t)values[i]);
    slices_sum(slices, slices_find(slices, from * MINUTE_MS), slices_find(slices, to * MINUTE_MS), &sum);
    assert_int_equal(sum.column[CELL_CLICKS], expected);
    assert_int_equal(sum.column[CELL_MARGIN], (int64_t)(0 - (uint64_t)expected));
}

static struct cell cell_of(int64_t value)
{
    return (struct cell){.column[CELL_CLICKS] = value, .column[CELL_MARGIN] = (int64_t)(0 - (uint64_t)value)};
}

static void sums_of_any_range_equal_a_recount(void **state)
{
    (void)state;
    for (uint64_t first = 1; first < 60; first++) {
        uint64_t seed = first;
        int64_t values[N_MINUTES + 1] = {0};
        struct slices slices = {.n_columns = CELL_MEASURE_1};
        print_message("seed %lu\n", (unsigned long)first);
        for (uint32_t i = 0; i < 10; i++) {
            uint32_t at = (37 * i) % N_MINUTES;
            values[at] = (int64_t)(next_random(&seed) % 100);
            struct cell cell = cell_of(values[at]);
            assert_int_equal(slices_collect(&slices, at, &cell), 0);
        }
        slices_sort(&slices);
        for (int i = 0; i < 200; i++) {
            uint32_t at = (uint32_t)(next_random(&seed) % N_MINUTES);
            if (next_random(&seed) % 20 == 0) {
                size_t n = slices_find(&slices, at / 4 * MINUTE_MS);
                slices_drop(&slices, n);
                for (uint32_t k = 0; k < at / 4; k++)
                    values[k] = 0;
            }
            /* Now and then so large that running sums wrap. */
            values[at] = next_random(&seed) % 10 ? (int64_t)(next_random(&seed) % 1000) : INT64_MAX;
            struct cell cell = cell_of(values[at]);
            assert_int_equal(slices_set(&slices, at, &cell), 0);
            uint32_t from = (uint32_t)(next_random(&seed) % N_MINUTES);
            assert_sums(&slices, values, from,
                        from + (uint32_t)(next_random(&seed) % (N_MINUTES + 1 - from)));
        }
        slices_deinit(&slices);
    }
}

static void a_start_between_minutes_finds_the_next_row(void **state)
{
    (void)state;
    struct slices slices = {.n_columns = CELL_MEASURE_1};
    struct cell cell = cell_of(1);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(slices_set(&slices, 2 * i, &cell), 0);
    assert_int_equal(slices_find(&slices, INT64_MIN), 0);
    assert_int_equal(slices_find(&slices, 0), 0);
    assert_int_equal(slices_find(&slices, 1), 1);
    assert_int_equal(slices_find(&slices, 2 * MINUTE_MS), 1);
    assert_int_equal(slices_find(&slices, 2 * MINUTE_MS + 1), 2);
    assert_int_equal(slices_find(&slices, INT64_MAX), 4);
    assert_int_equal(slices_start_ms(&slices, 3), 6 * MINUTE_MS);
    slices_deinit(&slices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_any_range_equal_a_recount),
        cmocka_unit_test(a_start_between_minutes_finds_the_next_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
