/*
 * Bookings: what the orders of a batch add to campaigns, by what their records say.
 *
 * An order counts for a campaign at the order's time, and its revenue once more at the time of each touch that earned
 * it (the cohort view). Both are one booking where no touch decided.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/internal.h"

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

static bool is_too_late(const struct deferred *deferred, int64_t ts_ms)
{
    return deferred->late_before_ms != NEVER && ts_ms < deferred->late_before_ms;
}

/* One share, booked at the order's time and at the touch's. */
static int book_share(struct ingest *ingest, size_t number, const struct ledger_share *share)
{
    const struct deferred *deferred = &ingest->deferred[number];
    struct booking booking = {.deferred = number, .ts_ms = ingest->ledger.order.ts_ms};
    int64_t *column = booking.sum.column;
    int r = campaign_find(ingest, share->campaign, &booking.campaign);
    if (r < 0)
        return r;
    booking.late = is_too_late(deferred, booking.ts_ms);
    column[CELL_ORDERS] = share->conversions_micro > 0;
    column[CELL_CONVERSIONS] = share->conversions_micro;
    column[CELL_REVENUE] = share->revenue_micros;
    column[CELL_MARGIN] = share->margin_micros;
    column[CELL_COHORT_REVENUE] = share->revenue_micros;
    column[CELL_COHORT_MARGIN] = share->margin_micros;
    column[CELL_EXCLUDED] = booking.late ? absolute(share->revenue_micros) : 0;
    return booking_add(ingest, &booking);
}

int bookings_make(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        struct deferred *deferred = &ingest->deferred[i];
        if (!deferred->is_order || deferred->outcome != LEDGER_BOOKED)
            continue;
        int r = ledger_unpack(&ingest->ledger, buffer_span(&deferred->record->after));
        for (size_t share = 0; r == 0 && share < ingest->ledger.n_shares; share++)
            r = book_share(ingest, i, &ingest->ledger.shares[share]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The lane's own counters: each message once. */
static void count_messages(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        const struct deferred *deferred = &ingest->deferred[i];
        if (!deferred->is_order)
            continue;
        bool booked = deferred->outcome == LEDGER_BOOKED;
        count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER,
                   booked ? LANE_ORDERS : LANE_DUPLICATES);
        if (booked && is_too_late(deferred, deferred->ts_ms))
            count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER, LANE_LATE);
    }
}

int bookings_count(struct ingest *ingest)
{
    count_messages(ingest);
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
        int r = count_sum(ingest, deferred->slot, deferred->offset, campaign, booking->ts_ms, booking->late,
                          &booking->sum);
        if (r < 0)
            return r;
    }
    return 0;
}
