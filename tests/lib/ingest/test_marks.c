#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/ingest/marks.h"

enum { DISORDER_MS = 30000 };

#define T0 INT64_C(1795300200000)
#define NOW (T0 + 600000)

/* Nothing waits: both lanes are at one place. */
#define MARK(offset, newest_ms, complete_ms, end_since_ms)                                                   \
    {                                                                                                        \
        offset, newest_ms, complete_ms, end_since_ms, offset, newest_ms, complete_ms                         \
    }

static const struct marks_rules clock_rules = {true, DISORDER_MS};
static const struct marks_rules log_rules = {false, DISORDER_MS};
static const struct partition_mark none = PARTITION_MARK_NONE;
/* Everything that was read is counted. */
static const struct slot_state level = {0, 10, 10, T0, T0, 10, T0, NEVER};

static struct partition_mark make(const struct marks_rules *rules, const struct slot_state *slot, bool at_end,
                                  int64_t now_ms, const struct partition_mark *before)
{
    return mark_make(rules, slot, at_end, now_ms, before, &none, 1, 1);
}

static void a_partition_that_is_not_at_its_end_proves_nothing(void **state)
{
    (void)state;
    struct partition_mark mark = make(&clock_rules, &level, false, NOW, &none);
    assert_int_equal(mark.offset, 10);
    assert_int_equal(mark.newest_ms, T0);
    assert_true(mark.complete_ms == NEVER);
    assert_true(mark.end_since_ms == NEVER);
}

static void what_is_not_counted_by_every_shard_proves_nothing(void **state)
{
    (void)state;
    struct slot_state behind = level, older = level;
    behind.counted = 9;
    older.counted_newest_ms = T0 - 1;
    struct partition_mark mark = make(&clock_rules, &behind, true, NOW, &none);
    assert_int_equal(mark.offset, 9);
    assert_true(mark.complete_ms == NEVER);
    mark = make(&clock_rules, &older, true, NOW, &none);
    assert_int_equal(mark.newest_ms, T0 - 1);
    assert_true(mark.complete_ms == NEVER);
}

static void with_the_clock_an_end_is_complete_to_now_less_the_disorder(void **state)
{
    (void)state;
    const struct slot_state empty = {0, 0, 0, NEVER, NEVER, 0, NEVER, NEVER};
    assert_int_equal(make(&clock_rules, &level, true, NOW, &none).complete_ms, NOW - DISORDER_MS);
    assert_int_equal(make(&clock_rules, &empty, true, NOW, &none).complete_ms, NOW - DISORDER_MS);
}

static void the_end_is_counted_from_its_first_sight_at_one_offset(void **state)
{
    (void)state;
    struct partition_mark first = make(&clock_rules, &level, true, NOW, &none);
    assert_int_equal(first.end_since_ms, NOW);
    assert_int_equal(make(&clock_rules, &level, true, NOW + 700, &first).end_since_ms, NOW);
    struct slot_state more = level;
    more.position = more.counted = 11;
    assert_int_equal(make(&clock_rules, &more, true, NOW + 700, &first).end_since_ms, NOW + 700);
    struct partition_mark away = make(&clock_rules, &level, false, NOW + 800, &first);
    assert_int_equal(make(&clock_rules, &level, true, NOW + 900, &away).end_since_ms, NOW + 900);
}

static void with_the_log_an_end_goes_where_the_furthest_is_less_the_disorder(void **state)
{
    (void)state;
    const struct partition_mark all[] = {MARK(10, T0, NEVER, NEVER), MARK(99, T0 + 5000, NEVER, NEVER)};
    assert_int_equal(mark_make(&log_rules, &level, true, NOW, &none, all, 2, 2).complete_ms,
                     T0 + 5000 - DISORDER_MS);
    /* Our own newest may be further than what was written last. */
    assert_int_equal(mark_make(&log_rules, &level, true, NOW, &none, &none, 1, 2).complete_ms,
                     T0 - DISORDER_MS);
}

static void with_the_log_nothing_read_anywhere_proves_nothing(void **state)
{
    (void)state;
    const struct slot_state empty = {0, 0, 0, NEVER, NEVER, 0, NEVER, NEVER};
    struct partition_mark mark = make(&log_rules, &empty, true, NOW, &none);
    assert_true(mark.complete_ms == NEVER);
    assert_int_equal(mark.end_since_ms, NOW);
}

static void a_finished_log_is_complete_to_its_newest_event(void **state)
{
    (void)state;
    const struct partition_mark before = MARK(10, T0, T0 - DISORDER_MS, NOW - SETTLED_MS);
    struct partition_mark all[] = {before, MARK(99, T0 + 5000, T0, NOW - SETTLED_MS)};
    assert_int_equal(mark_make(&log_rules, &level, true, NOW, &before, all, 2, 2).complete_ms, T0 + 5000);
    /* Not long enough; one that is not at its end; one that nobody reads. */
    all[1].end_since_ms++;
    assert_int_equal(mark_make(&log_rules, &level, true, NOW, &before, all, 2, 2).complete_ms,
                     T0 + 5000 - DISORDER_MS);
    all[1].end_since_ms = NEVER;
    assert_int_equal(mark_make(&log_rules, &level, true, NOW, &before, all, 2, 2).complete_ms,
                     T0 + 5000 - DISORDER_MS);
    all[1] = none;
    assert_int_equal(mark_make(&log_rules, &level, true, NOW, &before, all, 2, 2).complete_ms,
                     T0 - DISORDER_MS);
}

