/* Ingest: a partition that was read by other rules than ours. Ours are none/300000/1000. */
#include "tests/lib/ingest/desk.h"

enum { RANGE_SIZE = 28, N_FEEDS = DESK_FEEDS };

/* Every shard stands at an offset of partition 0, under a term. */
static void stand(struct desk *desk, size_t feed, int64_t term, int64_t offset)
{
    for (size_t lane = 0; lane < LANES_PER_PARTITION; lane++)
        desk->stands[feed][0][lane] = (struct lane_mark){lane_position(term, offset), NEVER};
}

static void stand_all(struct desk *desk, int64_t term, int64_t offset)
{
    for (size_t feed = 0; feed < N_FEEDS; feed++)
        stand(desk, feed, term, offset);
}

static void assign_typed(struct desk *desk, enum event_type type)
{
    const struct ingest_partition partition = {"mixed", 0, type, 3};
    desk_pass(desk, 0);
    assert_int_equal(ingest_assign(desk->ingest, &partition, 1), 0);
}

/* Answers until the vectors are read. */
static void answer_until_levelling(struct desk *desk)
{
    while (ingest_phase(desk->ingest) != INGEST_LEVELLING) {
        (void)desk_send(desk);
        assert_int_equal(desk_reply(desk), 0);
    }
}

static void assert_written(const struct desk *desk, const char *before, const char *after)
{
    assert_int_equal(desk->command.script, SCRIPT_SET_LANE);
    assert_true(span_equal(call_get(&desk->command, 1), span_of("mixed:0")));
    assert_true(span_equal(call_get(&desk->command, 2), span_of(before)));
    assert_true(span_equal(call_get(&desk->command, 3), span_of(after)));
}

/* An event of no type, which is a click as well as an order, padded to a size. */
static int read_untyped(struct desk *desk, int64_t offset, const char *order_id, int64_t ts_ms, size_t size)
{
    char text[600];
    int n = snprintf(text, sizeof(text), "{\"ts\":%ld,\"campaign_id\":\"a\",\"revenue\":5%s%s%s", (long)ts_ms,
                     order_id ? ",\"order_id\":\"" : "", order_id ? order_id : "", order_id ? "\"" : "");
    snprintf(text + n, sizeof(text) - (size_t)n, "%*s}", size > (size_t)n + 1 ? (int)size - n - 1 : 0, "");
    int r = ingest_message(desk->ingest, 0, offset, T0, (struct span){0}, span_of(text));
    assert_int_equal(ingest_batch_end(desk->ingest), 0);
    desk_run(desk);
    return r;
}

static void where_the_shards_are_level_our_rules_are_written_at_once(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000/500";
    stand_all(desk, 0, 4);
    desk_open(desk, 1);
    assert_written(desk, "0 0 ready none/300000/500", "0 0 ready none/300000/1000 1");
    assert_int_equal(ingest_position(desk->ingest, 0), 4);
    assert_int_equal(desk->n_calls[SCRIPT_SET_LANE], 1);
}

