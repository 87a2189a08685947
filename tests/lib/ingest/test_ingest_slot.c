/* What ingest says of a partition, for its mark: never more of the orders lane than every shard has counted. */
#include "tests/lib/ingest/desk.h"

/* What the partitions' readers say: complete to a time, of the first partition. */
static void complete_to(struct desk *desk, int64_t complete_ms)
{
    static const uint32_t partition = 0;
    const struct partition_mark mark = {0, NEVER, complete_ms, NEVER, 0, NEVER, NEVER};
    const struct lanes lanes = {&partition, 1, &mark, 1, DISORDER_MS, INT64_MAX, false};
    assert_int_equal(ingest_look(desk->ingest, &(struct ingest_view){.lanes = &lanes, .passed_ms = NEVER}),
                     0);
}

static void order_read(struct desk *desk, int64_t offset, const char *id, int64_t ts_ms)
{
    char text[200];
    snprintf(text, sizeof(text),
             "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"%s\",\"revenue\":5,\"user_id\":\"u\"}",
             (long)ts_ms, id);
    assert_int_equal(desk_read(desk, 0, offset, text), 0);
}

static void flush(struct desk *desk)
{
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
}

/* Everything that was read, and the watermarks of all shards. */
static void flush_all(struct desk *desk)
{
    desk_pass(desk, 2000);
    desk_run(desk);
    desk_pass(desk, 0);
}

static void an_order_that_is_decided_holds_its_lane_back_until_it_is_counted(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    order_read(desk, 5, "o1", T0 + 10);
    assert_int_equal(desk_view(desk, 6, "a", T0 + 100000), 0);
    flush_all(desk);
    struct slot_state slot = ingest_slot(desk->ingest, 0);
    assert_int_equal(slot.counted, 7);
    assert_int_equal(slot.counted_newest_ms, T0 + 100000);
    assert_true(slot.decided_newest_ms == NEVER);
    complete_to(desk, T0 + 11);
    flush(desk); /* it is in the ledger, and no campaign has it */
    desk_pass(desk, 0);
    slot = ingest_slot(desk->ingest, 0);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 0);
    assert_int_equal(slot.decided, 5);
    assert_true(slot.decided_newest_ms == NEVER);
    flush_all(desk);
    slot = ingest_slot(desk->ingest, 0);
    assert_int_equal(slot.decided, 7);
    assert_int_equal(slot.decided_newest_ms, T0 + 100000);
}

static void what_waits_is_the_oldest_only_where_all_before_it_is_counted(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    order_read(desk, 5, "o1", T0 + 10);
    order_read(desk, 6, "o2", T0 + 100000);
    flush_all(desk);
    assert_int_equal(ingest_slot(desk->ingest, 0).waiting_least_ms, T0 + 10);
    complete_to(desk, T0 + 11);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 1);
    assert_true(ingest_slot(desk->ingest, 0).waiting_least_ms == NEVER);
    flush_all(desk);
    struct slot_state slot = ingest_slot(desk->ingest, 0);
    assert_int_equal(slot.decided, 6);
    assert_int_equal(slot.decided_newest_ms, T0 + 10);
    assert_int_equal(slot.waiting_least_ms, T0 + 100000);
}

static void after_a_start_touches_that_are_counted_say_nothing_of_orders_that_are_not(void **state)
{
    struct desk *desk = *state;
    for (size_t feed = 0; feed < DESK_FEEDS; feed++) {
        desk->stands[feed][0][LANE_TOUCH] = (struct lane_mark){10, T0 + 100000};
        desk->stands[feed][0][LANE_ORDER] = (struct lane_mark){5, T0};
    }
    desk_open(desk, 1);
    desk_pass(desk, 0);
    struct slot_state slot = ingest_slot(desk->ingest, 0);
    assert_int_equal(slot.counted_newest_ms, T0 + 100000);
    assert_int_equal(slot.decided, 5);
    assert_int_equal(slot.decided_newest_ms, T0);
    ingest_advance(desk->ingest, 0, 10); /* there was no order after all */
    flush_all(desk);
    assert_int_equal(ingest_slot(desk->ingest, 0).decided_newest_ms, T0 + 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(an_order_that_is_decided_holds_its_lane_back_until_it_is_counted),
        DESK_TEST(what_waits_is_the_oldest_only_where_all_before_it_is_counted),
        DESK_TEST(after_a_start_touches_that_are_counted_say_nothing_of_orders_that_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
