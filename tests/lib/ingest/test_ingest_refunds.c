#include "tests/lib/ingest/desk.h"

#define HORIZON_MS INT64_C(86400000) /* of the desk's rules */

/* Everything about order o1: one record in the desk's ledger. */
static int refund(struct desk *desk, int64_t offset, const char *id, const char *amount, int64_t ts_ms)
{
    char text[300];
    snprintf(text, sizeof(text),
             "{\"type\":\"refund\",\"ts\":%ld,\"order_id\":\"o1\",\"refund_id\":\"%s\"%s%s}", (long)ts_ms, id,
             *amount ? ",\"amount\":" : "", amount);
    int r = ingest_message(desk->ingest, 0, offset, NO_RECORD_TIME, span_of("key"), span_of(text));
    assert_int_equal(ingest_batch_end(desk->ingest), 0);
    return r;
}

/* Takes it. The letter's texts hold for the moment. */
static bool next_letter(struct desk *desk, struct ingest_letter *letter)
{
    if (!ingest_next_letter(desk->ingest, letter))
        return false;
    assert_string_equal(letter->name, "mixed:0");
    ingest_letter_taken(desk->ingest);
    return true;
}

/* Sends what is due; the sums of what was applied before are gone then. */
static void flush(struct desk *desk)
{
    desk_run(desk);
    desk_pass(desk, FLUSH_MS);
    desk_run(desk);
}

static void a_refund_takes_back_from_both_views(void **state)
{
    struct desk *desk = *state;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    flush(desk);
    assert_int_equal(refund(desk, 1, "r1", "2", T0 + 1000), 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), -2000000);
    assert_int_equal(desk_total(desk, "a", CELL_COHORT_REVENUE), -2000000);
    assert_int_equal(desk_total(desk, "a", CELL_REFUNDED), 2000000);
    assert_int_equal(desk_total(desk, "a", CELL_REFUNDED_CONVERSIONS), 400000);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 0);
    assert_int_equal(desk_slice(desk, "a", T0, CELL_REVENUE), -2000000); /* at the order's time */
    assert_int_equal(desk_lane(desk, 1, LANE_REFUNDS), 1);
    assert_int_equal(refund(desk, 2, "r1", "2", T0), 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 0);
    assert_int_equal(desk_lane(desk, 1, LANE_DUPLICATES), 1);
    assert_int_equal(refund(desk, 3, "r3", "9", T0), 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), -3000000);
    assert_int_equal(desk_total(desk, "a", CELL_REFUNDED_CONVERSIONS), 600000);
    assert_int_equal(desk_lane(desk, 1, LANE_CUT), 1);
}

static void a_refund_may_be_booked_at_its_own_time(void **state)
{
    struct desk *desk = *state;
    struct ingest_rules rules = desk_rules(desk);
    desk->keeps_record = true;
    rules.book_at_refund = true;
    assert_int_equal(ingest_set_rules(desk->ingest, &rules), 0);
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    flush(desk);
    assert_int_equal(refund(desk, 1, "r1", "2", T0 + 120000), 0);
    flush(desk);
    assert_int_equal(desk_slice(desk, "a", T0, CELL_REVENUE), 0);
    assert_int_equal(desk_slice(desk, "a", T0 + 120000, CELL_REVENUE), -2000000);
    assert_int_equal(desk_slice(desk, "a", T0 + 120000, CELL_COHORT_REVENUE), -2000000);
    assert_int_equal(desk_slice(desk, "a", T0 + 120000, CELL_REFUNDED), 2000000);
}

