/* Ingest: from an assignment to known positions, what goes wrong, and giving partitions up. */
#include <errno.h>

#include "tests/lib/ingest/desk.h"

static void a_new_partition_is_registered_opened_everywhere_and_only_then_ready(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 7 new none/300000/1000";
    for (size_t i = 0; i < DESK_FEEDS; i++)
        desk->stands[i][0][0].offset = desk->stands[i][0][1].offset = 7;
    desk_assign(desk, 1);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_REGISTERING);
    assert_int_equal(desk_send(desk), 1);
    assert_true(span_equal(call_get(&desk->calls[0], 1), span_of("mixed:0")));
    assert_true(span_equal(call_get(&desk->calls[0], 2), span_of("3")));
    assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_OPENING);
    assert_int_equal(desk_send(desk), DESK_FEEDS);
    for (int i = 1; i < DESK_FEEDS; i++) {
        assert_int_equal(desk_reply(desk), 0);
        assert_int_equal(desk_send(desk), 0);
    }
    assert_int_equal(desk_reply(desk), 0);
    /* The registry's start holds, not ours. */
    assert_int_equal(read_i64(call_get(&desk->opened, 3).data), 7);
    assert_int_equal(desk_send(desk), 1);
    assert_true(span_equal(call_get(&desk->calls[0], 3), span_of("0 7 ready none/300000/1000")));
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
    assert_int_equal(ingest_position(desk->ingest, 0), 7);
    assert_int_equal(ingest_counted(desk->ingest, 0), 7);
    assert_true(ingest_wants_input(desk->ingest));
}

static void a_ready_partition_is_not_opened_again(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 2);
    assert_int_equal(desk->n_calls[SCRIPT_OPEN_LANE], 0);
    assert_int_equal(desk->n_calls[SCRIPT_REGISTER], 2);
}

static void a_ready_partition_unknown_to_a_shard_is_lost(void **state)
{
    struct desk *desk = *state;
    desk->stands[3][0][0].offset = LANE_UNSET;
    desk_assign(desk, 1);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_LOST);
    assert_string_equal(ingest_fault(desk->ingest),
                        "shard 3 has no position of mixed:0, which is registered");
    assert_false(ingest_wants_input(desk->ingest));
}

static void a_shard_without_a_vector_is_lost(void **state)
{
    struct desk *desk = *state;
    desk->no_vectors = true;
    desk_assign(desk, 1);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_LOST);
}

static void a_partition_is_read_from_the_least_offset_of_both_its_lanes(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < DESK_FEEDS; i++) {
        desk->stands[i][0][LANE_TOUCH].offset = 9;
        desk->stands[i][0][LANE_ORDER].offset = i == 1 ? 4 : 5;
    }
    desk_open(desk, 1);
    assert_int_equal(ingest_position(desk->ingest, 0), 4);
    assert_int_equal(ingest_counted(desk->ingest, 0), 4);
}

static void a_registry_that_makes_no_sense_breaks(void **state)
{
    struct desk *desk = *state;
    desk->registry[0] = "0 x";
    desk_assign(desk, 1);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
    assert_string_equal(ingest_fault(desk->ingest), "the lane registry's entry of mixed:0 is malformed");
    desk->registry[0] = "0 0 ready none/300000/1000";
    ingest_restart(desk->ingest);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
    assert_string_equal(ingest_fault(desk->ingest), "");
}

static void partitions_are_taken_only_when_idle(void **state)
{
    struct desk *desk = *state;
    const struct ingest_partition partition = {"mixed", 1, EVENT_NONE, 0};
    desk_open(desk, 1);
    assert_int_equal(ingest_assign(desk->ingest, &partition, 1), -EBUSY);
    ingest_revoke(desk->ingest, true);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
    assert_int_equal(ingest_assign(desk->ingest, NULL, 0), 0);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
}

static void a_refusal_starts_over_from_the_vectors(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    uint64_t epoch = ingest_epoch(desk->ingest);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    for (size_t i = 0; i < DESK_FEEDS; i++)
        for (int lane = 0; lane < 2; lane++)
            desk->stands[i][0][lane] = (struct lane_mark){40, T0};
    desk->verdict = "refused";
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
    assert_int_equal(ingest_epoch(desk->ingest), epoch + 1);
    assert_int_equal(ingest_position(desk->ingest, 0), 40);
    assert_int_equal(ingest_counts(desk->ingest).refused, 1);
    desk->verdict = "ok";
    desk_pass(desk, 2000);
    assert_int_equal(desk_send(desk), 0);
}

static void what_is_in_flight_is_waited_for_before_starting_over(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    desk_pass(desk, 1000);
    assert_int_equal(desk_send(desk), DESK_FEEDS);
    desk->verdict = "refused";
    assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_SETTLING);
    assert_int_equal(desk_send(desk), 0);
    for (int i = 1; i < DESK_FEEDS; i++)
        assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_REGISTERING);
}

