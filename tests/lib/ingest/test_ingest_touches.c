/* Touches are stored before they are counted, and orders wait for them; nothing else does. */
#include <errno.h>

#include "tests/lib/ingest/desk.h"

#include "lib/attribution/touch_record.h"

/* What the partitions' readers say: complete to a time, of the first n partitions. */
static void complete_by(struct desk *desk, int64_t complete_ms, size_t n, int64_t cap_ms)
{
    static const uint32_t partitions[] = {0, 1};
    const struct partition_mark mark = {0, NEVER, complete_ms, NEVER, 0, NEVER, NEVER};
    const struct partition_mark marks[] = {mark, mark};
    const struct lanes lanes = {partitions, n, marks, 2, DISORDER_MS, cap_ms, n == 0};
    const struct ingest_view view = {.lanes = &lanes, .passed_ms = NEVER};
    assert_int_equal(ingest_look(desk->ingest, &view), 0);
    assert_int_equal(ingest_name_lane(desk->ingest, 0, "mixed:0"), 0);
}

static void complete_to(struct desk *desk, int64_t complete_ms, size_t n)
{
    complete_by(desk, complete_ms, n, INT64_MAX);
}

static int send(struct desk *desk, int64_t offset, const char *type, int64_t ts_ms, const char *rest)
{
    char text[300];
    snprintf(text, sizeof(text), "{\"type\":\"%s\",\"ts\":%ld,%s}", type, (long)ts_ms, rest);
    int r = desk_read(desk, 0, offset, text);
    desk_pass(desk, FLUSH_MS / 2); /* touches gather for a moment */
    desk_run(desk);
    return r;
}

static int click_by(struct desk *desk, int64_t offset, int64_t ts_ms, const char *campaign, const char *ids)
{
    char rest[200];
    snprintf(rest, sizeof(rest), "\"campaign_id\":\"%s\",%s", campaign, ids);
    return send(desk, offset, "click", ts_ms, rest);
}

static void flush(struct desk *desk)
{
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
}

static void a_touch_is_stored_before_it_is_counted(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(click_by(desk, 0, T0, "a", "\"user_id\":\"u\",\"click_id\":\"c\",\"event_id\":\"e\""),
                     0);
    assert_int_equal(desk->n_calls[SCRIPT_LOOK] + desk->n_calls[SCRIPT_KEEP],
                     4); /* two identities, two shards */
    assert_int_equal(desk->n_calls[SCRIPT_APPLY], 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS), 1);
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    assert_int_equal(touch_record_unpack(&record, call_get(&desk->keep, desk->keep.n_args - 1)), 0);
    assert_int_equal(record.n, 1);
    assert_int_equal(record.entries[0].ts_ms, T0);
    assert_true(span_equal(record.entries[0].campaign, span_of("a")));
}

static void without_an_identity_nothing_is_stored(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(click_by(desk, 0, T0, "a", "\"event_id\":\"e\""), 0);
    assert_int_equal(send(desk, 1, "impression", T0, "\"campaign_id\":\"a\",\"user_id\":\"u\""),
                     0); /* views are off */
    assert_int_equal(desk->n_calls[SCRIPT_LOOK], 0);
}

static void a_click_that_comes_again_changes_the_duplicates_only(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    /* Both in one batch: the second finds the first in memory. */
    const char *click =
        "{\"type\":\"click\",\"ts\":1795300200000,\"campaign_id\":\"a\",\"user_id\":\"u\",\"event_id\":\"e\","
        "\"cost\":2}";
    for (int64_t offset = 0; offset < 2; offset++)
        assert_int_equal(desk_read(desk, 0, offset, click), 0);
    flush(desk);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS), 1);
    assert_int_equal(desk_total(desk, "a", CELL_MEDIA_COST), 2000000);
    assert_int_equal(desk_lane(desk, 0, LANE_DUPLICATES), 1);
    assert_int_equal(desk_lane(desk, 0, LANE_CLICKS), 1);
}

/* The record of one click in partition 0. */
static void touches_hold(struct desk *desk, int64_t offset, int64_t ts_ms, const char *campaign)
{
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    struct touch_entry entry = {
        .ts_ms = ts_ms, .offset = offset, .is_click = true, .has_id = true, .campaign = span_of(campaign)};
    touch_id_make(TOUCH_ID_EVENT, span_of("e"), entry.id);
    buffer_clear(&desk->touches);
    assert_int_equal(touch_record_add(&record, &entry), 0);
    touch_record_pack(&record, &desk->touches);
}

static void a_click_that_is_read_again_is_no_repeat(void **state)
{
    struct desk *desk = *state;
    touches_hold(desk, 0, T0, "a");
    desk_open(desk, 1);
    assert_int_equal(click_by(desk, 0, T0, "a", "\"user_id\":\"u\",\"event_id\":\"e\""), 0);
    assert_int_equal(click_by(desk, 1, T0, "a", "\"user_id\":\"u\",\"event_id\":\"e\""), 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS), 1);
    assert_int_equal(desk_lane(desk, 0, LANE_DUPLICATES), 1);
    assert_int_equal(desk->keep.n_args, 0); /* the record has it already */
}

