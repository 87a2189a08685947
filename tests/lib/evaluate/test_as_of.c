/* as_of: where it comes from, and what it moves. */
#include "tests/lib/evaluate/world.h"

static void time_alone_moves_windows_and_an_idle_campaign_costs_nothing(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0, 5, 700, 0);
    world_settle(world);
    for (int minute = 1; minute < 70; minute++) {
        world_as_of(world, T0 + minute * MINUTE_MS);
        world_settle(world);
        world_check(world, "a");
    }
    assert_int_equal(world_number(world, "a", "1h", "impressions"), 0);
    size_t n_written = world->store.n_written;
    world_as_of(world, T0 + 80 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(world->store.n_written, n_written);
    world_as_of(world, T0 + DAY_MS);
    world_settle(world);
    world_check(world, "a");
    assert_int_equal(world_number(world, "a", "today", "impressions"), 0);
    assert_int_equal(world_number(world, "a", "total", "impressions"), 5);
}

static void an_event_ahead_of_as_of_enters_when_its_slice_does(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0 + DISORDER_MS, 1, 0, 0);
    world_event(world, "a", T0 + DISORDER_MS + 2 * MINUTE_MS, 1, 0, 0);
    world->newest_ms = T0 + DISORDER_MS;
    world_set_vectors(world);
    world_settle(world);
    world_check(world, "a");
    assert_int_equal(world_number(world, "a", "5m", "impressions"), 1);
    world_as_of(world, T0 + DISORDER_MS + 2 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(world_number(world, "a", "5m", "impressions"), 2);
}

static void a_reader_that_is_at_the_end_lifts_as_of(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    world_event(world, "a", T0, 5, 0, 0);
    world_settle(world);
    layout_common_key(&world->layout, "marks", &key);
    struct value *marks = store_make(&world->store, buffer_span(&key));
    hash_set(marks, span_of("0"), span_of("1 1795300200000 1795300560000 1 1 1795300200000 1795300560000"));
    hash_set(marks, span_of("7"), span_of("nonsense"));
    hash_set(marks, span_of("99999999"), span_of("1 1 1 1 1 1 1"));
    world_settle(world);
    assert_int_equal(evaluator_as_of(world->evaluator, 0), T0 + 6 * MINUTE_MS);
    world_check(world, "a");
    assert_int_equal(world_number(world, "a", "5m", "impressions"), 0);
    hash_set(marks, span_of("0"), span_of("1 1 - - 1 1 -"));
    world_settle(world);
    assert_int_equal(evaluator_as_of(world->evaluator, 0), T0 + 6 * MINUTE_MS);
}

static void as_of_is_unknown_until_the_marks_are_there(void **state)
{
    struct world *world = *state;
    uint64_t tag, marks_tag = 0;
    for (int i = 0; i < 8; i++) {
        evaluator_tick(world->evaluator, world->now_ms, world->steady_ms += 250);
        while (evaluator_next(world->evaluator, &world->call, &tag) == 1) {
            if (span_equal(call_get(&world->call, 0), span_of("HGETALL"))) {
                marks_tag = tag;
                continue;
            }
            struct reply reply = world_answer(world, &world->call);
            assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
        }
    }
    assert_int_equal(evaluator_as_of(world->evaluator, 0), NEVER);
    struct reply none = {.type = REPLY_ARRAY};
    assert_int_equal(evaluator_reply(world->evaluator, marks_tag, &none), 0);
    world_settle(world);
    assert_int_equal(evaluator_as_of(world->evaluator, 0), T0);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(time_alone_moves_windows_and_an_idle_campaign_costs_nothing),
        WORLD_TEST(an_event_ahead_of_as_of_enters_when_its_slice_does),
        WORLD_TEST(a_reader_that_is_at_the_end_lifts_as_of),
        WORLD_TEST(as_of_is_unknown_until_the_marks_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
