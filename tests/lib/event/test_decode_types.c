/*
 * Decoding with every type accepted, rates and a lookup: what refunds, engagements and spend carry.
 */
#include <stdio.h>

#include "tests/lib/event/decoding.h"
#include "tests/lib/event/rating.h"

#define DAY_TS "1772582400000" /* 2026-03-04T00:00:00Z */
#define REFUND "\"type\":\"refund\",\"ts\":" DAY_TS ",\"order_id\":\"o\""
#define LIKE "\"type\":\"engagement\",\"ts\":" DAY_TS ",\"campaign_id\":\"c\",\"action\":\"like\""
#define SPEND "\"type\":\"spend\",\"campaign_id\":\"c\",\"amount\":\"12.5\""
#define SALE "\"type\":\"order\",\"ts\":" DAY_TS ",\"order_id\":\"o\""

static const char rates_yaml[] = "rates:\n"
                                 "  - {from: 2026-01-01, USD: 0.92, VND: 0.0000345}\n"
                                 "  - {from: 2026-03-04, USD: 0.5}\n";

struct set_up {
    struct rating rating;
    struct decoder *decoder;
    struct decoder *with_lookup;
};

static int group_begin(void **state)
{
    struct set_up *set_up = calloc(1, sizeof(*set_up));
    struct decode_rules accepting = rules;
    struct tz *utc;

    if (!set_up || tz_utc(&utc) != 0)
        return -1;
    rating_init(&set_up->rating, rates_yaml, utc);
    tz_free(utc);
    accepting.rates = set_up->rating.rates;
    if (decoder_new(&accepting, &set_up->decoder) != 0)
        return -1;
    accepting.has_lookup = true;
    if (decoder_new(&accepting, &set_up->with_lookup) != 0)
        return -1;
    *state = set_up;
    return 0;
}

static int group_end(void **state)
{
    struct set_up *set_up = *state;

    decoder_free(set_up->with_lookup);
    decoder_free(set_up->decoder);
    rating_deinit(&set_up->rating);
    free(set_up);
    return 0;
}

static struct event take(void **state, const char *value)
{
    void *decoder = ((struct set_up *)*state)->decoder;
    return accept(&decoder, value);
}

static void a_refund_has_its_fields(void **state)
{
    struct event event =
        take(state, "{" REFUND ",\"refund_id\":\"r-1\",\"amount\":\"12.5\",\"currency\":\"USD\","
                    "\"campaign_id\":\"(overflow)\",\"revenue\":-1,\"user_id\":7.5}");

    assert_int_equal(event.type, EVENT_REFUND);
    assert_true(event.ts_ms == 1772582400000);
    assert_span(event.order_id, "o");
    assert_span(event.refund_id, "r-1");
    assert_string_equal(event.currency, "USD");
    assert_true(event.amount_micros == 12500000); /* of its own currency */
    assert_false(event.all_left);
    assert_int_equal(event.campaign_id.size, 0);
    assert_int_equal(event.user_id.size, 0);
    assert_true(event.revenue_micros == 0);
}

static void a_refund_without_an_amount_takes_all_that_is_left(void **state)
{
    static const char *const values[] = {
        "{" REFUND "}",
        "{" REFUND ",\"amount\":null}",
        "{" REFUND ",\"currency\":\"ZZZ\",\"refund_id\":\"\"}",
        "{" REFUND ",\"currency\":7}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct event event = take(state, values[i]);
        assert_true(event.all_left);
        assert_true(event.amount_micros == 0);
        assert_string_equal(event.currency, "");
        assert_int_equal(event.refund_id.size, 0);
    }
    assert_false(take(state, "{" REFUND ",\"amount\":0}").all_left);
}

static void a_refunds_currency_is_its_orders_unless_it_names_one(void **state)
{
    struct event event = take(state, "{" REFUND ",\"amount\":1}");
    const struct set_up *set_up = *state;
    int64_t micros;

    assert_string_equal(event.currency, "");
    assert_string_equal(take(state, "{" REFUND ",\"amount\":1,\"currency\":\"EUR\"}").currency, "EUR");
    /* Its own time is before the first rate; its order's is what matters. */
    event = take(state, "{\"type\":\"refund\",\"ts\":1000000000000,\"order_id\":\"o\",\"amount\":10,"
                        "\"currency\":\"USD\"}");
    assert_true(rate_convert(rates_at(set_up->rating.rates, event.currency, 1772582399999),
                             event.amount_micros, &micros));
    assert_true(micros == 9200000);
}