static const char order_by_user[] = "\"order_id\":\"o1\",\"revenue\":5,\"user_id\":\"u\"";

static void an_order_waits_until_all_touch_lanes_are_complete_beyond_it(void **state)
{
    struct desk *desk = *state;
    touches_hold(desk, 0, T0, "a");
    desk_open(desk, 1);
    assert_int_equal(send(desk, 5, "order", T0 + 10, order_by_user), 0);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], 0);
    complete_to(desk, T0 + 10, 1); /* not beyond */
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 1);
    complete_to(desk, T0 + 11, 2); /* of the other partition nothing is known in these shards */
    desk->stands[2 * DESK_SHARDS + desk_shard("uu")][1][0].offset = LANE_UNSET;
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 1);
    complete_to(desk, T0 + 11, 1);
    flush(desk);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 0);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 5000000);
    assert_int_equal(desk_total(desk, "a", CELL_COHORT_REVENUE), 5000000);
    assert_int_equal(ingest_counted(desk->ingest, 0), 6);
}

static void nothing_else_waits_with_an_order(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(send(desk, 5, "order", T0 + 10, order_by_user), 0);
    assert_int_equal(click_by(desk, 6, T0, "a", "\"event_id\":\"e\""), 0);
    desk_pass(desk, 2000);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS), 1);
    struct slot_state slot = ingest_slot(desk->ingest, 0);
    assert_int_equal(slot.counted, 7);
    assert_int_equal(slot.decided, 5);
    assert_int_equal(slot.waiting_least_ms, T0 + 10);
    assert_int_equal(ingest_counted(desk->ingest, 0), 5);
}

static void what_stands_behind_an_order_is_decided_and_counted_behind_it(void **state)
{
    struct desk *desk = *state;
    const struct ingest_partition orders = {"orders", 0, EVENT_ORDER, 3};
    desk->registry[0] = "0 0 ready order/300000/1000";
    desk_pass(desk, 0);
    assert_int_equal(ingest_assign(desk->ingest, &orders, 1), 0);
    desk_run(desk);
    assert_int_equal(send(desk, 5, "order", T0 + 10, order_by_user), 0);
    assert_int_equal(desk_read(desk, 0, 6, "nonsense"), REJECT_NOT_JSON);
    assert_int_equal(send(desk, 7, "order", T0, "\"order_id\":\"o2\",\"revenue\":1,\"campaign_id\":\"b\""),
                     0);
    desk_pass(desk, 2000);
    desk_run(desk);
    assert_int_equal(ingest_slot(desk->ingest, 0).decided, 5);
    assert_int_equal(desk_lane(desk, 1, LANE_REJECTED + REJECT_NOT_JSON - 1), 0);
    complete_to(desk, T0 + 11, 1);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 0);
    flush(desk);
    assert_int_equal(desk_lane(desk, 1, LANE_REJECTED + REJECT_NOT_JSON - 1), 1);
    assert_int_equal(desk_total(desk, "b", CELL_REVENUE), 1000000);
    assert_int_equal(desk_total(desk, "(unattributed)", CELL_REVENUE), 5000000);
}

static void a_partition_with_too_many_orders_is_read_again_from_the_first_that_was_not_kept(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    for (int64_t i = 0; i < 65540; i++) {
        char text[120];
        snprintf(text, sizeof(text),
                 "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"o%ld\",\"revenue\":1,\"user_id\":\"u\"}",
                 (long)T0, (long)i);
        assert_int_equal(ingest_message(desk->ingest, 0, i, NO_RECORD_TIME, (struct span){0}, span_of(text)),
                         0);
    }
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 65536);
    assert_true(ingest_slot(desk->ingest, 0).waiting_least_ms == NEVER);
    assert_true(ingest_wants_slot(desk->ingest, 0)); /* its own touches may be what is waited for */
    uint64_t epoch = ingest_epoch(desk->ingest);
    complete_to(desk, T0 + 1, 1);
    for (int i = 0; i < 200 && ingest_epoch(desk->ingest) == epoch; i++) {
        for (size_t feed = 0; feed < DESK_FEEDS; feed++)
            desk->stands[feed][0][LANE_ORDER].offset = desk->stands[feed][0][LANE_TOUCH].offset = 65536;
        flush(desk);
    }
    assert_int_equal(ingest_epoch(desk->ingest), epoch + 1);
    assert_int_equal(ingest_position(desk->ingest, 0), 65536);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 0);
}

static void an_order_ahead_of_every_clock_does_not_wait_for_its_time(void **state)
{
    enum { FUTURE_MS = 300000 };
    struct desk *desk = *state;
    touches_hold(desk, 0, T0, "a");
    desk_open(desk, 1);
    assert_int_equal(send(desk, 5, "order", T0 + 30 * (int64_t)86400000, order_by_user), 0);
    complete_by(desk, T0, 1, T0 + FUTURE_MS);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 1);
    /* The clock goes on, and what is waited for does not. */
    complete_by(desk, T0 + FUTURE_MS - DISORDER_MS, 1, T0 + 2 * FUTURE_MS);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 1);
    complete_by(desk, T0 + FUTURE_MS - DISORDER_MS + 1, 1, T0 + 2 * FUTURE_MS);
    flush(desk);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 0);
}

