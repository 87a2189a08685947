/* Ingest: engagements, measures and spend: what they add, what they set, and what becomes of it on a start over. */
#include "tests/lib/ingest/desk.h"

static const struct measures measures = {.items = {{.of_orders = true, .what = {"lead", 4}},
                                                   {.what = {"like", 4}},
                                                   {.of_orders = true, .what = {"sale", 4}},
                                                   {.what = {"like", 4}}},
                                         .n = 4};

static int measured_setup(void **state)
{
    desk_setup(state);
    struct desk *desk = *state;
    desk->book.measures = measures;
    return 0;
}

static void send_all(struct desk *desk)
{
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
}

static int read_text(struct desk *desk, int64_t offset, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return desk_read(desk, 0, offset, text);
}

static int like(struct desk *desk, int64_t offset, const char *campaign, const char *action)
{
    return read_text(
        desk, offset,
        "{\"type\":\"engagement\",\"ts\":%ld,\"campaign_id\":\"%s\",\"action\":\"%s\",\"cost\":2}", (long)T0,
        campaign, action);
}

/* when: `"ts":1` or `"from":1,"to":2`; id NULL: none. */
static int spend(struct desk *desk, int64_t offset, const char *campaign, const char *id, const char *when,
                 const char *amount)
{
    return read_text(desk, offset, "{\"type\":\"spend\",%s,\"campaign_id\":\"%s\",\"amount\":%s%s%s%s}", when,
                     campaign, amount, id ? ",\"spend_id\":\"" : "", id ? id : "", id ? "\"" : "");
}

#define MOMENT "\"ts\":1795300200000"
#define RANGE "\"from\":1795300200000,\"to\":1795300200007"

/* How many records of spend the shard's last apply sets, and the last of that name: from, to, amount. */
static size_t spend_sent(const struct desk *desk, const char *campaign, struct span name,
                         int64_t ret_value[3])
{
    const struct call *call = &desk->apply[desk_shard(campaign)];
    struct span groups = call_get(call, call->n_keys + 1);
    char end[64];
    int size = snprintf(end, sizeof(end), ":spend:%s", campaign);
    size_t n = 0;
    memset(ret_value, 0xff, 3 * sizeof(*ret_value));
    for (size_t g = 0, k = 0; 4 * g < groups.size; g++) {
        struct span key = call_get(call, 3 + g);
        bool ours = read_u16(groups.data + 4 * g + 2) == 0 && key.size > (size_t)size &&
                    memcmp(key.data + key.size - (size_t)size, end, (size_t)size) == 0;
        for (size_t i = 0; i < read_u16(groups.data + 4 * g); i++, k++) {
            struct span field = call_get(call, call->n_keys + 4 + k);
            n += ours;
            if (ours && span_equal(span_from(field.data + 24, field.size - 24), name))
                for (int part = 0; part < 3; part++)
                    ret_value[part] = read_i64(field.data + 8 * part);
        }
    }
    return n;
}

static void engagements_are_counted_by_action_and_cost_whatever_it_is(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(like(desk, 0, "a", "like"), 0); /* deferred: the campaign is new */
    desk_run(desk);
    assert_int_equal(like(desk, 1, "a", "like"), 0);
    assert_int_equal(like(desk, 2, "a", "share"), 0);
    send_all(desk);
    assert_int_equal(desk_total(desk, "a", CELL_MEASURE_1), 0);
    assert_int_equal(desk_total(desk, "a", CELL_MEASURE_2), 2);
    assert_int_equal(desk_total(desk, "a", CELL_MEASURE_3), 0);
    assert_int_equal(desk_total(desk, "a", CELL_MEASURE_4), 2);
    assert_int_equal(desk_slice(desk, "a", T0, CELL_MEASURE_2), 2);
    assert_int_equal(desk_total(desk, "a", CELL_MEDIA_COST), 6000000);
    assert_int_equal(desk_total(desk, "a", CELL_CLICKS) + desk_total(desk, "a", CELL_IMPRESSIONS), 0);
    assert_int_equal(desk_lane(desk, 0, LANE_ENGAGEMENTS), 3);
}

static void orders_are_measured_by_kind_and_none_is_a_sale(void **state)
{
    static const char *const kinds[] = {"", ",\"kind\":\"lead\"", ",\"kind\":\"sale\"",
                                        ",\"kind\":\"trial\""};
    struct desk *desk = *state;
    desk_open(desk, 1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(read_text(desk, i,
                                   "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"o%d\",\"revenue\":5,"
                                   "\"campaign_id\":\"a\"%s}",
                                   (long)T0, i, kinds[i]),
                         0);
        desk_run(desk);
    }
    send_all(desk);
    assert_int_equal(desk_total(desk, "a", CELL_MEASURE_1), 1000000);
    assert_int_equal(desk_total(desk, "a", CELL_MEASURE_2), 0);
    assert_int_equal(desk_total(desk, "a", CELL_MEASURE_3), 2000000);
    assert_int_equal(desk_slice(desk, "a", T0, CELL_MEASURE_3), 2000000);
    assert_int_equal(desk_total(desk, "a", CELL_CONVERSIONS), 4000000);
}