static void every_shard_is_moved_to_a_new_term_before_the_registry_is_written(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000/500 2";
    for (size_t feed = 0; feed < N_FEEDS; feed++)
        stand(desk, feed, 2, 4 + (int64_t)feed);
    desk_assign(desk, 1);
    answer_until_levelling(desk);
    assert_int_equal(desk_send(desk), N_FEEDS);
    for (size_t feed = 0; feed < N_FEEDS; feed++) {
        const struct call *call = &desk->calls[feed];
        struct span ranges = call_get(call, call->n_keys);
        static const enum script scripts[] = {SCRIPT_APPLY, SCRIPT_DECIDE, SCRIPT_KEEP};
        assert_int_equal(call->script, scripts[feed / DESK_SHARDS]);
        assert_int_equal(ranges.size, LANES_PER_PARTITION * RANGE_SIZE);
        for (size_t lane = 0; lane < LANES_PER_PARTITION; lane++) {
            const char *range = ranges.data + lane * RANGE_SIZE;
            assert_int_equal(read_u32(range), lane);
            assert_int_equal(read_i64(range + 4), lane_position(2, 4 + (int64_t)feed));
            assert_int_equal(read_i64(range + 12), lane_position(3, 4 + (int64_t)feed));
            assert_true(read_i64(range + 20) == NEVER);
        }
    }
    for (int i = 1; i < N_FEEDS; i++) {
        assert_int_equal(desk_reply(desk), 0);
        assert_int_equal(desk_send(desk), 0);
    }
    assert_int_equal(desk_reply(desk), 0);
    assert_false(ingest_wants_input(desk->ingest));
    assert_int_equal(desk_send(desk), 1);
    assert_int_equal(desk->calls[0].script, SCRIPT_SET_LANE);
    assert_false(ingest_wants_input(desk->ingest));
    assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
    assert_true(ingest_wants_input(desk->ingest));
    assert_written(desk, "0 0 ready none/300000/500 2", "0 0 ready none/300000/500<9:none/300000/1000 3");
}

static void what_the_furthest_shard_has_is_read_by_the_rules_before(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready click/300000/200";
    stand_all(desk, 0, 4);
    stand(desk, DESK_SHARDS, 0, 6);
    assign_typed(desk, EVENT_CLICK);
    desk_run(desk);
    assert_written(desk, "0 0 ready click/300000/200", "0 0 ready click/300000/200<6:click/300000/1000 1");
    assert_int_equal(read_untyped(desk, 4, NULL, T0, 200), 0);
    assert_int_equal(read_untyped(desk, 5, NULL, T0, 201), REJECT_TOO_LARGE);
    assert_int_equal(read_untyped(desk, 6, NULL, T0, 201), 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS), 2);
    assert_int_equal(desk_lane(desk, 0, LANE_REJECTED + REJECT_TOO_LARGE - 1), 1);
}

static void what_is_future_changes_at_the_boundary(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready click/1000/1000";
    stand(desk, DESK_SHARDS, 0, 2);
    assign_typed(desk, EVENT_CLICK);
    desk_run(desk);
    assert_int_equal(read_untyped(desk, 0, NULL, T0 + 1000, 0), 0);
    assert_int_equal(read_untyped(desk, 1, NULL, T0 + 1001, 0), REJECT_FUTURE);
    assert_int_equal(read_untyped(desk, 2, NULL, T0 + 1001, 0), 0);
    assert_int_equal(read_untyped(desk, 3, NULL, T0 + 300001, 0), REJECT_FUTURE);
}

static void a_topic_of_clicks_becomes_one_of_orders_at_the_boundary(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready click/300000/1000";
    stand(desk, DESK_SHARDS, 0, 2);
    assign_typed(desk, EVENT_ORDER);
    desk_run(desk);
    assert_written(desk, "0 0 ready click/300000/1000", "0 0 ready click/300000/1000<2:order/300000/1000 1");
    int decided = desk->n_calls[SCRIPT_DECIDE];
    assert_int_equal(read_untyped(desk, 0, "o1", T0, 0), 0);
    assert_int_equal(read_untyped(desk, 1, NULL, T0, 0), 0);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], decided);
    assert_int_equal(read_untyped(desk, 2, NULL, T0, 0), REJECT_MISSING_FIELD);
    assert_int_equal(read_untyped(desk, 3, "o1", T0, 0), 0);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], decided + 1);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS), 2);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 1);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 5000000);
    assert_int_equal(desk_lane(desk, 0, LANE_CLICKS), 2);
    assert_int_equal(desk_lane(desk, 1, LANE_ORDERS), 1);
    /* By the new rules it is the lane of orders that counts a rejection. */
    assert_int_equal(desk_lane(desk, 1, LANE_REJECTED + REJECT_MISSING_FIELD - 1), 1);
}

