#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/attribution/ledger.h"

#define DAY INT64_C(86400000)
#define T0 (20000 * DAY)
#define HORIZON (60 * DAY)

static enum reject_reason convert(void *context, struct span currency, int64_t at_ms, int64_t micros,
                                  int64_t *ret_micros)
{
    assert_ptr_equal(context, convert);
    assert_int_equal(at_ms, T0); /* the order's time, never the refund's */
    if (!span_equal(currency, span_of("USD")) && !span_equal(currency, span_of("EUR")))
        return REJECT_UNKNOWN_CURRENCY;
    *ret_micros = span_equal(currency, span_of("USD")) ? micros / 2 : micros;
    return REJECT_NONE;
}

static const struct ledger_rules rules = {HORIZON, false, convert, convert};

/* A record that lives as its bytes, as in Redis: every step reads it, and stores it again. */
struct book {
    struct buffer bytes;
    int64_t offset;
};

static void store(struct book *book, const struct ledger *ledger)
{
    struct buffer bytes = BUFFER_INIT;
    ledger_pack(ledger, &bytes);
    assert_int_equal(buffer_status(&bytes), 0);
    buffer_deinit(&book->bytes);
    book->bytes = bytes;
}

static void load(const struct book *book, struct ledger *ledger)
{
    assert_int_equal(ledger_unpack(ledger, buffer_span(&book->bytes)), 0);
}

static struct ledger_order order_at(int64_t offset, int64_t revenue, int64_t margin)
{
    return (struct ledger_order){{7, offset},    T0, revenue, margin, span_of("EUR"), LEDGER_NO_MODEL,
                                 span_of("lead")};
}

static enum ledger_outcome take_order(struct book *book, int64_t offset, int64_t revenue)
{
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    enum ledger_outcome outcome;
    struct ledger_order order = order_at(offset, revenue, 0);
    struct ledger_share share = {span_of("a"), T0, 1000000, revenue, 0};
    load(book, &ledger);
    assert_int_equal(ledger_take_order(&ledger, &rules, &order, &share, 1, &outcome), 0);
    store(book, &ledger);
    return outcome;
}

static struct ledger_refund refund_at(int64_t offset, const char *id, int64_t asked)
{
    return (struct ledger_refund){
        .place = {9, offset}, .id = span_of(id), .ts_ms = T0, .all = asked < 0, .asked = asked};
}

static enum ledger_outcome take(struct book *book, struct ledger_refund refund,
                                enum reject_reason *ret_reason)
{
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    enum ledger_outcome outcome;
    *ret_reason = REJECT_NONE;
    load(book, &ledger);
    assert_int_equal(ledger_take_refund(&ledger, &rules, &refund, &outcome, ret_reason), 0);
    store(book, &ledger);
    return outcome;
}

static void expect_taken(struct book *book, const int64_t *taken, size_t n)
{
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    load(book, &ledger);
    assert_int_equal(ledger.n_refunds, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ledger.refunds[i].taken_micros, taken[i]);
}

static void the_first_message_has_the_order_and_finds_it_again(void **state)
{
    (void)state;
    struct book book = {0};
    assert_int_equal(take_order(&book, 5, 100), LEDGER_BOOKED);
    assert_int_equal(take_order(&book, 5, 100), LEDGER_BOOKED);
    assert_int_equal(take_order(&book, 6, 999), LEDGER_REPEATED);
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    load(&book, &ledger);
    assert_int_equal(ledger.order.revenue_micros, 100);
    assert_int_equal(ledger.order.place.offset, 5);
    assert_true(span_equal(ledger.order.kind, span_of("lead")));
    assert_true(span_equal(ledger.shares[0].campaign, span_of("a")));
    buffer_deinit(&book.bytes);
}

