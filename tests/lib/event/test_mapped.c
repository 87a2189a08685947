#include "tests/lib/event/mapping_world.h"

#define TS "1772582400000" /* 2026-03-04T00:00:00Z */

/* All fields of an order, so that one value can be looked at. */
#define ORDER_BASE "type: {value: order}, ts: ts, order_id: o"

static void fields_are_found_below_objects_and_in_arrays(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    struct event event;

    (void)state;
    mapping_world_init(&world, "mapping:\n"
                               "  fields:\n"
                               "    type: {value: order}\n"
                               "    ts: meta.time\n"
                               "    order_id: 'lines[1].order.id'\n"
                               "    kind: 'tags[name=kind].text'\n"
                               "    user_id: '\"user.id\".\"q\"'\n"
                               "    click_id: 'm[0][1]'\n"
                               "    campaign_id: 'deep.a.b.c.d'\n");
    event =
        map_accept(&world, "{\"x\":[{\"y\":\"]\"}],\"meta\":{\"a\":{},\"time\":" TS ",\"z\":[1,2]},\n"
                           " \"lines\" : [ {\"order\":{\"id\":\"no\"}} , {\"order\":{\"id\":\"o-1\"}}, 7 ],"
                           "\"tags\":[3,{\"text\":\"early\"},{\"name\":\"other\",\"text\":\"no\"},"
                           "{\"text\":\"lead\",\"name\":\"kind\"},{\"name\":\"kind\",\"text\":\"late\"}],"
                           "\"user.id\":{\"q\":5},\"m\":[[1,2,3]],\"revenue\":1.5,"
                           "\"deep\":{\"a\":{\"b\":{\"c\":{\"d\":\"end\"}}}}}");
    assert_true(event.ts_ms == 1772582400000);
    assert_text(event.order_id, "o-1");
    assert_text(event.kind, "lead");
    assert_text(event.user_id, "5");
    assert_text(event.click_id, "2");
    assert_text(event.campaign_id, "end");
    assert_true(event.revenue_micros == 1500000); /* keeps its own name */
}

static void the_first_alternative_that_has_something_wins(void **state)
{
    static const struct {
        const char *value, *kind;
    } rows[] = {
        {"\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"", "1"},
        {"\"c\":\"3\",\"b\":\"2\"", "2"},
        {"\"a\":null,\"b\":\"2\"", "2"},
        {"\"a\":\"\",\"c\":\"3\"", "3"},
        {"\"a\":\"\",\"b\":\"\"", "last"},
        {"\"x\":1", "last"},
    };
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world,
                       "mapping: {fields: {" ORDER_BASE ", kind: [a, {from: [b, c]}, {value: last}]}}");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char value[256];
        (void)snprintf(value, sizeof(value), "{\"ts\":" TS ",\"o\":1,\"revenue\":1,%s}", rows[i].value);
        assert_text(map_accept(&world, value).kind, rows[i].kind);
    }
}

static void an_empty_text_is_there_where_nothing_else_is(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world, "mapping: {fields: {" ORDER_BASE ", revenue: [a, b]}}");
    map_refuse(&world, "{\"ts\":" TS ",\"o\":1,\"a\":\"\",\"b\":null}", REJECT_BAD_MONEY, "revenue");
    map_refuse(&world, "{\"ts\":" TS ",\"o\":1,\"b\":null}", REJECT_MISSING_FIELD, "revenue");
    map_refuse(&world, "{\"ts\":" TS ",\"o\":1,\"revenue\":5}", REJECT_MISSING_FIELD, "revenue");
}

