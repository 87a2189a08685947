/* Ingest: what an event adds, where, and when it is sent. */
#include "tests/lib/ingest/desk.h"

static void an_event_that_its_shard_has_is_read_and_not_counted_again(void **state)
{
    struct desk *desk = *state;
    uint32_t shard = desk_shard("a");
    for (int lane = 0; lane < 2; lane++)
        desk->stands[shard][0][lane] = (struct lane_mark){2, lane ? NEVER : T0};
    desk_open(desk, 1);
    assert_int_equal(ingest_position(desk->ingest, 0), 0);
    for (int64_t offset = 0; offset < 4; offset++) {
        assert_int_equal(desk_view(desk, offset, "a", T0), 0);
        desk_run(desk);
    }
    assert_int_equal(desk_view(desk, 3, "a", T0), INGEST_STALE);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_IMPRESSIONS), 2);
    assert_int_equal(desk_total(desk, "a", CELL_MEDIA_COST), 4000000);
    /* Lane 0 is counted by shard 0. */
    assert_int_equal(desk_lane(desk, 0, LANE_IMPRESSIONS), shard == 0 ? 2 : 4);
}

static void the_range_of_an_apply_starts_where_the_shard_stands(void **state)
{
    struct desk *desk = *state;
    uint32_t shard = desk_shard("a");
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 5, "a", T0), 0);
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    struct span ranges = call_get(&desk->apply[shard], desk->apply[shard].n_keys);
    assert_int_equal(ranges.size, 2 * 28);
    assert_int_equal(read_i64(ranges.data + 4), 0);
    assert_int_equal(read_i64(ranges.data + 12), 6);
    assert_int_equal(read_i64(ranges.data + 20), T0);
    assert_true(read_i64(ranges.data + 28 + 20) == NEVER);
    assert_int_equal(desk_view(desk, 6, "a", T0 + 1), 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    ranges = call_get(&desk->apply[shard], desk->apply[shard].n_keys);
    assert_int_equal(read_i64(ranges.data + 4), 6);
}

static void late_is_older_than_the_lanes_newest_less_reach_and_disorder(void **state)
{
    struct desk *desk = *state;
    int64_t edge_ms = T0 - REACH_MS - DISORDER_MS;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    assert_int_equal(ingest_wants_input(desk->ingest), false);
    desk_run(desk);
    assert_int_equal(desk_view(desk, 1, "a", edge_ms), 0);
    assert_int_equal(desk_view(desk, 2, "a", edge_ms - 1), 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_IMPRESSIONS), 3);
    assert_int_equal(desk_total(desk, "a", CELL_EXCLUDED), 2000000);
    /* Both fall into one minute; the late one is not in it. */
    assert_int_equal(desk_slice(desk, "a", edge_ms, CELL_IMPRESSIONS), 1);
    assert_int_equal(desk_slice(desk, "a", edge_ms, CELL_EXCLUDED), 0);
    assert_int_equal(desk_lane(desk, 0, LANE_LATE), 1);
    assert_int_equal(desk_lane(desk, 0, LANE_IMPRESSIONS), 3);
}

static void an_orders_lane_has_a_newest_time_of_its_own(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0 + 3600000), 0);
    desk_run(desk);
    assert_int_equal(desk_order(desk, 1, "o1", "a"), 0);
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_lane(desk, 1, LANE_ORDERS), 1);
    assert_int_equal(desk_lane(desk, 1, LANE_LATE), 0);
    assert_int_equal(desk_slice(desk, "a", T0, CELL_REVENUE), 5000000);
}