static void refunds_take_what_is_left_and_no_more(void **state)
{
    (void)state;
    struct book book = {0};
    enum reject_reason reason;
    (void)take_order(&book, 5, 100);
    assert_int_equal(take(&book, refund_at(1, "r1", 30), &reason), LEDGER_BOOKED);
    assert_int_equal(take(&book, refund_at(2, "r1", 30), &reason), LEDGER_REPEATED);
    assert_int_equal(take(&book, refund_at(1, "r1", 30), &reason), LEDGER_BOOKED); /* read again */
    assert_int_equal(take(&book, refund_at(3, "", 50), &reason), LEDGER_BOOKED);
    assert_int_equal(take(&book, refund_at(4, "", 50), &reason),
                     LEDGER_BOOKED); /* without an id none is a repeat */
    assert_int_equal(take(&book, refund_at(5, "r2", -1), &reason), LEDGER_BOOKED);
    expect_taken(&book, (int64_t[]){30, 50, 20, 0}, 4);
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    load(&book, &ledger);
    assert_int_equal(ledger.refunds[2].excess_micros, 30);
    assert_int_equal(ledger.refunds[3].excess_micros, 0);
    assert_int_equal(ledger_taken_before(&ledger, 2), 80);
    assert_true(ledger_applies(&ledger, 2, (struct ledger_place){9, 4}));
    buffer_deinit(&book.bytes);
}

static void a_refund_that_waited_is_booked_by_the_message_of_its_order(void **state)
{
    (void)state;
    struct book book = {0};
    enum reject_reason reason;
    assert_int_equal(take(&book, refund_at(1, "r1", 30), &reason), LEDGER_WAITS);
    assert_int_equal(take(&book, refund_at(1, "r1", 30), &reason), LEDGER_WAITS);
    assert_int_equal(take(&book, refund_at(2, "r1", 40), &reason), LEDGER_WAITS);
    assert_int_equal(take(&book, refund_at(3, "r3", -1), &reason), LEDGER_WAITS);
    assert_int_equal(take_order(&book, 5, 100), LEDGER_BOOKED);
    expect_taken(&book, (int64_t[]){30, 0, 70}, 3);
    assert_int_equal(take(&book, refund_at(1, "r1", 30), &reason), LEDGER_ELSEWHERE);
    assert_int_equal(take(&book, refund_at(4, "r1", 30), &reason), LEDGER_REPEATED);
    assert_int_equal(take_order(&book, 5, 100), LEDGER_BOOKED);
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    load(&book, &ledger);
    for (size_t i = 0; i < 3; i++)
        assert_true(ledger_applies(&ledger, i, (struct ledger_place){7, 5}));
    assert_true(ledger.refunds[1].repeat);
    buffer_deinit(&book.bytes);
}

