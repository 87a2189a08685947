/* Spend and measures in the evaluator: loaded, followed, restated, moved by time. */
#include "tests/lib/evaluate/world.h"

static int64_t media(struct world *world, const char *campaign, const char *window)
{
    int64_t media_micros = world_number(world, campaign, window, "media_cost_micros");
    assert_int_equal(world_number(world, campaign, window, "cost_micros"), media_micros);
    return media_micros;
}

static void minute_passes(struct world *world)
{
    for (int i = 0; i < 31; i++)
        world_settle(world);
}

/* as_of is T0: 5m ends a minute after it, today and total a quarter hour. */
static void spend_is_loaded_with_the_cells_and_then_followed(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0, 1, 500, 0);
    world_spend(world, "a", "s1", T0, T0, 7 * MICROS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), 7 * MICROS + 500);
    assert_int_equal(media(world, "a", "total"), 7 * MICROS + 500);
    world_spend(world, "a", "s2", T0 - HOUR_MS, T0 + HOUR_MS, 120 * MICROS);
    world_spend(world, "b", "p", T0 - HOUR_MS, T0 - HOUR_MS, MICROS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), 12 * MICROS + 500);
    assert_int_equal(media(world, "a", "1h"), 67 * MICROS + 500);
    assert_int_equal(media(world, "a", "total"), 82 * MICROS + 500);
    assert_int_equal(media(world, "b", "5m"), 0);
    assert_int_equal(media(world, "b", "total"), MICROS);
    assert_non_null(pair_find(world_root(world, "campaigns"), span_of("b")));
    assert_int_equal(world_stats(world).n_reloads, N_SHARDS);
    assert_true(evaluator_idle(world->evaluator));
}

static void a_restatement_replaces_amount_and_time_at_once(void **state)
{
    struct world *world = *state;
    world_spend(world, "a", "s1", T0, T0 + HOUR_MS, 60 * MICROS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), MICROS);
    world_spend(world, "a", "s1", T0, T0 + HOUR_MS, 600 * MICROS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), 10 * MICROS);
    world_spend(world, "a", "s1", T0 - HOUR_MS, T0 - 30 * MINUTE_MS, 60 * MICROS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), 0);
    assert_int_equal(media(world, "a", "total"), 60 * MICROS);
    world_spend(world, "a", "s1", T0, T0, 0);
    world_settle(world);
    assert_int_equal(media(world, "a", "total"), 0);
}

static void what_only_time_moves_is_written_once_a_minute(void **state)
{
    struct world *world = *state;
    world_spend(world, "a", "s1", T0, T0 + DAY_MS, 1440 * MICROS);
    world_settle(world);
    int64_t to_ms = world_number(world, "a", "5m", "to_ms");
    world_as_of(world, T0 + MINUTE_MS);
    minute_passes(world);
    assert_int_equal(world_number(world, "a", "5m", "to_ms"), to_ms + MINUTE_MS);
    assert_int_equal(media(world, "a", "5m"), 2 * MICROS);
    world_as_of(world, T0 + 2 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), 2 * MICROS);
    world_spend(world, "a", "s2", T0, T0, MICROS); /* no cost that moves by itself: written at once */
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), 4 * MICROS);
    world_as_of(world, T0 + 7 * MINUTE_MS);
    minute_passes(world);
    assert_int_equal(media(world, "a", "5m"), 5 * MICROS);
    assert_int_equal(media(world, "a", "total"), 16 * MICROS);
}

static void a_moment_leaves_a_window_within_a_second(void **state)
{
    struct world *world = *state;
    world_spend(world, "a", "s1", T0, T0, MICROS);
    world_settle(world);
    world_as_of(world, T0 + 4 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), MICROS);
    world_as_of(world, T0 + 5 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(media(world, "a", "5m"), 0);
    assert_int_equal(media(world, "a", "1h"), MICROS);
}

static void a_goal_on_cost_sees_spend(void **state)
{
    struct world *world = *state;
    world_spend(world, "spring-sale", "s1", T0, T0, 49 * MICROS);
    world_as_of(world, T0 + MINUTE_MS);
    world_settle(world);
    assert_true(world_says(world, "spring-sale", NULL, "state", "ok"));
    world_spend(world, "spring-sale", "s2", T0, T0, 2 * MICROS);
    world_as_of(world, T0 + 2 * MINUTE_MS);
    world_settle(world);
    assert_true(world_says(world, "spring-sale", NULL, "state", "firing"));
}

