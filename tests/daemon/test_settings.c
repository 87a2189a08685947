#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/files.h"
#include "daemon/settings.h"
#include "tests/lib/config/errors_text.h"

#define GOOD "kafka: {brokers: 'localhost:9092'}\nredis: {url: 'redis://localhost:6379/0'}\n"
#define CAMPAIGN(text) GOOD "campaigns: {c: {" text "}}\n"
#define GOAL(text) CAMPAIGN("goals: [{name: g, window: 7d, " text "}]")

/* A directory of its own, with roiwatch.yaml and campaigns.d. */
struct world {
    char directory[64];
    char path[128];
    struct settings *settings;
    struct config_errors errors;
};

static void put(const struct world *world, const char *name, const char *text)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", world->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void world_init(struct world *world)
{
    char path[128];
    *world = (struct world){.directory = "/tmp/roiwatch-test-XXXXXX"};
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->path, sizeof(world->path), "%s/roiwatch.yaml", world->directory);
    snprintf(path, sizeof(path), "%s/campaigns.d", world->directory);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void forget(struct world *world)
{
    settings_free(world->settings);
    world->settings = NULL;
    config_errors_deinit(&world->errors);
}

static void world_deinit(struct world *world)
{
    static const char *const names[] = {"roiwatch.yaml",
                                        "campaigns.d/a.yaml",
                                        "campaigns.d/b.yaml",
                                        "campaigns.d/c.yml",
                                        "campaigns.d/.d.yaml",
                                        "campaigns.d",
                                        ""};
    forget(world);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char path[192];
        snprintf(path, sizeof(path), "%s/%s", world->directory, names[i]);
        (void)remove(path);
    }
}

static int load(struct world *world, const char *yaml, const char *const *sets, size_t n_sets)
{
    forget(world);
    put(world, "roiwatch.yaml", yaml);
    return settings_load(world->path, sets, n_sets, &world->settings, &world->errors);
}

/* What load gave, with the directory's name cut out of the errors. */
static void assert_told(const struct world *world, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer told = BUFFER_INIT;
    char *text = errors_text(&world->errors), *rest = text, *line;
    while ((line = strsep(&rest, "\n"))) {
        size_t size = strlen(world->directory);
        buffer_append_text(&told, strncmp(line, world->directory, size) == 0 ? line + size + 1 : line);
        if (rest)
            buffer_append_text(&told, "\n");
    }
    buffer_append_zeros(&told, 1);
    assert_string_equal(told.data, expected);
    free(text);
}

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
    }
}

#define URL_ALLOWED "; allowed are redis://HOST:PORT/DB and unix:///PATH?db=N\n"