static void columns_that_no_measure_has_are_not_sent(void **state)
{
    struct desk *desk = *state;
    for (size_t n = 0; n <= 4; n += 4) {
        desk->book.measures.n = n;
        if (n == 0)
            desk_open(desk, 1);
        assert_int_equal(desk_view(desk, (int64_t)n, "a", T0), 0);
        send_all(desk);
        const struct call *call = &desk->apply[desk_shard("a")];
        struct span groups = call_get(call, call->n_keys + 1), journal = call_get(call, call->n_keys + 2);
        assert_int_equal(read_u16(groups.data + 2), CELL_MEASURE_1 + n);
        assert_int_equal(read_u16(journal.data + 5), CELL_MEASURE_1 + n);
    }
}

static void spend_of_a_moment_without_an_id_is_cost_of_its_slice_and_never_late(void **state)
{
    struct desk *desk = *state;
    int64_t value[3];
    desk_open(desk, 1);
    assert_int_equal(desk_view(desk, 0, "a", T0 + 86400000), 0);
    desk_run(desk);
    assert_int_equal(spend(desk, 1, "a", NULL, MOMENT, "7"), 0);
    send_all(desk);
    assert_int_equal(desk_slice(desk, "a", T0, CELL_MEDIA_COST), 7000000);
    assert_int_equal(desk_total(desk, "a", CELL_MEDIA_COST), 9000000);
    assert_int_equal(desk_total(desk, "a", CELL_EXCLUDED), 0);
    assert_int_equal(desk_lane(desk, 0, LANE_SPEND), 1);
    assert_int_equal(desk_lane(desk, 0, LANE_LATE), 0);
    assert_int_equal(spend_sent(desk, "a", span_of("s"), value), 0);
}

static void spend_with_an_id_or_over_a_range_is_set_and_the_last_one_holds(void **state)
{
    static const char nameless[] = "p\0\0\0\0\0\0\0\0\0\0\0\2";
    struct desk *desk = *state;
    int64_t value[3];
    desk_open(desk, 1);
    assert_int_equal(spend(desk, 0, "a", "x", MOMENT, "1"), 0); /* deferred */
    desk_run(desk);
    assert_int_equal(spend(desk, 1, "a", "x", RANGE, "2"), 0);
    assert_int_equal(spend(desk, 2, "a", NULL, RANGE, "3"), 0);
    assert_int_equal(spend(desk, 3, "a", "y", MOMENT, "4"), 0);
    assert_int_equal(ingest_sizes(desk->ingest).n_pending_cells, 4);
    send_all(desk);
    assert_int_equal(spend_sent(desk, "a", span_of("sx"), value), 4);
    assert_int_equal(value[0], T0);
    assert_int_equal(value[1], T0 + 7);
    assert_int_equal(value[2], 2000000);
    (void)spend_sent(desk, "a", span_from(nameless, 13), value);
    assert_int_equal(value[2], 3000000);
    (void)spend_sent(desk, "a", span_of("sy"), value);
    assert_int_equal(value[0], T0);
    assert_int_equal(value[1], T0);
    assert_int_equal(value[2], 4000000);
    assert_int_equal(desk_total(desk, "a", CELL_MEDIA_COST), 0);
    assert_int_equal(desk_lane(desk, 0, LANE_SPEND), 4);
    assert_int_equal(ingest_sizes(desk->ingest).n_pending_cells, 0);
    /* The journal says whose spend is to be read again. */
    const struct call *call = &desk->apply[desk_shard("a")];
    static const char said[] = "\0\1a\0\0\0\0\0";
    struct span journal = call_get(call, call->n_keys + 2);
    assert_non_null(memmem(journal.data, journal.size, said, sizeof(said)));
}

static void spend_without_ts_moves_no_lane(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    assert_int_equal(spend(desk, 0, "a", "x", RANGE, "1"), 0);
    desk_run(desk);
    assert_true(ingest_slot(desk->ingest, 0).newest_ms == NEVER);
    assert_int_equal(spend(desk, 1, "a", "x", RANGE "," MOMENT, "1"), 0);
    assert_int_equal(ingest_slot(desk->ingest, 0).newest_ms, T0);
    assert_int_equal(spend(desk, 2, "a", "x", RANGE, "1"), 0);
    assert_int_equal(ingest_slot(desk->ingest, 0).newest_ms, T0);
}

