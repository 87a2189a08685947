#include "tests/lib/evaluate/goals_world.h"

static void a_breach_fires_and_resolves_once_under_one_id(void **state)
{
    struct world *world = *state;
    world_settle(world);
    assert_state(world, "ok");
    assert_int_equal(alerts(world)->n_entries, 0);
    spend(world, T0, 60);
    pass_minutes(world, 1, 3);
    assert_state(world, "firing");
    assert_true(world_says(world, "spring-sale", NULL, "goal:budget", "\"value\":\"60.000000\""));
    assert_int_equal(alerts(world)->n_entries, 1);
    pass_minutes(world, 4, 9);
    assert_state(world, "ok");
    assert_int_equal(alerts(world)->n_entries, 2);
    assert_alert(world, 0, "state", "firing");
    assert_alert(world, 0, "campaign", "spring-sale");
    assert_alert(world, 0, "cost_micros", "60000000");
    assert_alert(world, 0, "at_ms", "1795300260000");
    assert_alert(world, 1, "state", "resolved");
    assert_alert(world, 1, "since_ms", "1795300260000");
    assert_true(span_equal(alert_field(world, 0, "id"), alert_field(world, 1, "id")));
    assert_int_equal(world->store.n_published, 2);
    assert_int_equal(world_stats(world).n_alerts, 2);
    assert_int_equal(world_stats(world).n_goals[GOAL_OK], 1);
    assert_true(evaluator_idle(world->evaluator));
}

static void a_goal_without_change_is_not_stored_again(void **state)
{
    struct world *world = *state;
    world_settle(world);
    size_t n_written = world->store.n_written;
    pass_minutes(world, 1, 20);
    assert_int_equal(world->store.n_written, n_written);
}

static void a_goal_is_judged_when_as_of_passes_a_minute_edge(void **state)
{
    struct world *world = *state;
    world_settle(world);
    spend(world, T0 + 1000, 60);
    world_as_of(world, T0 + MINUTE_MS - 1);
    world_settle(world);
    assert_int_equal(world_number(world, "spring-sale", "5m", "cost_micros"), 60 * MICROS);
    assert_state(world, "ok");
    world_as_of(world, T0 + MINUTE_MS);
    world_settle(world);
    assert_state(world, "firing");
}

/* An edge is passed with what was known then: a window that is not cut at the edge holds what came later. */
static void data_that_comes_behind_an_edge_is_judged_at_the_next(void **state)
{
    struct world *world = *state;
    assert_int_equal(window_parse(span_of("total"), &world->goals[0].window), 0);
    world->goals[0].for_ms = 2 * MINUTE_MS;
    pass_minutes(world, 0, 2);
    int64_t newest_ms = world->newest_ms;
    spend(world, T0 + 12 * MINUTE_MS, 60);
    world->newest_ms = newest_ms; /* its lane has counted it, another has not come so far */
    world_set_vectors(world);
    world_settle(world);
    assert_int_equal(world_number(world, "spring-sale", "total", "cost_micros"), 60 * MICROS);
    assert_state(world, "ok");
    pass_minutes(world, 12, 13);
    assert_state(world, "pending");
    pass_minutes(world, 14, 14);
    assert_state(world, "firing");
    assert_alert(world, 0, "since_ms", "1795300920000");
}

/* as_of moves on right after the judgement, and then not again: as at the end of a finished log.
 */
static void a_breach_that_ends_between_two_ticks_is_resolved(void **state)
{
    struct world *world = *state;
    world_settle(world);
    spend(world, T0, 60);
    world_as_of(world, T0 + MINUTE_MS);
    world_tick(world);
    world_as_of(world, T0 + 20 * MINUTE_MS);
    world_settle(world);
    assert_state(world, "ok");
    assert_int_equal(alerts(world)->n_entries, 2);
    assert_alert(world, 1, "state", "resolved");
}

static void waiting_goes_on_through_a_takeover(void **state)
{
    struct world *world = *state;
    world->goals[0].for_ms = 3 * MINUTE_MS;
    spend(world, T0, 60);
    pass_minutes(world, 1, 2);
    assert_state(world, "pending");
    evaluator_free(world->evaluator);
    world->evaluator = world_evaluator(world, 0);
    pass_minutes(world, 3, 3);
    assert_state(world, "pending");
    pass_minutes(world, 4, 4);
    assert_state(world, "firing");
    assert_alert(world, 0, "since_ms", "1795300260000");
    assert_alert(world, 0, "at_ms", "1795300440000");
}

