#include "tests/lib/event/mapping_world.h"

#include "lib/config/write.h"

static void what_is_wrong_in_a_mapping_is_told_with_its_place(void **state)
{
    static const struct {
        const char *yaml, *error;
    } rows[] = {
        {"mapping: {preset: segmnt}", "f:1:19: mapping.preset: \"segmnt\" is not allowed; allowed are none, "
                                      "segment, ga4, snowplow, cloudevents, "
                                      "openrtb; did you mean \"segment\"?"},
        {"mapping: {fields: {revenu: total}}",
         "f:1:20: mapping.fields.revenu: \"revenu\" is not allowed; allowed are "},
        {"mapping: {fields: {revenue: a..b}}",
         "f:1:29: mapping.fields.revenue: \"a..b\" is no path: it has an empty name"},
        {"mapping: {fields: {revenue: []}}",
         "f:1:29: mapping.fields.revenue: has 0 items; allowed are 1 to 16 items"},
        {"mapping: {fields: {revenue: {unit: cents}}}",
         "f:1:29: mapping.fields.revenue: needs either `from`, a path, or `value`, a constant"},
        {"mapping: {fields: {revenue: {from: a, value: 1}}}",
         "f:1:29: mapping.fields.revenue: needs either `from`, a path, or `value`, a constant"},
        {"mapping: {fields: {revenue: {form: a}}}",
         "f:1:30: mapping.fields.revenue: \"form\" is not allowed; allowed "
         "are from, value, unit, sign, values, after_last, for; did you "
         "mean \"from\"?"},
        {"mapping: {fields: {revenue: {from: a, unit: cent}}}",
         "f:1:45: mapping.fields.revenue: \"cent\" is not allowed; allowed are "},
        {"mapping: {fields: {revenue: {from: a, unit: s}}}",
         "f:1:19: mapping.fields: the units ms, s and us are for ts, from and to (at revenue)"},
        {"mapping: {fields: {ts: {from: a, unit: cents}}}",
         "f:1:19: mapping.fields: the units cents, micros and per_thousand are for money (at ts)"},
        {"mapping: {fields: {kind: {from: a, sign: drop}}}",
         "f:1:19: mapping.fields: `sign` is for money (at kind)"},
        {"mapping: {fields: {type: {from: a, for: click}}}",
         "f:1:19: mapping.fields: `for` cannot decide over the type itself (at type)"},
        {"mapping: {fields: {kind: {from: a, for: clicks}}}",
         "f:1:41: mapping.fields.kind: \"clicks\" is not allowed; allowed are impression, click, order, "
         "refund, "
         "engagement, spend; did you mean \"click\"?"},
        {"mapping: {fields: {kind: {from: a, values: [b]}}}",
         "f:1:44: mapping.fields.kind: `values` must be a map of 1 to 64 words"},
        {"mapping: {fields: {kind: {from: a, after_last: ab}}}",
         "f:1:48: mapping.fields.kind: `after_last` must be one character, such as \".\""},
        {"mapping: {fields: {kind: 'a[0]', user_id: 'a[k=x]'}}",
         "f:1:19: mapping.fields: the elements of one array are told either by index or by one key, not by "
         "both (at "
         "kind)"},
        {"mapping: {fields: {kind: 'a[j=x].b', user_id: 'a[k=x]'}}",
         "f:1:19: mapping.fields: the elements of one array are told either by index or by one key, not by "
         "both (at "
         "kind)"},
        {"mapping: {topics: {t: {preset: x}}}", "f:1:32: mapping.topics.t.preset: \"x\" is not allowed"},
        {"mapping: {topics: {t: {fields: {ts: {from: a, unit: cents}}}}}",
         "f:1:32: mapping.topics.t.fields: the units cents"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mapping_world_deinit) struct mapping_world world;
        char *text;

        mapping_read(&world, rows[i].yaml);
        text = errors_text(&world.errors);
        if (strncmp(text, rows[i].error, strlen(rows[i].error)) != 0)
            fail_msg("%s\n%s", text, rows[i].error);
        free(text);
    }
}

