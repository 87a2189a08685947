#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/event/decode.h"
#include "tests/lib/event/decoding.h"

static void what_is_not_one_json_text_is_not_json(void **state)
{
    static const char *const values[] = {
        "{",
        "}",
        "{}}",
        "{{}",
        "{}{}",
        "{} {}",
        "{},",
        "[",
        "]",
        "[1,]",
        "[1 2]",
        "[1}",
        "[] []",
        "\"a",
        "\"a\" \"b\"",
        "tru",
        "nul",
        "NaN",
        "-",
        "01",
        "1.2.3",
        "click",
        "'a'",
        "/* */ {}",
        "{" CLICK "",
        "{" CLICK "} x",
        "{" CLICK "}}",
        "{" CLICK "}]",
        "{" CLICK "},",
        "{" CLICK "}{" CLICK "}",
        "{" CLICK "}\n{}",
        "{" CLICK ",}",
        "{," CLICK "}",
        "{" CLICK ",,\"x\":1}",
        "{" CLICK " \"x\":1}",
        "{" CLICK ",\"x\"}",
        "{" CLICK ",\"x\":}",
        "{" CLICK ",\"x\":}}",
        "{" CLICK ",\"x\":]}",
        "{" CLICK ",\"x\"::1}",
        "{" CLICK ",\"x\" 1}",
        "{" CLICK ",\"x\":1:2}",
        "{" CLICK ",\"x\":\"\":0}",
        "{" CLICK ",\"x\":\"a\" : {}}",
        "{" CLICK ",\"x\":\"a\":{\"b\":1}}}",
        "{" CLICK ",\"user_id\":\"a\":0}",
        "{" CLICK ",\"x\":,\"y\":1}",
        "{" CLICK ",\"x\":1 2}",
        "{" CLICK ",\"x\":\"a\" \"b\"}",
        "{" CLICK ",\"x\":\"a\"b}",
        "{" CLICK ",\"x\"a:1}",
        "{" CLICK ",x:1}",
        "{" CLICK ",1:1}",
        "{" CLICK ",null:1}",
        "{" CLICK ",[]:1}",
        "{" CLICK ",'x':1}",
        "{" CLICK ",\"x\":\"a}",
        "{" CLICK ",\"x\":\"a\\\"}",
        "{" CLICK ",\"x\":\\\"a}",
        "{" CLICK ",\"x\":a\\\"b,\"y\":\"z\"}",
        "{" CLICK ",\"x\":[}",
        "{" CLICK ",\"x\":[1}",
        "{" CLICK ",\"x\":[1}}",
        "{" CLICK ",\"x\":[1},\"y\":{1]}",
        "{" CLICK ",\"x\":{]}",
        "{" CLICK ",\"x\":[[]}",
        "{" CLICK ",\"x\":[\"]}",
        "{" CLICK ",\"x\":[\\\"]}",
        "[" CLICK "}",
        "\xEF\xBB\xBF{" CLICK "}",
        "\xEF\xBB\xBF",
        "\xFE\xFF",
        "{" CLICK ",\"x\":\"\t\"}",
        "{" CLICK ",\"x\":\"\n\"}",
        "{" CLICK ",\"x\ty\":1}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        refuse(state, values[i], REJECT_NOT_JSON, "");
    refuse_bytes(state, span_from("{" CLICK "}\0", sizeof("{" CLICK "}")), REJECT_NOT_JSON, "");
    refuse_bytes(state, span_from("{" CLICK ",\"x\":\"\0\"}", sizeof("{" CLICK ",\"x\":\"\0\"}") - 1),
                 REJECT_NOT_JSON, "");
}

static void every_prefix_of_an_event_is_not_json(void **state)
{
    static const char value[] =
        "{" CLICK ",\"cost\":\"0.5\",\"x\":[{\"y\":\"z\\u00e9\"},1],\"user_id\":\"u\"}";

    (void)accept(state, value);
    for (size_t size = 1; size < sizeof(value) - 1; size++)
        refuse_bytes(state, span_from(value, size), REJECT_NOT_JSON, "");
}

static void json_of_another_kind_is_not_an_object(void **state)
{
    static const char *const values[] = {
        "[]",
        "[1,2]",
        " [ {\"a\":[true,null]} , \"\\u00e9\" ] ",
        "["
        "{" CLICK "}"
        "]",
        "\"text\"",
        "\"\"",
        "12",
        "-0.5e7",
        "true",
        "false",
        "null",
        " null\n",
        "[[[[]]]]",
        "123456789012345678901234567890",
        "\"\\ud83d\\ude00\"",
    };
    static const char *const broken[] = {
        "[\"\\ud83d\"]", "\"\\udc00\"", "\"\\x\"",   "[{\"a\"}]", "[{\"a\":1,}]", "[tru]", "[,]", "[1,,2]",
        "[{,}]",         "[{1:2}]",     "null null", "nulll",     "[\"a\" 1]",    "[1]x",  "+1",  "[-]",
    };

    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        refuse(state, values[i], REJECT_NOT_OBJECT, "");
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
        refuse(state, broken[i], REJECT_NOT_JSON, "");
}

static void bytes_that_are_not_utf_8_are_not_json_wherever_they_stand(void **state)
{
    static const char *const bytes[] = {
        "\x80",         "\xC0\xAF",     "\xC1\xBF",         "\xC3", "\xE2\x82",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xFF", "\xF8\x88\x80\x80\x80",
        "\xE0\x80\xAF",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
        char value[256];

        (void)snprintf(value, sizeof(value), "{" TIMED ",\"ts\":1795306000000,\"x\":\"%s\"}", bytes[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
        (void)snprintf(value, sizeof(value), "{" CLICK ",\"user_id\":\"%s\"}", bytes[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
        (void)snprintf(value, sizeof(value), "{" CLICK ",\"%s\":1}", bytes[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
        (void)snprintf(value, sizeof(value), "{" CLICK ",\"x\":[{\"y\":\"%s\"}]}", bytes[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
        (void)snprintf(value, sizeof(value), "{" CLICK "}%s", bytes[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
        (void)snprintf(value, sizeof(value), "[\"%s\"]", bytes[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
    }
}

static void white_space_is_allowed_where_json_allows_it(void **state)
{
    struct event event =
        accept(state, "\n{ \"type\"\t:\r\n\"click\" , \"ts\" : 1795306000000 ,\"campaign_id\" :\"c\"  ,"
                      "\"cost\" :\t0.5\r\n , \"x\" : [ 1 , { } ] } \t\n");

    assert_span(event.campaign_id, "c");
    assert_true(event.cost_micros == 500000);
    refuse(state, "{" CLICK ",\v\"x\":1}", REJECT_NOT_JSON, "");
    refuse(state, "{" CLICK "}\f", REJECT_NOT_JSON, "");
    refuse(state, "\xC2\xA0{" CLICK "}", REJECT_NOT_JSON, "");
}

static void values_under_unknown_names_are_skipped(void **state)
{
    static const char *const values[] = {
        "{" CLICK ",\"x\":1e400}",
        "{" CLICK ",\"x\":-1e400,\"y\":123456789012345678901234567890}",
        "{" CLICK ",\"x\":01}",
        "{" CLICK ",\"x\":1.2.3}",
        "{" CLICK ",\"x\":-}",
        "{" CLICK ",\"x\":NaN,\"y\":Infinity,\"z\":undefined}",
        "{" CLICK ",\"x\":tru}",
        "{" CLICK ",\"x\":\"\\ud800\",\"y\":\"\\udc00\\ud800\"}",
        "{" CLICK ",\"x\":\"\\q\\u12\"}",
        "{" CLICK ",\"x\":\"\\\\\",\"y\":\"\\\"\"}",
        "{" CLICK ",\"x\":[1,,2 3 tru],\"y\":{1,:}}",
        "{" CLICK ",\"x\":{\"ts\":1,\"ts\":2,\"type\":\"order\"}}",
        "{" CLICK ",\"x\":[\"]\",\"}\\\"[\"]}",
        "{" CLICK ",\"x\":{\"a\":[{\"b\":[]}]}}",
        "{" CLICK ",\"\":1,\"\":2}",
        "{" CLICK ",\"x\":1,\"x\":2}",
        "{" CLICK ",\"TS\":1,\"Type\":2,\"campaign_id \":3,\"campaign\":4,\"t\":5,\"tss\":6}",
        "{" CLICK ",\"context\":{\"user_agent\":\"Mozilla/5.0 (X11; \\u0022)\",\"ip\":[10,0,0,1]}}",
    };

    accept_all(state, values, ARRAY_SIZE(values));
}

/* A click with a member of 20,000 open arrays in all and `n_closed` closed ones. */
static const char *with_deep_member(const char *name, int n_closed)
{
    enum { DEPTH = 20000 };
    static char value[2 * DEPTH + 256];
    int size = snprintf(value, sizeof(value), "{\"%s\":", name);

    memset(value + size, '[', DEPTH);
    memset(value + size + DEPTH, ']', (size_t)n_closed);
    (void)snprintf(value + size + DEPTH + n_closed, 128,
                   ",\"type\":\"click\",\"ts\":1795306000000,\"campaign_id\":\"c\"}");
    return value;
}

static void depth_is_no_fault(void **state)
{
    (void)accept(state, with_deep_member("x", 20000));
    refuse(state, with_deep_member("x", 19999), REJECT_NOT_JSON, "");
    refuse(state, with_deep_member("x", 20001), REJECT_NOT_JSON, "");
    refuse(state, with_deep_member("cost", 20000), REJECT_BAD_TYPE, "cost");
    refuse(state, with_deep_member("cost", 19999), REJECT_NOT_JSON, "");
}

static void names_are_compared_unescaped(void **state)
{
    struct event event =
        accept(state, "{\"\\u0074ype\":\"\\u0063lick\",\"t\\u0073\":1795306000000,\"campaign\\u005Fid\":"
                      "\"c\",\"\\u0063\\u006f\\u0073\\u0074\":2,\"user\\\\_id\":7.5}");

    assert_int_equal(event.type, EVENT_CLICK);
    assert_span(event.campaign_id, "c");
    assert_true(event.cost_micros == 2000000);
}

static void a_name_with_a_bad_escape_is_not_json_even_if_unknown(void **state)
{
    static const char *const values[] = {
        "{" CLICK ",\"\\ud800\":1}", "{" CLICK ",\"\\udc00x\":1}", "{" CLICK ",\"\\q\":1}",
        "{" CLICK ",\"\\u00\":1}",   "{" CLICK ",\"\\u00zz\":1}",  "{" CLICK ",\"\\ud800\\ud800\":1}",
    };

    refuse_all(state, values, ARRAY_SIZE(values), REJECT_NOT_JSON);
    (void)accept(state, "{" CLICK ",\"\\ud83d\\uDE00\\b\\f\\n\\r\\t\\/\\\\\\\"\":1}");
}

static void a_repeated_name_is_refused_under_any_type(void **state)
{
    static const char *const names[] = {
        "type",     "ts",      "campaign_id", "ad_id",    "event_id", "click_id", "user_id",
        "order_id", "revenue", "cost",        "currency", "margin",   "kind",     "refund_id",
        "amount",   "action",  "spend_id",    "from",     "to",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char value[256];

        (void)snprintf(value, sizeof(value), "{\"%s\":null,\"x\":1,\"%s\":null}", names[i], names[i]);
        refuse(state, value, REJECT_REPEATED_NAME, names[i]);
        (void)snprintf(value, sizeof(value), "{\"%s\":1,\"\\u%04x%s\":\"1\"}", names[i], names[i][0],
                       names[i] + 1);
        refuse(state, value, REJECT_REPEATED_NAME, names[i]);
    }
}

static void mapped_values_are_checked_in_full_under_any_type(void **state)
{
    static const char *const bad[] = {
        "NaN",
        "tru",
        "True",
        "nul",
        "nullx",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1.2.3",
        "1e",
        "0x1",
        "Infinity",
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\\q\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "[1,]",
        "[1 2]",
        "{1:2}",
        "{\"a\" 1}",
        "{\"a\":}",
        "[tru]",
        "[\"\\ud800\"]",
        "{\"\\ud800\":1}",
        "[[1}]",
        "[\"\\\"]",
        "{\"a\":1,}",
        "{,}",
        "[01]",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char value[256];

        (void)snprintf(value, sizeof(value), "{" CLICK ",\"user_id\":%s}", bad[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
        (void)snprintf(value, sizeof(value), "{\"spend_id\":%s ," CLICK "}", bad[i]);
        refuse(state, value, REJECT_NOT_JSON, "");
    }
}

static void a_field_of_another_type_is_ignored(void **state)
{
    static const char *const values[] = {
        "{" CLICK ",\"revenue\":\"x\",\"order_id\":[],\"margin\":true,\"kind\":{},\"amount\":-1,\"from\":1.5,"
        "\"to\":{}}",
        "{" CLICK ",\"ad_id\":[{\"a\":\"\\u00e9\"},null,[]]}",
        "{" ORDER
        ",\"revenue\":1,\"cost\":-5,\"event_id\":1.5,\"ad_id\":false,\"action\":[1,2],\"spend_id\":1e400}",
        "{\"type\":\"impression\",\"ts\":1795306000000,\"campaign_id\":\"c\",\"click_id\":1.5,\"kind\":true}",
    };

    accept_all(state, values, ARRAY_SIZE(values));
}

static void the_first_reason_of_the_contracts_order_is_given(void **state)
{
    refuse(state, "{\"ts\":1,\"ts\":2,\"type\":7,\"x\":[}", REJECT_NOT_JSON, "");
    refuse(state, "{\"ts\":1,\"ts\":2,\"type\":7} x", REJECT_NOT_JSON, "");
    refuse(state, "{\"ts\":1,\"ts\":2,\"cost\":tru}", REJECT_NOT_JSON, "");
    refuse(state, "{\"ts\":1,\"ts\":tru}", REJECT_NOT_JSON, "");
    refuse(state, "{\"ts\":1,\"ts\":2,\"type\":7}", REJECT_REPEATED_NAME, "ts");
    refuse(state, "{\"cost\":1,\"ts\":1,\"ts\":2,\"cost\":2}", REJECT_REPEATED_NAME, "ts");
    refuse(state, "{\"ts\":1,\"cost\":-1,\"type\":7}", REJECT_BAD_TYPE, "type");
    refuse(state, "{\"ts\":1,\"cost\":-1,\"type\":\"spent\"}", REJECT_UNKNOWN_TYPE, "type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_one_json_text_is_not_json),
        cmocka_unit_test(every_prefix_of_an_event_is_not_json),
        cmocka_unit_test(json_of_another_kind_is_not_an_object),
        cmocka_unit_test(bytes_that_are_not_utf_8_are_not_json_wherever_they_stand),
        cmocka_unit_test(white_space_is_allowed_where_json_allows_it),
        cmocka_unit_test(values_under_unknown_names_are_skipped),
        cmocka_unit_test(depth_is_no_fault),
        cmocka_unit_test(names_are_compared_unescaped),
        cmocka_unit_test(a_name_with_a_bad_escape_is_not_json_even_if_unknown),
        cmocka_unit_test(a_repeated_name_is_refused_under_any_type),
        cmocka_unit_test(mapped_values_are_checked_in_full_under_any_type),
        cmocka_unit_test(a_field_of_another_type_is_ignored),
        cmocka_unit_test(the_first_reason_of_the_contracts_order_is_given),
    };
    return cmocka_run_group_tests(tests, with_decoder, without_decoder);
}
