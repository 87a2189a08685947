/* Ingest: counting rules with a version. Ours is ...bb; what was read before is ...aa. */
#include "tests/lib/ingest/desk.h"

#include <errno.h>

#include "lib/base/tz.h"
#include "tests/lib/event/mapping_world.h"
#include "tests/lib/event/rating.h"

#define AA "00000000000000aa"
#define BB "00000000000000bb"

/* What both versions come to. */
struct versions_world {
    struct desk desk;
    struct mapping_world mapping; /* aa: a header is the event's id, `c` its campaign */
    struct rating dear, cheap;    /* aa: USD 2; bb: USD 0.5 */
    struct tz *tz;
    struct ad_table *table;
    struct ad_lookup lookup; /* bb */
    struct counting_rules aa;
    int opens; /* what opening a text gives */
    int n_open;
};

static int open_text(void *context, uint64_t version, struct span text, const struct counting_rules **ret)
{
    struct versions_world *world = context;
    assert_int_equal(version, 0xaa);
    assert_true(span_equal(text, span_of("text of aa")));
    if (world->opens != 0)
        return world->opens;
    world->n_open++;
    *ret = &world->aa;
    return 0;
}

static void close_text(void *context, const struct counting_rules *counting)
{
    struct versions_world *world = context;
    assert_ptr_equal(counting, &world->aa);
    world->n_open--;
}

static struct ingest_rules rules_of(struct versions_world *world)
{
    struct ingest_rules rules = desk_rules(&world->desk);
    rules.counting = (struct counting_rules){.version = 0xbb,
                                             .text = span_of("text of bb"),
                                             .rates = world->cheap.rates,
                                             .lookup = &world->lookup};
    rules.decode.rates = world->cheap.rates;
    rules.decode.has_lookup = true;
    rules.earlier = (struct counting_source){open_text, close_text, world};
    return rules;
}

static int world_setup(void **state)
{
    struct versions_world *world = calloc(1, sizeof(*world));
    size_t line;
    desk_init(&world->desk);
    world->desk.rules_text = "7 text of aa";
    mapping_read(&world->mapping,
                 "mapping: {fields: {type: type, ts: ts, campaign_id: [c, 'header:camp'], cost: cost,"
                 " order_id: order_id, revenue: revenue, currency: currency, amount: amount}}");
    assert_int_equal(world->mapping.errors.n_errors, 0);
    assert_int_equal(tz_utc(&world->tz), 0);
    rating_init(&world->dear, "rates: [{from: 2026-01-01, USD: 2}]", world->tz);
    rating_init(&world->cheap, "rates: [{from: 2026-01-01, USD: 0.5}]", world->tz);
    assert_int_equal(
        ad_table_read(span_of("ad_id,campaign_id\nad-1,a\nad-2,(overflow)\n"), &world->table, &line), 0);
    world->lookup.table = world->table;
    world->aa = (struct counting_rules){
        .version = 0xaa, .mapping = &world->mapping.settings, .rates = world->dear.rates};
    struct ingest_rules rules = rules_of(world);
    assert_int_equal(ingest_set_rules(world->desk.ingest, &rules), 0);
    *state = world;
    return 0;
}

static int world_teardown(void **state)
{
    struct versions_world *world = *state;
    desk_deinit(&world->desk);
    assert_int_equal(world->n_open, 0);
    config_errors_deinit(&world->mapping.errors);
    arena_deinit(&world->mapping.arena);
    rating_deinit(&world->dear);
    rating_deinit(&world->cheap);
    ad_table_free(world->table);
    tz_free(world->tz);
    free(world);
    return 0;
}

/* Partition 0 was read by aa, up to 2 by one shard and not at all by the others. */
static void apart(struct desk *desk)
{
    desk->registry[0] = "0 0 ready none/300000/1000/0/" AA;
    for (size_t lane = 0; lane < LANES_PER_PARTITION; lane++)
        desk->stands[DESK_SHARDS][0][lane] = (struct lane_mark){2, NEVER};
}

static void open_apart(struct versions_world *world)
{
    apart(&world->desk);
    desk_open(&world->desk, 1);
}