static void times_come_in_their_unit(void **state)
{
    static const struct {
        const char *unit, *ts;
        int64_t ts_ms; /* -1: bad_time */
    } rows[] = {
        {"s", "1772582400", 1772582400000},
        {"s", "\"1772582400\"", 1772582400000},
        {"s", "1772582400.1239", 1772582400123},
        {"s", "1.7725824e9", 1772582400000},
        {"s", "17725824e2", 1772582400000},
        {"s", "\"2026-03-04T00:00:00.5Z\"", 1772582400500},
        {"s", "\"2026-03-04 00:00:00\"", -1},
        {"s", "\"soon\"", -1},
        {"s", "1772582400000", -1}, /* ms: after the year 9999 */
        {"s", "-1772582400", -1},
        {"s", "9223372036854775807", -1},
        {"s", "1e400", -1},
        {"s", "0", -1},
        {"s", "0e999999999", -1},
        {"ms", "1772582400000", 1772582400000},
        {"ms", "\"1772582400000\"", 1772582400000},
        {"ms", "1772582400000.9", 1772582400000},
        {"us", "1772582400123456", 1772582400123},
        {"us", "\"1772582400123999\"", 1772582400123},
        {"us", "1", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mapping_world_deinit) struct mapping_world world;
        char yaml[256], value[256];

        (void)snprintf(yaml, sizeof(yaml),
                       "mapping: {fields: {type: {value: order}, ts: {from: t, unit: %s}}}", rows[i].unit);
        mapping_world_init(&world, yaml);
        (void)snprintf(value, sizeof(value), "{\"t\":%s,\"order_id\":1,\"revenue\":1}", rows[i].ts);
        if (rows[i].ts_ms < 0)
            map_refuse(&world, value, REJECT_BAD_TIME, "ts");
        else if (map_accept(&world, value).ts_ms != rows[i].ts_ms)
            fail_msg("%s %s", rows[i].ts, rows[i].unit);
    }
}

static void without_a_unit_times_are_the_contracts(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world, "mapping: {fields: {type: {value: order}, ts: t}}");
    map_refuse(&world, "{\"t\":\"1772582400000\",\"order_id\":1,\"revenue\":1}", REJECT_BAD_TIME, "ts");
    map_refuse(&world, "{\"t\":1772582400000.5,\"order_id\":1,\"revenue\":1}", REJECT_BAD_TIME, "ts");
    map_refuse(&world, "{\"t\":[],\"order_id\":1,\"revenue\":1}", REJECT_BAD_TYPE, "ts");
}

static void spend_takes_both_its_times_in_their_unit(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    struct event event;

    (void)state;
    mapping_world_init(&world,
                       "mapping: {fields: {type: {value: spend}, ts: {from: t, unit: s}, from: {from: a, "
                       "unit: s}, to: {from: b, unit: us}}}");
    event =
        map_accept(&world, "{\"t\":1772582400,\"a\":1772582401,\"b\":1772582402000000,\"campaign_id\":\"c\","
                           "\"amount\":1}");
    assert_true(event.ts_ms == 1772582400000 && event.from_ms == 1772582401000 &&
                event.to_ms == 1772582402000);
}

static void money_comes_in_its_unit_and_is_rounded_once(void **state)
{
    static const struct {
        const char *options, *money;
        int64_t micros;
        int reason;
    } rows[] = {
        {"unit: cents", "1250", 12500000, 0},
        {"unit: cents", "\"1250\"", 12500000, 0},
        {"unit: cents", "0.00005", 0, 0}, /* half a micro-unit */
        {"unit: cents", "0.00015", 2, 0},
        {"unit: cents", "922337203685477.5807", INT64_MAX, 0},
        {"unit: cents", "922337203685477.5808", 0, REJECT_MONEY_RANGE},
        {"unit: micros", "1250000", 1250000, 0},
        {"unit: micros", "0.5", 0, 0},
        {"unit: per_thousand", "2.5", 2500, 0},
        {"unit: per_thousand", "1e3", 1000000, 0},
        {"unit: cents", "-1", 0, REJECT_NEGATIVE_MONEY},
        {"unit: cents", "\"12 EUR\"", 0, REJECT_BAD_MONEY},
        {"unit: cents", "true", 0, REJECT_BAD_TYPE},
        {"sign: negate", "-3.5", 3500000, 0},
        {"sign: negate", "\"-3.5\"", 3500000, 0},
        {"sign: negate", "3.5", 0, REJECT_NEGATIVE_MONEY},
        {"sign: negate", "0", 0, 0},
        {"sign: drop", "-3.5", 3500000, 0},
        {"sign: drop", "3.5", 3500000, 0},
        {"sign: drop, unit: cents", "\"-350\"", 3500000, 0},
        {"sign: keep", "-1", 0, REJECT_NEGATIVE_MONEY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mapping_world_deinit) struct mapping_world world;
        char yaml[256], value[256];

        (void)snprintf(yaml, sizeof(yaml), "mapping: {fields: {" ORDER_BASE ", revenue: {from: r, %s}}}",
                       rows[i].options);
        mapping_world_init(&world, yaml);
        (void)snprintf(value, sizeof(value), "{\"ts\":" TS ",\"o\":1,\"r\":%s}", rows[i].money);
        if (rows[i].reason)
            map_refuse(&world, value, (enum reject_reason)rows[i].reason, "revenue");
        else if (map_accept(&world, value).revenue_micros != rows[i].micros)
            fail_msg("%s %s", rows[i].options, rows[i].money);
    }
}