static void overflow_is_a_member_by_its_spend_alone(void **state)
{
    struct world *world = *state;
    world_settle(world);
    assert_null(pair_find(world_root(world, "campaigns"), span_of("(overflow)")));
    world_spend(world, "(overflow)", "s1", T0, T0, MICROS);
    world_settle(world);
    assert_int_equal(media(world, "(overflow)", "total"), MICROS);
    evaluator_free(world->evaluator);
    world->evaluator = world_evaluator(world, 0);
    world_settle(world);
    world_spend(world, "(overflow)", "s2", T0, T0, MICROS);
    world_settle(world);
    assert_int_equal(media(world, "(overflow)", "total"), 2 * MICROS);
    assert_non_null(pair_find(world_root(world, "campaigns"), span_of("(overflow)")));
}

static void little_memory_gives_the_same_spend(void **state)
{
    struct world *world = *state;
    evaluator_free(world->evaluator);
    world->evaluator = world_evaluator(world, 1);
    for (int i = 0; i < 6; i++) {
        const char name[] = {'s', (char)('0' + i), 0};
        world_spend(world, i % 2 ? "a" : "b", name, T0, T0 + HOUR_MS, 60 * MICROS);
        world_event(world, "a", T0, 1, 1, 0);
        world_settle(world);
        assert_in_range(world_stats(world).n_cells, 0, 1);
    }
    assert_int_equal(media(world, "a", "5m"), 3 * MICROS + 6);
    assert_int_equal(media(world, "b", "5m"), 3 * MICROS);
}

static void a_spend_key_of_another_type_sets_its_campaign_aside(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    world_event(world, "b", T0, 1, 5, 0);
    world_spend(world, "a", "s1", T0, T0, MICROS);
    layout_spend_key(&world->layout, layout_shard_of(&world->layout, span_of("a")), span_of("a"), &key);
    store_find(&world->store, buffer_span(&key))->foreign = true;
    world_settle(world);
    assert_null(world_reader_key(world, "a", "total"));
    assert_int_equal(world_stats(world).n_aside, 1);
    assert_non_null(strstr(evaluator_last_aside(world->evaluator), ":spend:a"));
    assert_int_equal(media(world, "b", "total"), 5);
}

static void spend_beyond_64_bits_sets_its_campaign_aside(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0, 1, 5, 0);
    world_spend(world, "a", "s1", T0, T0, INT64_MAX);
    world_spend(world, "b", "s1", T0, T0, 5);
    world_settle(world);
    assert_int_equal(world_stats(world).n_aside, 1);
    assert_non_null(strstr(evaluator_last_aside(world->evaluator), "leave 64 bits"));
    assert_int_equal(media(world, "b", "total"), 5);
}

static void measures_are_read_from_the_last_columns(void **state)
{
    struct world *world = *state;
    world->book.measures = (struct measures){
        .items = {{.field = "measure:likes", .cost_field = "cost_per:likes_micros"}}, .n = 1};
    evaluator_free(world->evaluator);
    world->evaluator = world_evaluator(world, 0);
    world->measured = 3;
    world_event(world, "a", T0, 1, 300, 0);
    world_settle(world);
    world_event(world, "a", T0, 1, 300, 0);
    world_settle(world);
    assert_int_equal(world_number(world, "a", "5m", "measure:likes"), 6);
    assert_int_equal(world_number(world, "a", "total", "cost_per:likes_micros"), 100);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(spend_is_loaded_with_the_cells_and_then_followed),
        WORLD_TEST(a_restatement_replaces_amount_and_time_at_once),
        WORLD_TEST(what_only_time_moves_is_written_once_a_minute),
        WORLD_TEST(a_moment_leaves_a_window_within_a_second),
        WORLD_TEST(a_goal_on_cost_sees_spend),
        WORLD_TEST(overflow_is_a_member_by_its_spend_alone),
        WORLD_TEST(little_memory_gives_the_same_spend),
        WORLD_TEST(a_spend_key_of_another_type_sets_its_campaign_aside),
        WORLD_TEST(spend_beyond_64_bits_sets_its_campaign_aside),
        WORLD_TEST(measures_are_read_from_the_last_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
