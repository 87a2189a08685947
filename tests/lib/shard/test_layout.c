/* Layout: positions in a vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

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

static int visit(void *context, struct span campaign, uint32_t minutes, uint32_t start,
                 const struct cell *cell)
{
    struct buffer *told = context;
    buffer_printf(told, "%.*s ", (int)campaign.size, campaign.data);
    if (cell)
        buffer_printf(told, "%u %u %ld %ld, ", minutes, start, (long)cell->column[0],
                      (long)cell->column[N_CELL_COLUMNS - 1]);
    else
        buffer_printf(told, "spend, ");
    return 0;
}

/* One group of two columns, then spend, then a group of all. */
static void a_journal_entry_tells_cells_of_any_width_and_spend(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer c = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer v = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer told = BUFFER_INIT;
    static const uint32_t starts[] = {7, 8};
    journal_append_group(&c, span_of("one"), 5, 2, starts, 2);
    journal_append_spend(&c, span_of("two"));
    journal_append_group(&c, span_of("two"), 0, N_CELL_COLUMNS, starts, 1);
    for (int i = 0; i < 4; i++)
        buffer_append_i64(&v, i);
    for (int i = 0; i < N_CELL_COLUMNS; i++)
        buffer_append_i64(&v, 100 + i);
    assert_int_equal(journal_decode(buffer_span(&c), buffer_span(&v), visit, &told), 0);
    buffer_append_u8(&told, 0);
    assert_string_equal(told.data, "one 5 7 0 0, one 5 8 2 0, two spend, two 0 7 100 119, ");
    for (size_t size = 1; size < c.size; size++) {
        buffer_clear(&told);
        bool whole = size == 2 + 3 + 6 + 8 || size == 2 + 3 + 6 + 8 + 2 + 3 + 6;
        assert_int_equal(journal_decode(span_from(c.data, size), buffer_span(&v), visit, &told),
                         whole ? 0 : -EBADMSG);
    }
    assert_int_equal(journal_decode(buffer_span(&c), span_from(v.data, v.size - 1), visit, &told), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_position_is_a_term_and_an_offset),
        cmocka_unit_test(a_journal_entry_tells_cells_of_any_width_and_spend),
        cmocka_unit_test(an_unset_lane_has_no_offset_and_term_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