static int read_text(struct desk *desk, int64_t offset, const char *format, ...) PRINTF_LIKE(3, 4);

static int read_text(struct desk *desk, int64_t offset, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    int r = desk_read(desk, 0, offset, text);
    desk_run(desk);
    return r;
}

static void our_text_is_stored_before_a_lane_names_it_and_again_before_anything_is_read(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    desk->registry[0] = "0 0 new none/300000/1000/0/" BB;
    desk_assign(desk, 1);
    assert_int_equal(desk_send(desk), 1);
    const struct call *call = &desk->calls[0];
    assert_int_equal(call->script, SCRIPT_RULES);
    assert_true(span_equal(call_get(call, 0), span_of("roi:~rules.1")));
    assert_true(span_equal(call_get(call, 1), span_of("put")));
    assert_true(span_equal(call_get(call, 2), span_of(BB)));
    assert_true(span_equal(call_get(call, 3), span_of("text of bb")));
    assert_int_equal(desk_send(desk), 0);
    assert_int_equal(desk_reply(desk), 0);
    assert_int_equal(desk_send(desk), 1);
    assert_int_equal(desk->calls[0].script, SCRIPT_REGISTER);
    assert_true(span_equal(call_get(&desk->calls[0], 3), span_of("none/300000/1000/0/" BB)));
    while (desk->n > 0 && desk->n_calls[SCRIPT_SET_LANE] == 0) {
        assert_int_equal(desk_reply(desk), 0);
        (void)desk_send(desk);
    }
    while (ingest_phase(desk->ingest) != INGEST_RUNNING) {
        assert_false(ingest_wants_input(desk->ingest));
        assert_true(desk->n > 0);
        assert_int_equal(desk_reply(desk), 0);
        (void)desk_send(desk);
    }
    assert_int_equal(desk->n_calls[SCRIPT_RULES], 2);
    assert_int_equal(world->n_open, 0);
}

static void what_some_shard_has_is_read_by_the_stored_text(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    open_apart(world);
    assert_true(span_equal(call_get(&desk->command, 3),
                           span_of("0 0 ready none/300000/1000/0/" AA "<2:none/300000/1000/0/" BB " 1")));
    assert_int_equal(desk->n_calls[SCRIPT_RULES], 2);
    assert_int_equal(world->n_open, 1);
    assert_int_equal(read_text(desk, 0,
                               "{\"type\":\"click\",\"ts\":%ld,\"c\":\"a\",\"cost\":3,\"currency\":\"USD\"}",
                               (long)T0),
                     0);
    assert_int_equal(read_text(desk, 1, "{\"type\":\"click\",\"ts\":%ld,\"campaign_id\":\"a\"}", (long)T0),
                     REJECT_MISSING_FIELD);
    assert_int_equal(read_text(desk, 2, "{\"type\":\"click\",\"ts\":%ld,\"c\":\"a\"}", (long)T0),
                     REJECT_MISSING_FIELD);
    assert_int_equal(
        read_text(desk, 3,
                  "{\"type\":\"click\",\"ts\":%ld,\"ad_id\":\"ad-1\",\"cost\":3,\"currency\":\"USD\"}",
                  (long)T0),
        0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS), 2);
    assert_int_equal(desk_total(desk, "a", CELL_MEDIA_COST), 6000000 + 1500000);
    ingest_revoke(desk->ingest, false);
    assert_int_equal(world->n_open, 0);
}

static void headers_are_wanted_while_some_rules_read_them(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    const struct decode_header header = {span_of("camp"), span_of("a")};
    char text[100];
    snprintf(text, sizeof(text), "{\"type\":\"click\",\"ts\":%ld}", (long)T0);
    struct ingest_record record = {
        .record_ts_ms = NO_RECORD_TIME, .value = span_of(text), .headers = &header};
    open_apart(world);
    assert_true(ingest_reads_headers(desk->ingest, 0));
    record.n_headers = 1;
    assert_int_equal(ingest_read(desk->ingest, 0, &record), 0);
    record.offset = 1;
    record.n_headers = 0;
    assert_int_equal(ingest_read(desk->ingest, 0, &record), REJECT_MISSING_FIELD);
    ingest_revoke(desk->ingest, false);
    desk->registry[0] = "0 0 ready none/300000/1000/0/" BB;
    desk_open(desk, 1);
    assert_false(ingest_reads_headers(desk->ingest, 0));
}