static void a_refund_before_its_order_is_booked_with_it(void **state)
{
    struct desk *desk = *state;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(refund(desk, 0, "r1", "", T0 + 1000), 0);
    flush(desk);
    assert_int_equal(desk_lane(desk, 1, LANE_REFUNDS), 1);
    assert_int_equal(desk->n_calls[SCRIPT_ADMIT], 0);
    assert_int_equal(desk_order(desk, 1, "o1", "a"), 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_ORDERS), 1);
    assert_int_equal(desk_total(desk, "a", CELL_CONVERSIONS), 1000000);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 0);
    assert_int_equal(desk_total(desk, "a", CELL_REFUNDED), 5000000);
    assert_int_equal(desk_total(desk, "a", CELL_REFUNDED_CONVERSIONS), 1000000);
}

static void a_refund_that_waited_is_late_by_its_own_lane(void **state)
{
    struct desk *desk = *state;
    char order[200];
    desk->keeps_record = true;
    desk_open(desk, 2);
    assert_int_equal(refund(desk, 0, "r0", "1", T0 + 3600000), 0); /* from now on T0 is too late here ... */
    assert_int_equal(refund(desk, 1, "r1", "2", T0 + 1000), 0);
    flush(desk);
    snprintf(order, sizeof(order),
             "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"o1\",\"revenue\":5,\"campaign_id\":\"a\"}",
             (long)T0);
    assert_int_equal(desk_read(desk, 1, 0, order), 0); /* ... and not in the order's partition */
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 2000000);
    assert_int_equal(desk_slice(desk, "a", T0, CELL_REVENUE), 4000000);
    assert_int_equal(desk_total(desk, "a", CELL_EXCLUDED), 2000000);
}

/* Of 7 micro-units, [1 3 3] are taken back as [1 1 1] of 3 and as [0 2 2] of 4. */
static void what_a_late_refund_changes_is_excluded_by_campaign_not_by_touch(void **state)
{
    struct desk *desk = *state;
    struct ledger_share shares[] = {{span_of("a"), T0 - 3, 142857, 1, 0},
                                    {span_of("a"), T0 - 2, 428571, 3, 0},
                                    {span_of("b"), T0 - 1, 428572, 3, 0}};
    const struct ledger ledger = {
        .has_order = true,
        .order = {.place = {77, 5}, .ts_ms = T0, .revenue_micros = 7, .currency = span_of("EUR")},
        .shares = shares,
        .n_shares = ARRAY_SIZE(shares)};
    ledger_pack(&ledger, &desk->record);
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(refund(desk, 0, "r0", "0.000003", T0 + 3600000), 0); /* from now on T0 is too late */
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_EXCLUDED), 0);
    assert_int_equal(refund(desk, 1, "r1", "0.000001", T0), 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 0);
    assert_int_equal(desk_total(desk, "b", CELL_REVENUE), -1);
    assert_int_equal(desk_total(desk, "a", CELL_EXCLUDED), 0);
    assert_int_equal(desk_total(desk, "b", CELL_EXCLUDED), 1);
}

static void a_refund_that_is_older_than_its_order_lets_nobody_forget_the_order(void **state)
{
    struct desk *desk = *state;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    flush(desk);
    assert_int_equal(refund(desk, 1, "r1", "2", T0 - 1000), 0);
    flush(desk);
    const struct reply score = text_reply(call_get(&desk->decide, 8));
    assert_int_equal(reply_i64(&score, 0), T0);
}

static void an_order_and_its_refund_in_one_batch_are_both_booked(void **state)
{
    struct desk *desk = *state;
    char order[200];
    desk->keeps_record = true;
    desk_open(desk, 1);
    snprintf(order, sizeof(order),
             "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"o1\",\"revenue\":5,\"campaign_id\":\"a\"}",
             (long)T0);
    assert_int_equal(ingest_message(desk->ingest, 0, 0, NO_RECORD_TIME, (struct span){0}, span_of(order)), 0);
    assert_int_equal(refund(desk, 1, "r1", "1.5", T0), 0);
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 3500000);
    assert_int_equal(desk_total(desk, "a", CELL_REFUNDED), 1500000);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], 1);
}