static void too_many_paths_are_told(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    CLEANUP(buffer_deinit) struct buffer yaml = BUFFER_INIT;
    char *text;

    (void)state;
    buffer_append_text(&yaml, "mapping: {fields: {");
    for (int i = 0; i < 12; i++) {
        static const char *const names[] = {"kind",     "user_id", "click_id", "event_id",
                                            "ad_id",    "action",  "spend_id", "refund_id",
                                            "order_id", "cost",    "margin",   "amount"};
        buffer_printf(&yaml, "%s%s: [", i ? ", " : "", names[i]);
        for (int j = 0; j < 12; j++)
            buffer_printf(&yaml, "%sa%d", j ? ", " : "", i * 12 + j);
        buffer_append_text(&yaml, "]");
    }
    buffer_append_text(&yaml, "}}");
    buffer_append_u8(&yaml, '\0');
    mapping_read(&world, yaml.data);
    text = errors_text(&world.errors);
    assert_string_equal(text,
                        "f:1:19: mapping.fields: there are more than 128 different paths (at action)\n");
    free(text);
}

static void no_mapping_is_none(void **state)
{
    static const char *const rows[] = {"mapping: {}", "mapping: ~", "mapping: {preset: none, fields: {}}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mapping_world_deinit) struct mapping_world world;
        mapping_read(&world, rows[i]);
        assert_int_equal(world.errors.n_errors, 0);
        assert_null(mapping_of(&world.settings, "t"));
        assert_null(mapping_of(&world.settings, NULL));
    }
}

static void a_topics_own_mapping_replaces_that_of_all(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_read(&world, "mapping: {preset: segment, topics: {plain: {}, other: {preset: ga4}}}");
    assert_int_equal(world.errors.n_errors, 0);
    assert_null(mapping_of(&world.settings, "plain"));
    assert_non_null(mapping_of(&world.settings, "other"));
    assert_ptr_not_equal(mapping_of(&world.settings, "other"), mapping_of(&world.settings, "third"));
    assert_ptr_equal(mapping_of(&world.settings, "third"), mapping_of(&world.settings, NULL));
}

static void a_mapping_is_written_so_that_it_reads_the_same(void **state)
{
    static const char yaml[] =
        "mapping:\n"
        "  preset: segment\n"
        "  confluent_header: true\n"
        "  negative_orders: refund\n"
        "  fields:\n"
        "    kind: \"items[0].kind\"\n"
        "    revenue:\n"
        "      - {\"from\": [\"a\", \"b.c\"], \"unit\": \"cents\", \"sign\": \"negate\"}\n"
        "      - \"url?total\"\n"
        "    type: {\"from\": \"event\", \"after_last\": \".\", \"values\": {\"Order Completed\": "
        "\"order\"}}\n"
        "    user_id: {\"from\": \"u\", \"for\": [\"click\", \"order\"]}\n"
        "  topics:\n"
        "    t:\n"
        "      preset: none\n"
        "      confluent_header: false\n"
        "      negative_orders: reject\n"
        "      fields:\n"
        "        currency: {\"value\": \"USD\"}\n";
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    struct config_row row = mapping_row;
    struct config_shape shape = {&row, 1, sizeof(struct mapping_settings), NULL};

    (void)state;
    mapping_read(&world, yaml);
    assert_int_equal(world.errors.n_errors, 0);
    config_write_yaml(&shape, &world.settings, &text);
    buffer_append_u8(&text, '\0');
    assert_string_equal(text.data, yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_in_a_mapping_is_told_with_its_place),
        cmocka_unit_test(too_many_paths_are_told),
        cmocka_unit_test(no_mapping_is_none),
        cmocka_unit_test(a_topics_own_mapping_replaces_that_of_all),
        cmocka_unit_test(a_mapping_is_written_so_that_it_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
