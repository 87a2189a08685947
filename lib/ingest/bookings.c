/*
 * Bookings: what the orders of a batch add to campaigns, by what their records say.
 *
 * An order counts for a campaign at the order's time, and its revenue once more at the time of each touch that earned
 * it (the cohort view). Both are one booking where no touch decided.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

static int booking_add(struct ingest *ingest, const struct booking *booking)
{
    if (ingest->n_bookings == ingest->bookings_capacity) {
        size_t capacity = ingest->bookings_capacity ? ingest->bookings_capacity * 2 : 256;
        struct booking *grown = realloc(ingest->bookings, capacity * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        ingest->bookings = grown;
        ingest->bookings_capacity = capacity;
    }
    ingest->bookings[ingest->n_bookings++] = *booking;
    return 0;
}

static int64_t absolute(int64_t amount)
{
    if (amount == INT64_MIN)
        return INT64_MAX;
    return amount < 0 ? -amount : amount;
}

static bool is_too_late(int64_t late_before_ms, int64_t ts_ms)
{
    return late_before_ms != NEVER && ts_ms < late_before_ms;
}

/* Before what something is too late: a refund goes by its own lane, also where it waited for its order. */
static int64_t late_before(const struct deferred *deferred, const struct ledger_refund *refund)
{
    bool waited =
        refund->place.lane != refund->applied.lane || refund->place.offset != refund->applied.offset;
    return waited ? refund->late_before_ms : deferred->late_before_ms;
}

/* The columns of one share, by order time and by touch time. What is excluded counts only where the order's time is too
 * late. */
static void share_sums(const struct ledger_share *share, bool first, unsigned measures,
                       struct cell *ret_order, struct cell *ret_cohort)
{
    int64_t *order = ret_order->column, *cohort = ret_cohort->column;
    order[CELL_ORDERS] = first;
    order[CELL_CONVERSIONS] = share->conversions_micro;
    order[CELL_REVENUE] = share->revenue_micros;
    order[CELL_MARGIN] = share->margin_micros;
    order[CELL_EXCLUDED] = absolute(share->revenue_micros);
    cohort[CELL_COHORT_REVENUE] = share->revenue_micros;
    cohort[CELL_COHORT_MARGIN] = share->margin_micros;
    measures_set(measures, share->conversions_micro, ret_order);
}

/* What a refund takes back of one share: what it has made of the split of all refunds. */
static void back_sums(const struct ledger_back *before, const struct ledger_back *after,
                      struct cell *ret_order, struct cell *ret_cohort)
{
    int64_t *order = ret_order->column, *cohort = ret_cohort->column;
    int64_t revenue = after->revenue_micros - before->revenue_micros;
    int64_t margin = after->margin_micros - before->margin_micros;
    order[CELL_REVENUE] = -revenue;
    order[CELL_MARGIN] = -margin;
    order[CELL_REFUNDED] = revenue;
    order[CELL_REFUNDED_CONVERSIONS] = after->conversions_micro - before->conversions_micro;
    cohort[CELL_COHORT_REVENUE] = -revenue;
    cohort[CELL_COHORT_MARGIN] = -margin;
}

/* Where one of its touches decided, the cohort's booking counts under the time that the order took, too. */
static void lag_set(const struct ingest *ingest, const struct ledger_share *share, int64_t conversions_micro,
                    struct booking *booking)
{
    const struct ledger_order *order = &ingest->ledger.order;
    int64_t lookback_ms = ingest->rules.attribution.touches.click_lookback_ms;
    booking->has_lag = order->model != LEDGER_NO_MODEL;
    booking->lag_bucket = lag_bucket(order->ts_ms - share->touch_ms, lookback_ms);
    booking->lag_touch_ms = share->touch_ms;
    booking->lag_conversions_micro = conversions_micro;
}