static void an_order_below_zero_may_be_a_refund(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world, strict;
    struct event event;

    (void)state;
    mapping_world_init(&world,
                       "mapping: {negative_orders: refund, fields: {revenue: {from: total, unit: cents}}}");
    event = map_accept(&world, "{\"type\":\"order\",\"ts\":" TS ",\"order_id\":1,\"total\":\"-350\"}");
    assert_int_equal(event.type, EVENT_REFUND);
    assert_true(event.amount_micros == 3500000 && !event.all_left);
    event = map_accept(&world, "{\"type\":\"order\",\"ts\":" TS ",\"order_id\":1,\"total\":350}");
    assert_int_equal(event.type, EVENT_ORDER);
    event = map_accept(&world, "{\"type\":\"order\",\"ts\":" TS ",\"order_id\":1,\"total\":-0.0}");
    assert_int_equal(event.type, EVENT_ORDER);
    map_refuse(&world, "{\"type\":\"refund\",\"ts\":" TS ",\"order_id\":1,\"amount\":-1}",
               REJECT_NEGATIVE_MONEY, "amount");
    mapping_world_init(&strict, "mapping: {fields: {revenue: total}}");
    map_refuse(&strict, "{\"type\":\"order\",\"ts\":" TS ",\"order_id\":1,\"total\":-350}",
               REJECT_NEGATIVE_MONEY, "revenue");
}

static void words_have_their_meaning(void **state)
{
    static const char yaml[] =
        "mapping:\n"
        "  fields:\n"
        "    type: {from: n, after_last: '.', values: {bought: order, '7': refund, 'true': click}}\n"
        "    campaign_id: {value: c}\n";
    static const struct {
        const char *name;
        enum event_type type; /* EVENT_NONE: unknown */
    } rows[] = {
        {"\"bought\"", EVENT_ORDER}, {"\"com.shop.bought\"", EVENT_ORDER},
        {"7", EVENT_REFUND},         {"true", EVENT_CLICK},
        {"\"click\"", EVENT_CLICK},  {"\"x.click\"", EVENT_CLICK},
        {"\"Bought\"", EVENT_NONE},  {"\"bought.\"", EVENT_NONE},
        {"\"\"", EVENT_NONE},        {"\"b\\u006fught\"", EVENT_ORDER},
    };
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world, yaml);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char value[256];
        (void)snprintf(value, sizeof(value), "{\"n\":%s,\"ts\":" TS ",\"order_id\":1,\"revenue\":1}",
                       rows[i].name);
        if (rows[i].type == EVENT_NONE)
            map_refuse(&world, value, REJECT_UNKNOWN_TYPE, "type");
        else
            assert_int_equal(map_accept(&world, value).type, rows[i].type);
    }
    map_refuse(&world, "{\"n\":8,\"ts\":" TS "}", REJECT_BAD_TYPE, "type");
    map_refuse(&world, "{\"n\":[\"bought\"],\"ts\":" TS "}", REJECT_BAD_TYPE, "type");
}

