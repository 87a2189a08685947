#include "daemon/redis_tls.h"
#include "tests/daemon/world.h"

static void two_keys_are_enough_and_all_else_has_its_default(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(load(&world, GOOD, NULL, 0), 0);
    const struct settings *settings = world.settings;
    assert_int_equal(world.errors.n_items, 0);
    assert_string_equal(settings->kafka.group, "roiwatch");
    assert_int_equal(settings->kafka.n_topics, 3);
    assert_string_equal(settings->kafka.topics[0].name, "ad.clicks");
    assert_int_equal(settings->kafka.topics[0].type, EVENT_CLICK);
    assert_string_equal(settings->kafka.dead_letter, "roiwatch.dead-letter");
    assert_int_equal(settings->kafka.start.kind, KAFKA_START_EARLIEST);
    assert_string_equal(settings->redis.address.host, "localhost");
    assert_int_equal(settings->redis.address.port, 6379);
    assert_int_equal(settings->redis.address.db, 0);
    assert_string_equal(settings->redis.prefix, "roi:");
    assert_null(settings->redis.username);
    assert_int_equal(settings->redis.shards, 64);
    assert_int_equal(settings->redis.flush_ms, 250);
    assert_int_equal(settings->lateness.disorder_ms, 30000);
    assert_int_equal(settings->lateness.future_ms, 300000);
    assert_int_equal(settings->lateness.idle, IDLE_CLOCK);
    assert_true(settings->attribution.trust_order_campaign);
    assert_int_equal(settings->attribution.max_touches, 50);
    assert_int_equal(settings->ledger.refund_horizon_ms, 60 * DAY_MS);
    assert_int_equal(settings->limits.campaigns, 1000000);
    assert_int_equal(settings->limits.message_bytes, 1 << 20);
    assert_int_equal(settings->retention_ms, 400 * DAY_MS);
    assert_int_equal(settings->alerts.stale_after_ms, 600000);
    assert_int_equal(settings->alerts.silent_after_ms, HOUR_MS);
    assert_int_equal(settings->alerts.stream_length, 100000);
    assert_string_equal(settings->http.listen, "127.0.0.1:9464");
    assert_int_equal(strlen(settings->fingerprint), 16);
}

static void the_default_rule_book_has_the_contracts_windows(void **state)
{
    (void)state;
    static const char *const names[] = {"5m", "1h", "24h", "7d", "30d", "today", "month", "total"};
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(load(&world, GOOD, NULL, 0), 0);
    const struct rule_book *book = &world.settings->book;
    assert_string_equal(book->currency, "EUR");
    assert_int_equal(book->n_windows, ARRAY_SIZE(names));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_string_equal(book->windows[i].name, names[i]);
    assert_int_equal(book->tiers.longest_reach_ms, 31 * DAY_MS);
    assert_int_equal(book->disorder_ms, 30000);
    assert_int_equal(book->stale_after_ms, 600000);
    assert_true(book->clock);
    assert_int_equal(book->defaults.n_goals, 0);
    assert_non_null(book->reserved.tz);
}

static void campaigns_come_to_rules_in_their_own_zone(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    put(&world, "campaigns.d/a.yaml",
        "campaigns:\n  a.b:\n    labels: {team: emea, area: 1}\n    timezone: Europe/Berlin\n"
        "    cost: [{from: 2026-07-01, cpm: 2.50}, {from: 2026-08-01, cpc: 0.4, fixed: [{amount: 10, from: "
        "2026-01-01,"
        " to: 2026-01-03}]}]\n    value: {margin_rate: 0.35}\n"
        "    goals: [{name: roi, metric: roi, target: 0.5, recover: 0.6, window: 36h, for: 1h, min_cost: 50,"
        " rule: threshold}, {name: budget, metric: cost, below: 10000, window: month}]\n");
    put(&world, "campaigns.d/b.yaml", "campaigns: {plain: , none: {goals: [], cost: {}}}\n");
    assert_int_equal(load(&world,
                          GOOD "defaults: {cost: {cpa: 3}, goals: [{name: d, metric: orders, target: 1, "
                               "window: 1h}]}\naccount: {timezone: America/New_York}\n",
                          NULL, 0),
                     0);
    const struct rule_book *book = &world.settings->book;
    assert_int_equal(book->n_campaigns, 3);
    const struct campaign_rules *rules = rule_book_find(book, span_of("a.b"));
    assert_true(span_equal(rules->id, span_of("a.b")));
    assert_int_equal(rules->n_labels, 2);
    assert_string_equal(rules->labels[0].name, "area");
    assert_string_equal(rules->labels[1].value, "emea");
    assert_int_equal(rules->cost.n_prices, 2);
    assert_int_equal(rules->cost.prices[0].from_ms, INT64_C(1782856800000)); /* 2026-06-30T22:00Z */
    assert_int_equal(rules->cost.prices[0].cpm_micros, 2500000);
    assert_int_equal(rules->cost.prices[1].cpm_micros, 0);
    assert_int_equal(rules->cost.n_fixed, 1);
    assert_int_equal(rules->cost.fixed[0].amount_micros, 10000000);
    assert_int_equal(rules->cost.fixed[0].to_date - rules->cost.fixed[0].from_date, 2);
    assert_int_equal(rules->value.kind, VALUE_MARGIN_RATE);
    assert_int_equal(rules->value.margin_rate_micro, 350000);
    assert_int_equal(rules->n_goals, 2);
    assert_false(rules->goals[0].below);
    assert_int_equal(rules->goals[0].bound_micro, 500000);
    assert_int_equal(rules->goals[0].recover_micro, 600000);
    assert_int_equal(rules->goals[0].for_ms, HOUR_MS);
    assert_int_equal(rules->goals[0].window.length_ms, 36 * HOUR_MS);
    assert_true(rules->goals[1].below);
    assert_int_equal(rules->goals[1].bound_micro, INT64_C(10000000000));
    assert_int_equal(rules->goals[1].recover_micro, INT64_C(10000000000));
    const struct campaign_rules *plain = rule_book_find(book, span_of("plain"));
    assert_int_equal(plain->n_goals, 1);
    assert_int_equal(plain->cost.prices[0].cpa_micros, 3000000);
    assert_int_equal(plain->cost.prices[0].from_ms, INT64_MIN);
    assert_int_equal(tz_offset_s(plain->tz, INT64_C(1767225600000)), -5 * 3600);
    const struct campaign_rules *none = rule_book_find(book, span_of("none"));
    assert_int_equal(none->n_goals, 0);
    assert_int_equal(none->cost.prices[0].cpa_micros, 0);
    assert_int_equal(rule_book_find(book, span_of("other"))->n_goals, 1);
    assert_int_equal(rule_book_find(book, span_of("(overflow)"))->n_goals, 0);
}