/* Books both views of a share, each at its time; they are one booking where that is the same. */
static int book(struct ingest *ingest, size_t number, int64_t late_before_ms,
                const struct ledger_share *share, struct cell order, struct cell cohort, int64_t order_ms,
                int64_t touch_ms)
{
    struct booking booking = {.deferred = number, .ts_ms = order_ms, .sum = order};
    int r = campaign_find(ingest, share->campaign, &booking.campaign);
    if (r < 0)
        return r;
    booking.late = is_too_late(late_before_ms, booking.ts_ms);
    if (!booking.late)
        booking.sum.column[CELL_EXCLUDED] = 0;
    if (touch_ms == order_ms) {
        booking.sum.column[CELL_COHORT_REVENUE] = cohort.column[CELL_COHORT_REVENUE];
        booking.sum.column[CELL_COHORT_MARGIN] = cohort.column[CELL_COHORT_MARGIN];
        lag_set(ingest, share, order.column[CELL_CONVERSIONS], &booking);
        return booking_add(ingest, &booking);
    }
    r = booking_add(ingest, &booking);
    if (r < 0)
        return r;
    booking.ts_ms = touch_ms;
    booking.late = is_too_late(late_before_ms, booking.ts_ms);
    booking.sum = cohort;
    lag_set(ingest, share, order.column[CELL_CONVERSIONS], &booking);
    return booking_add(ingest, &booking);
}

/* Whether this is the campaign's first share, and all of them are a millionth of the order at least. */
static bool is_first_of_campaign(const struct ledger *ledger, size_t share)
{
    int64_t conversions_micro = 0;
    for (size_t i = 0; i < ledger->n_shares; i++) {
        if (!span_equal(ledger->shares[i].campaign, ledger->shares[share].campaign))
            continue;
        if (i < share)
            return false;
        conversions_micro += ledger->shares[i].conversions_micro;
    }
    return conversions_micro > 0;
}

static int book_order(struct ingest *ingest, size_t number)
{
    const struct ledger *ledger = &ingest->ledger;
    unsigned measures = measures_of_kind(&ingest->rules.book->measures, ledger->order.kind);
    int r = 0;
    for (size_t i = 0; r == 0 && i < ledger->n_shares; i++) {
        struct cell order = {0}, cohort = {0};
        share_sums(&ledger->shares[i], is_first_of_campaign(ledger, i), measures, &order, &cohort);
        r = book(ingest, number, ingest->deferred[number].late_before_ms, &ledger->shares[i], order, cohort,
                 ledger->order.ts_ms, ledger->shares[i].touch_ms);
    }
    return r;
}

/* What a refund takes back of a campaign, at the first of its shares: the changes of several may be opposite. */
static int64_t campaign_back(const struct ledger *ledger, size_t share, const struct ledger_back *before,
                             const struct ledger_back *after)
{
    int64_t revenue_micros = 0;
    for (size_t i = 0; i < ledger->n_shares; i++) {
        if (!span_equal(ledger->shares[i].campaign, ledger->shares[share].campaign))
            continue;
        if (i < share)
            return 0;
        revenue_micros += after[i].revenue_micros - before[i].revenue_micros;
    }
    return revenue_micros;
}

static int book_refund(struct ingest *ingest, size_t number, size_t refund)
{
    const struct ledger *ledger = &ingest->ledger;
    struct ledger_back before[LEDGER_SHARES_MOST], after[LEDGER_SHARES_MOST];
    int64_t taken_before = ledger_taken_before(ledger, refund), refund_ms = ledger->refunds[refund].ts_ms;
    bool at_refund = ledger->refunds[refund].at_refund;
    int r = 0;
    ledger_split_back(ledger, taken_before, before);
    ledger_split_back(ledger, taken_before + ledger->refunds[refund].taken_micros, after);
    for (size_t i = 0; r == 0 && i < ledger->n_shares; i++) {
        struct cell order = {0}, cohort = {0};
        back_sums(&before[i], &after[i], &order, &cohort);
        order.column[CELL_EXCLUDED] = absolute(campaign_back(ledger, i, before, after));
        r = book(ingest, number, late_before(&ingest->deferred[number], &ledger->refunds[refund]),
                 &ledger->shares[i], order, cohort, at_refund ? refund_ms : ledger->order.ts_ms,
                 at_refund ? refund_ms : ledger->shares[i].touch_ms);
    }
    return r;
}

