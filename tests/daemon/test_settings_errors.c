/*
 * What is wrong in a configuration, and how it is told.
 */
#include "tests/daemon/world.h"

#define LISTEN_ALLOWED                                                                                       \
    "allowed are ADDRESS:PORT with an IP address or localhost, such as 127.0.0.1:9464 or \"[::1]:9464\" "    \
    "(in quotes), and ~ for no listener\n"

#define URL_ALLOWED "; allowed are redis://HOST:PORT/DB, rediss://HOST:PORT/DB and unix:///PATH?db=N\n"

static void sets_that_are_wrong_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *set, *told;
    } cases[] = {
        {"redis.url=redis://:secret@h/0",
         "--set: redis.url: must hold no user and no password; use redis.username and redis.password_file\n"},
        {"redis.username=u", "--set: redis.username: needs redis.password_file beside it: without a password "
                             "nobody is logged in\n"},
        {"redis.ca_file=/x", "--set: redis.ca_file: is for TLS only, and redis.url does not begin with "
                             "rediss://; nothing would be encrypted\n"},
        {"redis.key_file=/x", "--set: redis.key_file: is for TLS only, and redis.url does not begin with "
                              "rediss://; nothing would be encrypted\n"},
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
        {"attribution.hash_identities=true",
         "--set: attribution.hash_identities: needs attribution.identity_key_file: without a key anybody "
         "could try ids "
         "out\n"},
        {"attribution.identity_key_file=/k", "--set: attribution.identity_key_file: is only read with "
                                             "attribution.hash_identities: true; without it ids are "
                                             "kept as they are\n"},
        {"attribution.by_kind={lead: first}", "--set: attribution.by_kind.lead: \"first\" is not allowed; "
                                              "allowed are last_click, first_click, linear, "
                                              "position, time_decay\n"},
        {"attribution.half_life=0",
         "--set: attribution.half_life: 0 is out of range; allowed are 1ms to 400d\n"},
        {"attribution.position=[1, 2]",
         "--set: attribution.position: has 2 items; allowed are 3 to 3 items\n"},
        {"rates=[{from: 2026-01-01, EUR: 1}]",
         "--set: rates[0]: EUR is the account's own currency; leave it out\n"},
        {"mapping={preset: ga5}", "--set: mapping.preset: \"ga5\" is not allowed; allowed are none, segment, "
                                  "ga4, snowplow, cloudevents, openrtb; did you mean \"ga4\"?\n"},
        {"measures={l: {orders_of_kind: lead, action: like}}",
         "--set: measures.l: must say one of action and orders_of_kind, such as {action: like}\n"},
        {"measures={l: {}}",
         "--set: measures.l: must say one of action and orders_of_kind, such as {action: like}\n"},
        {"measures={a b: {action: like}}",
         "--set: measures.a b: a measure's name has at most 64 bytes and no blanks\n"},
        {"measures={a: {action: i}, b: {action: i}, c: {action: i}, d: {action: i}, e: {action: i}, f: "
         "{action: "
         "i}, g: {action: i}, h: {action: i}, i: {action: i}}",
         "--set: measures: has 9 items; allowed are at most 8 items\n"},
        {"lookup={ad_id: {file: x, redis_hash: y}}",
         "--set: lookup.ad_id: names a file and a Redis hash; the ads come from one of them\n"},
        {"lookup={ad_id: {files: x}}", "--set: lookup.ad_id.files: unknown key; did you mean "
                                       "\"file\"?\n"},
        {"lookup.refresh=500ms", "--set: lookup.refresh: 500ms is out of range; allowed are 1s to 1d\n"},
        {"alerts.kafka_topic=x",
         "--set: alerts.kafka_topic: not yet in this version; allowed is only the default, ~\n"},
        {"http.listen=localhost",
         "--set: http.listen: \"localhost\" is no address to listen on; " LISTEN_ALLOWED},
        {"http.listen=some.host:9464",
         "--set: http.listen: \"some.host:9464\" is no address to listen on; " LISTEN_ALLOWED},
        {"http.listen=127.0.0.1:0",
         "--set: http.listen: \"127.0.0.1:0\" is no address to listen on; " LISTEN_ALLOWED},
        {"http.listen=127.0.0.1:65536",
         "--set: http.listen: \"127.0.0.1:65536\" is no address to listen on; " LISTEN_ALLOWED},
        {"http.listen=\"[::1:9464\"",
         "--set: http.listen: \"[::1:9464\" is no address to listen on; " LISTEN_ALLOWED},
        {"http.listen=::1:9464",
         "--set: http.listen: \"::1:9464\" is no address to listen on; " LISTEN_ALLOWED},
        {"http.listen=[9464]", "--set: http.listen: is no address; " LISTEN_ALLOWED},
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
             "between.\nroiwatch.yaml:1:1: redis.url: is required. redis://HOST:PORT/DB, "
             "rediss://HOST:PORT/DB (TLS, Debian 13) or unix:///PATH?db=N, without a "
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
                                               "there is no measure \"x\"\n"},
        {GOAL("metric: 'measure:', target: 1"),
         "roiwatch.yaml:3:55: campaigns.c.goals[0].metric: \"measure:\" is not allowed; allowed are roi, "
         "roas, "
         "cost, revenue, value, cpa, cpc, cpm, ctr, cvr, orders, clicks, impressions, measure:NAME, "
         "cost_per:NAME\n"},
        {GOAL("metric: cost_per:x, below: 1") "measures: {leads: {orders_of_kind: lead}, likes: {action: "
                                              "like}}\n",
         "roiwatch.yaml:3:55: campaigns.c.goals[0].metric: there is no measure \"x\"; configured are leads, "
         "likes\n"},
        {GOAL("metric: roy, target: 1"),
         "roiwatch.yaml:3:55: campaigns.c.goals[0].metric: \"roy\" is not allowed; allowed are roi, roas, "
         "cost, revenue, "
         "value, cpa, cpc, cpm, ctr, cvr, orders, clicks, impressions, measure:NAME, cost_per:NAME; did you "
         "mean \"roi\"?\n"},
        {GOAL("metric: cost, target: 1, sales_cycle: 14d"),
         "roiwatch.yaml:3:85: campaigns.c.goals[0].sales_cycle: not yet in this version; allowed is only the "
         "default, ~\n"},
        {CAMPAIGN("goals: [{name: a, metric: cost, target: 1, window: 1h}, {name: a, metric: cost, target: "
                  "1, window: 1h}]"),
         "roiwatch.yaml:3:73: campaigns.c.goals[1]: the name \"a\" stands twice\n"},
        {CAMPAIGN("cost: [{cpm: 1}]"),
         "roiwatch.yaml:3:24: campaigns.c.cost[0]: needs a `from`: in a list each row has one\n"},
        {CAMPAIGN("cost: [{from: ~, cpm: 1}]"),
         "roiwatch.yaml:3:24: campaigns.c.cost[0]: needs a `from`: in a list each row has one\n"},
        {CAMPAIGN("cost: [{from: someday, cpm: 1}]"),
         "roiwatch.yaml:3:31: campaigns.c.cost[0].from: \"someday\" is no date; allowed are dates such as "
         "2026-01-31\n"},
        {CAMPAIGN("cost: [{from: 2026-01-02}, 7]"),
         "roiwatch.yaml:3:44: campaigns.c.cost[1]: must be a map with keys, not a value\n"},
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
    char expected[640];
    snprintf(
        expected, sizeof(expected),
        "campaigns.d/a.yaml:2:1: kafka: is not allowed in this file; allowed is only campaigns\n"
        "campaigns.d/b.yaml:1:13: campaigns.x: stands in two files, first at %s/campaigns.d/a.yaml:1:13; "
        "write it once\n"
        "campaigns.d/c.yml: warning: is not read: only files that end in .yaml are\n"
        "roiwatch.yaml:3:21: limits.campaigns: 0 is out of range; allowed are 1 to 100000000\n"
        "campaigns.d/a.yaml:1:31: campaigns.y.value: \"nothing\" is not allowed; allowed are revenue, "
        "margin, "
        "{margin_rate: 0.35}\n",
        world.directory);
    assert_told(&world, expected);
}