static void times_decide_in_whichever_order_they_are_read(void **state)
{
    (void)state;
    static const struct {
        int64_t after_ms;
        enum reject_reason reason;
    } cases[] = {
        {HORIZON, REJECT_NONE},
        {HORIZON + 1, REJECT_REFUND_AFTER_HORIZON},
        {-HORIZON, REJECT_NONE},
        {-HORIZON - 1, REJECT_UNKNOWN_ORDER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct book after = {0}, before = {0};
        enum reject_reason reason;
        struct ledger_refund refund = refund_at(1, "r1", 10);
        refund.ts_ms = T0 + cases[i].after_ms;
        (void)take_order(&after, 5, 100);
        assert_int_equal(take(&after, refund, &reason), cases[i].reason ? LEDGER_REFUSED : LEDGER_BOOKED);
        assert_int_equal(reason, cases[i].reason);
        assert_int_equal(take(&before, refund, &reason), LEDGER_WAITS);
        (void)take_order(&before, 5, 100);
        CLEANUP(ledger_deinit) struct ledger ledger = {0};
        load(&before, &ledger);
        assert_int_equal(ledger.refunds[0].fault, cases[i].reason);
        assert_int_equal(ledger.refunds[0].taken_micros, cases[i].reason ? 0 : 10);
        buffer_deinit(&after.bytes);
        buffer_deinit(&before.bytes);
    }
}

static void a_refund_that_failed_has_not_used_its_id_up(void **state)
{
    (void)state;
    struct book book = {0};
    enum reject_reason reason;
    struct ledger_refund late = refund_at(1, "r1", 10);
    late.ts_ms = T0 + HORIZON + 1;
    assert_int_equal(take(&book, late, &reason), LEDGER_WAITS);
    assert_int_equal(take(&book, refund_at(2, "r1", 20), &reason), LEDGER_WAITS);
    (void)take_order(&book, 5, 100);
    expect_taken(&book, (int64_t[]){0, 20}, 2);
    late.place.offset = 3;
    late.id = span_of("r2");
    assert_int_equal(take(&book, late, &reason), LEDGER_REFUSED);
    assert_int_equal(take(&book, refund_at(4, "r2", 5), &reason), LEDGER_BOOKED);
    buffer_deinit(&book.bytes);
}

static void another_currency_goes_by_the_rate_at_the_orders_time(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        struct book book = {0};
        enum reject_reason reason;
        struct ledger_refund dollars = refund_at(1, "r1", 60), crowns = refund_at(2, "r2", 60);
        dollars.currency = span_of("USD");
        crowns.currency = span_of("SEK");
        if (!waits)
            (void)take_order(&book, 5, 100);
        (void)take(&book, dollars, &reason);
        assert_int_equal(take(&book, crowns, &reason), waits ? LEDGER_WAITS : LEDGER_REFUSED);
        if (waits)
            (void)take_order(&book, 5, 100);
        CLEANUP(ledger_deinit) struct ledger ledger = {0};
        load(&book, &ledger);
        assert_int_equal(ledger.refunds[0].taken_micros, 30);
        assert_int_equal(waits ? ledger.refunds[1].fault : reason, REJECT_UNKNOWN_CURRENCY);
        buffer_deinit(&book.bytes);
    }
}

static void a_refund_without_currency_is_in_its_orders(void **state)
{
    (void)state;
    struct book book = {0};
    enum reject_reason reason;
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    enum ledger_outcome outcome;
    struct ledger_order order = order_at(5, 100, 0);
    struct ledger_share share = {span_of("a"), T0, 1000000, 100, 0};
    order.currency = span_of("USD");
    assert_int_equal(ledger_take_order(&ledger, &rules, &order, &share, 1, &outcome), 0);
    store(&book, &ledger);
    assert_int_equal(take(&book, refund_at(1, "r1", 60), &reason), LEDGER_BOOKED);
    expect_taken(&book, (int64_t[]){30}, 1);
    buffer_deinit(&book.bytes);
}

static void an_order_takes_so_many_refunds_and_no_more(void **state)
{
    (void)state;
    struct book book = {0};
    enum reject_reason reason;
    (void)take_order(&book, 5, 100000);
    for (int i = 0; i < LEDGER_REFUNDS_MOST; i++)
        assert_int_equal(take(&book, refund_at(10 + i, "", 1), &reason), LEDGER_BOOKED);
    assert_int_equal(take(&book, refund_at(9, "", 1), &reason), LEDGER_REFUSED);
    assert_int_equal(reason, REJECT_BAD_RANGE);
    assert_int_equal(take(&book, refund_at(10, "", 1), &reason), LEDGER_BOOKED);
    buffer_deinit(&book.bytes);
}

static void shares(struct ledger *ledger, int64_t revenue, int64_t margin)
{
    static const struct ledger_share three[] = {
        {{"a", 1}, T0 - 3, 333334, 34, -17},
        {{"b", 1}, T0 - 2, 333333, 33, -17},
        {{"a", 1}, T0 - 1, 333333, 33, -16},
    };
    enum ledger_outcome outcome;
    struct ledger_order order = order_at(5, revenue, margin);
    order.model = MODEL_LINEAR;
    assert_int_equal(ledger_take_order(ledger, &rules, &order, three, 3, &outcome), 0);
}