/* The refunds that this message applies: its own, or those that waited for its order. */
static int book_refunds(struct ingest *ingest, size_t number)
{
    const struct deferred *deferred = &ingest->deferred[number];
    int r = 0;
    for (size_t i = 0; r == 0 && i < ingest->ledger.n_refunds; i++) {
        const struct ledger_refund *refund = &ingest->ledger.refunds[i];
        if (!ledger_applies(&ingest->ledger, i, place_of(ingest, deferred)))
            continue;
        if (refund->fault)
            (void)count_rejected(ingest, deferred->slot, deferred->offset, LANE_ORDER, refund->fault);
        else if (refund->repeat)
            count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER, LANE_DUPLICATES);
        else
            r = book_refund(ingest, number, i);
        if (refund->excess_micros > 0)
            count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER, LANE_CUT);
    }
    return r;
}

/* The event time at which a message's own effect is booked. */
static int64_t booked_ms(const struct ingest *ingest, const struct deferred *deferred)
{
    const struct ledger *ledger = &ingest->ledger;
    for (size_t i = 0; deferred->type == EVENT_REFUND && i < ledger->n_refunds; i++)
        if (ledger->refunds[i].at_refund && ledger_applies(ledger, i, place_of(ingest, deferred)))
            return ledger->refunds[i].ts_ms;
    return ledger->order.ts_ms;
}

/* The lane's own counters: what became of the message. */
static void count_message(struct ingest *ingest, const struct deferred *deferred)
{
    if (deferred->outcome == LEDGER_REFUSED) {
        (void)count_rejected(ingest, deferred->slot, deferred->offset, LANE_ORDER, deferred->fault);
        return;
    }
    int column = deferred->outcome == LEDGER_REPEATED ? LANE_DUPLICATES
                 : deferred->type == EVENT_ORDER      ? LANE_ORDERS
                                                      : LANE_REFUNDS;
    count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER, column);
    if (deferred->outcome == LEDGER_BOOKED &&
        is_too_late(deferred->late_before_ms, booked_ms(ingest, deferred)))
        count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER, LANE_LATE);
}

int bookings_make(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        const struct deferred *deferred = &ingest->deferred[i];
        if (!deferred->order)
            continue;
        int r = ledger_unpack(&ingest->ledger, buffer_span(&deferred->record->after));
        if (r < 0)
            return r;
        count_message(ingest, deferred);
        if (deferred->outcome != LEDGER_BOOKED)
            continue;
        if (deferred->type == EVENT_ORDER)
            r = book_order(ingest, i);
        r = r < 0 ? r : book_refunds(ingest, i);
        if (r < 0)
            return r;
    }
    return 0;
}

int bookings_count(struct ingest *ingest)
{
    size_t overflown = SIZE_MAX; /* the last message that was counted as overflow */
    for (size_t i = 0; i < ingest->n_bookings; i++) {
        const struct booking *booking = &ingest->bookings[i];
        const struct deferred *deferred = &ingest->deferred[booking->deferred];
        struct campaign *campaign = booking->campaign;
        if (campaign->admission == ADMISSION_OVERFLOW) {
            if (overflown != booking->deferred)
                count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER, LANE_OVERFLOW);
            overflown = booking->deferred;
            campaign = ingest->overflow;
        }
        int r = count_sum(ingest, deferred->slot, LANE_ORDER, deferred->offset, campaign, booking->ts_ms,
                          booking->late, &booking->sum);
        r = r < 0 ? r : lags_count(ingest, deferred, campaign, booking);
        if (r < 0)
            return r;
    }
    return 0;
}