static void what_only_the_whole_shows_is_told_with_the_rest(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(
        load(&world,
             "kafka: {brokers: b, properties: {fetch.min.byts: 1, linger.ms: 5, fetch.min.bytes: x,\n"
             "  enable.auto.commit: true, ssl.key.passwrd_file: /x, ssl.key.password_file: /x}}\n"
             "redis: {url: 'redis://h', flush: soon}\n"
             "account: {timezone: Europe/Pariss}\n"
             "windows: [1h, fortnight]\n"
             "campaigns:\n"
             "  a: {timezone: Mars, goals: [{name: g, metric: cost, below: 1, window: 9x}]}\n"
             "  b.c: {timezone: UTX, labels: []}\n"
             "  d: {timezone: 7}\n",
             NULL, 0),
        SETTINGS_INVALID);
    char *told = errors_text(&world.errors);
    static const char *const expected[] = {
        ":1:34: kafka.properties: fetch.min.byts: librdkafka says",
        ":1:67: kafka.properties: fetch.min.bytes: librdkafka says",
        ":2:3: kafka.properties: enable.auto.commit is set by roiwatch",
        ":2:29: kafka.properties: ssl.key.passwrd_file: librdkafka says",
        ":3:34: redis.flush: ",
        ":4:21: account.timezone: \"Europe/Pariss\" is no time zone; did you mean \"Europe/Paris\"?",
        ":5:15: windows[1]: \"fortnight\"",
        ":7:17: campaigns.a.timezone: \"Mars\" is no time zone",
        ":7:73: campaigns.a.goals[0].window: \"9x\"",
        ":8:19: campaigns.\"b.c\".timezone: \"UTX\" is no time zone",
        ":8:32: campaigns.\"b.c\".labels: must be a map",
        ":9:17: campaigns.d.timezone: \"7\" is no time zone",
    };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        if (!strstr(told, expected[i]))
            fail_msg("not told: %s\nin\n%s", expected[i], told);
    assert_int_equal(world.errors.n_errors, ARRAY_SIZE(expected));
    free(told);
}

