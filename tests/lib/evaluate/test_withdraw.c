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
    assert_int_equal(world_stats(world).n_withdrawn, 1);
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

static void an_event_that_comes_meanwhile_keeps_it_whole(void **state)
{
    struct world *world = *state;
    /* Between any two calls of the way out, the first as the last. */
    for (int steps = 0; steps <= 3; steps++) {
        world_settle(world);
        assert_true(is_whole(world, "spring-sale"));
        forget_spring_sale(world);
        world_settle(world);
        evaluator_set_complete(world->evaluator, true);
        bool came = false;
        for (int tick = 0; tick < 16; tick++) {
            uint64_t tag;
            world->now_ms += 250;
            evaluator_tick(world->evaluator, world->now_ms, world->steady_ms += 250);
            for (int n = 0; evaluator_next(world->evaluator, &world->call, &tag) == 1;) {
                struct span name = call_get(&world->call, 0);
                bool out = span_equal(name, span_of("SREM")) || span_equal(name, span_of("UNLINK")) ||
                           span_equal(name, span_of("ZREM"));
                struct reply reply = world_answer(world, &world->call);
                assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
                if (out && ++n > steps - 1 && !came) {
                    came = true;
                    world_event(world, "spring-sale", T0, 1, 10, 0);
                    break;
                }
            }
        }
        assert_true(came);
        world_settle(world);
        assert_true(is_whole(world, "spring-sale"));
        world_check(world, "spring-sale");
        void *fresh = NULL;
        world_teardown(state);
        assert_int_equal(world_setup(&fresh), 0);
        *state = world = fresh;
    }
}

static void a_crash_on_the_way_out_is_made_good(void **state)
{
    struct world *world = *state;
    world_settle(world);
    for (int steps = 1; steps <= 3; steps++) {
        forget_spring_sale(world);
        world_settle(world);
        evaluator_set_complete(world->evaluator, true);
        int n = 0;
        for (int tick = 0; tick < 16 && n < steps; tick++) {
            uint64_t tag;
            world->now_ms += 250;
            evaluator_tick(world->evaluator, world->now_ms, world->steady_ms += 250);
            while (n < steps && evaluator_next(world->evaluator, &world->call, &tag) == 1) {
                struct span name = call_get(&world->call, 0);
                n += span_equal(name, span_of("SREM")) || span_equal(name, span_of("UNLINK")) ||
                     span_equal(name, span_of("ZREM"));
                struct reply reply = world_answer(world, &world->call);
                if (n < steps)
                    assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
            }
        }
        assert_int_equal(n, steps);
        forget_spring_sale(world);
        evaluator_set_complete(world->evaluator, true);
        world_settle(world);
        assert_true(is_gone(world, "spring-sale"));
        world->book.n_campaigns = 1;
        assert_int_equal(table_put(&world->book.by_id, world->configured[0].id, &world->configured[0]), 0);
        evaluator_free(world->evaluator);
        world->evaluator = world_evaluator(world, 0);
        world_settle(world);
        assert_true(is_whole(world, "spring-sale"));
    }
}

static void a_lost_reply_on_the_way_out_is_made_good(void **state)
{
    struct world *world = *state;
    world_settle(world);
    forget_spring_sale(world);
    world_settle(world);
    evaluator_set_complete(world->evaluator, true);
    bool lost = false;
    for (int tick = 0; tick < 16 && !lost; tick++) {
        uint64_t tag;
        world->now_ms += 250;
        evaluator_tick(world->evaluator, world->now_ms, world->steady_ms += 250);
        while (!lost && evaluator_next(world->evaluator, &world->call, &tag) == 1) {
            lost = span_equal(call_get(&world->call, 0), span_of("SREM"));
            struct reply reply = world_answer(world, &world->call);
            if (lost)
                evaluator_fail(world->evaluator, tag);
            else
                assert_int_equal(evaluator_reply(world->evaluator, tag, &reply), 0);
        }
    }
    assert_true(lost);
    world_settle(world);
    assert_true(is_gone(world, "spring-sale"));
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_campaign_that_is_not_configured_and_was_never_counted_leaves),
        WORLD_TEST(a_reload_takes_it_out_too_and_its_alert_is_resolved),
        WORLD_TEST(an_event_that_comes_meanwhile_keeps_it_whole),
        WORLD_TEST(a_lost_reply_on_the_way_out_is_made_good),
        WORLD_TEST(a_crash_on_the_way_out_is_made_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