static void what_is_taken_back_follows_the_shares(void **state)
{
    (void)state;
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    struct ledger_back back[3];
    shares(&ledger, 100, -50);
    ledger_split_back(&ledger, 0, back);
    assert_int_equal(back[0].revenue_micros, 0);
    ledger_split_back(&ledger, 50, back);
    assert_int_equal(back[0].revenue_micros, 17);
    assert_int_equal(back[1].revenue_micros + back[2].revenue_micros, 33);
    assert_int_equal(back[0].conversions_micro + back[1].conversions_micro + back[2].conversions_micro,
                     500000);
    assert_int_equal(back[0].margin_micros + back[1].margin_micros + back[2].margin_micros, -25);
    ledger_split_back(&ledger, 100, back);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(back[i].revenue_micros, ledger.shares[i].revenue_micros);
        assert_int_equal(back[i].conversions_micro, ledger.shares[i].conversions_micro);
        assert_int_equal(back[i].margin_micros, ledger.shares[i].margin_micros);
    }
}

static void an_order_worth_nothing_gives_nothing_back(void **state)
{
    (void)state;
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    struct ledger_back back[3];
    shares(&ledger, 0, 10);
    ledger_split_back(&ledger, 0, back);
    for (size_t i = 0; i < 3; i++)
        assert_true(back[i].revenue_micros == 0 && back[i].margin_micros == 0 &&
                    back[i].conversions_micro == 0);
}

static void shares_with_and_without_margin_keep_their_bytes(void **state)
{
    (void)state;
    for (int margins = 0; margins < 2; margins++) {
        CLEANUP(ledger_deinit) struct ledger ledger = {0};
        CLEANUP(ledger_deinit) struct ledger again = {0};
        CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
        CLEANUP(buffer_deinit) struct buffer second = BUFFER_INIT;
        shares(&ledger, 100, margins ? -50 : 0);
        for (size_t i = 0; !margins && i < 3; i++)
            ledger.shares[i].margin_micros = 0;
        ledger_pack(&ledger, &bytes);
        assert_int_equal(ledger_unpack(&again, buffer_span(&bytes)), 0);
        ledger_pack(&again, &second);
        assert_true(span_equal(buffer_span(&bytes), buffer_span(&second)));
        assert_int_equal(again.shares[2].touch_ms, T0 - 1);
        assert_int_equal(again.shares[0].margin_micros, margins ? -17 : 0);
        assert_int_equal(again.order.model, MODEL_LINEAR);
    }
}

static void bytes_that_are_cut_or_foreign_are_refused(void **state)
{
    (void)state;
    struct book book = {0};
    enum reject_reason reason;
    CLEANUP(ledger_deinit) struct ledger ledger = {0};
    (void)take_order(&book, 5, 100);
    (void)take(&book, refund_at(1, "r1", 30), &reason);
    for (size_t size = 1; size < book.bytes.size; size++)
        assert_int_equal(ledger_unpack(&ledger, span_from(book.bytes.data, size)), -EBADMSG);
    book.bytes.data[0] = 99;
    assert_int_equal(ledger_unpack(&ledger, buffer_span(&book.bytes)), -EBADMSG);
    buffer_append_u8(&book.bytes, 0);
    book.bytes.data[0] = 1;
    assert_int_equal(ledger_unpack(&ledger, buffer_span(&book.bytes)), -EBADMSG);
    buffer_deinit(&book.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_message_has_the_order_and_finds_it_again),
        cmocka_unit_test(refunds_take_what_is_left_and_no_more),
        cmocka_unit_test(a_refund_that_waited_is_booked_by_the_message_of_its_order),
        cmocka_unit_test(times_decide_in_whichever_order_they_are_read),
        cmocka_unit_test(a_refund_that_failed_has_not_used_its_id_up),
        cmocka_unit_test(another_currency_goes_by_the_rate_at_the_orders_time),
        cmocka_unit_test(a_refund_without_currency_is_in_its_orders),
        cmocka_unit_test(an_order_takes_so_many_refunds_and_no_more),
        cmocka_unit_test(what_is_taken_back_follows_the_shares),
        cmocka_unit_test(an_order_worth_nothing_gives_nothing_back),
        cmocka_unit_test(shares_with_and_without_margin_keep_their_bytes),
        cmocka_unit_test(bytes_that_are_cut_or_foreign_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