static void sets_that_are_wrong_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *set, *told;
    } cases[] = {
        {"redis.url=redis://:secret@h/0",
         "--set: redis.url: must hold no user and no password; use redis.username and redis.password_file\n"},
        {"redis.url=rediss://h", "--set: redis.url: rediss:// is not yet in this version" URL_ALLOWED},
        {"redis.url=redis+cluster://h:1,i:1",
         "--set: redis.url: redis+cluster:// is not yet in this version" URL_ALLOWED},
        {"redis.url=localhost:6379",
         "--set: redis.url: \"localhost:6379\" is no URL that is known" URL_ALLOWED},
        {"redis.url=redis://h:0", "--set: redis.url: \"redis://h:0\" is no address of a Redis" URL_ALLOWED},
        {"redis.url=redis://h:65536",
         "--set: redis.url: \"redis://h:65536\" is no address of a Redis" URL_ALLOWED},
        {"redis.url=redis://", "--set: redis.url: \"redis://\" is no address of a Redis" URL_ALLOWED},
        {"redis.url=redis://h/x", "--set: redis.url: \"redis://h/x\" is no address of a Redis" URL_ALLOWED},
        {"redis.url=redis://[::1", "--set: redis.url: \"redis://[::1\" is no address of a Redis" URL_ALLOWED},
        {"redis.url=redis://[::1]x:1",
         "--set: redis.url: \"redis://[::1]x:1\" is no address of a Redis" URL_ALLOWED},
        {"redis.url=unix://run/x", "--set: redis.url: needs the absolute path of a socket, 2 to 107 bytes, "
                                   "such as unix:///run/redis.sock\n"},
        {"redis.url=unix:///x?d=1",
         "--set: redis.url: \"?d=1\" is not understood behind the path; allowed is ?db=N\n"},
        {"redis.prefix=a{b", "--set: redis.prefix: must hold no braces and no control characters\n"},
        {"redis.shards=0", "--set: redis.shards: 0 is out of range; allowed are 1 to 16384\n"},
        {"redis.shards=16385", "--set: redis.shards: 16385 is out of range; allowed are 1 to 16384\n"},
        {"redis.flsh=1s", "--set: redis.flsh: unknown key; did you mean \"flush\"?\n"},
        {"redis", "--set: \"redis\" has no value; allowed is KEY=VALUE, such as redis.flush=100ms\n"},
        {"kafka.topics={impressions: [], clicks: [], orders: []}",
         "--set: kafka.topics: names no topic; at least one is needed\n"},
        {"kafka.topics.orders=a/b", "--set: kafka.topics.orders: \"a/b\" is no topic; allowed are 1 to 249 "
                                    "letters, digits, dots, _ and -\n"},
        {"kafka.topics.refunds=r",
         "--set: kafka.topics.refunds: not yet in this version; allowed is only the default, []\n"},
        {"kafka.dead_letter=ad.orders",
         "--set: kafka.dead_letter: \"ad.orders\" is one of the topics too; rejected events "
         "would go in a circle\n"},
        {"kafka.start=never",
         "--set: kafka.start: \"never\" is not allowed; allowed are earliest, latest, a time such as "
         "2026-01-31T00:00:00Z\n"},
        {"kafka.properties.fetch.max.byte=1",
         "--set: kafka.properties: fetch.max.byte: librdkafka says: No such "
         "configuration property: \"fetch.max.byte\"\n"},
        {"kafka.properties.sasl.password=x",
         "--set: kafka.properties: sasl.password is a secret; put it in a file and give "
         "its path as sasl.password_file\n"},
        {"kafka.properties.group.id=x",
         "--set: kafka.properties: group.id is set by roiwatch; use kafka.group\n"},
        {"account.currency=eur",
         "--set: account.currency: \"eur\" is no currency; allowed are three upper-case letters, "
         "such as EUR\n"},
        {"account.timezone=Europe/Pariss",
         "--set: account.timezone: \"Europe/Pariss\" is no time zone; did you mean \"Europe/Paris\"?\n"},
        {"account.timezone=../../etc/passwd", "--set: account.timezone: \"../../etc/passwd\" is no time "
                                              "zone; allowed are names of the IANA data base such as "
                                              "Europe/Paris; is tzdata installed?\n"},
        {"account.timezone=tzdata.zi", "--set: account.timezone: \"tzdata.zi\" is no time zone; allowed are "
                                       "names of the IANA data base such as "
                                       "Europe/Paris; is tzdata installed?\n"},
        {"account.timezone=zone.tab", "--set: account.timezone: \"zone.tab\" is no time zone; allowed are "
                                      "names of the IANA data base such as "
                                      "Europe/Paris; is tzdata installed?\n"},
        {"windows=[1h, 60m]", "--set: windows[1]: 60m is the same window as 1h; name it once\n"},
        {"windows=[121m]",
         "--set: windows[0]: \"121m\" is uneven; allowed are whole minutes, beyond 2h whole quarter hours\n"},
        {"windows=[500d]", "--set: windows[0]: \"500d\" is out of range; allowed are 1m to 400d\n"},
        {"windows=[toady]",
         "--set: windows[0]: \"toady\" is no window; allowed are durations such as 5m, 24h or 30d, and "
         "today, yesterday, week, month, total; did you mean \"today\"?\n"},
        {"attribution.trust_order_campaign=false", "--set: attribution.trust_order_campaign: not yet in this "
                                                   "version; allowed is only the default, true\n"},
        {"attribution.model=linear",
         "--set: attribution.model: not yet in this version; allowed is only the default, last_click\n"},
        {"attribution.half_life=0",
         "--set: attribution.half_life: 0 is out of range; allowed are 1ms to 400d\n"},
        {"attribution.position=[1, 2, 3]",
         "--set: attribution.position: not yet in this version; allowed is only the default, [40, 20, 40]\n"},
        {"rates=[{from: 2026-01-01, USD: 0.9}]",
         "--set: rates: not yet in this version; allowed is only the default, []\n"},
        {"mapping={preset: ga4}",
         "--set: mapping: not yet in this version; allowed is only the default, {}\n"},
        {"measures={l: {orders_of_kind: lead}}",
         "--set: measures: not yet in this version; allowed is only the default, {}\n"},
        {"lookup={ad_id: {file: x}}",
         "--set: lookup: not yet in this version; allowed is only the default, {}\n"},
        {"alerts.kafka_topic=x",
         "--set: alerts.kafka_topic: not yet in this version; allowed is only the default, ~\n"},
        {"http.listen=0.0.0.0:1",
         "--set: http.listen: not yet in this version; allowed is only the default, 127.0.0.1:9464\n"},
    };
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].set);
        assert_int_equal(load(&world, GOOD, &cases[i].set, 1), SETTINGS_INVALID);
        assert_told(&world, cases[i].told);
        assert_null(world.settings);
    }
}

