#include "tests/lib/evaluate/world.h"

static void a_configured_campaign_has_all_keys_before_any_event(void **state)
{
    struct world *world = *state;
    world_settle(world);
    world_check(world, "spring-sale");
    assert_int_equal(world_number(world, "spring-sale", "5m", "impressions"), 0);
    assert_int_equal(world_number(world, "spring-sale", "5m", "as_of_ms"), T0);
    assert_non_null(pair_find(world_root(world, "campaigns"), span_of("spring-sale")));
    assert_null(world_reader_key(world, "(unattributed)", "total"));
    assert_true(evaluator_idle(world->evaluator));
    /* The reserved campaigns are in memory, but no members before they are used. */
    assert_int_equal(world_stats(world).n_members, world_root(world, "campaigns")->n_pairs);
    assert_true(world_stats(world).n_campaigns > world_stats(world).n_members);
}

static void the_index_of_names_holds_what_roi_campaigns_holds(void **state)
{
    struct world *world = *state;
    static const char *const ids[] = {"a", "b(", "[c", "-", "+", "0", "\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        world_event(world, ids[i], T0, 1, 10, 0);
    world_settle(world);
    struct value *members = world_root(world, "campaigns");
    struct value *names = world_root(world, "~names");
    assert_true(members->n_pairs > ARRAY_SIZE(ids));
    assert_int_equal(names->n_pairs, members->n_pairs);
    for (size_t i = 0; i < members->n_pairs; i++)
        assert_true(span_equal(hash_get(names, buffer_span(&members->pairs[i].name)), span_of("0")));
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        world_check(world, ids[i]);
}

static void what_a_shard_holds_is_published_and_then_followed(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0 - 60000, 5, 700, 0);
    world_event(world, "(unattributed)", T0, 0, 0, 900);
    world_settle(world);
    world_check(world, "a");
    world_check(world, "(unattributed)");
    world_event(world, "a", T0 + 1000, 1, 20, 300);
    world_event(world, "b", T0 + 2000, 1, 20, 300);
    world_settle(world);
    world_check(world, "a");
    world_check(world, "b");
    assert_int_equal(world_stats(world).n_reloads, N_SHARDS);
    assert_int_equal(world_stats(world).n_refused, 0);
}

static void a_key_is_written_once_a_second_at_most(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0, 1, 0, 0);
    world_settle(world);
    size_t n_written = world->store.n_written;
    for (int i = 0; i < 40; i++) {
        world_event(world, "a", T0, 1, 0, 0);
        world_tick(world);
    }
    /* Ten seconds: four windows each, and the campaign's own key once in between at most. */
    assert_in_range(world->store.n_written - n_written, 9 * 4, 11 * 4 + 1);
    world_settle(world);
    world_check(world, "a");
}

static void a_gap_in_the_journal_starts_the_shard_over(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0, 1, 0, 0);
    world_settle(world);
    for (int i = 0; i < 100; i++)
        world_event(world, "a", T0 + i, 1, 10, 0);
    world_settle(world);
    world_check(world, "a");
    assert_int_equal(world_stats(world).n_reloads, N_SHARDS + 1);
}

static void a_shard_without_a_vector_is_lost_until_it_has_one(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    world_settle(world);
    world_key(world, 1, ":vec", &key);
    struct value *vec = store_find(&world->store, buffer_span(&key));
    vec->key.data[0] ^= 1;
    world_settle(world);
    assert_int_equal(evaluator_shard_state(world->evaluator, 0), EVALUATOR_LIVE);
    assert_int_equal(evaluator_shard_state(world->evaluator, 1), EVALUATOR_LOST);
    assert_int_equal(evaluator_as_of(world->evaluator, 1), NEVER);
    vec->key.data[0] ^= 1;
    world_settle(world);
    assert_int_equal(evaluator_shard_state(world->evaluator, 1), EVALUATOR_LIVE);
}

static void replies_of_a_shard_that_was_given_up_are_ignored(void **state)
{
    struct world *world = *state;
    uint64_t tags[8];
    size_t n = 0;
    evaluator_tick(world->evaluator, world->now_ms, world->steady_ms);
    while (evaluator_next(world->evaluator, &world->call, &tags[n]) == 1)
        n++;
    assert_int_equal(n, N_SHARDS + 1);
    assert_int_equal(world_stats(world).n_in_flight, n);
    assert_int_equal(evaluator_own(world->evaluator, 0, false), 0);
    assert_int_equal(evaluator_own(world->evaluator, 0, true), 0);
    struct reply nonsense = {.type = REPLY_INTEGER};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(evaluator_reply(world->evaluator, tags[i], &nonsense), 0);
        evaluator_fail(world->evaluator, tags[i]);
    }
    assert_int_equal(world_stats(world).n_in_flight, 0);
    world->steady_ms += 2000;
    world_settle(world);
    world_check(world, "spring-sale");
}