static void a_source_may_be_for_some_types_only(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    struct decode_input input = {.value =
                                     span_of("{\"ts\":" TS ",\"c\":\"x\",\"order_id\":1,\"revenue\":1}")};
    struct event event;
    const char *field;

    (void)state;
    mapping_world_init(&world, "mapping: {fields: {campaign_id: {from: c, for: [click, spend]}}}");
    assert_text(map_accept(&world, "{\"type\":\"click\",\"ts\":" TS ",\"c\":\"x\"}").campaign_id, "x");
    assert_text(
        map_accept(&world, "{\"type\":\"order\",\"ts\":" TS ",\"c\":\"x\",\"order_id\":1,\"revenue\":1}")
            .campaign_id,
        "");
    /* The topic says the type where the message does not. */
    input.topic_type = EVENT_ORDER;
    assert_int_equal(map_input(&world, input, &event, &field), 0);
    assert_text(event.campaign_id, "");
    input.topic_type = EVENT_CLICK;
    assert_int_equal(map_input(&world, input, &event, &field), 0);
    assert_text(event.campaign_id, "x");
}

static void parameters_come_out_of_urls(void **state)
{
    static const char click[] =
        "{\"ts\":" TS
        ",\"page\":{\"url\":\"https:\\/\\/shop.example/?gclid=a%2Bb&utm_campaign=spring%20s\\u0061le+x"
        "&utm_campaign=no#top\"},\"ref\":\"/?fbclid=f\"}";
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    struct event event;

    (void)state;
    mapping_world_init(&world, "mapping:\n"
                               "  fields:\n"
                               "    type: {value: click}\n"
                               "    ts: ts\n"
                               "    campaign_id: 'page.url?utm_campaign'\n"
                               "    event_id: 'ref?fbclid'\n"
                               "    user_id: page.url\n"
                               "    click_id: ['page.url?msclkid', 'page.url?gclid', 'page.url?fbclid']\n");
    event = map_accept(&world, click);
    assert_text(event.campaign_id, "spring sale x");
    assert_text(event.click_id, "a+b");
    assert_text(event.event_id, "f");
    assert_text(event.user_id,
                "https://shop.example/?gclid=a%2Bb&utm_campaign=spring%20sale+x&utm_campaign=no#top");
    map_refuse(&world, "{\"ts\":" TS ",\"page\":{\"url\":7}}", REJECT_MISSING_FIELD, "campaign_id");
    map_refuse(&world, "{\"ts\":" TS ",\"page\":{\"url\":\"/?utm_campaign=a%00b\"}}", REJECT_BAD_ID,
               "campaign_id");
    map_refuse(&world, "{\"ts\":" TS ",\"page\":{\"url\":\"/?utm_campaign=%28overflow%29\"}}",
               REJECT_RESERVED_ID, "campaign_id");
}

static void a_mapped_name_that_stands_twice_is_repeated(void **state)
{
    static const struct {
        const char *value, *field;
    } rows[] = {
        {"{\"p\":{\"t\":1,\"t\":2}}", "revenue"}, {"{\"p\":{\"t\":1},\"p\":{}}", "kind"},
        {"{\"p\":null,\"p\":null}", "kind"},      {"{\"p\":{\"t\":1,\"\\u0074\":2}}", "revenue"},
        {"{\"p\":{\"k\":1,\"k\":null}}", "kind"},
    };
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world,
                       "mapping: {fields: {" ORDER_BASE ", revenue: p.t, kind: p.k, user_id: 'l[0].a'}}");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        map_refuse(&world, rows[i].value, REJECT_REPEATED_NAME, NULL);
    /* Elements are no names, and what is not mapped may stand twice. */
    (void)map_accept(&world,
                     "{\"ts\":" TS ",\"o\":1,\"p\":{\"t\":1,\"x\":1,\"x\":2},\"l\":[{\"a\":1},{\"a\":2}],"
                     "\"revenue\":1,\"revenue\":2}");
}