static void an_engagement_has_its_fields(void **state)
{
    struct event event = take(state, "{" LIKE ",\"event_id\":\"e\",\"user_id\":5,\"cost\":0.02,"
                                     "\"currency\":\"USD\",\"click_id\":\"k\"}");

    assert_int_equal(event.type, EVENT_ENGAGEMENT);
    assert_span(event.campaign_id, "c");
    assert_span(event.action, "like");
    assert_span(event.event_id, "e");
    assert_span(event.user_id, "5");
    assert_true(event.cost_micros == 10000);
    assert_int_equal(event.click_id.size, 0);
}

static void spend_is_at_an_instant_or_over_a_range(void **state)
{
    struct event event = take(state, "{" SPEND ",\"ts\":" DAY_TS ",\"spend_id\":\"s\"}");

    assert_int_equal(event.type, EVENT_SPEND);
    assert_true(event.ts_ms == 1772582400000 && event.from_ms == 0 && event.to_ms == 0);
    assert_true(event.amount_micros == 12500000);
    assert_span(event.spend_id, "s");
    assert_false(event.all_left);
    event = take(state, "{" SPEND ",\"from\":\"2026-03-03T00:00:00+01:00\",\"to\":" DAY_TS "}");
    assert_true(event.ts_ms == 0 && event.from_ms == 1772492400000 && event.to_ms == 1772582400000);
    event = take(state, "{" SPEND ",\"ts\":" DAY_TS ",\"from\":" DAY_TS ",\"to\":1772582400001}");
    assert_true(event.ts_ms == 1772582400000 && event.to_ms == 1772582400001);
    /* The future is for ts alone: a month is paid for in advance. */
    event = take(state, "{" SPEND ",\"from\":1795306000000,\"to\":1797898000000}");
    assert_true(event.to_ms == 1797898000000);
    event = take(state, "{" SPEND ",\"ts\":" DAY_TS ",\"from\":null,\"to\":null}");
    assert_true(event.to_ms == 0);
}

static void money_goes_by_the_rate_of_the_events_time(void **state)
{
    static const struct {
        const char *value;
        int64_t cost, revenue, margin, amount;
    } rows[] = {
        {"{" SALE ",\"revenue\":10,\"margin\":-3,\"currency\":\"USD\"}", 0, 5000000, -1500000, 0},
        {"{\"type\":\"order\",\"ts\":1772582399999,\"order_id\":\"o\",\"revenue\":10,\"currency\":\"USD\"}",
         0, 9200000, 0, 0},
        {"{" SALE ",\"revenue\":250000,\"currency\":\"VND\"}", 0, 8625000, 0, 0},
        /* To micro-units first, then by the rate: 0.0000025 is 2, then 1. */
        {"{" SALE ",\"revenue\":0.0000025,\"currency\":\"USD\"}", 0, 1, 0, 0},
        {"{" SALE ",\"revenue\":0.0000035,\"currency\":\"USD\"}", 0, 2, 0, 0},
        {"{" SALE ",\"revenue\":0.000003,\"currency\":\"USD\"}", 0, 2, 0, 0},
        /* Spend over a range: the rate of its start. */
        {"{" SPEND ",\"ts\":" DAY_TS ",\"from\":1772582399999,\"to\":1772582400000,\"currency\":\"USD\"}", 0,
         0, 0, 11500000},
        {"{" SPEND ",\"from\":" DAY_TS ",\"to\":1772582400001,\"currency\":\"USD\"}", 0, 0, 0, 6250000},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct event event = take(state, rows[i].value);
        if (event.cost_micros != rows[i].cost || event.revenue_micros != rows[i].revenue ||
            event.margin_micros != rows[i].margin || event.amount_micros != rows[i].amount)
            fail_msg("%s", rows[i].value);
    }
    assert_string_equal(take(state, "{" SALE ",\"revenue\":10,\"currency\":\"USD\"}").currency, "USD");
    assert_string_equal(take(state, "{" SALE ",\"revenue\":10}").currency, "EUR");
}