static void spend_of_campaigns_beyond_the_limit_keeps_its_ids_apart(void **state)
{
    struct desk *desk = *state;
    int64_t value[3];
    desk->admitted = 0;
    desk_open(desk, 1);
    assert_int_equal(spend(desk, 0, "a", "x", MOMENT, "1"), 0);
    desk_run(desk);
    assert_int_equal(spend(desk, 1, "b", "x", MOMENT, "2"), 0);
    send_all(desk);
    assert_int_equal(spend_sent(desk, "(overflow)", span_from("sx\0a", 4), value), 2);
    assert_int_equal(value[2], 1000000);
    (void)spend_sent(desk, "(overflow)", span_from("sx\0b", 4), value);
    assert_int_equal(value[2], 2000000);
    assert_int_equal(desk_lane(desk, 0, LANE_OVERFLOW), 2);
}

static void many_records_of_spend_are_due_before_the_time_is_over(void **state)
{
    struct desk *desk = *state;
    desk_open(desk, 1);
    for (int64_t offset = 0; offset < 8; offset++) {
        char id[] = {(char)('a' + offset), 0};
        int applies = desk->n_calls[SCRIPT_APPLY];
        assert_int_equal(spend(desk, offset, "a", id, MOMENT, "1"), 0);
        desk_run(desk);
        assert_int_equal(desk->n_calls[SCRIPT_APPLY], applies + (offset == 7));
    }
}

static void a_refused_apply_drops_pending_spend_and_it_is_read_again(void **state)
{
    struct desk *desk = *state;
    int64_t value[3];
    desk_open(desk, 1);
    assert_int_equal(spend(desk, 0, "a", "x", MOMENT, "1"), 0);
    desk_run(desk);
    desk->verdict = "refused";
    assert_int_equal(spend(desk, 1, "a", "y", MOMENT, "2"), 0);
    send_all(desk);
    desk->verdict = "ok";
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
    assert_int_equal(ingest_position(desk->ingest, 0), 0);
    assert_int_equal(ingest_sizes(desk->ingest).n_pending_cells, 0);
    assert_int_equal(spend(desk, 0, "a", "x", MOMENT, "1"), 0);
    send_all(desk);
    assert_int_equal(spend_sent(desk, "a", span_of("sx"), value), 1);
    assert_int_equal(value[2], 1000000);
}

static void a_shard_that_has_passed_it_is_not_sent_spend_again(void **state)
{
    struct desk *desk = *state;
    int64_t value[3];
    uint32_t shard = desk_shard("a");
    for (int lane = 0; lane < 2; lane++)
        desk->stands[shard][0][lane] = (struct lane_mark){1, lane ? NEVER : T0};
    desk_open(desk, 1);
    for (int64_t offset = 0; offset < 2; offset++) {
        assert_int_equal(spend(desk, offset, "a", offset ? "new" : "old", MOMENT, "1"), 0);
        desk_run(desk);
    }
    send_all(desk);
    assert_int_equal(spend_sent(desk, "a", span_of("snew"), value), 1);
    assert_int_equal(value[2], 1000000);
}

static void spend_of_a_moment_goes_by_the_offset_of_the_touch_lane(void **state)
{
    struct desk *desk = *state;
    uint32_t shard = desk_shard("a");
    desk->stands[shard][0][LANE_TOUCH] = (struct lane_mark){1, T0};
    desk_open(desk, 1);
    for (int64_t offset = 0; offset < 2; offset++) {
        assert_int_equal(spend(desk, offset, "a", NULL, MOMENT, "7"), 0);
        desk_run(desk);
    }
    send_all(desk);
    assert_int_equal(desk_total(desk, "a", CELL_MEDIA_COST), 7000000);
}

#define MEASURED_TEST(test) cmocka_unit_test_setup_teardown(test, measured_setup, desk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEASURED_TEST(engagements_are_counted_by_action_and_cost_whatever_it_is),
        MEASURED_TEST(orders_are_measured_by_kind_and_none_is_a_sale),
        DESK_TEST(columns_that_no_measure_has_are_not_sent),
        DESK_TEST(spend_of_a_moment_without_an_id_is_cost_of_its_slice_and_never_late),
        DESK_TEST(spend_with_an_id_or_over_a_range_is_set_and_the_last_one_holds),
        DESK_TEST(spend_without_ts_moves_no_lane),
        DESK_TEST(spend_of_campaigns_beyond_the_limit_keeps_its_ids_apart),
        DESK_TEST(many_records_of_spend_are_due_before_the_time_is_over),
        DESK_TEST(a_refused_apply_drops_pending_spend_and_it_is_read_again),
        DESK_TEST(spend_of_a_moment_goes_by_the_offset_of_the_touch_lane),
        DESK_TEST(a_shard_that_has_passed_it_is_not_sent_spend_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
