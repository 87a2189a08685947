/* The text of counting rules: when there is one, what changes its version, and that it reads back to the same. */
#include "tests/daemon/world.h"

#include "daemon/settings_counting.h"
#include "lib/event/mapping.h"

static uint64_t version_of(struct world *world, const char *more)
{
    CLEANUP(buffer_deinit) struct buffer yaml = BUFFER_INIT;
    buffer_append_text(&yaml, GOOD);
    buffer_append_text(&yaml, more);
    buffer_append_u8(&yaml, '\0');
    assert_int_equal(load(world, yaml.data, NULL, 0), 0);
    return world->settings->counting.version;
}

static void what_decides_nothing_has_no_version(void **state)
{
    static const char *const none[] = {
        "",
        "account: {timezone: Europe/Paris}\n",
        "mapping: {topics: {plain: {}}}\n",
        "lookup: {refresh: 1m}\n",
        "lateness: {future: 1m}\n",
    };
    CLEANUP(world_deinit) struct world world;
    (void)state;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        assert_true(version_of(&world, none[i]) == 0);
        assert_int_equal(world.settings->counting.text.size, 0);
        assert_null(world.settings->counting.mapping);
        assert_null(world.settings->counting.rates);
    }
}

static const char *const configurations[] = {
    "rates: [{from: 2026-07-01, USD: 0.5}]\n",
    "rates: [{from: 2026-07-01, USD: 0.5}]\naccount: {timezone: Europe/Paris}\n",
    "rates: [{from: 2026-07-01, USD: 0.5, VND: 0.0000345}, {from: 2026-07-02, USD: 0.25}]\n",
    "mapping: {preset: ga4}\n",
    "mapping: {preset: segment}\n",
    "mapping: {preset: segment, topics: {plain: {}}}\n",
    "mapping: {topics: {one: {preset: cloudevents}}}\n",
    "mapping: {fields: {revenue: [{from: ['\"a.b\".c', 'items[key=\"x y\"].v'], unit: cents, sign: "
    "negate}],\n"
    "  type: {from: e, values: {'no': click, '1': order, '~': refund}},\n"
    "  kind: {value: 'yes: #', for: [order]}, campaign_id: {from: 'header:c', after_last: '.'}},\n"
    "  negative_orders: refund, confluent_header: true}\n",
    "lookup: {ad_id: {file: ads.csv}}\n",
    "lookup: {ad_id: {file: 'a\\b \"c\".csv'}}\n",
    "lookup: {ad_id: {redis_hash: ads.csv}}\n",
};

static void every_change_of_them_is_another_version(void **state)
{
    uint64_t versions[ARRAY_SIZE(configurations)];
    CLEANUP(world_deinit) struct world world;
    (void)state;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_SIZE(configurations); i++) {
        versions[i] = version_of(&world, configurations[i]);
        assert_true(versions[i] != 0);
        for (size_t k = 0; k < i; k++)
            assert_true(versions[k] != versions[i]);
    }
    assert_true(version_of(&world, "lookup: {ad_id: {file: ads.csv}, refresh: 1m}\n") == versions[8]);
    assert_true(version_of(&world, "rates: [{from: 2026-07-01, USD: 0.50}]\nlateness: {future: 1m}\n") ==
                versions[0]);
}

static void a_text_reads_back_to_the_same(void **state)
{
    CLEANUP(world_deinit) struct world world;
    (void)state;
    world_init(&world);
    for (size_t i = 0; i < ARRAY_SIZE(configurations); i++) {
        CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
        struct settings *back = NULL;
        uint64_t version = version_of(&world, configurations[i]);
        const struct counting_rules *counting = &world.settings->counting;
        assert_int_equal(settings_counting_read(counting->text, &back, &errors), 0);
        assert_true(back->counting.version == version);
        assert_true(span_equal(back->counting.text, counting->text));
        assert_int_equal(!back->counting.mapping, !counting->mapping);
        assert_int_equal(!back->counting.rates, !counting->rates);
        assert_int_equal(lookup_is_configured(&back->lookup.ad_id),
                         lookup_is_configured(&world.settings->lookup.ad_id));
        settings_free(back);
    }
}

static void rates_read_back_begin_at_midnight_of_the_account(void **state)
{
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    CLEANUP(world_deinit) struct world world;
    struct settings *back = NULL;
    (void)state;
    world_init(&world);
    (void)version_of(&world, configurations[1]);
    assert_int_equal(settings_counting_read(world.settings->counting.text, &back, &errors), 0);
    assert_null(rates_at(back->counting.rates, "USD", 1782856799999));
    assert_non_null(rates_at(back->counting.rates, "USD", 1782856800000)); /* midnight in Paris */
    assert_string_equal(back->account.currency, "EUR");
    settings_free(back);
}

static void mappings_read_back_are_those_of_their_topics(void **state)
{
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    CLEANUP(world_deinit) struct world world;
    struct settings *back = NULL;
    (void)state;
    world_init(&world);
    (void)version_of(&world, configurations[5]);
    assert_int_equal(settings_counting_read(world.settings->counting.text, &back, &errors), 0);
    assert_non_null(mapping_of(back->counting.mapping, "any"));
    assert_null(mapping_of(back->counting.mapping, "plain"));
    settings_free(back);
}

static void a_text_that_says_nothing_is_refused(void **state)
{
    static const char *const texts[] = {"rates: [", "windows: [5m]", "mapping: {preset: nobody}",
                                        "account: {timezone: Europe/Pariss}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
        struct settings *back = NULL;
        assert_int_equal(settings_counting_read(span_of(texts[i]), &back, &errors), SETTINGS_INVALID);
        assert_null(back);
        assert_true(errors.n_errors > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_decides_nothing_has_no_version),
        cmocka_unit_test(every_change_of_them_is_another_version),
        cmocka_unit_test(a_text_reads_back_to_the_same),
        cmocka_unit_test(rates_read_back_begin_at_midnight_of_the_account),
        cmocka_unit_test(mappings_read_back_are_those_of_their_topics),
        cmocka_unit_test(a_text_that_says_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