static void new_messages_end_a_settled_log(void **state)
{
    (void)state;
    const struct partition_mark before = MARK(10, T0, T0, NOW - SETTLED_MS);
    struct slot_state more = level;
    more.position = more.counted = 11;
    more.newest_ms = more.counted_newest_ms = T0 + 9000;
    struct partition_mark mark = mark_make(&log_rules, &more, true, NOW, &before, &before, 1, 1);
    assert_int_equal(mark.end_since_ms, NOW);
    assert_int_equal(mark.complete_ms, T0); /* not T0 + 9000, but what was proven stays */
}

static void what_was_proven_stays_proven(void **state)
{
    (void)state;
    const struct partition_mark before = MARK(10, T0, T0 + 7000, NOW);
    struct slot_state more = level, rewound = level;
    more.position = 12;
    more.counted = 11;
    assert_int_equal(make(&log_rules, &more, false, NOW, &before).complete_ms, T0 + 7000);
    assert_int_equal(make(&clock_rules, &level, true, T0, &before).complete_ms, T0 + 7000);
    rewound.position = rewound.counted = 9;
    assert_true(make(&log_rules, &rewound, false, NOW, &before).complete_ms == NEVER);
}

static void orders_that_wait_are_complete_to_the_oldest_of_them(void **state)
{
    (void)state;
    struct slot_state waits = level;
    waits.decided = 7;
    waits.decided_newest_ms = T0 - 9000;
    waits.waiting_least_ms = T0 - 5000;
    struct partition_mark mark = make(&clock_rules, &waits, true, NOW, &none);
    assert_int_equal(mark.complete_ms, NOW - DISORDER_MS);
    assert_int_equal(mark.decided_offset, 7);
    assert_int_equal(mark.decided_newest_ms, T0 - 9000);
    assert_int_equal(mark.decided_complete_ms, T0 - 5000);
    waits.waiting_least_ms = NEVER; /* some were not kept */
    assert_true(make(&clock_rules, &waits, true, NOW, &none).decided_complete_ms == NEVER);
    /* What was proven before they came stays. */
    assert_int_equal(make(&clock_rules, &waits, true, NOW, &mark).decided_complete_ms, T0 - 5000);
    waits.decided = 6;
    assert_true(make(&clock_rules, &waits, true, NOW, &mark).decided_complete_ms == NEVER);
    assert_int_equal(make(&clock_rules, &level, true, NOW, &mark).decided_complete_ms, NOW - DISORDER_MS);
}

static void nothing_is_forgotten_that_an_order_may_wait_for(void **state)
{
    (void)state;
    struct partition_mark all[] = {MARK(10, T0, NEVER, NOW), MARK(99, T0 - 5000, NEVER, NOW)};
    assert_int_equal(marks_passed(all, 2, 2, DISORDER_MS, INT64_MAX), T0 - DISORDER_MS);
    all[1].decided_offset = 90;
    all[1].decided_newest_ms = T0 - 80000;
    assert_int_equal(marks_passed(all, 2, 2, DISORDER_MS, INT64_MAX), T0 - 80000 - DISORDER_MS);
    all[1].decided_newest_ms = NEVER;
    assert_true(marks_passed(all, 2, 2, DISORDER_MS, INT64_MAX) == NEVER);
}

static void what_is_ahead_of_every_clock_passes_nothing(void **state)
{
    (void)state;
    /* A year ahead: whoever is at its end has not passed that. */
    struct partition_mark all[] = {MARK(10, T0 + INT64_C(31536000000), NEVER, NOW), MARK(99, T0, NEVER, NOW)};
    assert_int_equal(marks_passed(all, 2, 2, DISORDER_MS, T0 + 300000), T0 + 300000 - DISORDER_MS);
    all[0].newest_ms = all[0].decided_newest_ms = T0 + 1000;
    assert_int_equal(marks_passed(all, 2, 2, DISORDER_MS, T0 + 300000), T0 + 1000 - DISORDER_MS);
}

static void all_have_passed_what_the_slowest_has(void **state)
{
    (void)state;
    struct partition_mark all[] = {MARK(10, T0, NEVER, NEVER), MARK(99, T0 - 70000, NEVER, NEVER)};
    assert_int_equal(marks_passed(all, 2, 2, DISORDER_MS, INT64_MAX), T0 - 70000 - DISORDER_MS);
    /* At its end it has passed whatever the furthest has. */
    all[1].end_since_ms = NOW;
    assert_int_equal(marks_passed(all, 2, 2, DISORDER_MS, INT64_MAX), T0 - DISORDER_MS);
    assert_true(marks_passed(all, 2, 3, DISORDER_MS, INT64_MAX) == NEVER);
    all[0].newest_ms = all[1].newest_ms = all[0].decided_newest_ms = all[1].decided_newest_ms = NEVER;
    assert_true(marks_passed(all, 2, 2, DISORDER_MS, INT64_MAX) == NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_that_is_not_at_its_end_proves_nothing),
        cmocka_unit_test(what_is_not_counted_by_every_shard_proves_nothing),
        cmocka_unit_test(with_the_clock_an_end_is_complete_to_now_less_the_disorder),
        cmocka_unit_test(the_end_is_counted_from_its_first_sight_at_one_offset),
        cmocka_unit_test(with_the_log_an_end_goes_where_the_furthest_is_less_the_disorder),
        cmocka_unit_test(with_the_log_nothing_read_anywhere_proves_nothing),
        cmocka_unit_test(a_finished_log_is_complete_to_its_newest_event),
        cmocka_unit_test(new_messages_end_a_settled_log),
        cmocka_unit_test(what_was_proven_stays_proven),
        cmocka_unit_test(orders_that_wait_are_complete_to_the_oldest_of_them),
        cmocka_unit_test(nothing_is_forgotten_that_an_order_may_wait_for),
        cmocka_unit_test(what_is_ahead_of_every_clock_passes_nothing),
        cmocka_unit_test(all_have_passed_what_the_slowest_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