static void what_is_wrong_with_a_field_is_named(void **state)
{
    static const struct {
        const char *value;
        enum reject_reason reason;
        const char *field;
    } rows[] = {
        {"{\"type\":\"refund\",\"ts\":" DAY_TS "}", REJECT_MISSING_FIELD, "order_id"},
        {"{\"type\":\"refund\",\"order_id\":\"o\"}", REJECT_MISSING_FIELD, "ts"},
        {"{" REFUND ",\"amount\":-1}", REJECT_NEGATIVE_MONEY, "amount"},
        {"{" REFUND ",\"amount\":\"\"}", REJECT_BAD_MONEY, "amount"},
        {"{" REFUND ",\"amount\":true}", REJECT_BAD_TYPE, "amount"},
        {"{" REFUND ",\"amount\":9223372036855}", REJECT_MONEY_RANGE, "amount"},
        {"{" REFUND ",\"amount\":1,\"currency\":\"GBP\"}", REJECT_UNKNOWN_CURRENCY, "currency"},
        {"{" REFUND ",\"amount\":1,\"currency\":\"usd\"}", REJECT_UNKNOWN_CURRENCY, "currency"},
        {"{" REFUND ",\"amount\":1,\"currency\":\"\"}", REJECT_UNKNOWN_CURRENCY, "currency"},
        {"{" REFUND ",\"amount\":1,\"currency\":[]}", REJECT_BAD_TYPE, "currency"},
        {"{" REFUND ",\"refund_id\":\"a\\u0000\"}", REJECT_BAD_ID, "refund_id"},
        {"{" REFUND ",\"refund_id\":1.5}", REJECT_BAD_TYPE, "refund_id"},
        {"{\"type\":\"engagement\",\"ts\":" DAY_TS ",\"campaign_id\":\"c\"}", REJECT_MISSING_FIELD, "action"},
        {"{\"type\":\"engagement\",\"ts\":" DAY_TS ",\"campaign_id\":\"c\",\"action\":\"\"}",
         REJECT_MISSING_FIELD, "action"},
        {"{\"type\":\"engagement\",\"ts\":" DAY_TS ",\"action\":\"like\"}", REJECT_MISSING_FIELD,
         "campaign_id"},
        {"{" LIKE ",\"cost\":-0.1}", REJECT_NEGATIVE_MONEY, "cost"},
        {"{\"type\":\"spend\",\"campaign_id\":\"c\",\"ts\":" DAY_TS "}", REJECT_MISSING_FIELD, "amount"},
        {"{\"type\":\"spend\",\"amount\":1,\"ts\":" DAY_TS "}", REJECT_MISSING_FIELD, "campaign_id"},
        {"{\"type\":\"spend\",\"amount\":1,\"ts\":" DAY_TS ",\"campaign_id\":\"(unattributed)\"}",
         REJECT_RESERVED_ID, "campaign_id"},
        {"{" SPEND "}", REJECT_MISSING_FIELD, "ts"},
        {"{" SPEND ",\"from\":" DAY_TS "}", REJECT_BAD_RANGE, "to"},
        {"{" SPEND ",\"ts\":" DAY_TS ",\"from\":" DAY_TS "}", REJECT_BAD_RANGE, "to"},
        {"{" SPEND ",\"ts\":" DAY_TS ",\"to\":" DAY_TS "}", REJECT_BAD_RANGE, "from"},
        {"{" SPEND ",\"from\":" DAY_TS ",\"to\":" DAY_TS "}", REJECT_BAD_RANGE, "to"},
        {"{" SPEND ",\"from\":" DAY_TS ",\"to\":1772582399999}", REJECT_BAD_RANGE, "to"},
        {"{" SPEND ",\"from\":1,\"to\":" DAY_TS "}", REJECT_BAD_TIME, "from"},
        {"{" SPEND ",\"from\":" DAY_TS ",\"to\":true}", REJECT_BAD_TYPE, "to"},
        {"{" SPEND ",\"from\":" DAY_TS ",\"to\":\"soon\"}", REJECT_BAD_TIME, "to"},
        {"{" SPEND ",\"ts\":1795306300001}", REJECT_FUTURE, "ts"},
        {"{" SPEND ",\"ts\":1795306300001,\"from\":" DAY_TS ",\"to\":1772582400001}", REJECT_FUTURE, "ts"},
        {"{\"type\":\"spend\",\"campaign_id\":\"c\",\"amount\":-1,\"ts\":" DAY_TS "}", REJECT_NEGATIVE_MONEY,
         "amount"},
        {"{\"type\":\"order\",\"ts\":1700000000000,\"order_id\":\"o\",\"revenue\":1,\"currency\":\"USD\"}",
         REJECT_UNKNOWN_CURRENCY, "currency"},
        {"{" SALE ",\"revenue\":1,\"currency\":\"GBP\"}", REJECT_UNKNOWN_CURRENCY, "currency"},
        {"{" SALE ",\"revenue\":1,\"currency\":\"US\\u0000\"}", REJECT_UNKNOWN_CURRENCY, "currency"},
        {"{" SALE ",\"revenue\":1,\"currency\":\"USDX\"}", REJECT_UNKNOWN_CURRENCY, "currency"},
    };
    void *decoder = ((struct set_up *)*state)->decoder;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        refuse(&decoder, rows[i].value, rows[i].reason, rows[i].field);
}