static void json_is_checked_where_it_is_read(void **state)
{
    static const char *const bad[] = {
        "{\"p\":{\"t\":01}}",       "{\"p\":{\"t\":tru}}",       "{\"p\":{\"t\":\"\\ud800\"}}",
        "{\"p\":{\"t\":\"\\x\"}}",  "{\"p\":{\"t\":[1,]}}",      "{\"p\":{\"t\":{\"a\":\"\\udc00\"}}}",
        "{\"p\":{\"\\ud800\":1}}",  "{\"p\":{\"t\" 1}}",         "{\"p\":{\"t\":1,}}",
        "{\"p\":{,\"t\":1}}",       "{\"p\":{\"t\":1 \"u\":2}}", "{\"p\":{t:1}}",
        "{\"p\":{\"x\":}}",         "{\"p\":{\"x\":[}]}}",       "{\"p\":{\"x\":a\"b}}",
        "{\"p\":{\"x\":a\\b}}",     "{\"p\":{\"x\":a:1}}",       "{\"p\":{\"t\":1]}",
        "{\"p\":{\"t\":1}",         "{\"l\":[{\"a\":1},]}",      "{\"l\":[1 2]}",
        "{\"l\":[{\"a\":1}}",       "{\"p\":{\"t\":1}}}",        "{\"p\":{\"t\":\"\xff\"}}",
        "{\"p\":{\"x\":\"\x01\"}}",
    };
    static const char *const good[] = {
        "{\"p\":{\"t\":1,\"x\":NaN,\"y\":01,\"z\":[1,,2],\"w\":\"\\ud800\",\"v\":\"\\q\"},%s}",
        "{\"p\":{\"t\":1,\"x\":{\"a\":[{},[],\"]}\\\"\"]}},%s}",
        "{ \"p\" : { \"t\" : 1 } , \"l\" : [ ] , %s }",
        "{\"p\":{\"t\":1},\"l\":{},%s}",
        "{\"p\":{\"t\":1},\"l\":7,%s}",
        "{\"p\":{\"t\":1},\"l\":[[{\"a\":1}]],%s}",
    };
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world, "mapping: {fields: {" ORDER_BASE ", revenue: p.t, user_id: 'l[0].a'}}");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        map_refuse(&world, bad[i], REJECT_NOT_JSON, "");
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        char value[256];
        (void)snprintf(value, sizeof(value), good[i], "\"ts\":" TS ",\"o\":1");
        (void)map_accept(&world, value);
    }
    map_refuse(&world, "[1]", REJECT_NOT_OBJECT, "");
    map_refuse(&world, "", REJECT_EMPTY, "");
    map_refuse(&world, "{\"p\":[],\"ts\":" TS ",\"o\":1}", REJECT_MISSING_FIELD, "revenue");
    map_refuse(&world, "{\"p\":{\"t\":{}},\"ts\":" TS ",\"o\":1}", REJECT_BAD_TYPE, "revenue");
}

static void a_value_and_what_is_below_it_may_both_be_read(void **state)
{
    CLEANUP(mapping_world_deinit) struct mapping_world world;

    (void)state;
    mapping_world_init(&world, "mapping: {fields: {" ORDER_BASE ", user_id: [u.id, u]}}");
    assert_text(map_accept(&world, "{\"ts\":" TS ",\"o\":1,\"revenue\":1,\"u\":\"flat\"}").user_id, "flat");
    assert_text(map_accept(&world, "{\"ts\":" TS ",\"o\":1,\"revenue\":1,\"u\":{\"id\":\"deep\"}}").user_id,
                "deep");
    map_refuse(&world, "{\"ts\":" TS ",\"o\":1,\"revenue\":1,\"u\":{}}", REJECT_BAD_TYPE, "user_id");
}

static void headers_are_read_where_they_are_text(void **state)
{
    static const char value[] = "{\"order_id\":1,\"revenue\":1}";
    const struct decode_header headers[] = {
        {span_of("ce_time"), span_of("2026-03-04T00:00:00Z")},
        {span_of("u"), span_of("\xff")},
        {span_of("k"), {NULL, 0}},
        {span_of("k"), span_of("lead")},
        {span_of("k"), span_of("second")},
        {span_of("ce_type"), span_of("order")},
    };
    struct decode_input input = {
        .value = span_of(value), .headers = headers, .n_headers = ARRAY_SIZE(headers)};
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    struct event event;
    const char *field;

    (void)state;
    mapping_world_init(&world, "mapping: {fields: {ts: 'header:ce_time', type: 'header:ce_type', user_id: "
                               "'header:u', kind: 'header:k'}}");
    assert_int_equal(map_input(&world, input, &event, &field), 0);
    assert_true(event.ts_ms == 1772582400000);
    assert_text(event.kind, "lead");
    assert_text(event.user_id, "");
    input.n_headers = 0;
    assert_int_equal(map_input(&world, input, &event, &field), REJECT_UNKNOWN_TYPE);
}