static void where_the_shards_are_level_nothing_is_recalled(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    desk->registry[0] = "0 0 ready none/300000/1000/0/" AA;
    world->opens = COUNTING_UNREADABLE;
    desk->rules_text = NULL;
    desk_open(desk, 1);
    assert_true(span_equal(call_get(&desk->command, 3), span_of("0 0 ready none/300000/1000/0/" BB " 1")));
}

static void a_text_that_is_gone_or_says_nothing_breaks(void **state)
{
    static const char *const texts[] = {NULL, "text", "7 text of aa"};
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    world->opens = COUNTING_UNREADABLE;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        desk->rules_text = texts[i];
        apart(desk);
        desk_assign(desk, 1);
        desk_run(desk);
        assert_int_equal(ingest_phase(desk->ingest), INGEST_BROKEN);
        assert_string_equal(ingest_fault(desk->ingest),
                            "partitions have to be read on by an earlier configuration, version " AA
                            ", which cannot be had; start with that one once more, or `roiwatch rebuild`");
        assert_int_equal(desk->n_calls[SCRIPT_SET_LANE], 0);
        ingest_revoke(desk->ingest, false);
    }
    desk->rules_text = "7 text of aa";
    world->opens = 0;
    open_apart(world);
}

static void without_memory_for_a_text_it_is_asked_for_again(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    world->opens = -ENOMEM;
    apart(desk);
    desk_assign(desk, 1);
    while (ingest_phase(desk->ingest) != INGEST_BROKEN) {
        (void)desk_send(desk);
        assert_true(desk->n > 0);
        int r = desk_reply(desk);
        assert_int_equal(r, ingest_phase(desk->ingest) == INGEST_BROKEN ? -ENOMEM : 0);
    }
    world->opens = 0;
    ingest_restart(desk->ingest);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
}

static void without_a_version_nothing_is_stored(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    struct ingest_rules rules = desk_rules(desk);
    rules.earlier = (struct counting_source){open_text, close_text, world};
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), 0);
    open_apart(world);
    assert_int_equal(desk->n_calls[SCRIPT_RULES], 0);
    assert_int_equal(world->n_open, 1);
    assert_true(span_equal(call_get(&desk->command, 3),
                           span_of("0 0 ready none/300000/1000/0/" AA "<2:none/300000/1000 1")));
}

static void an_ad_that_is_not_known_and_a_reserved_campaign_are_refused(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    desk->registry[0] = "0 0 ready none/300000/1000/0/" BB;
    desk_open(desk, 1);
    assert_int_equal(read_text(desk, 0, "{\"type\":\"click\",\"ts\":%ld,\"ad_id\":\"ad-3\"}", (long)T0),
                     REJECT_UNKNOWN_AD);
    assert_int_equal(read_text(desk, 1, "{\"type\":\"click\",\"ts\":%ld,\"ad_id\":\"ad-2\"}", (long)T0),
                     REJECT_RESERVED_ID);
    assert_int_equal(read_text(desk, 2,
                               "{\"type\":\"click\",\"ts\":%ld,\"ad_id\":\"ad-3\",\"campaign_id\":\"a\"}",
                               (long)T0),
                     0);
    assert_int_equal(ingest_counts(desk->ingest).looked_up_again, 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_lane(desk, 0, LANE_REJECTED + REJECT_UNKNOWN_AD - 1), 1);
}

static void ads_of_events_that_some_shard_has_counted_are_looked_up_again_and_that_is_counted(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    apart(desk);
    desk->registry[0] = "0 0 ready none/300000/1000/0/" BB;
    desk_open(desk, 1);
    for (int64_t offset = 0; offset < 4; offset++)
        assert_int_equal(
            read_text(desk, offset, "{\"type\":\"click\",\"ts\":%ld,\"ad_id\":\"ad-1\"}", (long)T0), 0);
    assert_int_equal(ingest_counts(desk->ingest).looked_up_again, 2);
}

