#include "tests/lib/event/mapping_world.h"

#define TS "1772582400000" /* 2026-03-04T00:00:00Z */

/* All fields of an order, so that one value can be looked at. */
#define ORDER_BASE "type: {value: order}, ts: ts, order_id: o"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_come_in_their_unit),
        cmocka_unit_test(without_a_unit_times_are_the_contracts),
        cmocka_unit_test(spend_takes_both_its_times_in_their_unit),
        cmocka_unit_test(money_comes_in_its_unit_and_is_rounded_once),
        cmocka_unit_test(an_order_below_zero_may_be_a_refund),
        cmocka_unit_test(words_have_their_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
