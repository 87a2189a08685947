#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/settings_reload.h"

#define START "kafka: {brokers: 'localhost:9092'}\nredis: {url: 'redis://localhost:6379/0'}\n"

static struct settings *load(const char *text)
{
    char path[] = "/tmp/roiwatch-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    struct config_errors errors = CONFIG_ERRORS_INIT;
    struct settings *settings = NULL;
    assert_int_equal(settings_load(path, NULL, 0, &settings, &errors), 0);
    config_errors_deinit(&errors);
    assert_int_equal(unlink(path), 0);
    return settings;
}

static void expect(const char *before, const char *after, enum reload_fate fate, const char *names)
{
    struct settings *old = load(before), *fresh = load(after);
    struct reload_plan plan = RELOAD_PLAN_INIT;
    assert_int_equal(reload_plan_make(&plan, old, fresh), 0);
    for (size_t i = 0; i < N_RELOAD_FATES; i++) {
        buffer_append_zeros(&plan.names[i], 1);
        assert_string_equal(plan.names[i].data, i == fate ? names : "");
    }
    assert_int_equal(reload_plan_is_possible(&plan), fate != RELOAD_REFUSED && fate != RELOAD_RECOUNTS);
    reload_plan_deinit(&plan);
    settings_free(old);
    settings_free(fresh);
}

static void every_key_has_the_fate_that_its_documentation_says(void **state)
{
    (void)state;
    expect(START, START, N_RELOAD_FATES, "");
    expect(START, START "campaigns: {c: {cost: {cpc: 1}}}\n", RELOAD_TAKEN, "campaigns.c");
    expect(START "campaigns: {c: {cost: {cpc: 1}}}\n", START "campaigns: {c: {cost: {cpc: 2}}}\n",
           RELOAD_TAKEN, "campaigns.c.cost[0].cpc");
    expect(START, START "alerts: {stale_after: 5m}\n", RELOAD_TAKEN, "alerts.stale_after");
    expect(START, START "limits: {message_bytes: 2KiB}\n", RELOAD_FORWARD, "limits.message_bytes");
    expect(START, START "lateness: {future: 1m}\n", RELOAD_FORWARD, "lateness.future");
    expect(START, START "mapping: {preset: ga4}\n", RELOAD_FORWARD, "mapping.preset");
    expect(START, START "mapping: {topics: {t: {preset: ga4}}}\n", RELOAD_FORWARD, "mapping.topics.t");
    expect(START, START "rates: [{from: 2026-01-01, USD: 0.9}]\n", RELOAD_FORWARD, "rates");
    expect(START, START "lookup: {ad_id: {file: ads.csv}}\n", RELOAD_FORWARD, "lookup.ad_id.file");
    expect(START, START "lookup: {ad_id: {redis_hash: ads}}\n", RELOAD_FORWARD, "lookup.ad_id.redis_hash");
    expect(START, START "lookup: {refresh: 1m}\n", RELOAD_TAKEN, "lookup.refresh");
    expect(START, START "account: {timezone: Europe/Paris}\n", RELOAD_FORWARD, "account.timezone");
    expect(START, START "account: {currency: USD}\n", RELOAD_REFUSED, "account.currency");
}

static void what_a_start_opens_waits_for_the_next(void **state)
{
    (void)state;
    expect("kafka: {brokers: 'localhost:9092', start: latest, group: g}\nredis: {url: 'redis://h:1/0'}\n",
           "kafka: {brokers: 'other:9092', start: latest, group: g}\nredis: {url: 'redis://h:1/0', username: "
           "u, password_file: p}\n",
           RELOAD_WAITS, "kafka.brokers, redis.username, redis.password_file");
    expect("kafka: {brokers: b}\nredis: {url: 'redis://h:1/0'}\n",
           "kafka: {brokers: b, start: latest}\nredis: {url: 'redis://h:1/0'}\n", RELOAD_FORWARD,
           "kafka.start");
    expect("kafka: {brokers: b}\nredis: {url: 'redis://h:1/0'}\n",
           "kafka: {brokers: b}\nredis: {url: 'redis://h:1/0', flush: 1s}\n", RELOAD_TAKEN, "redis.flush");
}