static void a_refund_that_is_refused_passes_nobody_before_its_letter_is_acknowledged(void **state)
{
    struct desk *desk = *state;
    struct ingest_letter letter;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    flush(desk);
    int decided = desk->n_calls[SCRIPT_DECIDE];
    assert_int_equal(refund(desk, 1, "r1", "2", T0 + HORIZON_MS + 1), 0);
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], decided);
    assert_true(next_letter(desk, &letter));
    assert_int_equal(letter.index, 0);
    assert_int_equal(letter.offset, 1);
    assert_int_equal(letter.reason, REJECT_REFUND_AFTER_HORIZON);
    assert_true(span_equal(letter.key, span_of("key")));
    assert_true(memmem(letter.value.data, letter.value.size, "\"amount\":2}", 11) != NULL);
    assert_false(next_letter(desk, &letter));
    ingest_letters(desk->ingest, 1);
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], decided);
    ingest_letters(desk->ingest, 0);
    flush(desk);
    assert_int_equal(desk->n_calls[SCRIPT_DECIDE], decided + 1);
    assert_int_equal(desk_lane(desk, 1, LANE_REJECTED + REJECT_REFUND_AFTER_HORIZON - 1), 1);
    assert_int_equal(desk_lane(desk, 1, LANE_REFUNDS), 0);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 0);
    desk_pass(desk, 1000);
    desk_run(desk);
    assert_int_equal(ingest_counted(desk->ingest, 0), 2);
}

static void a_refund_that_waited_in_vain_goes_with_its_fields(void **state)
{
    struct desk *desk = *state;
    struct ingest_letter letter;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(refund(desk, 0, "r1", "2.5", T0 - HORIZON_MS - 1), 0);
    flush(desk);
    assert_int_equal(desk_order(desk, 1, "o1", "a"), 0);
    desk_run(desk);
    assert_true(next_letter(desk, &letter));
    assert_int_equal(letter.offset, 0);
    assert_int_equal(letter.reason, REJECT_UNKNOWN_ORDER);
    assert_null(letter.key.data);
    char expected[200];
    snprintf(
        expected, sizeof(expected),
        "{\"type\":\"refund\",\"ts\":%ld,\"order_id\":\"o1\",\"refund_id\":\"r1\",\"amount\":\"2.500000\"}",
        (long)(T0 - HORIZON_MS - 1));
    assert_true(span_equal(letter.value, span_of(expected)));
    flush(desk);
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), 5000000);
    assert_int_equal(desk_lane(desk, 1, LANE_REJECTED + REJECT_UNKNOWN_ORDER - 1), 1);
}

/* A crash after decide, before apply: the refund finds in the record what it came to. */
static void a_refund_that_is_read_again_takes_the_same_once(void **state)
{
    struct desk *desk = *state;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o1", "a"), 0);
    flush(desk);
    assert_int_equal(refund(desk, 1, "r1", "2", T0), 0);
    desk_run(desk);
    CLEANUP(buffer_deinit) struct buffer before = BUFFER_INIT;
    buffer_append_span(&before, buffer_span(&desk->record));
    for (size_t feed = 0; feed < DESK_SHARDS; feed++)
        for (size_t lane = 0; lane < 2; lane++) {
            desk->stands[feed][0][lane] = (struct lane_mark){1, T0};
            desk->stands[DESK_SHARDS + feed][0][lane] = (struct lane_mark){2, T0};
            desk->stands[2 * DESK_SHARDS + feed][0][lane] = (struct lane_mark){1, T0};
        }
    ingest_restart(desk->ingest);
    desk_run(desk);
    assert_int_equal(ingest_position(desk->ingest, 0), 1);
    assert_int_equal(refund(desk, 1, "r1", "2", T0), 0);
    flush(desk);
    assert_true(span_equal(buffer_span(&before), buffer_span(&desk->record)));
    assert_int_equal(desk_total(desk, "a", CELL_REVENUE), -2000000);
    assert_int_equal(desk_lane(desk, 1, LANE_REFUNDS), 1);
}

