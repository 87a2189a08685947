/* Layout: positions in a vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/shard/layout.h"

static void a_position_is_a_term_and_an_offset(void **state)
{
    static const struct {
        int64_t term, offset;
    } cases[] = {{0, 0}, {0, 57}, {1, 0}, {1, 57}, {LANE_TERM_MAX, (INT64_C(1) << 48) - 1}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer vector = BUFFER_INIT;
        int64_t position = lane_position(cases[i].term, cases[i].offset);
        assert_true(position >= 0);
        vector_append(&vector, (struct lane_mark){LANE_UNSET, NEVER});
        vector_append(&vector, (struct lane_mark){position, 12});
        assert_int_equal(vector_get(buffer_span(&vector), 1).offset, cases[i].offset);
        assert_int_equal(vector_get(buffer_span(&vector), 1).newest_ms, 12);
        assert_int_equal(vector_term(buffer_span(&vector), 1), cases[i].term);
    }
    assert_int_equal(lane_position(0, 57), 57);
}

static void an_unset_lane_has_no_offset_and_term_0(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer vector = BUFFER_INIT;
    vector_append(&vector, (struct lane_mark){LANE_UNSET, NEVER});
    for (uint32_t lane = 0; lane < 2; lane++) {
        assert_int_equal(vector_get(buffer_span(&vector), lane).offset, LANE_UNSET);
        assert_int_equal(vector_term(buffer_span(&vector), lane), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_position_is_a_term_and_an_offset),
        cmocka_unit_test(an_unset_lane_has_no_offset_and_term_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