static void files_that_are_wrong_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *told;
    } cases[] = {
        {"", "roiwatch.yaml:1:1: kafka.brokers: is required. Where to find the cluster: HOST:PORT, several "
             "with commas "
             "between.\nroiwatch.yaml:1:1: redis.url: is required. redis://HOST:PORT/DB or "
             "unix:///PATH?db=N, without a "
             "password.\n"},
        {GOOD "windwos: []\n", "roiwatch.yaml:3:1: windwos: unknown key; did you mean \"windows\"?\n"},
        {GOAL("metric: roi, target: 1"), "roiwatch.yaml:3:25: campaigns.c.goals[0].rule: is required: say "
                                         "`rule: threshold`; lag_aware, the default for "
                                         "roi, is not yet in this version\n"},
        {GOAL("metric: cost, target: 1, rule: lag_aware"),
         "roiwatch.yaml:3:78: campaigns.c.goals[0].rule: lag_aware is not yet in this version; allowed is "
         "threshold\n"},
        {GOAL("metric: cost, target: 1, below: 1"),
         "roiwatch.yaml:3:79: campaigns.c.goals[0].below: stands beside target; allowed is one of the two\n"},
        {GOAL("metric: cost"),
         "roiwatch.yaml:3:25: campaigns.c.goals[0]: needs target (at least) or below (at most)\n"},
        {GOAL("metric: cost, target: 2, recover: 1"),
         "roiwatch.yaml:3:81: campaigns.c.goals[0].recover: must not be under target\n"},
        {GOAL("metric: cost, below: 2, recover: 3"),
         "roiwatch.yaml:3:80: campaigns.c.goals[0].recover: must not be over below\n"},
        {GOAL("metric: measure:x, target: 1"), "roiwatch.yaml:3:55: campaigns.c.goals[0].metric: "
                                               "\"measure:x\" is not yet in this version: there are no "
                                               "measures\n"},
        {GOAL("metric: roy, target: 1"),
         "roiwatch.yaml:3:55: campaigns.c.goals[0].metric: \"roy\" is not allowed; allowed are roi, roas, "
         "cost, revenue, "
         "value, cpa, cpc, cpm, ctr, cvr, orders, clicks, impressions; did you mean \"roi\"?\n"},
        {GOAL("metric: cost, target: 1, sales_cycle: 14d"),
         "roiwatch.yaml:3:85: campaigns.c.goals[0].sales_cycle: not yet in this version; allowed is only the "
         "default, ~\n"},
        {CAMPAIGN("goals: [{name: a, metric: cost, target: 1, window: 1h}, {name: a, metric: cost, target: "
                  "1, window: 1h}]"),
         "roiwatch.yaml:3:73: campaigns.c.goals[1]: the name \"a\" stands twice\n"},
        {CAMPAIGN("cost: [{cpm: 1}]"),
         "roiwatch.yaml:3:24: campaigns.c.cost[0]: needs a valid `from`: in a list each row has one\n"},
        {CAMPAIGN("cost: [{from: 2026-01-02}, {from: 2026-01-02}]"),
         "roiwatch.yaml:3:44: campaigns.c.cost[1]: `from` must be later than that of the row before\n"},
        {CAMPAIGN("cost: {cpm: -0.5}"),
         "roiwatch.yaml:3:29: campaigns.c.cost.cpm: -0.5 is out of range; allowed are 0 to 1000000000\n"},
        {CAMPAIGN("cost: {fixed: [{amount: 1, from: 2026-01-02, to: 2026-01-02}]}"),
         "roiwatch.yaml:3:66: campaigns.c.cost.fixed[0].to: must be later than from; it is the day after the "
         "last one\n"},
        {CAMPAIGN("value: {margin_rate: 1.5}"),
         "roiwatch.yaml:3:38: campaigns.c.value: \"1.5\" is no margin rate; allowed "
         "are decimals from 0 to 1, such as 0.35\n"},
        {CAMPAIGN("value: {margin: 1}"),
         "roiwatch.yaml:3:24: campaigns.c.value: must be revenue, margin or {margin_rate: 0.35}\n"},
        {CAMPAIGN("value: profit"),
         "roiwatch.yaml:3:24: campaigns.c.value: \"profit\" is not allowed; allowed are revenue, "
         "margin, {margin_rate: 0.35}\n"},
        {CAMPAIGN("timezone: Europe/Berlim"),
         "roiwatch.yaml:3:27: campaigns.c.timezone: \"Europe/Berlim\" is no time zone; "
         "did you mean \"Europe/Berlin\"?\n"},
        {GOOD "campaigns: {(unattributed): {}}\n",
         "roiwatch.yaml:3:13: campaigns.(unattributed): is a name that roiwatch "
         "uses itself; choose another id\n"},
        {GOOD "campaigns: [a]\n", "roiwatch.yaml:3:12: campaigns: must be a map, such as {name: value}\n"},
    };
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].yaml);
        assert_int_equal(load(&world, cases[i].yaml, NULL, 0), SETTINGS_INVALID);
        assert_told(&world, cases[i].told);
    }
}