static void confluents_header_is_passed_over(void **state)
{
    static const char value[] = "\0\0\0\0\7{\"type\":\"order\",\"ts\":" TS ",\"order_id\":1,\"revenue\":1}";
    struct decode_input input = {.value = span_from(value, sizeof(value) - 1)};
    CLEANUP(mapping_world_deinit) struct mapping_world world, without;
    struct event event;
    const char *field;

    (void)state;
    mapping_world_init(&world, "mapping: {confluent_header: true}");
    assert_int_equal(map_input(&world, input, &event, &field), 0);
    assert_text(event.order_id, "1");
    (void)map_accept(&world, value + 5);
    input.value.size = 5;
    assert_int_equal(map_input(&world, input, &event, &field), REJECT_EMPTY);
    input.value.size = 4;
    assert_int_equal(map_input(&world, input, &event, &field), REJECT_NOT_JSON);
    input.value = (struct span){NULL, 0};
    assert_int_equal(map_input(&world, input, &event, &field), REJECT_EMPTY);
    mapping_world_init(&without, "mapping: {fields: {kind: k}}");
    input.value = span_from(value, sizeof(value) - 1);
    assert_int_equal(map_input(&without, input, &event, &field), REJECT_NOT_JSON);
}

static void long_messages_make_room_for_themselves(void **state)
{
    enum { PAD = 20000, SIZE = 3 * PAD };
    CLEANUP(mapping_world_deinit) struct mapping_world world;
    char *value = malloc(SIZE), *pad = calloc(1, PAD + 1);

    (void)state;
    assert_true(value && pad);
    memset(pad, 'x', PAD);
    mapping_world_init(&world, "mapping: {fields: {" ORDER_BASE ", kind: 'u?k', user_id: 'u?long'}}");
    (void)snprintf(value, SIZE,
                   "{\"pad\":\"%s\",\"u\":\"?k=lead&pad=%s\",\"ts\":" TS ",\"o\":1,\"revenue\":1}", pad, pad);
    assert_text(map_accept(&world, value).kind, "lead");
    (void)snprintf(value, SIZE, "{\"u\":\"?long=%s\",\"ts\":" TS ",\"o\":1,\"revenue\":1}", pad);
    map_refuse(&world, value, REJECT_BAD_ID, "user_id");
    free(pad);
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_below_objects_and_in_arrays),
        cmocka_unit_test(the_first_alternative_that_has_something_wins),
        cmocka_unit_test(an_empty_text_is_there_where_nothing_else_is),
        cmocka_unit_test(times_come_in_their_unit),
        cmocka_unit_test(without_a_unit_times_are_the_contracts),
        cmocka_unit_test(spend_takes_both_its_times_in_their_unit),
        cmocka_unit_test(money_comes_in_its_unit_and_is_rounded_once),
        cmocka_unit_test(an_order_below_zero_may_be_a_refund),
        cmocka_unit_test(words_have_their_meaning),
        cmocka_unit_test(a_source_may_be_for_some_types_only),
        cmocka_unit_test(parameters_come_out_of_urls),
        cmocka_unit_test(a_mapped_name_that_stands_twice_is_repeated),
        cmocka_unit_test(json_is_checked_where_it_is_read),
        cmocka_unit_test(a_value_and_what_is_below_it_may_both_be_read),
        cmocka_unit_test(headers_are_read_where_they_are_text),
        cmocka_unit_test(confluents_header_is_passed_over),
        cmocka_unit_test(long_messages_make_room_for_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