/* An evaluator may begin with an as_of before the one that its predecessor had last: it knows only what that one
 * saved, and not yet how far the idle lanes are. */
static void who_begins_before_the_last_change_judges_when_time_has_come_to_it(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    assert_int_equal(window_parse(span_of("total"), &world->goals[0].window), 0);
    pass_minutes(world, 1, 8);
    spend(world, T0 + 8 * MINUTE_MS, 60);
    pass_minutes(world, 9, 9);
    assert_state(world, "firing");
    evaluator_free(world->evaluator);
    layout_common_key(&world->layout, "shards", &key);
    value_clear(store_make(&world->store, buffer_span(&key)));
    spend(world, T0 + 8 * MINUTE_MS, -20);
    world_as_of(world, T0 + 5 * MINUTE_MS);
    world->evaluator = world_evaluator(world, 0);
    world_settle(world);
    assert_state(world, "firing");
    pass_minutes(world, 9, 9);
    assert_state(world, "ok");
    assert_int_equal(alerts(world)->n_entries, 2);
}

static void two_evaluators_send_one_alert(void **state)
{
    struct world *world = *state;
    struct evaluator *other = world_evaluator(world, 0);
    for (int minute = 0; minute < 12; minute++) {
        if (minute == 2)
            spend(world, T0 + MINUTE_MS, 60);
        world_as_of(world, T0 + minute * MINUTE_MS);
        for (int i = 0; i < 8; i++) {
            /* Both ask before either has its answer. */
            uint64_t tag[2];
            struct call calls[2];
            world->now_ms += 250;
            world->steady_ms += 250;
            evaluator_tick(world->evaluator, world->now_ms, world->steady_ms);
            evaluator_tick(other, world->now_ms, world->steady_ms);
            for (int busy = 1; busy;) {
                struct evaluator *both[] = {world->evaluator, other};
                busy = 0;
                bool asked[2] = {false};
                for (int k = 0; k < 2; k++) {
                    call_init(&calls[k]);
                    asked[k] = evaluator_next(both[k], &calls[k], &tag[k]) == 1;
                    busy += asked[k];
                }
                for (int k = 0; k < 2; k++) {
                    struct reply reply = asked[k] ? world_answer(world, &calls[k]) : (struct reply){0};
                    if (asked[k])
                        assert_int_equal(evaluator_reply(both[k], tag[k], &reply), 0);
                    call_deinit(&calls[k]);
                }
            }
        }
    }
    struct evaluator_stats stats;
    evaluator_get_stats(other, &stats);
    assert_true(stats.n_lost_compares + world_stats(world).n_lost_compares > 0);
    /* At least once each; every id and state together is one alert. */
    size_t n = alerts(world)->n_entries;
    assert_true(n >= 2);
    for (size_t i = 0; i < n; i++)
        assert_true(span_equal(alert_field(world, i, "id"), alert_field(world, 0, "id")));
    assert_alert(world, 0, "state", "firing");
    assert_alert(world, n - 1, "state", "resolved");
    evaluator_free(other);
}

/* The call whose reply is lost: from the tick at which the goal fires, each in turn. */
static void a_lost_reply_anywhere_loses_no_alert_and_makes_no_second(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 60; lost++) {
        void *fresh;
        world_setup(&fresh);
        struct world *world = fresh;
        world_settle(world);
        spend(world, T0, 60);
        world_as_of(world, T0 + MINUTE_MS);
        size_t first = world->store.n_calls;
        for (int i = 0; i < 16; i++) {
            uint64_t tag;
            world->now_ms += 250;
            world->steady_ms += 250;
            evaluator_tick(world->evaluator, world->now_ms, world->steady_ms);
            while (evaluator_next(world->evaluator, &world->call, &tag) == 1) {
                struct reply reply = world_answer(world, &world->call);
                if (world->store.n_calls - first == lost + 1)
                    evaluator_fail(world->evaluator, tag);
                else
                    assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
            }
        }
        world_settle(world);
        assert_state(world, "firing");
        assert_in_range(alerts(world)->n_entries, 1, 2);
        for (size_t i = 0; i < alerts(world)->n_entries; i++)
            assert_true(span_equal(alert_field(world, i, "id"), alert_field(world, 0, "id")));
        assert_true(evaluator_idle(world->evaluator));
        world_teardown(&fresh);
    }
}