static void errors_of_all_files_are_told_together(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    put(&world, "campaigns.d/a.yaml", "campaigns: {x: {}, y: {value: nothing}}\nkafka: {}\n");
    put(&world, "campaigns.d/b.yaml", "campaigns: {x: {}}\n");
    put(&world, "campaigns.d/c.yml", "nonsense\n");
    put(&world, "campaigns.d/.d.yaml", "nonsense\n");
    assert_int_equal(load(&world, GOOD "limits: {campaigns: 0}\n", NULL, 0), SETTINGS_INVALID);
    char expected[512];
    snprintf(expected, sizeof(expected),
             "campaigns.d/a.yaml:2:1: kafka: is not allowed in this file; allowed is only campaigns\n"
             "campaigns.d/b.yaml:1:13: x: stands in two files; first at %s/campaigns.d/a.yaml:1:13\n"
             "campaigns.d/c.yml: warning: is not read: only files that end in .yaml are\n"
             "roiwatch.yaml:3:21: limits.campaigns: 0 is out of range; allowed are 1 to 100000000\n"
             "campaigns.d/a.yaml:1:31: campaigns.y.value: \"nothing\" is not allowed; allowed are revenue, "
             "margin, "
             "{margin_rate: 0.35}\n",
             world.directory);
    assert_told(&world, expected);
}

static void a_file_that_is_not_there_is_an_error_of_the_configuration(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(settings_load(world.path, NULL, 0, &world.settings, &world.errors), SETTINGS_INVALID);
    assert_told(&world, "roiwatch.yaml: cannot be read: No such file or directory\n");
    forget(&world);
    assert_int_equal(settings_load(world.directory, NULL, 0, &world.settings, &world.errors),
                     SETTINGS_INVALID);
    assert_int_equal(world.errors.n_errors, 1);
}

static void what_is_probably_not_meant_is_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *set, *told;
    } cases[] = {
        {"kafka.dead_letter=~",
         "--set: kafka.dead_letter: warning: there is no dead-letter topic: rejected events are "
         "counted and then gone\n"},
        {"kafka.topics.orders=~",
         "--set: kafka.topics: warning: there is no topic of orders: revenue comes only with a "
         "`type` in other topics\n"},
        {"http.listen=~", ""},
        {"kafka.properties.fetch.min.bytes=10", ""},
        {"kafka.properties.sasl.password_file=/etc/secret", ""},
    };
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].set);
        assert_int_equal(load(&world, GOOD, &cases[i].set, 1), 0);
        assert_told(&world, cases[i].told);
        assert_int_equal(world.errors.n_errors, 0);
    }
}

