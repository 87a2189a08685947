/* Goals and the pipeline's own while data is behind or absent. */
#include "tests/lib/evaluate/goals_world.h"

static void behind_goals_are_stale_and_the_pipeline_says_so_once(void **state)
{
    struct world *world = *state;
    world->book.clock = true;
    world_settle(world);
    assert_state(world, "ok");
    assert_int_equal(alerts(world)->n_entries, 0);
    spend(world, T0, 60);
    world->now_ms += 601000;
    world_settle(world);
    assert_state(world, "stale");
    assert_int_equal(alerts(world)->n_entries, 1);
    assert_alert(world, 0, "goal", "pipeline");
    assert_alert(world, 0, "campaign", "");
    assert_alert(world, 0, "state", "firing");
    world_as_of(world, T0 + MINUTE_MS);
    world_settle(world);
    assert_state(world, "firing");
    assert_int_equal(alerts(world)->n_entries, 2);
    world_as_of(world, T0 + 12 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(alerts(world)->n_entries, 4);
    for (size_t i = 1; i < 4; i++)
        if (span_equal(alert_field(world, i, "goal"), span_of("pipeline")))
            assert_alert(world, i, "state", "resolved");
    assert_state(world, "ok");
}

static void a_firing_goal_stays_firing_while_no_data_comes(void **state)
{
    struct world *world = *state;
    world->book.clock = true;
    spend(world, T0, 60);
    pass_minutes(world, 1, 1);
    assert_state(world, "firing");
    world->now_ms += MINUTE_MS;
    evaluator_set_silent(world->evaluator, true);
    world_settle(world);
    assert_state(world, "firing");
    assert_true(world_says(world, "spring-sale", NULL, "goal:budget", "a topic is silent"));
    assert_int_equal(alerts(world)->n_entries, 2);
    assert_alert(world, 1, "goal", "pipeline");
    pass_minutes(world, 2, 9);
    assert_state(world, "firing");
    evaluator_set_silent(world->evaluator, false);
    pass_minutes(world, 10, 11);
    assert_state(world, "ok");
}

static void the_pipeline_fires_once_a_minute_at_most(void **state)
{
    struct world *world = *state;
    world->book.clock = true;
    world_settle(world);
    world->now_ms = T0 + 5 * MINUTE_MS;
    for (int i = 0; i < 3; i++) {
        evaluator_set_silent(world->evaluator, true);
        world_settle(world);
        evaluator_set_silent(world->evaluator, false);
        world_settle(world);
    }
    assert_int_equal(alerts(world)->n_entries, 2);
    evaluator_set_silent(world->evaluator, true);
    world->now_ms = T0 + 6 * MINUTE_MS;
    world_settle(world);
    assert_int_equal(alerts(world)->n_entries, 3);
    assert_alert(world, 2, "state", "firing");
    assert_false(span_equal(alert_field(world, 0, "id"), alert_field(world, 2, "id")));
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(behind_goals_are_stale_and_the_pipeline_says_so_once),
        WORLD_TEST(a_firing_goal_stays_firing_while_no_data_comes),
        WORLD_TEST(the_pipeline_fires_once_a_minute_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