static void a_campaign_in_error_adds_no_error_of_its_own(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(
        load(&world, GOOD "account: {timezone: []}\ncampaigns: {a: 7, b: {timezone: {}}, c: }\n", NULL, 0),
        SETTINGS_INVALID);
    assert_told(&world, "roiwatch.yaml:3:21: account.timezone: must be a text, not a list\n"
                        "roiwatch.yaml:4:16: campaigns.a: must be a map with keys, not a value\n"
                        "roiwatch.yaml:4:33: campaigns.b.timezone: must be a text, not a map\n");
}

static void a_campaign_that_stands_twice_is_told_by_its_path(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(
        load(&world, GOOD "campaigns:\n  a: {}\n  b: {goals: [{name: g, name: h}]}\n  a: {}\n", NULL, 0),
        SETTINGS_INVALID);
    char *told = errors_text(&world.errors);
    assert_non_null(strstr(told, ":6:3: campaigns.a: stands twice, first in line 4; write it once\n"));
    assert_non_null(
        strstr(told, ":5:25: campaigns.b.goals[0].name: stands twice, first in line 5; write it once\n"));
    free(told);
}

static void a_byte_order_mark_is_no_part_of_the_text(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    world_init(&world);
    assert_int_equal(load(&world, "\xef\xbb\xbf" GOOD, NULL, 0), 0);
    assert_int_equal(load(&world, "\xff\xfek", NULL, 0), SETTINGS_INVALID);
    assert_told(&world, "roiwatch.yaml: is UTF-16; save it as UTF-8\n");
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
        {"http.listen=0.0.0.0:1", ""},
        {"http.listen=localhost:9464", ""},
        {"http.listen=\"[::1]:9464\"", ""},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_that_are_wrong_are_told),
        cmocka_unit_test(files_that_are_wrong_are_told),
        cmocka_unit_test(errors_of_all_files_are_told_together),
        cmocka_unit_test(what_only_the_whole_shows_is_told_with_the_rest),
        cmocka_unit_test(a_campaign_in_error_adds_no_error_of_its_own),
        cmocka_unit_test(a_campaign_that_stands_twice_is_told_by_its_path),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_text),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error_of_the_configuration),
        cmocka_unit_test(what_is_probably_not_meant_is_a_warning),
        cmocka_unit_test(more_windows_than_can_be_kept_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
