#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/event/decode.h"
#include "tests/lib/event/decoding.h"

static void an_id_is_its_bytes_after_unescaping(void **state)
{
    static const struct {
        const char *written, *id;
    } rows[] = {
        {"\"a\"", "a"},
        {"\" a \"", " a "},
        {"\"caf\xC3\xA9\"", "caf\xC3\xA9"},
        {"\"caf\\u00e9\"", "caf\xC3\xA9"},
        {"\"\\u20AC\"", "\xE2\x82\xAC"},
        {"\"\\ud83d\\uDE00\"", "\xF0\x9F\x98\x80"},
        {"\"\\uFFFF\"", "\xEF\xBF\xBF"},
        {"\"\\udbff\\udfff\"", "\xF4\x8F\xBF\xBF"},
        {"\"\\u0001\\u007f\\u0080\\u07ff\\u0800\"", "\x01\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"x\\u0079z\\u005c\\u0022\"", "xyz\\\""},
        {"\"\xEF\xBB\xBF\"", "\xEF\xBB\xBF"},
        {"\"null\"", "null"},
        {"\"{}:,\"", "{}:,"},
        {"0", "0"},
        {"-0", "-0"},
        {"-17", "-17"},
        {"18446744073709551616", "18446744073709551616"},
        {"\"0017\"", "0017"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char value[256];

        (void)snprintf(value, sizeof(value), "{" CLICK ",\"user_id\":%s ,\"event_id\":%s}", rows[i].written,
                       rows[i].written);
        struct event event = accept(state, value);
        assert_span(event.user_id, rows[i].id);
        assert_span(event.event_id, rows[i].id);
    }
}

static void an_empty_id_is_absent(void **state)
{
    struct event event = accept(state, "{" CLICK ",\"user_id\":\"\",\"event_id\":null,\"click_id\":\"\"}");

    assert_int_equal(event.user_id.size, 0);
    assert_int_equal(event.event_id.size, 0);
    assert_int_equal(event.click_id.size, 0);
    event = accept(state, "{" ORDER ",\"revenue\":1,\"campaign_id\":\"\",\"kind\":\"\"}");
    assert_int_equal(event.campaign_id.size, 0);
    assert_int_equal(event.kind.size, 0);
}

/* A click whose user_id is `count` times `piece`, in quotes or bare. */
static const char *with_user(const char *piece, size_t count, const char *quote)
{
    static char value[8192];
    size_t size = (size_t)snprintf(value, sizeof(value), "{" CLICK ",\"user_id\":%s", quote);

    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(value + size, sizeof(value) - size, "%s", piece);
    (void)snprintf(value + size, sizeof(value) - size, "%s}", quote);
    return value;
}

static void an_id_has_at_most_256_bytes_after_unescaping(void **state)
{
    static const struct {
        const char *piece;
        size_t size;
        const char *quote;
    } rows[] = {
        {"a", 1, "\""},       {"7", 1, ""},         {"\xC3\xA9", 2, "\""},
        {"\\u00e9", 2, "\""}, {"\\u0041", 1, "\""}, {"\\ud83d\\ude00", 4, "\""},
        {"\\n", 1, "\""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t count = 256 / rows[i].size;
        struct event event = accept(state, with_user(rows[i].piece, count, rows[i].quote));

        assert_int_equal(event.user_id.size, 256);
        refuse(state, with_user(rows[i].piece, count + 1, rows[i].quote), REJECT_BAD_ID, "user_id");
    }
}

static void an_id_with_a_nul_is_refused(void **state)
{
    refuse(state, "{" CLICK ",\"user_id\":\"\\u0000\"}", REJECT_BAD_ID, "user_id");
    refuse(state, "{" CLICK ",\"event_id\":\"a\\u0000b\"}", REJECT_BAD_ID, "event_id");
    refuse(state, "{" TIMED ",\"ts\":1795306000000,\"click_id\":\"a\\u0000\"}", REJECT_BAD_ID, "click_id");
}

static void an_id_is_text_or_an_integer(void **state)
{
    static const char *const bad[] = {"1.5",   "1.0", "1e3",     "1E400", "true",
                                      "false", "[]",  "[\"a\"]", "{}",    "{\"a\":1}"};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        refuse(state, with_user(bad[i], 1, ""), REJECT_BAD_TYPE, "user_id");
    refuse(state, "{\"type\":\"click\",\"ts\":1795306000000,\"campaign_id\":true}", REJECT_BAD_TYPE,
           "campaign_id");
    refuse(state, "{\"type\":\"order\",\"ts\":1795306000000,\"order_id\":{},\"revenue\":1}", REJECT_BAD_TYPE,
           "order_id");
    refuse(state, "{" ORDER ",\"revenue\":1,\"kind\":[]}", REJECT_BAD_TYPE, "kind");
}

static void roiwatchs_own_campaigns_are_reserved(void **state)
{
    static const char *const reserved[] = {"(unattributed)", "(overflow)", "(over\\u0066low)"};
    char value[256];

    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        (void)snprintf(value, sizeof(value),
                       "{\"type\":\"impression\",\"ts\":1795306000000,\"campaign_id\":\"%s\"}", reserved[i]);
        refuse(state, value, REJECT_RESERVED_ID, "campaign_id");
        (void)snprintf(value, sizeof(value), "{" ORDER ",\"revenue\":1,\"campaign_id\":\"%s\"}", reserved[i]);
        refuse(state, value, REJECT_RESERVED_ID, "campaign_id");
    }
    (void)accept(state, "{" CLICK ",\"user_id\":\"(overflow)\"}");
    (void)accept(state, "{" ORDER ",\"revenue\":1,\"campaign_id\":\"(Overflow)\"}");
    (void)accept(state, "{" ORDER ",\"revenue\":1,\"campaign_id\":\"(overflow) \"}");
}

static void a_message_leaves_nothing_behind_for_the_next(void **state)
{
    struct event event;

    (void)accept(state,
                 "{" ORDER
                 ",\"revenue\":7,\"margin\":3,\"user_id\":\"u\",\"campaign_id\":\"c\",\"kind\":\"k\"}");
    refuse(state, "{\"ts\":1,\"ts\":1}", REJECT_REPEATED_NAME, "ts");
    refuse(state, "{" CLICK ",\"user_id\":\"u\",\"x\":[}", REJECT_NOT_JSON, "");
    event = accept(state, "{" ORDER ",\"revenue\":1}");
    assert_int_equal(event.user_id.size, 0);
    assert_int_equal(event.campaign_id.size, 0);
    assert_int_equal(event.kind.size, 0);
    assert_true(event.margin_micros == 0);
}

static void a_message_longer_than_any_before_makes_room(void **state)
{
    enum { SIZE = 60000 };
    struct decoder *decoder;
    struct event event;
    char *value = malloc(SIZE);
    size_t size;

    (void)state;
    assert_non_null(value);
    assert_int_equal(decoder_new(&rules, &decoder), 0);
    for (size_t text = 100; text < SIZE - 200; text = text * 3) {
        size = (size_t)snprintf(value, SIZE, "{\"x\":\"%0*d\"," CLICK ",\"user_id\":\"u\\u0031\"}", (int)text,
                                0);
        assert_int_equal(decode(decoder, span_from(value, size), record_ts_ms, EVENT_NONE, &event, NULL), 0);
        assert_span(event.user_id, "u1");
        assert_span(event.campaign_id, "c");
    }
    decoder_free(decoder);
    decoder_free(NULL);
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_its_bytes_after_unescaping),
        cmocka_unit_test(an_empty_id_is_absent),
        cmocka_unit_test(an_id_has_at_most_256_bytes_after_unescaping),
        cmocka_unit_test(an_id_with_a_nul_is_refused),
        cmocka_unit_test(an_id_is_text_or_an_integer),
        cmocka_unit_test(roiwatchs_own_campaigns_are_reserved),
        cmocka_unit_test(a_message_leaves_nothing_behind_for_the_next),
        cmocka_unit_test(a_message_longer_than_any_before_makes_room),
    };
    return cmocka_run_group_tests(tests, with_decoder, without_decoder);
}
