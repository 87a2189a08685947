/*
 * Each preset reads the samples of its format, which are written by the public specifications.
 */
#include "tests/lib/event/mapping_world.h"

/* What a sample comes to; NULL is an empty id. */
struct expected {
    const char *sample;
    enum event_type type;
    int64_t ts_ms;
    const char *campaign_id, *ad_id, *event_id, *user_id, *click_id, *order_id, *refund_id, *kind, *currency;
    int64_t cost, revenue, margin, amount;
};

static char *read_sample(const char *name)
{
    enum { SAMPLE_MAX = 65536 };
    char path[512], *text = calloc(1, SAMPLE_MAX);
    FILE *file;

    (void)snprintf(path, sizeof(path), TEST_DATA "/samples/%s.json", name);
    file = fopen(path, "rb");
    if (!file || !text)
        fail_msg("%s cannot be read", path);
    assert_true(fread(text, 1, SAMPLE_MAX - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static void assert_id(const char *sample, const char *name, struct span id, const char *expected)
{
    if (!span_equal(id, span_of(expected)))
        fail_msg("%s: %s is \"%.*s\"", sample, name, (int)id.size, id.data ? id.data : "");
}

static void check(struct mapping_world *world, const struct expected *expected,
                  const struct decode_header *headers, size_t n_headers)
{
    char *text = read_sample(expected->sample);
    struct decode_input input = {.value = span_of(text), .headers = headers, .n_headers = n_headers};
    struct event event;
    const char *field = "";
    int r = map_input(world, input, &event, &field);

    if (r != 0)
        fail_msg("%s: %s %s", expected->sample, reject_reason_name((enum reject_reason)r), field);
    assert_int_equal(event.type, expected->type);
    assert_true(event.ts_ms == expected->ts_ms);
    assert_id(expected->sample, "campaign_id", event.campaign_id, expected->campaign_id);
    assert_id(expected->sample, "ad_id", event.ad_id, expected->ad_id);
    assert_id(expected->sample, "event_id", event.event_id, expected->event_id);
    assert_id(expected->sample, "user_id", event.user_id, expected->user_id);
    assert_id(expected->sample, "click_id", event.click_id, expected->click_id);
    assert_id(expected->sample, "order_id", event.order_id, expected->order_id);
    if (event.type == EVENT_REFUND)
        assert_id(expected->sample, "refund_id", event.refund_id, expected->refund_id);
    if (event.type == EVENT_ORDER)
        assert_id(expected->sample, "kind", event.kind, expected->kind);
    assert_string_equal(event.currency, expected->currency ? expected->currency : "");
    assert_true(event.cost_micros == expected->cost && event.revenue_micros == expected->revenue);
    assert_true(event.margin_micros == expected->margin && event.amount_micros == expected->amount);
    assert_false(event.all_left);
    free(text);
}

static void check_all(const char *yaml, const struct expected *expected, size_t n)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    mapping_world_init(&world, yaml);
    for (size_t i = 0; i < n; i++)
        check(&world, &expected[i], NULL, 0);
}

static void segment_is_read(void **state)
{
    static const struct expected samples[] = {
        {.sample = "segment-order-completed",
         .type = EVENT_ORDER,
         .ts_ms = 1772582400700,
         .user_id = "97980cfea0067",
         .click_id = "507f191e810c19729de860ea",
         .order_id = "50314b8e9bcf000000000000",
         .currency = "USD",
         .revenue = 27500000},
        {.sample = "segment-order-refunded",
         .type = EVENT_REFUND,
         .ts_ms = 1772755200000,
         .order_id = "50314b8e9bcf000000000000",
         .refund_id = "node-next-1772755200000-refund",
         .currency = "USD",
         .amount = 30000000},
        {.sample = "segment-page",
         .type = EVENT_CLICK,
         .ts_ms = 1772582300000,
         .campaign_id = "spring sale",
         .event_id = "ajs-next-1772582300000-page",
         .click_id = "507f191e810c19729de860ea"},
    };

    (void)state;
    check_all("mapping: {preset: segment}", samples, ARRAY_SIZE(samples));
}

static void ga4_is_read(void **state)
{
    static const struct expected samples[] = {
        {.sample = "ga4-export-purchase",
         .type = EVENT_ORDER,
         .ts_ms = 1772582400123,
         .click_id = "1026454.4320",
         .order_id = "T_12345",
         .currency = "USD",
         .revenue = 72050000},
        {.sample = "ga4-export-refund",
         .type = EVENT_REFUND,
         .ts_ms = 1772755200000,
         .order_id = "T_12345",
         .refund_id = "1772755200000001",
         .currency = "USD",
         .amount = 10010000},
        {.sample = "ga4-export-page-view",
         .type = EVENT_CLICK,
         .ts_ms = 1772582300000,
         .campaign_id = "spring-sale",
         .event_id = "1772582300000000",
         .user_id = "u-77",
         .click_id = "1026454.4320"},
        {.sample = "ga4-protocol-purchase",
         .type = EVENT_ORDER,
         .ts_ms = 1772582400123,
         .user_id = "u-77",
         .click_id = "1026454.4320",
         .order_id = "T_12345",
         .currency = "USD",
         .revenue = 12210000},
    };

    (void)state;
    check_all("mapping: {preset: ga4}", samples, ARRAY_SIZE(samples));
}

static void snowplow_is_read(void **state)
{
    static const struct expected samples[] = {
        {.sample = "snowplow-page-view",
         .type = EVENT_CLICK,
         .ts_ms = 1772582300612,
         .campaign_id = "spring-sale",
         .event_id = "c6ef3124-b53a-4b13-a233-0088f79dcbcb",
         .click_id = "bc2e92ec6c204a14"},
        {.sample = "snowplow-transaction",
         .type = EVENT_ORDER,
         .ts_ms = 1772582400000,
         .user_id = "u-77",
         .click_id = "bc2e92ec6c204a14",
         .order_id = "order-123",
         .currency = "USD",
         .revenue = 80000000},
        {.sample = "snowplow-ecommerce-transaction",
         .type = EVENT_ORDER,
         .ts_ms = 1772582400000,
         .click_id = "bc2e92ec6c204a14",
         .order_id = "T_12345",
         .currency = "USD",
         .revenue = 230000000},
        {.sample = "snowplow-ecommerce-refund",
         .type = EVENT_REFUND,
         .ts_ms = 1772755200000,
         .order_id = "T_12345",
         .refund_id = "0c1f2a3b-1111-4a2b-9c3d-000000000003",
         .currency = "USD",
         .amount = 115000000},
    };

    (void)state;
    check_all("mapping: {preset: snowplow}", samples, ARRAY_SIZE(samples));
}

static void cloudevents_are_read_in_both_modes(void **state)
{
    static const struct expected structured = {.sample = "cloudevents-structured",
                                               .type = EVENT_ORDER,
                                               .ts_ms = 1772582400000,
                                               .user_id = "u-77",
                                               .order_id = "o-1001",
                                               .kind = "sale",
                                               .currency = "USD",
                                               .revenue = 49900000,
                                               .margin = -1500000};
    static const struct expected binary = {.sample = "cloudevents-binary",
                                           .type = EVENT_CLICK,
                                           .ts_ms = 1772582400000,
                                           .campaign_id = "spring-sale",
                                           .event_id = "A234-1234-1235",
                                           .user_id = "u-77",
                                           .click_id = "k-1",
                                           .currency = "USD",
                                           .cost = 400000};
    const struct decode_header headers[] = {
        {span_of("ce_specversion"), span_of("1.0")},
        {span_of("ce_type"), span_of("com.example.ads.click")},
        {span_of("ce_source"), span_of("/ads")},
        {span_of("ce_id"), span_of("A234-1234-1235")},
        {span_of("ce_time"), span_of("2026-03-04T00:00:00Z")},
        {span_of("content-type"), span_of("application/json")},
    };
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world, "mapping: {preset: cloudevents}");
    check(&world, &structured, NULL, 0);
    check(&world, &binary, headers, ARRAY_SIZE(headers));
}

static void openrtb_billing_notices_are_read(void **state)
{
    static const struct expected samples[] = {
        {.sample = "openrtb-url",
         .type = EVENT_IMPRESSION,
         .ts_ms = 1772582400123,
         .campaign_id = "campaign111",
         .event_id = "abc1123",
         .currency = "USD",
         .cost = 9430}, /* a price is for a thousand */
        {.sample = "openrtb-json",
         .type = EVENT_IMPRESSION,
         .ts_ms = 1772582400250,
         .ad_id = "314",
         .event_id = "abc1123",
         .currency = "USD",
         .cost = 9430},
    };

    (void)state;
    check_all("mapping: {preset: openrtb}", samples, ARRAY_SIZE(samples));
}

static void a_field_beside_a_preset_replaces_the_presets(void **state)
{
    static const struct expected samples[] = {
        {.sample = "segment-order-completed",
         .type = EVENT_ORDER,
         .ts_ms = 1772582400700,
         .campaign_id = "spring-sale",
         .user_id = "97980cfea0067",
         .click_id = "507f191e810c19729de860ea",
         .order_id = "50314b8e9bcf000000000000",
         .kind = "Web shop",
         .currency = "USD",
         .revenue = 25000000},
    };

    (void)state;
    check_all(
        "mapping: {preset: segment, fields: {revenue: properties.revenue, kind: properties.affiliation, "
        "campaign_id: context.campaign.name}}",
        samples, ARRAY_SIZE(samples));
}

static void every_preset_is_without_mistake_and_the_contracts_names_are_not_its(void **state)
{
    (void)state;
    for (unsigned preset = 1; mapping_preset_name(preset); preset++) {
        CLEANUP(mapping_world_deinit) struct mapping_world world;
        char yaml[128];

        (void)snprintf(yaml, sizeof(yaml), "mapping: {preset: %s, fields: {type: t}}",
                       mapping_preset_name(preset));
        mapping_world_init(&world, yaml);
        assert_non_null(world.settings.all.mapping);
        assert_true(strlen(mapping_preset_text(preset)) > 100);
        map_refuse(&world, "{\"type\":\"click\"}", REJECT_UNKNOWN_TYPE, "type");
    }
    assert_string_equal(mapping_preset_text(0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segment_is_read),
        cmocka_unit_test(ga4_is_read),
        cmocka_unit_test(snowplow_is_read),
        cmocka_unit_test(cloudevents_are_read_in_both_modes),
        cmocka_unit_test(openrtb_billing_notices_are_read),
        cmocka_unit_test(a_field_beside_a_preset_replaces_the_presets),
        cmocka_unit_test(every_preset_is_without_mistake_and_the_contracts_names_are_not_its),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