static void goals_name_measures_which_are_numbered_by_name(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(load(&world,
                          GOOD
                          "measures: {zeta: {action: like}, alpha: {orders_of_kind: lead}}\n"
                          "defaults: {goals: [{name: g, metric: 'measure:zeta', target: 1, window: 1h},\n"
                          "  {name: h, metric: cost_per:alpha, below: 2, window: 1h}]}\n",
                          NULL, 0),
                     0);
    const struct rule_book *book = &world.settings->book;
    assert_int_equal(book->measures.n, 2);
    assert_string_equal(book->measures.items[0].field, "measure:alpha");
    assert_string_equal(book->measures.items[0].cost_field, "cost_per:alpha_micros");
    assert_true(book->measures.items[0].of_orders && !book->measures.items[1].of_orders);
    assert_true(span_equal(book->measures.items[1].what, span_of("like")));
    const struct goal_spec *goals = book->defaults.goals;
    assert_int_equal(goals[0].metric, metric_of(METRIC_MEASURE, 1));
    assert_int_equal(goals[1].metric, metric_of(METRIC_COST_PER, 0));
    assert_string_equal(metric_name(goals[1].measures, goals[1].metric), "cost_per:alpha");
}

static void topics_are_merged_and_typed(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    static const char *const sets[] = {
        "kafka.topics={impressions: [b, a, a], clicks: b, orders: ~, mixed: c}"};
    assert_int_equal(load(&world, GOOD, sets, 1), 0);
    const struct kafka_settings *kafka = &world.settings->kafka;
    assert_int_equal(kafka->n_topics, 3);
    assert_string_equal(kafka->topics[0].name, "a");
    assert_int_equal(kafka->topics[0].type, EVENT_IMPRESSION);
    assert_string_equal(kafka->topics[1].name, "b");
    assert_int_equal(kafka->topics[1].type, EVENT_NONE);
    assert_string_equal(kafka->topics[2].name, "c");
    assert_int_equal(kafka->topics[2].type, EVENT_NONE);
}

static void the_address_of_redis_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *set, *host, *path;
        int64_t port, db;
    } cases[] = {
        {"redis.url=redis://h", "h", NULL, 6379, 0},
        {"redis.url=redis://h:7/", "h", NULL, 7, 0},
        {"redis.url=redis://10.0.0.1:7/15", "10.0.0.1", NULL, 7, 15},
        {"redis.url=redis://[::1]:7/1", "::1", NULL, 7, 1},
        {"redis.url=redis://[fe80::1]", "fe80::1", NULL, 6379, 0},
        {"redis.url=unix:///run/redis.sock", NULL, "/run/redis.sock", 0, 0},
        {"redis.url=unix:///run/redis.sock?db=3", NULL, "/run/redis.sock", 0, 3},
    };
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(load(&world, GOOD, &cases[i].set, 1), 0);
        const struct redis_address *address = &world.settings->redis.address;
        assert_int_equal(address->port, cases[i].port);
        assert_int_equal(address->db, cases[i].db);
        assert_true(span_equal(span_of(address->host), span_of(cases[i].host)));
        assert_true(span_equal(span_of(address->path), span_of(cases[i].path)));
        assert_int_equal(!address->host, !cases[i].host);
        assert_false(address->tls);
    }
}