static void a_rejection_is_counted_by_the_lane_of_the_rules_that_hold(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready order/300000/1000";
    stand(desk, DESK_SHARDS, 0, 1);
    assign_typed(desk, EVENT_NONE);
    desk_run(desk);
    assert_int_equal(read_untyped(desk, 0, NULL, T0, 0), REJECT_MISSING_FIELD);
    assert_int_equal(read_untyped(desk, 1, NULL, T0, 0), REJECT_UNKNOWN_TYPE);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_lane(desk, 1, LANE_REJECTED + REJECT_MISSING_FIELD - 1), 1);
    assert_int_equal(desk_lane(desk, 0, LANE_REJECTED + REJECT_UNKNOWN_TYPE - 1), 1);
}

static void steps_that_end_with_our_rules_are_followed_and_left_alone(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready click/300000/110<1:click/300000/120<2:none/300000/1000 2";
    stand_all(desk, 2, 0);
    desk_open(desk, 1);
    assert_int_equal(desk->n_calls[SCRIPT_SET_LANE] + desk->n_calls[SCRIPT_APPLY], 0);
    assert_int_equal(read_untyped(desk, 0, NULL, T0, 115), REJECT_TOO_LARGE);
    assert_int_equal(read_untyped(desk, 1, NULL, T0, 115), 0);
    assert_int_equal(read_untyped(desk, 2, NULL, T0, 115), REJECT_UNKNOWN_TYPE);
}

static void steps_that_every_shard_has_passed_are_taken_out_and_no_shard_is_moved(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready click/300000/200<6:none/300000/1000 2";
    stand_all(desk, 2, 6);
    stand(desk, 1, 2, 9);
    desk_open(desk, 1);
    assert_written(desk, desk->registry[0], "0 0 ready none/300000/1000 2");
    assert_int_equal(desk->n_calls[SCRIPT_APPLY] + desk->n_calls[SCRIPT_DECIDE], 0);
}

static void what_is_applied_carries_the_term(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000/500";
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    const struct call *apply = &desk->apply[desk_shard("a")];
    struct span ranges = call_get(apply, apply->n_keys);
    assert_int_equal(read_i64(ranges.data + 4), lane_position(1, 0));
    assert_int_equal(read_i64(ranges.data + 12), lane_position(1, 1));
    assert_int_equal(ingest_counted(desk->ingest, 0), 0);
    desk_pass(desk, 1000);
    desk_run(desk);
    assert_int_equal(ingest_counted(desk->ingest, 0), 1);
}

static void shards_ahead_of_the_registry_are_moved_beyond_all_of_them(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000/1000 1";
    stand_all(desk, 1, 4);
    stand(desk, 1, 3, 6);
    desk_open(desk, 1);
    assert_written(desk, desk->registry[0], "0 0 ready none/300000/1000 4");
    assert_int_equal(desk->n_calls[SCRIPT_APPLY], DESK_SHARDS);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], DESK_SHARDS);
}

static void only_the_partitions_that_need_it_are_moved(void **state)
{
    struct desk *desk = *state;
    desk->registry[1] = "1 0 ready none/300000/500";
    desk_assign(desk, 2);
    answer_until_levelling(desk);
    assert_int_equal(desk_send(desk), N_FEEDS);
    struct span ranges = call_get(&desk->calls[0], desk->calls[0].n_keys);
    assert_int_equal(ranges.size, LANES_PER_PARTITION * RANGE_SIZE);
    assert_int_equal(read_u32(ranges.data), LANES_PER_PARTITION);
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_SET_LANE], 1);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
}

static void a_shard_that_has_moved_on_starts_everything_over(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000/500";
    desk_assign(desk, 1);
    answer_until_levelling(desk);
    (void)desk_send(desk);
    desk->verdict = "refused";
    assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_SETTLING);
    while (desk->n > 0)
        assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_REGISTERING);
    assert_int_equal(desk->n_calls[SCRIPT_SET_LANE], 0);
    assert_int_equal(ingest_counts(desk->ingest).refused, 1);
}