/* Runs an evaluator up to the call that stores goals, which is left unanswered. */
static uint64_t run_to_goal_call(struct world *world, struct evaluator *evaluator, struct call *call)
{
    for (int i = 0; i < 8; i++) {
        uint64_t tag;
        world->now_ms += 250;
        world->steady_ms += 250;
        evaluator_tick(evaluator, world->now_ms, world->steady_ms);
        while (evaluator_next(evaluator, call, &tag) == 1) {
            if (call->script == SCRIPT_GOAL)
                return tag;
            struct reply reply = world_answer(world, call);
            assert_int_equal(evaluator_reply(evaluator, tag, &reply), 0);
        }
    }
    fail_msg("nothing was judged");
    return 0;
}

/* Who judged at an earlier edge stores last-minute news just before who judged at the last edge of a log. */
static void a_lost_compare_is_judged_again_at_the_same_edge(void **state)
{
    struct world *world = *state;
    struct evaluator *slow = world_evaluator(world, 0);
    struct call slow_call, call;
    call_init(&slow_call);
    call_init(&call);
    spend(world, T0, 60);
    world_as_of(world, T0 + MINUTE_MS);
    uint64_t slow_tag = run_to_goal_call(world, slow, &slow_call);
    world_as_of(world, T0 + 20 * MINUTE_MS);
    uint64_t tag = run_to_goal_call(world, world->evaluator, &call);
    struct reply reply = world_answer(world, &slow_call);
    assert_int_equal(evaluator_reply(slow, slow_tag, &reply), 0);
    reply = world_answer(world, &call);
    assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
    evaluator_free(slow);
    world_settle(world);
    assert_int_equal(world_stats(world).n_lost_compares, 1);
    assert_int_equal(alerts(world)->n_entries, 2);
    assert_alert(world, 0, "state", "firing");
    assert_alert(world, 1, "state", "resolved");
    assert_state(world, "ok");
    call_deinit(&slow_call);
    call_deinit(&call);
}

static void a_goal_that_is_no_longer_configured_is_resolved_and_forgotten(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    spend(world, T0, 60);
    pass_minutes(world, 1, 1);
    assert_state(world, "firing");
    struct rule_book copy = world->book;
    evaluator_set_book(world->evaluator, &copy);
    world->configured[0].n_goals = 0;
    world_settle(world);
    assert_int_equal(alerts(world)->n_entries, 2);
    assert_alert(world, 1, "state", "resolved");
    assert_alert(world, 1, "summary", "spring-sale: goal budget is no longer configured");
    assert_true(span_equal(alert_field(world, 0, "id"), alert_field(world, 1, "id")));
    world_key(world, layout_shard_of(&world->layout, span_of("spring-sale")), ":goals", &key);
    assert_int_equal(store_find(&world->store, buffer_span(&key))->n_pairs, 0);
    assert_state(world, "ok");
    evaluator_set_book(world->evaluator, &world->book);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_breach_fires_and_resolves_once_under_one_id),
        WORLD_TEST(a_goal_without_change_is_not_stored_again),
        WORLD_TEST(a_goal_is_judged_when_as_of_passes_a_minute_edge),
        WORLD_TEST(data_that_comes_behind_an_edge_is_judged_at_the_next),
        WORLD_TEST(a_breach_that_ends_between_two_ticks_is_resolved),
        WORLD_TEST(waiting_goes_on_through_a_takeover),
        WORLD_TEST(who_begins_before_the_last_change_judges_when_time_has_come_to_it),
        WORLD_TEST(two_evaluators_send_one_alert),
        WORLD_TEST(a_lost_compare_is_judged_again_at_the_same_edge),
        cmocka_unit_test(a_lost_reply_anywhere_loses_no_alert_and_makes_no_second),
        WORLD_TEST(a_goal_that_is_no_longer_configured_is_resolved_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
