/*
 * The stored form of a ledger record.
 *
 *     u8 version, u8 flags (1 an order, 2 its one share is the whole order, 4 the shares have margins)
 *     order: place, i64 time, i64 revenue, i64 margin, text currency, u8 model, text kind
 *     shares: u16 number, then each: text campaign; unless whole: i64 touch time, u32 conversions, i64 revenue,
 *             and i64 margin where flagged
 *     refunds: u16 number, then each: place, u8 flags (1 all, 2 waits, 4 applied by another message, 8 a repeat,
 *             16 booked at its own time, 32 it waited and something was too late by its lane),
 *             place of that message where flagged, i64 before what where flagged, text id, i64 time, text currency, i64 asked, i64 taken, i64 excess,
 *             u8 fault
 *
 * A place is u32 lane and i64 offset, a text is u16 bytes and the bytes.
 */
#include <errno.h>

#include "lib/attribution/ledger_internal.h"

enum { VERSION = 1, FLAG_ORDER = 1, FLAG_WHOLE = 2, FLAG_MARGINS = 4 };
enum {
    REFUND_ALL = 1,
    REFUND_WAITS = 2,
    REFUND_ELSEWHERE = 4,
    REFUND_REPEAT = 8,
    REFUND_AT_REFUND = 16,
    REFUND_LATE_BEFORE = 32
};

#define MICRO INT64_C(1000000)

static void put_place(struct ledger_place place, struct buffer *buffer)
{
    buffer_append_u32(buffer, place.lane);
    buffer_append_i64(buffer, place.offset);
}

static struct ledger_place get_place(struct reader *reader)
{
    uint32_t lane = reader_u32(reader);
    return (struct ledger_place){lane, reader_i64(reader)};
}

static void put_text(struct span text, struct buffer *buffer)
{
    buffer_append_u16(buffer, (uint16_t)text.size);
    buffer_append_span(buffer, text);
}

static struct span get_text(struct reader *reader)
{
    uint16_t size = reader_u16(reader);
    return reader_bytes(reader, size);
}

static bool is_whole(const struct ledger *ledger)
{
    const struct ledger_share *share = ledger->shares;
    return ledger->n_shares == 1 && share->touch_ms == ledger->order.ts_ms &&
           share->conversions_micro == MICRO && share->revenue_micros == ledger->order.revenue_micros &&
           share->margin_micros == ledger->order.margin_micros;
}

static uint8_t flags_of(const struct ledger *ledger)
{
    bool margins = false;
    for (size_t i = 0; i < ledger->n_shares; i++)
        margins = margins || ledger->shares[i].margin_micros != 0;
    if (!ledger->has_order)
        return 0;
    return (uint8_t)(FLAG_ORDER | (is_whole(ledger) ? FLAG_WHOLE : 0) | (margins ? FLAG_MARGINS : 0));
}

static void put_share(const struct ledger_share *share, uint8_t flags, struct buffer *buffer)
{
    put_text(share->campaign, buffer);
    if (flags & FLAG_WHOLE)
        return;
    buffer_append_i64(buffer, share->touch_ms);
    buffer_append_u32(buffer, (uint32_t)share->conversions_micro);
    buffer_append_i64(buffer, share->revenue_micros);
    if (flags & FLAG_MARGINS)
        buffer_append_i64(buffer, share->margin_micros);
}

static void put_refund(const struct ledger_refund *refund, struct buffer *buffer)
{
    bool waits = refund->applied.offset < 0;
    bool elsewhere = !waits && (refund->applied.lane != refund->place.lane ||
                                refund->applied.offset != refund->place.offset);
    put_place(refund->place, buffer);
    buffer_append_u8(buffer,
                     (uint8_t)((refund->all ? REFUND_ALL : 0) | (waits ? REFUND_WAITS : 0) |
                               (elsewhere ? REFUND_ELSEWHERE : 0) | (refund->repeat ? REFUND_REPEAT : 0) |
                               (refund->at_refund ? REFUND_AT_REFUND : 0) |
                               (refund->late_before_ms ? REFUND_LATE_BEFORE : 0)));
    if (elsewhere)
        put_place(refund->applied, buffer);
    if (refund->late_before_ms)
        buffer_append_i64(buffer, refund->late_before_ms);
    put_text(refund->id, buffer);
    buffer_append_i64(buffer, refund->ts_ms);
    put_text(refund->currency, buffer);
    buffer_append_i64(buffer, refund->asked);
    buffer_append_i64(buffer, refund->taken_micros);
    buffer_append_i64(buffer, refund->excess_micros);
    buffer_append_u8(buffer, (uint8_t)refund->fault);
}