static void a_refund_goes_by_the_rates_that_hold_at_its_offset(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    desk->keeps_record = true;
    desk->registry[0] = "0 0 ready none/300000/1000/0/" BB;
    desk_open(desk, 1);
    assert_int_equal(
        read_text(desk, 0,
                  "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"o1\",\"revenue\":40,\"currency\":"
                  "\"USD\",\"campaign_id\":\"a\"}",
                  (long)T0),
        0);
    assert_int_equal(
        read_text(desk, 1, "{\"type\":\"refund\",\"ts\":%ld,\"order_id\":\"o1\",\"amount\":4}", (long)T0), 0);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 20000000 - 2000000);
    ingest_revoke(desk->ingest, false);
    desk_run(desk);
    apart(desk);
    for (size_t feed = 0; feed < 2 * DESK_SHARDS; feed++)
        for (size_t lane = 0; lane < LANES_PER_PARTITION; lane++)
            desk->stands[feed][0][lane] =
                (struct lane_mark){feed == DESK_SHARDS + desk_shard("o1") ? 2 : 3, NEVER};
    desk_open(desk, 1);
    assert_int_equal(
        read_text(desk, 2, "{\"type\":\"refund\",\"ts\":%ld,\"order_id\":\"o1\",\"amount\":4}", (long)T0),
        0); /* by aa: 8 EUR; only the order shard has still to take it */
    assert_int_equal(
        read_text(desk, 3, "{\"type\":\"refund\",\"ts\":%ld,\"order_id\":\"o1\",\"amount\":20}", (long)T0),
        0); /* 10 EUR, the last */
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), -10000000);
    struct ledger ledger = {0};
    assert_int_equal(ledger_unpack(&ledger, buffer_span(&desk->record)), 0);
    assert_int_equal(ledger.n_refunds, 3);
    assert_int_equal(ledger.refunds[1].taken_micros, 8000000);
    ledger_deinit(&ledger);
}

static void a_refund_in_a_currency_without_a_rate_at_its_orders_time_is_refused(void **state)
{
    struct versions_world *world = *state;
    struct desk *desk = &world->desk;
    desk->keeps_record = true;
    desk->registry[0] = "0 0 ready none/300000/1000/0/" BB;
    desk_open(desk, 1);
    assert_int_equal(read_text(desk, 0,
                               "{\"type\":\"order\",\"ts\":\"2025-12-31T23:59:59.999Z\",\"order_id\":\"o1\","
                               "\"revenue\":40,\"campaign_id\":\"a\"}"),
                     0);
    assert_int_equal(
        read_text(desk, 1,
                  "{\"type\":\"refund\",\"ts\":\"2026-01-01T00:00:00Z\",\"order_id\":\"o1\",\"amount\":4,"
                  "\"currency\":\"USD\"}"),
        0);
    struct ingest_letter letter;
    assert_true(ingest_next_letter(desk->ingest, &letter));
    assert_int_equal(letter.reason, REJECT_UNKNOWN_CURRENCY);
    ingest_letter_taken(desk->ingest);
}

#define VERSIONS_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VERSIONS_TEST(our_text_is_stored_before_a_lane_names_it_and_again_before_anything_is_read),
        VERSIONS_TEST(what_some_shard_has_is_read_by_the_stored_text),
        VERSIONS_TEST(headers_are_wanted_while_some_rules_read_them),
        VERSIONS_TEST(where_the_shards_are_level_nothing_is_recalled),
        VERSIONS_TEST(a_text_that_is_gone_or_says_nothing_breaks),
        VERSIONS_TEST(without_memory_for_a_text_it_is_asked_for_again),
        VERSIONS_TEST(without_a_version_nothing_is_stored),
        VERSIONS_TEST(an_ad_that_is_not_known_and_a_reserved_campaign_are_refused),
        VERSIONS_TEST(ads_of_events_that_some_shard_has_counted_are_looked_up_again_and_that_is_counted),
        VERSIONS_TEST(a_refund_goes_by_the_rates_that_hold_at_its_offset),
        VERSIONS_TEST(a_refund_in_a_currency_without_a_rate_at_its_orders_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