static void a_shard_has_one_call_in_flight(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    desk_pass(desk, 1000);
    assert_int_equal(desk_send(desk), DESK_FEEDS);
    assert_int_equal(desk_view(desk, 1, "a", T0), 0);
    desk_pass(desk, 5000);
    assert_int_equal(desk_send(desk), 0);
    assert_int_equal(ingest_in_flight(desk->ingest), DESK_FEEDS);
}

static void a_lost_answer_breaks_and_a_restart_recovers(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    assert_int_equal(desk_send(desk), 1);
    assert_int_equal(ingest_reply(desk->ingest, desk->tags[0], NULL), 0);
    desk->n = 0;
    assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
    assert_string_equal(ingest_fault(desk->ingest), "the connection was lost with calls in flight");
    ingest_restart(desk->ingest);
    desk_run(desk);
    assert_int_equal(ingest_position(desk->ingest, 0), 0);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_IMPRESSIONS), 1);
}

static void the_error_line_of_the_store_is_the_fault(void **state)
{
    struct desk *desk = *state;
    const struct reply error = {.type = REPLY_ERROR, .text = span_of("OOM command not allowed")};
    desk_assign(desk, 1);
    assert_int_equal(desk_send(desk), 1);
    assert_int_equal(ingest_reply(desk->ingest, desk->tags[0], &error), 0);
    desk->n = 0;
    assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
    assert_string_equal(ingest_fault(desk->ingest), "OOM command not allowed");
    assert_int_equal(ingest_reply(desk->ingest, desk->tags[0], &error), -EINVAL);
}

static void a_vector_that_is_gone_is_loss_also_while_running(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    desk->verdict = "lost";
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_LOST);
}

static void draining_sends_everything_at_once_and_becomes_idle(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    ingest_revoke(desk->ingest, true);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_DRAINING);
    assert_false(ingest_wants_input(desk->ingest));
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 1);
    assert_int_equal(desk->n_calls[SCRIPT_APPLY], DESK_SHARDS);
}

static void a_refusal_while_draining_becomes_idle_and_not_running(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    desk_run(desk);
    ingest_revoke(desk->ingest, true);
    desk->verdict = "refused";
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
}

static void a_lost_connection_or_a_restart_while_draining_becomes_idle(void **state)
{
    struct desk *desk = *state;
    for (int restart = 0; restart < 2; restart++) {
        desk_open(desk, 1);
        assert_int_equal(desk_view(desk, 0, "a", T0), 0);
        desk_run(desk);
        ingest_revoke(desk->ingest, true);
        assert_true(desk_send(desk) > 0);
        if (restart)
            ingest_restart(desk->ingest);
        while (desk->n > 0)
            assert_int_equal(ingest_reply(desk->ingest, desk->tags[--desk->n], NULL), 0);
        assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
        assert_int_equal(ingest_in_flight(desk->ingest), 0);
    }
}

static void giving_up_without_flushing_drops_what_is_pending(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0), 0);
    assert_int_equal(desk_send(desk), 1);
    ingest_revoke(desk->ingest, false);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_SETTLING);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_IDLE);
    assert_int_equal(desk->n_calls[SCRIPT_APPLY], 0);
}

static void phases_have_names(void **state)
{
    (void)state;
    assert_string_equal(ingest_phase_name(INGEST_IDLE), "idle");
    assert_string_equal(ingest_phase_name(INGEST_LOST), "lost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_new_partition_is_registered_opened_everywhere_and_only_then_ready),
        DESK_TEST(a_ready_partition_is_not_opened_again),
        DESK_TEST(a_ready_partition_unknown_to_a_shard_is_lost),
        DESK_TEST(a_shard_without_a_vector_is_lost),
        DESK_TEST(a_partition_is_read_from_the_least_offset_of_both_its_lanes),
        DESK_TEST(a_registry_that_makes_no_sense_breaks),
        DESK_TEST(partitions_are_taken_only_when_idle),
        DESK_TEST(a_refusal_starts_over_from_the_vectors),
        DESK_TEST(what_is_in_flight_is_waited_for_before_starting_over),
        DESK_TEST(a_shard_has_one_call_in_flight),
        DESK_TEST(a_lost_answer_breaks_and_a_restart_recovers),
        DESK_TEST(the_error_line_of_the_store_is_the_fault),
        DESK_TEST(a_vector_that_is_gone_is_loss_also_while_running),
        DESK_TEST(draining_sends_everything_at_once_and_becomes_idle),
        DESK_TEST(a_refusal_while_draining_becomes_idle_and_not_running),
        DESK_TEST(a_lost_connection_or_a_restart_while_draining_becomes_idle),
        DESK_TEST(giving_up_without_flushing_drops_what_is_pending),
        cmocka_unit_test(phases_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