static void an_error_reply_pauses_its_shard_for_a_second(void **state)
{
    struct world *world = *state;
    world_settle(world);
    uint64_t tag;
    struct reply error = {.type = REPLY_ERROR, .text = span_of("OOM command not allowed")};
    evaluator_tick(world->evaluator, world->now_ms, world->steady_ms += 250);
    while (evaluator_next(world->evaluator, &world->call, &tag) == 1)
        assert_int_equal(evaluator_reply(world->evaluator, tag, &error), 0);
    assert_string_equal(evaluator_last_error(world->evaluator), "roi:~{c0.1}:*: OOM command not allowed");
    assert_int_equal(world_stats(world).n_errors, N_SHARDS + 1);
    evaluator_tick(world->evaluator, world->now_ms, world->steady_ms += 500);
    assert_int_equal(evaluator_next(world->evaluator, &world->call, &tag), 0);
    world->steady_ms += 500;
    world_settle(world);
    assert_true(evaluator_idle(world->evaluator));
}

/* The stored position of the shard of `a` says that everything is in its keys: then it must be. */
static void stored_position_is_true(struct world *world)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    char field[2] = {(char)('0' + layout_shard_of(&world->layout, span_of("a"))), 0};
    char tip[32];
    layout_common_key(&world->layout, "shards", &key);
    snprintf(tip, sizeof(tip), " %ld-0", (long)world->store.last_id);
    struct span stored = hash_get(store_find(&world->store, buffer_span(&key)), span_of(field));
    if (stored.size && memmem(stored.data, stored.size, tip, strlen(tip)))
        assert_int_equal(world_number(world, "a", "total", "impressions"), world->n_events);
}

static void the_position_is_stored_only_when_the_keys_contain_it(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0, 1, 0, 0);
    world_settle(world);
    world->after = stored_position_is_true;
    for (int i = 2; i < 12; i++) {
        world_event(world, "a", T0 + i, 1, 0, 0);
        for (int tick = 0; tick < i; tick++)
            world_tick(world);
    }
    world_settle(world);
    assert_true(evaluator_idle(world->evaluator));
}

static void what_no_journal_says_starts_the_shard_over(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    world_settle(world);
    world_key(world, 0, ":journal", &key);
    struct entry *entry = stream_add(&world->store, store_find(&world->store, buffer_span(&key)));
    pair_add(&entry->fields, &entry->n_fields, span_of("c"), span_of("x"));
    world_event(world, "a", T0, 1, 0, 0);
    world_event(world, "b", T0, 1, 0, 0);
    world_settle(world);
    world_check(world, "a");
    world_check(world, "b");
    assert_int_equal(world_stats(world).n_reloads, N_SHARDS + 1);
}

static void windows_that_are_no_longer_configured_lose_their_keys(void **state)
{
    struct world *world = *state;
    static const char *const fewer[] = {"1h", "total"};
    world_event(world, "a", T0, 1, 0, 0);
    world_settle(world);
    assert_true(world_reader_key(world, "a", "5m")->n_pairs > 0);
    struct rule_book copy = world->book;
    evaluator_set_book(world->evaluator, &copy);
    world_plan(world, fewer, ARRAY_SIZE(fewer));
    evaluator_set_book(world->evaluator, &world->book);
    world_settle(world);
    assert_int_equal(world_reader_key(world, "a", "5m")->n_pairs, 0);
    assert_int_equal(world_reader_key(world, "a", "today")->n_pairs, 0);
    world_check(world, "a");
}

static void a_key_with_a_higher_rev_stays_until_ours_is_higher(void **state)
{
    struct world *world = *state;
    world_event(world, "a", T0, 1, 0, 0);
    world_settle(world);
    char rev[32];
    snprintf(rev, sizeof(rev), "%ld", (long)world_number(world, "a", "5m", "rev") + 20);
    hash_set(world_reader_key(world, "a", "5m"), span_of("rev"), span_of(rev));
    world_event(world, "a", T0, 1, 0, 0);
    world_tick(world);
    world_tick(world);
    assert_int_equal(world_number(world, "a", "5m", "impressions"), 1);
    assert_int_equal(world_number(world, "a", "total", "impressions"), 2);
    for (int i = 0; i < 5; i++)
        world_settle(world);
    world_check(world, "a");
    assert_true(world_stats(world).n_refused > 0);
}

static void a_campaign_with_a_foreign_key_is_set_aside_and_others_go_on(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    world_event(world, "a", T0, 1, 0, 0);
    world_event(world, "b", T0, 1, 0, 0);
    layout_cells_key(&world->layout, layout_shard_of(&world->layout, span_of("a")), 0, span_of("a"), &key);
    store_find(&world->store, buffer_span(&key))->foreign = true;
    world_settle(world);
    assert_null(world_reader_key(world, "a", "total"));
    assert_int_equal(world_stats(world).n_aside, 1);
    assert_non_null(strstr(evaluator_last_aside(world->evaluator), "campaign \"a\": another program"));
    assert_non_null(memmem(evaluator_last_aside(world->evaluator),
                           strlen(evaluator_last_aside(world->evaluator)), key.data, key.size));
    world_check(world, "b");
    world_check(world, "spring-sale");
}

