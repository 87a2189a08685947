#include "tests/lib/evaluate/world.h"

static bool is_listed(struct world *world, const char *name, const char *campaign)
{
    return pair_find(world_root(world, name), span_of(campaign)) != NULL;
}

static bool has_key(struct world *world, const char *campaign, const char *window)
{
    const struct value *key = world_reader_key(world, campaign, window);
    return key && key->n_pairs > 0;
}

static bool is_gone(struct world *world, const char *campaign)
{
    for (size_t i = 0; i < world->book.n_windows; i++)
        if (has_key(world, campaign, world->windows[i].name))
            return false;
    return !has_key(world, campaign, NULL) && !is_listed(world, "campaigns", campaign) &&
           !is_listed(world, "~names", campaign);
}

static bool is_whole(struct world *world, const char *campaign)
{
    for (size_t i = 0; i < world->book.n_windows; i++)
        if (!has_key(world, campaign, world->windows[i].name))
            return false;
    return has_key(world, campaign, NULL) && is_listed(world, "campaigns", campaign) &&
           is_listed(world, "~names", campaign);
}

/* As after a restart without spring-sale in the configuration. */
static void forget_spring_sale(struct world *world)
{
    evaluator_free(world->evaluator);
    table_deinit(&world->book.by_id);
    world->book.n_campaigns = 0;
    world->evaluator = world_evaluator(world, 0);
}

static void a_campaign_that_is_not_configured_and_was_never_counted_leaves(void **state)
{
    struct world *world = *state;
    world_event(world, "counted", T0, 1, 10, 0);
    world_event(world, "(unattributed)", T0, 0, 0, 900);
    world_settle(world);
    assert_true(is_whole(world, "spring-sale"));
    forget_spring_sale(world);
    world_settle(world);
    assert_true(is_whole(world, "spring-sale")); /* not all of the log is counted yet */
    evaluator_set_complete(world->evaluator, true);
    world_settle(world);
    assert_true(is_gone(world, "spring-sale"));
    assert_true(is_whole(world, "counted"));
    assert_true(is_whole(world, "(unattributed)"));
    assert_true(evaluator_idle(world->evaluator));
}

static void a_reload_takes_it_out_too_and_its_alert_is_resolved(void **state)
{
    struct world *world = *state;
    world->goals[0].below = false; /* a cost of nothing is under its target */
    evaluator_set_complete(world->evaluator, true);
    world_settle(world);
    world_as_of(world, T0 + MINUTE_MS);
    world_settle(world);
    assert_true(world_says(world, "spring-sale", NULL, "state", "firing"));
    struct rule_book without = world->book;
    without.n_campaigns = 0;
    without.by_id = (struct table){0};
    evaluator_set_book(world->evaluator, &without);
    world_settle(world);
    assert_true(is_gone(world, "spring-sale"));
    assert_int_equal(world_root(world, "alerts")->n_entries, 2);
    evaluator_set_book(world->evaluator, &world->book);
    world_settle(world);
    assert_true(is_whole(world, "spring-sale"));
}

/* Without spring-sale, up to the given call of its way out (1 to 3). What becomes of that call is the caller's. */
static uint64_t run_to_way_out(struct world *world, int step)
{
    forget_spring_sale(world);
    world_settle(world);
    evaluator_set_complete(world->evaluator, true);
    for (int tick = 0; tick < 16; tick++) {
        uint64_t tag;
        world->now_ms += 250;
        evaluator_tick(world->evaluator, world->now_ms, world->steady_ms += 250);
        while (evaluator_next(world->evaluator, &world->call, &tag) == 1) {
            struct span name = call_get(&world->call, 0);
            step -= span_equal(name, span_of("SREM")) || span_equal(name, span_of("UNLINK")) ||
                    span_equal(name, span_of("ZREM"));
            if (step == 0)
                return tag;
            struct reply reply = world_answer(world, &world->call);
            assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
        }
    }
    fail_msg("it does not leave");
    return 0;
}

static void configure_spring_sale(struct world *world)
{
    world->book.n_campaigns = 1;
    assert_int_equal(table_put(&world->book.by_id, world->configured[0].id, &world->configured[0]), 0);
    evaluator_free(world->evaluator);
    world->evaluator = world_evaluator(world, 0);
    world_settle(world);
    assert_true(is_whole(world, "spring-sale"));
}

static void event_at_step(struct world *world, int step)
{
    world_settle(world);
    assert_true(is_whole(world, "spring-sale"));
    uint64_t tag = run_to_way_out(world, step);
    world_event(world, "spring-sale", T0, 1, 10, 0);
    struct reply reply = world_answer(world, &world->call);
    assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
    world_settle(world);
    assert_true(is_whole(world, "spring-sale"));
    world_check(world, "spring-sale");
}

static void an_event_before_it_leaves_the_set_keeps_it_whole(void **state)
{
    event_at_step(*state, 1);
}

static void an_event_before_its_keys_are_deleted_keeps_it_whole(void **state)
{
    event_at_step(*state, 2);
}

static void an_event_before_it_leaves_the_index_keeps_it_whole(void **state)
{
    event_at_step(*state, 3);
}

static void a_crash_on_the_way_out_is_made_good(void **state)
{
    struct world *world = *state;
    world_settle(world);
    for (int step = 1; step <= 3; step++) {
        (void)run_to_way_out(world, step);
        (void)world_answer(world, &world->call);
        forget_spring_sale(world);
        evaluator_set_complete(world->evaluator, true);
        world_settle(world);
        assert_true(is_gone(world, "spring-sale"));
        configure_spring_sale(world);
    }
}

static void a_lost_reply_on_the_way_out_is_made_good(void **state)
{
    struct world *world = *state;
    world_settle(world);
    for (int step = 1; step <= 3; step++) {
        uint64_t tag = run_to_way_out(world, step);
        (void)world_answer(world, &world->call);
        evaluator_fail(world->evaluator, tag);
        world_settle(world);
        assert_true(is_gone(world, "spring-sale"));
        configure_spring_sale(world);
    }
}

/* The index is read a page at a time. */
static void many_leave(void **state)
{
    struct world *world = *state;
    char name[16];
    world_settle(world);
    evaluator_set_complete(world->evaluator, true);
    world_event(world, "n0100b", T0, 1, 10, 0);
    for (int i = 0; i < 1200; i++) {
        snprintf(name, sizeof(name), "n%04d", i);
        hash_set(world_root(world, "~names"), span_of(name), span_of("0"));
        hash_set(world_root(world, "campaigns"), span_of(name), span_of("1"));
    }
    evaluator_set_book(world->evaluator, &world->book);
    world_settle(world);
    assert_int_equal(world_root(world, "~names")->n_pairs, 2);
    assert_int_equal(world_root(world, "campaigns")->n_pairs, 2);
    assert_true(is_whole(world, "n0100b") && is_whole(world, "spring-sale"));
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_campaign_that_is_not_configured_and_was_never_counted_leaves),
        WORLD_TEST(a_reload_takes_it_out_too_and_its_alert_is_resolved),
        WORLD_TEST(an_event_before_it_leaves_the_set_keeps_it_whole),
        WORLD_TEST(an_event_before_its_keys_are_deleted_keeps_it_whole),
        WORLD_TEST(an_event_before_it_leaves_the_index_keeps_it_whole),
        WORLD_TEST(many_leave),
        WORLD_TEST(a_lost_reply_on_the_way_out_is_made_good),
        WORLD_TEST(a_crash_on_the_way_out_is_made_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