void ledger_pack(const struct ledger *ledger, struct buffer *buffer)
{
    uint8_t flags = flags_of(ledger);
    buffer_append_u8(buffer, VERSION);
    buffer_append_u8(buffer, flags);
    if (ledger->has_order) {
        put_place(ledger->order.place, buffer);
        buffer_append_i64(buffer, ledger->order.ts_ms);
        buffer_append_i64(buffer, ledger->order.revenue_micros);
        buffer_append_i64(buffer, ledger->order.margin_micros);
        put_text(ledger->order.currency, buffer);
        buffer_append_u8(buffer, ledger->order.model);
        put_text(ledger->order.kind, buffer);
        buffer_append_u16(buffer, (uint16_t)ledger->n_shares);
        for (size_t i = 0; i < ledger->n_shares; i++)
            put_share(&ledger->shares[i], flags, buffer);
    }
    buffer_append_u16(buffer, (uint16_t)ledger->n_refunds);
    for (size_t i = 0; i < ledger->n_refunds; i++)
        put_refund(&ledger->refunds[i], buffer);
}

static struct ledger_share get_share(const struct ledger_order *order, uint8_t flags, struct reader *reader)
{
    struct ledger_share share = {.campaign = get_text(reader)};
    if (flags & FLAG_WHOLE) {
        share.touch_ms = order->ts_ms;
        share.conversions_micro = MICRO;
        share.revenue_micros = order->revenue_micros;
        share.margin_micros = order->margin_micros;
        return share;
    }
    share.touch_ms = reader_i64(reader);
    share.conversions_micro = reader_u32(reader);
    share.revenue_micros = reader_i64(reader);
    share.margin_micros = flags & FLAG_MARGINS ? reader_i64(reader) : 0;
    return share;
}

static int get_order(struct ledger *ledger, uint8_t flags, struct reader *reader)
{
    struct ledger_order *order = &ledger->order;
    ledger->has_order = true;
    order->place = get_place(reader);
    order->ts_ms = reader_i64(reader);
    order->revenue_micros = reader_i64(reader);
    order->margin_micros = reader_i64(reader);
    order->currency = get_text(reader);
    order->model = reader_u8(reader);
    order->kind = get_text(reader);
    size_t n = reader_u16(reader);
    if (reader->failed || n > LEDGER_SHARES_MOST)
        return -EBADMSG;
    int r = ledger_reserve_shares(ledger, n);
    for (size_t i = 0; r == 0 && i < n; i++)
        ledger->shares[i] = get_share(order, flags, reader);
    ledger->n_shares = n;
    return r;
}

static struct ledger_refund get_refund(struct reader *reader)
{
    struct ledger_refund refund = {.place = get_place(reader)};
    uint8_t flags = reader_u8(reader);
    refund.all = flags & REFUND_ALL;
    refund.repeat = flags & REFUND_REPEAT;
    refund.at_refund = flags & REFUND_AT_REFUND;
    refund.applied = flags & REFUND_WAITS       ? LEDGER_NOWHERE
                     : flags & REFUND_ELSEWHERE ? get_place(reader)
                                                : refund.place;
    refund.late_before_ms = flags & REFUND_LATE_BEFORE ? reader_i64(reader) : 0;
    refund.id = get_text(reader);
    refund.ts_ms = reader_i64(reader);
    refund.currency = get_text(reader);
    refund.asked = reader_i64(reader);
    refund.taken_micros = reader_i64(reader);
    refund.excess_micros = reader_i64(reader);
    refund.fault = (enum reject_reason)reader_u8(reader);
    return refund;
}

int ledger_unpack(struct ledger *ledger, struct span bytes)
{
    ledger_clear(ledger);
    if (bytes.size == 0)
        return 0;
    struct reader reader = {.rest = bytes};
    uint8_t version = reader_u8(&reader), flags = reader_u8(&reader);
    if (version != VERSION)
        return -EBADMSG;
    int r = flags & FLAG_ORDER ? get_order(ledger, flags, &reader) : 0;
    if (r < 0)
        return r;
    size_t n = reader_u16(&reader);
    if (reader.failed || n > LEDGER_REFUNDS_MOST)
        return -EBADMSG;
    r = ledger_reserve_refunds(ledger, n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        ledger->refunds[i] = get_refund(&reader);
        if (ledger->refunds[i].fault >= N_REJECT_REASONS)
            return -EBADMSG;
    }
    ledger->n_refunds = n;
    return reader.failed || reader.rest.size > 0 ? -EBADMSG : 0;
}
