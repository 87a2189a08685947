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