static void a_rejected_message_is_counted_by_its_lane_once(void **state)
{
    struct desk *desk = *state;
    desk->stands[0][0][0].offset = desk->stands[0][0][1].offset = 1;
    desk_open(desk, 1);
    /* The lane's shard has passed offset 0: no second letter. */
    assert_int_equal(desk_read(desk, 0, 0, "nonsense"), 0);
    assert_int_equal(desk_read(desk, 0, 1, "nonsense"), REJECT_NOT_JSON);
    assert_int_equal(desk_read(desk, 0, 2, "[]"), REJECT_NOT_OBJECT);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_lane(desk, 0, LANE_REJECTED + REJECT_NOT_JSON - 1), 1);
    assert_int_equal(desk_lane(desk, 0, LANE_REJECTED + REJECT_NOT_OBJECT - 1), 1);
    assert_int_equal(ingest_counts(desk->ingest).rejected, 2);
    assert_int_equal(ingest_counts(desk->ingest).messages, 3);
}

static int64_t topic_counter(const struct desk *desk, int column)
{
    assert_int_equal(ingest_n_topics(desk->ingest), 1);
    assert_string_equal(ingest_topic(desk->ingest, 0)->name, "mixed");
    return ingest_topic(desk->ingest, 0)->counters[column];
}

static void a_topics_totals_are_of_what_shards_have_acknowledged(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 2);
    assert_int_equal(topic_counter(desk, LANE_IMPRESSIONS), 0);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    assert_int_equal(desk_read(desk, 1, 0, "nonsense"), REJECT_NOT_JSON);
    desk_run(desk);
    assert_int_equal(topic_counter(desk, LANE_IMPRESSIONS), 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(topic_counter(desk, LANE_IMPRESSIONS), 1);
    assert_int_equal(topic_counter(desk, LANE_REJECTED + REJECT_NOT_JSON - 1), 1);

    /* A refused apply and what is read again count once. */
    for (size_t i = 0; i < DESK_FEEDS; i++)
        for (int lane = 0; lane < 2; lane++)
            desk->stands[i][0][lane] = (struct lane_mark){1, T0};
    assert_int_equal(desk_view(desk, 1, "a", T0), 0);
    desk_pass(desk, FLUSH_MS);
    desk->verdict = "refused";
    desk_run(desk);
    desk->verdict = "ok";
    assert_int_equal(topic_counter(desk, LANE_IMPRESSIONS), 1);
    assert_int_equal(desk_view(desk, 1, "a", T0), 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(topic_counter(desk, LANE_IMPRESSIONS), 2);

    /* Given up and taken again, nothing is forgotten. */
    ingest_revoke(desk->ingest, true);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
    desk_open(desk, 1);
    assert_int_equal(topic_counter(desk, LANE_IMPRESSIONS), 2);
}

static void no_offset_is_passed_while_dead_letters_are_out(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_read(desk, 0, 0, "nonsense"), REJECT_NOT_JSON);
    ingest_letters(desk->ingest, 1);
    desk_pass(desk, 5000);
    assert_int_equal(desk_send(desk), 0);
    assert_false(ingest_wants_input(desk->ingest));
    ingest_letters(desk->ingest, 0);
    desk_run(desk);
    assert_true(ingest_wants_input(desk->ingest));
    assert_int_equal(ingest_counted(desk->ingest, 0), 1);
}

static void a_repeated_order_is_counted_as_a_duplicate_and_admits_nobody(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    desk->first = 0;
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    assert_false(ingest_wants_input(desk->ingest));
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], 1);
    assert_int_equal(desk->n_calls[SCRIPT_ADMIT], 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_lane(desk, 1, LANE_DUPLICATES), 1);
    assert_int_equal(desk_lane(desk, 1, LANE_ORDERS), 0);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 0);
}

static void an_order_is_decided_before_its_campaign_is_asked_about(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    assert_int_equal(desk_send(desk), 1);
    assert_true(span_equal(call_get(&desk->calls[0], 0), span_of("HMGET")));
    assert_true(span_equal(call_get(&desk->calls[0], 2), span_of("o1")));
    assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(desk_send(desk), 1);
    assert_int_equal(desk->calls[0].script, SCRIPT_DECIDE);
    desk_pass(desk, 5000);
    assert_int_equal(desk_send(desk), 0);
    assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(desk_send(desk), 1);
    assert_int_equal(desk->calls[0].script, SCRIPT_ADMIT);
    assert_true(span_equal(call_get(&desk->calls[0], 1), span_of("50")));
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 1);
    assert_int_equal(desk_total(desk, "a", CELL_CONVERSIONS), 1000000);
    assert_int_equal(desk_total(desk, "a", CELL_COHORT_REVENUE), 5000000);
    assert_true(ingest_wants_input(desk->ingest));
}