static void an_amount_that_leaves_64_bits_by_its_rate_is_money_range(void **state)
{
    CLEANUP(rating_deinit) struct rating rating;
    struct decode_rules accepting = rules;
    struct decoder *decoder;
    struct tz *utc;
    void *inner;

    (void)state;
    assert_int_equal(tz_utc(&utc), 0);
    rating_init(&rating, "rates: [{from: 2026-01-01, BTC: 100000}]", utc);
    tz_free(utc);
    accepting.rates = rating.rates;
    assert_int_equal(decoder_new(&accepting, &decoder), 0);
    inner = decoder;
    (void)accept(&inner, "{" SALE ",\"revenue\":92233720,\"currency\":\"BTC\"}");
    refuse(&inner, "{" SALE ",\"revenue\":92233721,\"currency\":\"BTC\"}", REJECT_MONEY_RANGE, "revenue");
    refuse(&inner, "{" SALE ",\"revenue\":1,\"margin\":-92233721,\"currency\":\"BTC\"}", REJECT_MONEY_RANGE,
           "margin");
    decoder_free(decoder);
}

static void an_ad_stands_for_the_campaign_where_there_is_a_lookup(void **state)
{
    void *decoder = ((struct set_up *)*state)->with_lookup, *without = ((struct set_up *)*state)->decoder;
    static const char click[] = "{\"type\":\"click\",\"ts\":" DAY_TS ",\"ad_id\":12}";
    struct event event = accept(&decoder, click);

    assert_span(event.ad_id, "12");
    assert_int_equal(event.campaign_id.size, 0);
    event = accept(&decoder, "{\"type\":\"click\",\"ts\":" DAY_TS ",\"ad_id\":[],\"campaign_id\":\"c\"}");
    assert_span(event.campaign_id, "c");
    assert_int_equal(event.ad_id.size, 0);
    (void)accept(&decoder, "{\"type\":\"spend\",\"ts\":" DAY_TS ",\"ad_id\":\"a\",\"amount\":1}");
    event = accept(&decoder, "{" SALE ",\"revenue\":1,\"ad_id\":\"a\"}");
    assert_int_equal(event.ad_id.size, 0);
    refuse(&decoder, "{\"type\":\"click\",\"ts\":" DAY_TS ",\"ad_id\":\"\"}", REJECT_MISSING_FIELD,
           "campaign_id");
    refuse(&decoder, "{\"type\":\"click\",\"ts\":" DAY_TS "}", REJECT_MISSING_FIELD, "campaign_id");
    refuse(&decoder, "{\"type\":\"click\",\"ts\":" DAY_TS ",\"ad_id\":1.5}", REJECT_BAD_TYPE, "ad_id");
    refuse(&without, click, REJECT_MISSING_FIELD, "campaign_id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refund_has_its_fields),
        cmocka_unit_test(a_refund_without_an_amount_takes_all_that_is_left),
        cmocka_unit_test(a_refunds_currency_is_its_orders_unless_it_names_one),
        cmocka_unit_test(an_engagement_has_its_fields),
        cmocka_unit_test(spend_is_at_an_instant_or_over_a_range),
        cmocka_unit_test(money_goes_by_the_rate_of_the_events_time),
        cmocka_unit_test(what_is_wrong_with_a_field_is_named),
        cmocka_unit_test(an_amount_that_leaves_64_bits_by_its_rate_is_money_range),
        cmocka_unit_test(an_ad_stands_for_the_campaign_where_there_is_a_lookup),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