static void windows_that_need_slices_that_are_not_stored_are_refused(void **state)
{
    (void)state;
    struct settings *old = load(START "windows: [1h, total]\n");
    struct settings *more = load(START "windows: [1h, 30d, total]\n");
    struct settings *goal = load(START "windows: [1h, total]\ndefaults: {goals: [{name: g, metric: cost, "
                                       "below: 1, window: 30d, rule: threshold}]}\n");
    struct settings *less = load(START "windows: [total]\n");
    struct settings *later = load(START "windows: [1h, total]\nlateness: {disorder: 1m}\n");
    struct {
        struct settings *fresh;
        bool possible;
    } cases[] = {{more, false}, {goal, false}, {less, true}, {later, false}, {old, true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reload_plan plan = RELOAD_PLAN_INIT;
        assert_int_equal(reload_plan_make(&plan, old, cases[i].fresh), 0);
        assert_int_equal(reload_plan_is_possible(&plan), cases[i].possible);
        reload_plan_deinit(&plan);
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        settings_free(cases[i].fresh);
}

#define MEASURES(rest) START "windows: [total]\nmeasures: {" rest "}\n"

/* Names are for readers; what the columns hold is not to be changed. */
static void measures_that_count_something_else_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        bool possible;
    } cases[] = {
        {MEASURES("a: {action: like}"), MEASURES("b: {action: like}"), true},
        {MEASURES("a: {action: like}, b: {orders_of_kind: lead}"),
         MEASURES("c: {action: like}, d: {orders_of_kind: lead}"), true},
        {MEASURES("a: {action: like}, b: {orders_of_kind: lead}"),
         MEASURES("b: {action: like}, a: {orders_of_kind: lead}"), false},
        {MEASURES("a: {action: like}"), MEASURES("a: {orders_of_kind: like}"), false},
        {MEASURES("a: {action: like}"), MEASURES("a: {action: likes}"), false},
        {MEASURES("a: {action: like}"), MEASURES(""), false},
        {MEASURES(""), MEASURES("a: {action: like}"), false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct settings *old = load(cases[i].before), *fresh = load(cases[i].after);
        struct reload_plan plan = RELOAD_PLAN_INIT;
        print_message("%s%s", cases[i].before, cases[i].after);
        assert_int_equal(reload_plan_make(&plan, old, fresh), 0);
        assert_int_equal(reload_plan_is_possible(&plan), cases[i].possible);
        reload_plan_deinit(&plan);
        settings_free(old);
        settings_free(fresh);
    }
}

static void only_the_first_names_are_listed(void **state)
{
    (void)state;
    expect(START, START "campaigns: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}, j: {}}\n",
           RELOAD_TAKEN,
           "campaigns.a, campaigns.b, campaigns.c, campaigns.d, campaigns.e, campaigns.f, campaigns.g, "
           "campaigns.h and 2 more");
}

static void fresh_settings_keep_what_was_opened_at_the_start(void **state)
{
    (void)state;
    struct settings *started = load("kafka: {brokers: b}\nredis: {url: 'redis://h:1/0', flush: 1s}\n");
    struct settings *fresh = load(
        "kafka: {brokers: c, start: latest}\nredis: {url: 'redis://i:1/0', flush: 2s}\nretention: 400d\n");
    char before[17];
    memcpy(before, fresh->fingerprint, sizeof(before));
    assert_int_equal(settings_keep_start(fresh, started), 0);
    assert_string_equal(fresh->kafka.brokers, "b");
    assert_int_equal(fresh->kafka.start.kind, KAFKA_START_LATEST);
    assert_string_equal(fresh->redis.address.host, "h");
    assert_int_equal(fresh->redis.flush_ms, 2000);
    assert_string_not_equal(fresh->fingerprint, before);
    settings_free(fresh);
    settings_free(started);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_the_fate_that_its_documentation_says),
        cmocka_unit_test(what_a_start_opens_waits_for_the_next),
        cmocka_unit_test(windows_that_need_slices_that_are_not_stored_are_refused),
        cmocka_unit_test(measures_that_count_something_else_are_refused),
        cmocka_unit_test(only_the_first_names_are_listed),
        cmocka_unit_test(fresh_settings_keep_what_was_opened_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