/* The order shard gives the record out with its answer, as nothing of its time can come any more. */
static void a_refund_whose_order_never_came_is_refused_once(void **state)
{
    struct desk *desk = *state;
    struct ingest_letter letter;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(refund(desk, 0, "r1", "2", T0), 0);
    flush(desk);
    assert_int_equal(desk->n_calls[SCRIPT_EXPIRE], 0);
    desk->expires = "o1";
    desk_pass(desk, 1000);
    ingest_advance(desk->ingest, 0, 9);
    desk_pass(desk, 1000);
    desk_run(desk);
    assert_true(next_letter(desk, &letter));
    assert_int_equal(letter.reason, REJECT_UNKNOWN_ORDER);
    assert_int_equal(letter.offset, 0);
    assert_false(next_letter(desk, &letter));
    ingest_letters(desk->ingest, 1);
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_EXPIRE], 0); /* it is removed when its letter is acknowledged */
    ingest_letters(desk->ingest, 0);
    desk_run(desk);
    assert_int_equal(desk->n_calls[SCRIPT_EXPIRE], 1);
    assert_true(span_equal(call_get(&desk->expire, 3), span_of("o1")));
    assert_true(span_equal(call_get(&desk->expire, 4), buffer_span(&desk->record)));
    assert_true(span_equal(call_get(&desk->expire, 5), span_of("1")));
    assert_int_equal(ingest_counts(desk->ingest).rejected, 1);
    assert_false(next_letter(desk, &letter));
}

/* What a decide of a batch gives out must outlive the batch. */
static void a_refund_that_expires_with_a_batch_keeps_its_letter(void **state)
{
    struct desk *desk = *state;
    struct ingest_letter letter;
    desk->keeps_record = true;
    desk_open(desk, 1);
    assert_int_equal(desk_order(desk, 0, "o9", "a"), 0);
    flush(desk);
    desk->keeps_record = false;
    buffer_clear(&desk->record);
    struct ledger_refund waits = {.place = {1, 0}, .applied = LEDGER_NOWHERE, .ts_ms = T0, .all = true};
    struct ledger ledger = {.refunds = &waits, .n_refunds = 1};
    struct buffer gone = BUFFER_INIT;
    ledger_pack(&ledger, &gone);
    desk->expires = "o9";
    desk->expired_bytes = buffer_span(&gone);
    assert_int_equal(desk_order(desk, 1, "o9", "a"),
                     0); /* counted in the same turn, as its campaign is known */
    desk_run(desk);
    assert_true(ingest_wants_input(desk->ingest));
    assert_true(next_letter(desk, &letter));
    assert_int_equal(letter.reason, REJECT_UNKNOWN_ORDER);
    assert_false(next_letter(desk, &letter));
    flush(desk);
    assert_int_equal(desk->n_calls[SCRIPT_EXPIRE], 1);
    buffer_deinit(&gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_refund_takes_back_from_both_views),
        DESK_TEST(a_refund_may_be_booked_at_its_own_time),
        DESK_TEST(a_refund_before_its_order_is_booked_with_it),
        DESK_TEST(a_refund_that_waited_is_late_by_its_own_lane),
        DESK_TEST(what_a_late_refund_changes_is_excluded_by_campaign_not_by_touch),
        DESK_TEST(a_refund_that_is_older_than_its_order_lets_nobody_forget_the_order),
        DESK_TEST(an_order_and_its_refund_in_one_batch_are_both_booked),
        DESK_TEST(a_refund_that_is_refused_passes_nobody_before_its_letter_is_acknowledged),
        DESK_TEST(a_refund_that_waited_in_vain_goes_with_its_fields),
        DESK_TEST(a_refund_that_is_read_again_takes_the_same_once),
        DESK_TEST(a_refund_whose_order_never_came_is_refused_once),
        DESK_TEST(a_refund_that_expires_with_a_batch_keeps_its_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