static void tls_is_taken_where_hiredis_has_it_and_refused_elsewhere(void **state)
{
    (void)state;
    static const char url[] = "redis.url=rediss://h/2";
    const char *whole[] = {url, "redis.cert_file=/c", "redis.key_file=/k"};
    const char *half[] = {url, "redis.cert_file=/c"};
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    if (!redis_tls_available()) {
        assert_int_equal(load(&world, GOOD, whole, 1), 1);
        assert_told(
            &world,
            "--set: redis.url: rediss:// needs hiredis 1.0 or later with TLS, and this roiwatch was built "
            "without it (Debian 12 has none); use Debian 13, or let stunnel on this machine speak TLS and "
            "give its address as redis://localhost:PORT or unix:///PATH\n");
        return;
    }
    assert_int_equal(load(&world, GOOD, whole, ARRAY_SIZE(whole)), 0);
    const struct redis_address *address = &world.settings->redis.address;
    assert_true(address->tls && address->port == 6379 && address->db == 2);
    assert_string_equal(address->host, "h");
    assert_int_equal(load(&world, GOOD, half, ARRAY_SIZE(half)), 1);
    assert_told(&world,
                "--set: redis.cert_file: needs redis.key_file beside it: a certificate and its key go "
                "together\n");
}

static void write_yaml(const struct world *world, struct buffer *buffer)
{
    settings_yaml(world->settings, buffer);
    buffer_append_zeros(buffer, 1);
    assert_int_equal(buffer_status(buffer), 0);
}

static void what_config_prints_loads_as_the_same(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    CLEANUP(buffer_deinit) struct buffer first = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer second = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer json = BUFFER_INIT;
    char fingerprint[17];
    world_init(&world);
    static const char *const sets[] = {
        "kafka.topics={impressions: [a, b], mixed: c}",
        "kafka.start=2026-01-01T00:00:00.25+01:00",
        "kafka.properties={fetch.min.bytes: 3}",
        "campaigns={x: {labels: {a: 'b: c'}, value: {margin_rate: 0.1}}}",
        "defaults={cost: [{from: 2026-01-01, cpm: 1}, {from: 2026-02-01, cpm: 2}]}",
        "lateness.disorder=90s",
        "measures={leads: {orders_of_kind: lead}, likes: {action: like}}",
        "campaigns.y={goals: [{name: g, metric: 'measure:leads', target: 1, window: total}, {name: h, "
        "metric: "
        "'cost_per:likes', below: 1, window: total}]}",
    };
    assert_int_equal(load(&world, GOOD, sets, ARRAY_SIZE(sets)), 0);
    write_yaml(&world, &first);
    settings_json(world.settings, &json);
    buffer_append_zeros(&json, 1);
    snprintf(fingerprint, sizeof(fingerprint), "%s", world.settings->fingerprint);
    assert_int_equal(load(&world, first.data, NULL, 0), 0);
    write_yaml(&world, &second);
    assert_string_equal(first.data, second.data);
    assert_string_equal(world.settings->fingerprint, fingerprint);
    assert_int_equal(load(&world, json.data, NULL, 0), 0);
    assert_string_equal(world.settings->fingerprint, fingerprint);
}

static void where_a_process_listens_is_its_own_and_not_in_the_fingerprint(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    char fingerprint[17];
    static const char *const listens[] = {"http.listen=127.0.0.1:9465", "http.listen=~"};
    static const char *const disorder = "lateness.disorder=31s";
    world_init(&world);
    assert_int_equal(load(&world, GOOD, NULL, 0), 0);
    snprintf(fingerprint, sizeof(fingerprint), "%s", world.settings->fingerprint);
    for (size_t i = 0; i < ARRAY_SIZE(listens); i++) {
        assert_int_equal(load(&world, GOOD, &listens[i], 1), 0);
        assert_string_equal(world.settings->fingerprint, fingerprint);
    }
    assert_null(world.settings->http.listen);
    assert_int_equal(load(&world, GOOD, &disorder, 1), 0);
    assert_string_not_equal(world.settings->fingerprint, fingerprint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_a_process_listens_is_its_own_and_not_in_the_fingerprint),
        cmocka_unit_test(two_keys_are_enough_and_all_else_has_its_default),
        cmocka_unit_test(the_default_rule_book_has_the_contracts_windows),
        cmocka_unit_test(campaigns_come_to_rules_in_their_own_zone),
        cmocka_unit_test(goals_name_measures_which_are_numbered_by_name),
        cmocka_unit_test(topics_are_merged_and_typed),
        cmocka_unit_test(the_address_of_redis_is_taken_apart),
        cmocka_unit_test(tls_is_taken_where_hiredis_has_it_and_refused_elsewhere),
        cmocka_unit_test(what_config_prints_loads_as_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