static void slices_that_no_window_needs_are_deleted(void **state)
{
    struct world *world = *state;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    uint32_t shard = layout_shard_of(&world->layout, span_of("a"));
    for (int minute = 0; minute < 10; minute++)
        world_event(world, "a", T0 + minute * MINUTE_MS, 1, 0, 0);
    world_settle(world);
    layout_cells_key(&world->layout, shard, 1, span_of("a"), &key);
    assert_int_equal(store_find(&world->store, buffer_span(&key))->n_pairs, 10);
    world_as_of(world, T0 + 75 * MINUTE_MS);
    world_settle(world);
    assert_in_range(store_find(&world->store, buffer_span(&key))->n_pairs, 0, 0);
    world_check(world, "a");
    world_event(world, "a", T0, 1, 0, 0);
    world_settle(world);
    world_check(world, "a");
    assert_int_equal(world_number(world, "a", "total", "impressions"), 11);
}

static void little_memory_gives_the_same_numbers(void **state)
{
    struct world *world = *state;
    evaluator_free(world->evaluator);
    world->evaluator = world_evaluator(world, 1);
    const char *const campaigns[] = {"a", "b", "c", "spring-sale"};
    for (int minute = 0; minute < 20; minute++) {
        world_event(world, campaigns[minute % 4], T0 + minute * MINUTE_MS, 1, 10, 100);
        world_settle(world);
        for (size_t i = 0; i < 4 && minute > 3; i++)
            world_check(world, campaigns[i]);
        assert_in_range(world_stats(world).n_cells, 0, 1);
    }
}

static void prices_and_spread_costs_count(void **state)
{
    struct world *world = *state;
    const struct price prices[] = {{INT64_MIN, 2500000, 0, 0}, {T0 + 2 * MINUTE_MS, 5000000, 0, 0}};
    const int64_t day = T0 / DAY_MS;
    const struct fixed_cost fixed[] = {{1440 * MICROS, day, day + 1}};
    world->configured[0].cost = (struct cost_plan){prices, 2, fixed, 1, world->utc};
    world_event(world, "spring-sale", T0, 1000, 0, 0);
    world_event(world, "spring-sale", T0 + 2 * MINUTE_MS, 1000, 0, 0);
    world_settle(world);
    /* 2.50 and 5.00 for a thousand each, and one unit for each minute. */
    world_as_of(world, T0 + 2 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(world_number(world, "spring-sale", "5m", "cost_micros"), 7500000 + 5 * MICROS);
    int64_t to_ms = world_number(world, "spring-sale", "today", "to_ms");
    assert_int_equal(world_number(world, "spring-sale", "today", "cost_micros"),
                     7500000 + (to_ms - day * DAY_MS) / MINUTE_MS * MICROS);
    for (int i = 0; i < 30; i++)
        world_settle(world);
    world_as_of(world, T0 + 16 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(world_number(world, "spring-sale", "today", "to_ms"), to_ms + QUARTER_HOUR_MS);
    /* Moved again within a minute of the clock: that can wait. */
    world_as_of(world, T0 + 31 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(world_number(world, "spring-sale", "today", "to_ms"), to_ms + QUARTER_HOUR_MS);
    for (int i = 0; i < 30; i++)
        world_settle(world);
    world_as_of(world, T0 + 32 * MINUTE_MS);
    world_settle(world);
    assert_int_equal(world_number(world, "spring-sale", "today", "to_ms"), to_ms + 2 * QUARTER_HOUR_MS);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_configured_campaign_has_all_keys_before_any_event),
        WORLD_TEST(the_index_of_names_holds_what_roi_campaigns_holds),
        WORLD_TEST(what_a_shard_holds_is_published_and_then_followed),
        WORLD_TEST(a_key_is_written_once_a_second_at_most),
        WORLD_TEST(a_gap_in_the_journal_starts_the_shard_over),
        WORLD_TEST(a_shard_without_a_vector_is_lost_until_it_has_one),
        WORLD_TEST(replies_of_a_shard_that_was_given_up_are_ignored),
        WORLD_TEST(an_error_reply_pauses_its_shard_for_a_second),
        WORLD_TEST(the_position_is_stored_only_when_the_keys_contain_it),
        WORLD_TEST(what_no_journal_says_starts_the_shard_over),
        WORLD_TEST(windows_that_are_no_longer_configured_lose_their_keys),
        WORLD_TEST(a_key_with_a_higher_rev_stays_until_ours_is_higher),
        WORLD_TEST(a_campaign_with_a_foreign_key_is_set_aside_and_others_go_on),
        WORLD_TEST(slices_that_no_window_needs_are_deleted),
        WORLD_TEST(little_memory_gives_the_same_numbers),
        WORLD_TEST(prices_and_spread_costs_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
