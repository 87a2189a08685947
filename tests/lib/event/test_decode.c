#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/event/decode.h"
#include "tests/lib/event/decoding.h"

static void an_impression_has_its_fields(void **state)
{
    struct event event = accept(
        state,
        "{\"type\":\"impression\",\"ts\":1795306012345,\"campaign_id\":\"spring-sale\",\"event_id\":\"e-1\","
        "\"user_id\":\"u-1\",\"cost\":0.0025,\"currency\":\"EUR\",\"click_id\":7,\"revenue\":5}");

    assert_int_equal(event.type, EVENT_IMPRESSION);
    assert_true(event.ts_ms == 1795306012345);
    assert_span(event.campaign_id, "spring-sale");
    assert_span(event.event_id, "e-1");
    assert_span(event.user_id, "u-1");
    assert_true(event.cost_micros == 2500);
    assert_int_equal(event.click_id.size, 0);
    assert_true(event.revenue_micros == 0);
}

static void a_click_has_its_fields(void **state)
{
    struct event event =
        accept(state, "{\"cost\":\"0.4\",\"click_id\":\"k\",\"event_id\":\"e\",\"user_id\":\"u\","
                      "\"campaign_id\":\"c\",\"ts\":\"2026-11-22T00:06:52.345Z\",\"type\":\"click\"}");

    assert_int_equal(event.type, EVENT_CLICK);
    assert_true(event.ts_ms == 1795306012345);
    assert_span(event.campaign_id, "c");
    assert_span(event.event_id, "e");
    assert_span(event.click_id, "k");
    assert_span(event.user_id, "u");
    assert_true(event.cost_micros == 400000);
    assert_int_equal(event.order_id.size, 0);
}

static void an_order_has_its_fields(void **state)
{
    struct event event = accept(
        state,
        "{" ORDER ",\"revenue\":49.9,\"margin\":-3,\"kind\":\"lead\",\"user_id\":\"u\",\"click_id\":\"k\","
        "\"campaign_id\":\"c\",\"currency\":\"EUR\",\"event_id\":\"e\",\"cost\":9}");

    assert_int_equal(event.type, EVENT_ORDER);
    assert_span(event.order_id, "o");
    assert_span(event.kind, "lead");
    assert_span(event.user_id, "u");
    assert_span(event.click_id, "k");
    assert_span(event.campaign_id, "c");
    assert_true(event.revenue_micros == 49900000);
    assert_true(event.margin_micros == -3000000);
    assert_int_equal(event.event_id.size, 0);
    assert_true(event.cost_micros == 0);

    event = accept(state, "{" ORDER ",\"revenue\":0}");
    assert_int_equal(event.campaign_id.size, 0);
    assert_int_equal(event.kind.size, 0);
}

static void the_topic_gives_the_type_where_the_event_has_none(void **state)
{
    static const char untyped[] = "{\"ts\":1795306000000,\"campaign_id\":\"c\",\"type\":null}";
    static const char typed[] = "{" ORDER ",\"revenue\":1}";
    struct event event;

    assert_int_equal(decode(*state, span_of(untyped), NO_RECORD_TIME, EVENT_CLICK, &event, NULL), 0);
    assert_int_equal(event.type, EVENT_CLICK);
    assert_int_equal(decode(*state, span_of(typed), NO_RECORD_TIME, EVENT_CLICK, &event, NULL), 0);
    assert_int_equal(event.type, EVENT_ORDER);
    assert_int_equal(decode(*state, span_of(untyped), NO_RECORD_TIME, EVENT_NONE, &event, NULL),
                     REJECT_UNKNOWN_TYPE);
    assert_int_equal(decode(*state, span_of(untyped), NO_RECORD_TIME, EVENT_SPEND, &event, NULL),
                     REJECT_MISSING_FIELD);
}