static void one_id_twice_in_a_batch_is_one_order_and_one_record(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    for (int offset = 0; offset < 2; offset++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"o1\",\"revenue\":5,\"campaign_id\":\"a\"}",
                 (long)T0);
        assert_int_equal(
            ingest_message(desk->ingest, 0, offset, NO_RECORD_TIME, (struct span){0}, span_of(text)), 0);
    }
    assert_int_equal(ingest_batch_end(desk->ingest), 0);
    desk_run(desk);
    assert_int_equal(desk->decide.n_args, 3 + 2 + 4);
    assert_int_equal(call_get(&desk->decide, 6).size, 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 1);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 5000000);
    assert_int_equal(desk_lane(desk, 1, LANE_ORDERS), 1);
    assert_int_equal(desk_lane(desk, 1, LANE_DUPLICATES), 1);
}

static void a_record_that_somebody_else_has_changed_starts_everything_over(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    uint64_t epoch = ingest_epoch(desk->ingest);
    desk->verdict = "changed";
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    desk_run(desk);
    assert_int_equal(ingest_counts(desk->ingest).refused, 1);
    assert_true(ingest_epoch(desk->ingest) > epoch);
    assert_int_equal(ingest_position(desk->ingest, 0), 0);
    desk_pass(desk, FLUSH_MS);
    desk->verdict = "ok";
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 0);
}

static void a_record_that_is_not_ours_is_never_written_over(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    desk->first = 0;
    desk->foreign_record = "something else";
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
    assert_non_null(strstr(ingest_fault(desk->ingest), "is not ours"));
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], 0);
}

static void an_order_without_a_campaign_is_unattributed(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    desk->admitted = 0;
    assert_int_equal(desk_order(desk, 0, "o1", ""), 0);
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "(unattributed)", CELL_REVENUE), 5000000);
    assert_int_equal(desk_lane(desk, 1, LANE_OVERFLOW), 0);
}

static void campaigns_beyond_the_limit_are_counted_together(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    desk->admitted = 0;
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    assert_int_equal(desk_view(desk, 1, "b", T0), 0);
    desk_run(desk);
    assert_int_equal(desk_view(desk, 2, "priced", T0), 0);
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "(overflow)", CELL_IMPRESSIONS), 2);
    assert_int_equal(desk_lane(desk, 0, LANE_OVERFLOW), 2);
    assert_int_equal(desk_lane(desk, 0, LANE_IMPRESSIONS), 3);
    /* A configured campaign is always admitted. */
    assert_int_equal(desk_total(desk, "priced", CELL_IMPRESSIONS), 1);
}

static void a_price_change_cuts_slice_and_total(void **state)
{
    struct desk *desk = *state;
    uint32_t shard = desk_shard("priced");
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "priced", T0), 0);
    desk_run(desk);
    desk->price.from_ms = T0 + 60000;
    for (int64_t offset = 1; offset < 4; offset++)
        assert_int_equal(desk_view(desk, offset, "priced", T0 + offset * 30000), 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    uint32_t minute = (uint32_t)(T0 / 60000);
    assert_int_equal(desk_added(desk, shard, ":s:1:priced", minute, CELL_IMPRESSIONS), 2);
    assert_int_equal(desk_added(desk, shard, ":s:1:priced", minute + 1, CELL_IMPRESSIONS), 2);
    assert_int_equal(desk_added(desk, shard, ":s:0:priced", 0, CELL_IMPRESSIONS), 2);
    assert_int_equal(desk_added(desk, shard, ":s:0:priced", minute + 1, CELL_IMPRESSIONS), 2);
}