static void an_order_does_not_wait_where_nobody_is_waited_for(void **state)
{
    struct desk *desk = *state;
    touches_hold(desk, 0, T0, "a");
    desk_open(desk, 1);
    assert_int_equal(send(desk, 5, "order", T0 + 10, order_by_user), 0);
    complete_to(desk, NEVER, 1);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 1);
    complete_to(desk, NEVER, 0);
    flush(desk);
    flush(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 0);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 5000000);
}

static void touches_that_keep_coming_do_not_hold_back_what_is_counted(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    for (int64_t i = 0; i < 100; i++) { /* one turn: read what may be read, send what may be sent */
        desk_pass(desk, FLUSH_MS / 2);
        if (ingest_wants_input(desk->ingest)) {
            char text[200];
            snprintf(text, sizeof(text),
                     "{\"type\":\"click\",\"ts\":%ld,\"campaign_id\":\"a\",\"user_id\":\"u%ld\",\"event_id\":"
                     "\"e\"}",
                     (long)T0, (long)i);
            assert_int_equal(desk_read(desk, 0, i, text), 0);
        }
        (void)desk_send(desk);
        while (desk->n > 0)
            assert_int_equal(desk_reply(desk), 0);
    }
    assert_in_range(desk->n_calls[SCRIPT_APPLY], 5, 1000);
}

static void what_waits_is_bounded_by_bytes_too(void **state)
{
    enum { SIZE = 900000 };
    struct desk *desk = *state;
    char *text = malloc(SIZE + 1);
    assert_non_null(text);
    struct ingest_rules rules = desk_rules(desk);
    rules.decode.message_bytes = SIZE;
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), 0);
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o", "u"), 0);
    for (int64_t i = 1; i < 120; i++) { /* refunds keep their message */
        int n =
            snprintf(text, SIZE, "{\"type\":\"refund\",\"ts\":%ld,\"order_id\":\"o\",\"refund_id\":\"r%ld\"",
                     (long)T0, (long)i);
        memset(text + n, ' ', SIZE - (size_t)n);
        text[SIZE - 1] = '}';
        assert_int_equal(
            ingest_message(desk->ingest, 0, i, NO_RECORD_TIME, (struct span){0}, span_from(text, SIZE)), 0);
    }
    free(text);
    /* 64 MiB hold 75 of them. */
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 76);
}

static void orders_that_were_not_kept_are_read_again_only_when_those_before_are_counted(void **state)
{
    struct desk *desk = *state;
    struct ingest_rules rules = desk_rules(desk);
    rules.waiting_most = 1;
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), 0);
    desk_open(desk, 1);
    assert_int_equal(desk_read(desk, 0, 0,
                               "{\"type\":\"order\",\"ts\":1795300200000,\"order_id\":\"o1\",\"revenue\":5,"
                               "\"user_id\":\"u\"}"),
                     0);
    assert_int_equal(desk_order(desk, 1, "o2", "a"), 0);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 1);
    uint64_t epoch = ingest_epoch(desk->ingest);
    complete_to(desk, T0 + 1, 1);
    flush(desk); /* it is decided, and no campaign has it yet */
    desk_pass(desk, 0);
    desk_run(desk);
    assert_int_equal(ingest_sizes(desk->ingest).n_waiting, 0);
    assert_int_equal(ingest_epoch(desk->ingest), epoch);
    desk_pass(desk, 2000);
    desk_run(desk);
    desk_pass(desk, 0);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "(unattributed)", CELL_REVENUE), 5000000);
    assert_int_equal(ingest_epoch(desk->ingest), epoch + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_touch_is_stored_before_it_is_counted),
        DESK_TEST(without_an_identity_nothing_is_stored),
        DESK_TEST(a_click_that_comes_again_changes_the_duplicates_only),
        DESK_TEST(a_click_that_is_read_again_is_no_repeat),
        DESK_TEST(an_order_waits_until_all_touch_lanes_are_complete_beyond_it),
        DESK_TEST(nothing_else_waits_with_an_order),
        DESK_TEST(what_stands_behind_an_order_is_decided_and_counted_behind_it),
        DESK_TEST(an_order_ahead_of_every_clock_does_not_wait_for_its_time),
        DESK_TEST(an_order_does_not_wait_where_nobody_is_waited_for),
        DESK_TEST(touches_that_keep_coming_do_not_hold_back_what_is_counted),
        DESK_TEST(what_waits_is_bounded_by_bytes_too),
        DESK_TEST(orders_that_were_not_kept_are_read_again_only_when_those_before_are_counted),
        DESK_TEST(a_partition_with_too_many_orders_is_read_again_from_the_first_that_was_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
