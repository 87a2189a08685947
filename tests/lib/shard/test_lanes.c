#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/shard/lanes.h"

enum { DISORDER = 30, CAP = 10000 };

struct lane_case {
    const char *what;
    struct lane_mark touch, order;
    struct partition_mark mark;
    int64_t expected;
};

#define NO_MARK                                                                                              \
    {                                                                                                        \
        LANE_UNSET, NEVER, NEVER, NEVER, LANE_UNSET, NEVER, NEVER                                            \
    }
/* Nothing waits: both lanes are at one place. */
#define MARK(offset, newest_ms, complete_ms, end_since_ms)                                                   \
    {                                                                                                        \
        offset, newest_ms, complete_ms, end_since_ms, offset, newest_ms, complete_ms                         \
    }

static const struct lane_case cases[] = {
    {"both lanes at one offset share the newest", {9, 500}, {9, NEVER}, NO_MARK, 470},
    {"apart, each has its own", {9, 500}, {7, 400}, NO_MARK, 370},
    {"apart, a lane without event is complete to nothing", {9, 500}, {7, NEVER}, NO_MARK, NEVER},
    {"an unset lane holds up", {LANE_UNSET, NEVER}, {LANE_UNSET, NEVER}, MARK(0, NEVER, 900, 1), NEVER},
    {"a proof lifts lanes that stand at its offset", {9, 500}, {9, NEVER}, MARK(9, 500, 900, 1), 900},
    {"a proof holds for ever", {12, 500}, {12, 600}, MARK(9, 500, 900, 1), 900},
    {"a proof beyond the shard's offset does not count yet",
     {9, 500},
     {9, NEVER},
     MARK(10, 500, 900, 1),
     470},
    {"a proof counts for each lane by itself", {9, 500}, {8, 490}, MARK(9, 500, 900, 1), 460},
    {"a proof never lowers", {9, 500}, {9, NEVER}, MARK(9, 500, 100, 1), 470},
    {"not at its end: the mark proves nothing", {9, 500}, {9, NEVER}, MARK(9, 500, NEVER, NEVER), 470},
    {"an empty partition at its end", {0, NEVER}, {0, NEVER}, MARK(0, NEVER, 800, 1), 800},
    {"orders that wait hold their lane back", {9, 500}, {7, 400}, {9, 500, 900, 1, 7, 400, NEVER}, 370},
    {"the oldest that waits bounds it", {9, 500}, {7, 400}, {9, 500, 900, 1, 7, 400, 450}, 450},
    {"what was read is newer than the touch lane's own",
     {9, 100},
     {9, NEVER},
     MARK(9, 500, NEVER, NEVER),
     470},
    {"an event in the future is held back by the cap", {9, 99999}, {9, NEVER}, NO_MARK, CAP - DISORDER},
};

static struct lanes lanes_of(const uint32_t *partitions, size_t n, const struct partition_mark *marks,
                             size_t n_marks)
{
    return (struct lanes){partitions, n, marks, n_marks, DISORDER, CAP, false};
}

static void a_partition_is_as_complete_as_the_least_of_its_lanes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer vector = BUFFER_INIT;
        vector_append(&vector, cases[i].touch);
        vector_append(&vector, cases[i].order);
        uint32_t partition = 0;
        struct lanes lanes = lanes_of(&partition, 1, &cases[i].mark, 1);
        int64_t as_of = lanes_as_of(&lanes, buffer_span(&vector));
        if (as_of != cases[i].expected)
            fail_msg("%s: %ld", cases[i].what, (long)as_of);
    }
}

static void a_shard_is_as_complete_as_the_least_of_the_partitions_that_count(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer vector = BUFFER_INIT;
    const int64_t newest[] = {700, 200, 500};
    for (size_t i = 0; i < 6; i++)
        vector_append(&vector, (struct lane_mark){1, newest[i / 2]});
    const uint32_t all[] = {0, 1, 2}, some[] = {0, 2}, more[] = {0, 2, 3};
    struct lanes lanes = lanes_of(all, 3, NULL, 0);
    assert_int_equal(lanes_as_of(&lanes, buffer_span(&vector)), 170);
    lanes = lanes_of(some, 2, NULL, 0);
    assert_int_equal(lanes_as_of(&lanes, buffer_span(&vector)), 470);
    lanes = lanes_of(more, 3, NULL, 0);
    assert_int_equal(lanes_as_of(&lanes, buffer_span(&vector)), NEVER);
    lanes = lanes_of(all, 0, NULL, 0);
    assert_int_equal(lanes_as_of(&lanes, buffer_span(&vector)), NEVER);
}

static void touches_are_complete_whatever_orders_wait(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer vector = BUFFER_INIT;
    vector_append(&vector, (struct lane_mark){9, 100});
    vector_append(&vector, (struct lane_mark){2, NEVER});
    uint32_t partition = 0;
    struct partition_mark mark = {9, 500, NEVER, NEVER, 2, NEVER, NEVER};
    struct lanes lanes = lanes_of(&partition, 1, &mark, 1);
    assert_int_equal(lanes_touches_complete(&lanes, buffer_span(&vector)), 470);
    assert_int_equal(lanes_marks_complete(&lanes), 470);
    mark.offset = 10; /* the shard has gone back: the mark says nothing of it */
    assert_int_equal(lanes_touches_complete(&lanes, buffer_span(&vector)), 70);
    mark = (struct partition_mark)PARTITION_MARK_NONE;
    assert_true(lanes_marks_complete(&lanes) == NEVER);
    lanes.n_partitions = 0;
    assert_true(lanes_touches_complete(&lanes, buffer_span(&vector)) == NEVER);
    assert_true(lanes_marks_complete(&lanes) == NEVER);
    lanes.none_awaited = true; /* they are known, and all given up */
    assert_true(lanes_touches_complete(&lanes, buffer_span(&vector)) == INT64_MAX);
    assert_true(lanes_marks_complete(&lanes) == INT64_MAX);
    assert_true(lanes_as_of(&lanes, buffer_span(&vector)) == NEVER);
}

static void a_mark_comes_back_from_its_text(void **state)
{
    (void)state;
    const struct partition_mark marks[] = {{12, 1795303560000, 1795303612345, 7, 11, 1795303559999, 3},
                                           NO_MARK,
                                           {5, -3, 0, INT64_MAX, 4, 1, NEVER}};
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        struct partition_mark back;
        partition_mark_print(&marks[i], &text);
        assert_int_equal(partition_mark_parse(buffer_span(&text), &back), 0);
        assert_memory_equal(&back, &marks[i], sizeof(back));
    }
}

static void other_texts_are_no_marks(void **state)
{
    (void)state;
    const char *const texts[] = {"",
                                 "1",
                                 "1 2 3 4 5 6",
                                 "1 2 3 4 5 6 7 8",
                                 "1 2 3 4 5 6 x",
                                 "1  3 4 5 6 7",
                                 "1 2 3 4 5 6 --4",
                                 "9223372036854775808 1 1 1 1 1 1"};
    struct partition_mark mark;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (partition_mark_parse(span_of(texts[i]), &mark) != LANES_MALFORMED)
            fail_msg("'%s' was taken", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_is_as_complete_as_the_least_of_its_lanes),
        cmocka_unit_test(a_shard_is_as_complete_as_the_least_of_the_partitions_that_count),
        cmocka_unit_test(touches_are_complete_whatever_orders_wait),
        cmocka_unit_test(a_mark_comes_back_from_its_text),
        cmocka_unit_test(other_texts_are_no_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