static void a_price_change_within_a_base_slice_cuts_it(void **state)
{
    struct desk *desk = *state;
    uint32_t shard = desk_shard("priced");
    desk->book.tiers.base_ms = desk->book.tiers.tier[0].slice_ms = 900000;
    desk->price.from_ms = T0 + 60000;
    desk_open(desk, 1);
    for (int64_t offset = 0; offset < 3; offset++) {
        assert_int_equal(desk_view(desk, offset, "priced", T0 + offset * 30000), 0);
        desk_run(desk);
    }
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    uint32_t minute = (uint32_t)(T0 / 60000);
    assert_int_equal(desk_added(desk, shard, ":s:15:priced", minute, CELL_IMPRESSIONS), 2);
    assert_int_equal(desk_added(desk, shard, ":s:15:priced", minute + 1, CELL_IMPRESSIONS), 1);
}

static void many_cells_are_sent_before_the_time_is_over(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    int applies = desk->n_calls[SCRIPT_APPLY];
    for (int64_t offset = 1; offset < 3; offset++)
        assert_int_equal(desk_view(desk, offset, "a", T0 + offset * 60000), 0);
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_APPLY], applies);
    assert_int_equal(desk_view(desk, 3, "a", T0 + 3 * 60000), 0);
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_APPLY], applies + 1);
}

static void a_shard_without_events_is_moved_on_after_a_second(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    ingest_advance(desk->ingest, 0, 9);
    ingest_advance(desk->ingest, 0, 5);
    desk_pass(desk, 999);
    assert_int_equal(desk_send(desk), 0);
    desk_pass(desk, 1);
    desk_run(desk);
    assert_int_equal(ingest_counted(desk->ingest, 0), 9);
    assert_int_equal(desk->n_calls[SCRIPT_APPLY], DESK_SHARDS);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], DESK_SHARDS);
}

static void the_newest_time_is_claimed_when_every_shard_has_counted_it(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    desk_pass(desk, 1);
    assert_true(ingest_slot(desk->ingest, 0).counted_newest_ms == NEVER);
    assert_int_equal(ingest_slot(desk->ingest, 0).newest_ms, T0);
    desk_pass(desk, 1000);
    desk_run(desk);
    desk_pass(desk, 1);
    assert_int_equal(ingest_slot(desk->ingest, 0).counted, 1);
    assert_int_equal(ingest_slot(desk->ingest, 0).counted_newest_ms, T0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(an_event_that_its_shard_has_is_read_and_not_counted_again),
        DESK_TEST(the_range_of_an_apply_starts_where_the_shard_stands),
        DESK_TEST(late_is_older_than_the_lanes_newest_less_reach_and_disorder),
        DESK_TEST(an_orders_lane_has_a_newest_time_of_its_own),
        DESK_TEST(a_rejected_message_is_counted_by_its_lane_once),
        DESK_TEST(a_topics_totals_are_of_what_shards_have_acknowledged),
        DESK_TEST(no_offset_is_passed_while_dead_letters_are_out),
        DESK_TEST(a_repeated_order_is_counted_as_a_duplicate_and_admits_nobody),
        DESK_TEST(an_order_is_decided_before_its_campaign_is_asked_about),
        DESK_TEST(one_id_twice_in_a_batch_is_one_order_and_one_record),
        DESK_TEST(a_record_that_somebody_else_has_changed_starts_everything_over),
        DESK_TEST(a_record_that_is_not_ours_is_never_written_over),
        DESK_TEST(an_order_without_a_campaign_is_unattributed),
        DESK_TEST(campaigns_beyond_the_limit_are_counted_together),
        DESK_TEST(a_price_change_cuts_slice_and_total),
        DESK_TEST(a_price_change_within_a_base_slice_cuts_it),
        DESK_TEST(many_cells_are_sent_before_the_time_is_over),
        DESK_TEST(a_shard_without_events_is_moved_on_after_a_second),
        DESK_TEST(the_newest_time_is_claimed_when_every_shard_has_counted_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