static void a_registry_that_somebody_else_has_changed_is_read_again(void **state)
{
    static const char *const entries[] = {"0 0 ready none/300000/500", "0 0 new none/300000/1000"};
    struct desk *desk = *state;
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        desk->registry[0] = entries[i];
        desk->unchanged = 0;
        desk_assign(desk, 1);
        for (int calls = desk->n_calls[SCRIPT_SET_LANE]; desk->n_calls[SCRIPT_SET_LANE] == calls;) {
            (void)desk_send(desk);
            assert_int_equal(desk_reply(desk), 0);
        }
        assert_int_equal(ingest_phase(desk->ingest), INGEST_REGISTERING);
        desk->registry[0] = "0 0 ready none/300000/1000";
        desk_run(desk);
        assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
        ingest_revoke(desk->ingest, false);
    }
}

static void a_vector_that_goes_while_levelling_is_loss(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000/500";
    desk->verdict = "lost";
    desk_assign(desk, 1);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_LOST);
    assert_int_equal(desk->n_calls[SCRIPT_SET_LANE], 0);
}

static void an_answer_that_makes_no_sense_breaks_the_levelling(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000/500";
    desk->verdict = "what";
    desk_assign(desk, 1);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
    assert_string_equal(ingest_fault(desk->ingest), "a shard gave an answer that is not understood");
}

static void rules_that_cannot_be_read_break(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 0 ready none/300000";
    desk_assign(desk, 1);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
    assert_string_equal(ingest_fault(desk->ingest),
                        "the rules in the lane registry's entry of mixed:0 are malformed");
}

static void too_many_changes_break_until_the_last_rules_are_back(void **state)
{
    static const char *const entries[] = {
        "0 0 ready none/1/1<1:none/1/2<2:none/1/3<3:none/1/4<4:none/1/5<5:none/1/6<6:none/1/7<7:none/1/8 7",
        "0 0 ready none/300000/500 32767",
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        desk->registry[0] = entries[i];
        stand_all(desk, i ? LANE_TERM_MAX : 7, 0);
        stand(desk, 1, i ? LANE_TERM_MAX : 7, 9);
        desk_assign(desk, 1);
        desk_run(desk);
        assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
        assert_string_equal(
            ingest_fault(desk->ingest),
            "what decides the counting of mixed:0 has changed too often before its shards were "
            "level; go back to the last rules for a moment");
        assert_int_equal(desk->n_calls[SCRIPT_APPLY] + desk->n_calls[SCRIPT_SET_LANE], 0);
        ingest_revoke(desk->ingest, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(where_the_shards_are_level_our_rules_are_written_at_once),
        DESK_TEST(every_shard_is_moved_to_a_new_term_before_the_registry_is_written),
        DESK_TEST(what_the_furthest_shard_has_is_read_by_the_rules_before),
        DESK_TEST(what_is_future_changes_at_the_boundary),
        DESK_TEST(a_topic_of_clicks_becomes_one_of_orders_at_the_boundary),
        DESK_TEST(a_rejection_is_counted_by_the_lane_of_the_rules_that_hold),
        DESK_TEST(steps_that_end_with_our_rules_are_followed_and_left_alone),
        DESK_TEST(steps_that_every_shard_has_passed_are_taken_out_and_no_shard_is_moved),
        DESK_TEST(what_is_applied_carries_the_term),
        DESK_TEST(shards_ahead_of_the_registry_are_moved_beyond_all_of_them),
        DESK_TEST(only_the_partitions_that_need_it_are_moved),
        DESK_TEST(a_shard_that_has_moved_on_starts_everything_over),
        DESK_TEST(a_registry_that_somebody_else_has_changed_is_read_again),
        DESK_TEST(a_vector_that_goes_while_levelling_is_loss),
        DESK_TEST(an_answer_that_makes_no_sense_breaks_the_levelling),
        DESK_TEST(rules_that_cannot_be_read_break),
        DESK_TEST(too_many_changes_break_until_the_last_rules_are_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