static void more_windows_than_can_be_kept_are_refused(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    CLEANUP(buffer_deinit) struct buffer yaml = BUFFER_INIT;
    world_init(&world);
    buffer_append_text(&yaml, GOOD "windows: [total]\ncampaigns:\n");
    for (int i = 1; i <= WINDOWS_MAX; i++)
        buffer_printf(&yaml, "  c%d: {goals: [{name: g, metric: cost, below: 1, window: %dm}]}\n", i, i);
    buffer_append_zeros(&yaml, 1);
    assert_int_equal(load(&world, yaml.data, NULL, 0), SETTINGS_INVALID);
    assert_told(
        &world,
        "roiwatch.yaml:3:10: windows: with those of the goals there are more than 32 different windows\n");
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

static void read_source(const char *name, struct buffer *buffer)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", SOURCE_ROOT, name);
    assert_int_equal(file_read(path, 1 << 20, buffer), 0);
    buffer_append_zeros(buffer, 1);
}

/* `roiwatch config --sample > conf/roiwatch.yaml` and `roiwatch config --reference > docs/CONFIGURATION.md`
 * mend it. */
static void sample_and_reference_are_those_of_the_table(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer file = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer table = BUFFER_INIT;
    read_source("conf/roiwatch.yaml", &file);
    settings_sample(&table);
    buffer_append_zeros(&table, 1);
    assert_string_equal(file.data, table.data);
    buffer_clear(&file);
    buffer_clear(&table);
    read_source("docs/CONFIGURATION.md", &file);
    settings_reference(&table);
    buffer_append_zeros(&table, 1);
    assert_string_equal(file.data, table.data);
}

static void the_sample_is_the_default_configuration(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    CLEANUP(buffer_deinit) struct buffer sample = BUFFER_INIT;
    char fingerprint[17];
    world_init(&world);
    assert_int_equal(load(&world, GOOD, NULL, 0), 0);
    snprintf(fingerprint, sizeof(fingerprint), "%s", world.settings->fingerprint);
    settings_sample(&sample);
    buffer_append_zeros(&sample, 1);
    assert_int_equal(load(&world, sample.data, NULL, 0), 0);
    assert_string_equal(world.settings->fingerprint, fingerprint);
}

/* Takes the # off every key of the sample: each must be spelled right and show its default. */
static void every_default_that_the_sample_shows_is_the_default(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    CLEANUP(buffer_deinit) struct buffer sample = BUFFER_INIT;
    char fingerprint[17];
    world_init(&world);
    assert_int_equal(load(&world, GOOD, NULL, 0), 0);
    snprintf(fingerprint, sizeof(fingerprint), "%s", world.settings->fingerprint);
    settings_sample(&sample);
    buffer_append_zeros(&sample, 1);
    size_t n_uncommented = 0;
    for (char *p = sample.data; *p; p++)
        if (*p == '#' && p[1] != ' ') {
            memmove(p, p + 1, strlen(p));
            n_uncommented++;
        }
    assert_true(n_uncommented > 40);
    assert_int_equal(load(&world, sample.data, NULL, 0), 0);
    assert_string_equal(world.settings->fingerprint, fingerprint);
}

static void the_files_in_conf_load(void **state)
{
    (void)state;
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    struct settings *settings = NULL;
    assert_int_equal(settings_load(SOURCE_ROOT "/conf/roiwatch.yaml", NULL, 0, &settings, &errors), 0);
    assert_int_equal(errors.n_items, 0);
    assert_int_equal(settings->book.n_campaigns, 2);
    assert_int_equal(rule_book_find(&settings->book, span_of("spring-sale"))->n_goals, 2);
    settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_keys_are_enough_and_all_else_has_its_default),
        cmocka_unit_test(the_default_rule_book_has_the_contracts_windows),
        cmocka_unit_test(campaigns_come_to_rules_in_their_own_zone),
        cmocka_unit_test(topics_are_merged_and_typed),
        cmocka_unit_test(the_address_of_redis_is_taken_apart),
        cmocka_unit_test(sets_that_are_wrong_are_told),
        cmocka_unit_test(files_that_are_wrong_are_told),
        cmocka_unit_test(errors_of_all_files_are_told_together),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error_of_the_configuration),
        cmocka_unit_test(what_is_probably_not_meant_is_a_warning),
        cmocka_unit_test(more_windows_than_can_be_kept_are_refused),
        cmocka_unit_test(what_config_prints_loads_as_the_same),
        cmocka_unit_test(sample_and_reference_are_those_of_the_table),
        cmocka_unit_test(the_sample_is_the_default_configuration),
        cmocka_unit_test(every_default_that_the_sample_shows_is_the_default),
        cmocka_unit_test(the_files_in_conf_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