static void a_type_of_another_name_is_unknown(void **state)
{
    static const char *const names[] = {"engagements", "Spend", "Click",  "clicks",
                                        "none",        "",      " click", "orders"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char value[128];

        (void)snprintf(value, sizeof(value), "{\"ts\":1795306000000,\"campaign_id\":\"c\",\"type\":\"%s\"}",
                       names[i]);
        refuse(state, value, REJECT_UNKNOWN_TYPE, "type");
    }
    refuse(state, "{}", REJECT_UNKNOWN_TYPE, "type");
    refuse(state, "{\"type\":5}", REJECT_BAD_TYPE, "type");
    refuse(state, "{\"type\":true}", REJECT_BAD_TYPE, "type");
    refuse(state, "{\"type\":[\"click\"]}", REJECT_BAD_TYPE, "type");
    refuse(state, "{\"type\":{}}", REJECT_BAD_TYPE, "type");
}

static void a_missing_field_is_named(void **state)
{
    static const struct {
        const char *value, *field;
    } rows[] = {
        {"{\"type\":\"click\",\"campaign_id\":\"c\"}", "ts"},
        {"{\"type\":\"click\",\"ts\":null,\"campaign_id\":\"c\"}", "ts"},
        {"{\"type\":\"click\",\"ts\":1795306000000}", "campaign_id"},
        {"{\"type\":\"click\",\"ts\":1795306000000,\"ad_id\":\"a\"}", "campaign_id"},
        {"{\"type\":\"impression\",\"ts\":1795306000000,\"campaign_id\":\"\"}", "campaign_id"},
        {"{\"type\":\"impression\",\"ts\":1795306000000,\"campaign_id\":null}", "campaign_id"},
        {"{\"type\":\"order\",\"ts\":1795306000000,\"revenue\":1}", "order_id"},
        {"{\"type\":\"order\",\"ts\":1795306000000,\"revenue\":1,\"order_id\":\"\"}", "order_id"},
        {"{" ORDER "}", "revenue"},
        {"{" ORDER ",\"revenue\":null}", "revenue"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        refuse(state, rows[i].value, REJECT_MISSING_FIELD, rows[i].field);
}

static void a_message_without_a_value_is_empty(void **state)
{
    refuse_bytes(state, (struct span){NULL, 0}, REJECT_EMPTY, "");
    refuse_bytes(state, (struct span){"", 0}, REJECT_EMPTY, "");
    refuse(state, " ", REJECT_NOT_JSON, "");
    refuse(state, "\n\t\r ", REJECT_NOT_JSON, "");
    refuse_bytes(state, (struct span){"\0", 1}, REJECT_NOT_JSON, "");
}

static void a_value_beyond_message_bytes_is_too_large_whatever_it_is(void **state)
{
    char *value = malloc(65537);

    assert_non_null(value);
    memset(value, ' ', 65537);
    memcpy(value, "{" CLICK "}", sizeof("{" CLICK "}") - 1);
    (void)accept_bytes(state, span_from(value, 65536));
    refuse_bytes(state, span_from(value, 65537), REJECT_TOO_LARGE, "");
    memset(value, 'x', 65537);
    refuse_bytes(state, span_from(value, 65536), REJECT_NOT_JSON, "");
    refuse_bytes(state, span_from(value, 65537), REJECT_TOO_LARGE, "");
    free(value);
}

static void times_are_ms_or_text_with_a_zone(void **state)
{
    assert_true(accept(state, "{" TIMED ",\"ts\":946684800000}").ts_ms == 946684800000);
    assert_true(accept(state, "{" TIMED ",\"ts\":\"2000-01-01T00:00:00Z\"}").ts_ms == 946684800000);
    assert_true(accept(state, "{" TIMED ",\"ts\":\"2026-11-22T01:06:52.3459+01:00\"}").ts_ms ==
                1795306012345);
    assert_true(accept(state, "{" TIMED ",\"ts\":\"\\u0032026-11-22t00:06:52.345\\u007a\"}").ts_ms ==
                1795306012345);
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad_times[] = {
        "{" TIMED ",\"ts\":946684799999}",
        "{" TIMED ",\"ts\":1795306000}",
        "{" TIMED ",\"ts\":0}",
        "{" TIMED ",\"ts\":-1795306000000}",
        "{" TIMED ",\"ts\":1795306000000.0}",
        "{" TIMED ",\"ts\":1795306e6}",
        "{" TIMED ",\"ts\":1795306000000000000000000000}",
        "{" TIMED ",\"ts\":\"1795306000000\"}",
        "{" TIMED ",\"ts\":\"1999-12-31T23:59:59.9999Z\"}",
        "{" TIMED ",\"ts\":\"2000-01-01T00:00:00+00:01\"}",
        "{" TIMED ",\"ts\":\"2026-11-22T00:06:52\"}",
        "{" TIMED ",\"ts\":\"2026-11-22T00:06:60Z\"}",
        "{" TIMED ",\"ts\":\"2026-02-29T00:06:52Z\"}",
        "{" TIMED ",\"ts\":\"2026-11-22T00:06:52Z\\u0000\"}",
        "{" TIMED ",\"ts\":\"\"}",
    };
    static const char *const bad_types[] = {
        "{" TIMED ",\"ts\":true}",
        "{" TIMED ",\"ts\":false}",
        "{" TIMED ",\"ts\":[1795306000000]}",
        "{" TIMED ",\"ts\":{\"ms\":1795306000000}}",
    };

    refuse_all(state, bad_times, ARRAY_SIZE(bad_times), REJECT_BAD_TIME);
    refuse_all(state, bad_types, ARRAY_SIZE(bad_types), REJECT_BAD_TYPE);
}

static void a_time_beyond_the_records_own_is_future(void **state)
{
    static const char latest[] = "{" TIMED ",\"ts\":1795306300000}";
    static const char later[] = "{" TIMED ",\"ts\":1795306300001}";
    static const char last[] = "{" TIMED ",\"ts\":253402300799999}";
    struct event event;

    (void)accept(state, latest);
    refuse(state, later, REJECT_FUTURE, "ts");
    refuse(state, last, REJECT_FUTURE, "ts");
    refuse(state, "{" TIMED ",\"ts\":\"2026-11-22T00:12:00Z\"}", REJECT_FUTURE, "ts");
    assert_int_equal(decode(*state, span_of(later), NO_RECORD_TIME, EVENT_NONE, &event, NULL), 0);
    assert_int_equal(decode(*state, span_of(last), INT64_MAX, EVENT_NONE, &event, NULL), 0);
    assert_int_equal(decode(*state, span_of(latest), 0, EVENT_NONE, &event, NULL), REJECT_FUTURE);
}

static void money_is_a_number_or_its_text(void **state)
{
    assert_true(accept(state, "{" CLICK ",\"cost\":0.0000015}").cost_micros == 2);
    assert_true(accept(state, "{" CLICK ",\"cost\":\"0.0000025\"}").cost_micros == 2);
    assert_true(accept(state, "{" CLICK ",\"cost\":-0}").cost_micros == 0);
    assert_true(accept(state, "{" CLICK ",\"cost\":\"-0.00\"}").cost_micros == 0);
    assert_true(accept(state, "{" CLICK ",\"cost\":1e-400}").cost_micros == 0);
    assert_true(accept(state, "{" CLICK ",\"cost\":\"1\\u0032.5\"}").cost_micros == 12500000);
    assert_true(accept(state, "{" CLICK ",\"cost\":null}").cost_micros == 0);
    assert_true(accept(state, "{" CLICK ",\"cost\":9223372036854.775807}").cost_micros == INT64_MAX);
    assert_true(
        accept(state, "{" ORDER ",\"revenue\":1,\"margin\":\"-9223372036854.775808\"}").margin_micros ==
        INT64_MIN);
    assert_true(accept(state, "{" ORDER ",\"revenue\":90071992547.409935}").revenue_micros ==
                90071992547409935);
}

static void what_is_no_money_is_refused(void **state)
{
    static const struct {
        const char *value;
        enum reject_reason reason;
        const char *field;
    } rows[] = {
        {"{" CLICK ",\"cost\":\" 12.5\"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"12.5 \"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"\"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"+1\"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"1,5\"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"01\"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"NaN\"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"1\\u0000\"}", REJECT_BAD_MONEY, "cost"},
        {"{" CLICK ",\"cost\":-1}", REJECT_NEGATIVE_MONEY, "cost"},
        {"{" CLICK ",\"cost\":-1e-400}", REJECT_NEGATIVE_MONEY, "cost"},
        {"{" CLICK ",\"cost\":\"-0.0000001\"}", REJECT_NEGATIVE_MONEY, "cost"},
        {"{" ORDER ",\"revenue\":-1}", REJECT_NEGATIVE_MONEY, "revenue"},
        {"{" CLICK ",\"cost\":1e400}", REJECT_MONEY_RANGE, "cost"},
        {"{" CLICK ",\"cost\":\"1e400\"}", REJECT_MONEY_RANGE, "cost"},
        {"{" ORDER ",\"revenue\":9223372036854.775808}", REJECT_MONEY_RANGE, "revenue"},
        {"{" ORDER ",\"revenue\":1,\"margin\":-9223372036854.775809}", REJECT_MONEY_RANGE, "margin"},
        {"{" CLICK ",\"cost\":true}", REJECT_BAD_TYPE, "cost"},
        {"{" CLICK ",\"cost\":{}}", REJECT_BAD_TYPE, "cost"},
        {"{" ORDER ",\"revenue\":[1]}", REJECT_BAD_TYPE, "revenue"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        refuse(state, rows[i].value, rows[i].reason, rows[i].field);
}

static void a_currency_is_looked_at_only_beside_money(void **state)
{
    static const char *const good[] = {
        "{" CLICK ",\"cost\":1,\"currency\":\"EUR\"}",
        "{" CLICK ",\"cost\":1,\"currency\":\"\\u0045UR\"}",
        "{" CLICK ",\"cost\":1,\"currency\":null}",
        "{" CLICK ",\"currency\":\"USD\"}",
        "{" CLICK ",\"cost\":null,\"currency\":\"x\"}",
        "{" CLICK ",\"currency\":7}",
        "{" CLICK ",\"currency\":[]}",
    };
    static const char *const unknown[] = {
        "{" CLICK ",\"cost\":0,\"currency\":\"USD\"}",        "{" CLICK ",\"cost\":1,\"currency\":\"eur\"}",
        "{" CLICK ",\"cost\":1,\"currency\":\"\"}",           "{" CLICK ",\"cost\":1,\"currency\":\"EUR \"}",
        "{" CLICK ",\"cost\":1,\"currency\":\"EUR\\u0000\"}", "{" ORDER ",\"revenue\":1,\"currency\":\"EU\"}",
    };

    accept_all(state, good, ARRAY_SIZE(good));
    refuse_all(state, unknown, ARRAY_SIZE(unknown), REJECT_UNKNOWN_CURRENCY);
    refuse(state, "{" CLICK ",\"cost\":1,\"currency\":978}", REJECT_BAD_TYPE, "currency");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_impression_has_its_fields),
        cmocka_unit_test(a_click_has_its_fields),
        cmocka_unit_test(an_order_has_its_fields),
        cmocka_unit_test(the_topic_gives_the_type_where_the_event_has_none),
        cmocka_unit_test(a_type_of_another_name_is_unknown),
        cmocka_unit_test(a_missing_field_is_named),
        cmocka_unit_test(a_message_without_a_value_is_empty),
        cmocka_unit_test(a_value_beyond_message_bytes_is_too_large_whatever_it_is),
        cmocka_unit_test(times_are_ms_or_text_with_a_zone),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(a_time_beyond_the_records_own_is_future),
        cmocka_unit_test(money_is_a_number_or_its_text),
        cmocka_unit_test(what_is_no_money_is_refused),
        cmocka_unit_test(a_currency_is_looked_at_only_beside_money),
    };
    return cmocka_run_group_tests(tests, with_decoder, without_decoder);
}
