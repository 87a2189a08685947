#include "tests/sim/record.h"

#include "lib/base/time.h"
#include "tests/sim/store.h"

/* A cursor over stored bytes. */
struct cursor {
    struct span rest;
    bool failed;
};

static struct span take(struct cursor *cursor, size_t size)
{
    if (cursor->failed || cursor->rest.size < size) {
        cursor->failed = true;
        return (struct span){0};
    }
    struct span taken = {cursor->rest.data, size};
    cursor->rest = (struct span){cursor->rest.data + size, cursor->rest.size - size};
    return taken;
}

static uint64_t take_number(struct cursor *cursor, size_t size)
{
    struct span bytes = take(cursor, size);
    return (uint64_t)bytes_i64(bytes, 0) >> (64 - 8 * size);
}

static struct span take_text(struct cursor *cursor)
{
    size_t size = take_number(cursor, 2);
    return take(cursor, size);
}

static struct sim_place take_place(struct cursor *cursor)
{
    uint32_t lane = (uint32_t)take_number(cursor, 4);
    return (struct sim_place){lane, (int64_t)take_number(cursor, 8)};
}

static void take_shares(struct cursor *cursor, unsigned flags, struct sim_record *record)
{
    record->n_shares = take_number(cursor, 2);
    cursor->failed = cursor->failed || record->n_shares > SIM_SHARES_MAX;
    for (size_t i = 0; i < record->n_shares && !cursor->failed; i++) {
        struct sim_share *share = &record->shares[i];
        *share = (struct sim_share){take_text(cursor), record->ts_ms, 1000000, record->revenue_micros,
                                    record->margin_micros};
        if (flags & 2)
            continue;
        share->touch_ms = (int64_t)take_number(cursor, 8);
        share->conversions_micro = (int64_t)take_number(cursor, 4);
        share->revenue_micros = (int64_t)take_number(cursor, 8);
        share->margin_micros = flags & 4 ? (int64_t)take_number(cursor, 8) : 0;
    }
}

static void take_refund(struct cursor *cursor, struct sim_refund *refund)
{
    *refund = (struct sim_refund){.place = take_place(cursor)};
    unsigned flags = (unsigned)take_number(cursor, 1);
    refund->all = flags & 1;
    refund->waits = flags & 2;
    refund->applied = flags & 4 ? take_place(cursor) : refund->place;
    refund->repeat = flags & 8;
    refund->at_refund = flags & 16;
    if (flags & 32)
        (void)take_number(cursor, 8);
    refund->id = take_text(cursor);
    refund->ts_ms = (int64_t)take_number(cursor, 8);
    refund->currency = take_text(cursor);
    refund->asked = (int64_t)take_number(cursor, 8);
    refund->taken_micros = (int64_t)take_number(cursor, 8);
    refund->excess_micros = (int64_t)take_number(cursor, 8);
    refund->fault = (int)take_number(cursor, 1);
}

bool record_parse(struct span bytes, struct sim_record *record)
{
    struct cursor cursor = {.rest = bytes};
    record->has_order = false;
    record->n_shares = record->n_refunds = 0;
    if (bytes.size == 0)
        return true;
    uint64_t version = take_number(&cursor, 1);
    unsigned flags = (unsigned)take_number(&cursor, 1);
    record->has_order = flags & 1;
    if (record->has_order) {
        record->place = take_place(&cursor);
        record->ts_ms = (int64_t)take_number(&cursor, 8);
        record->revenue_micros = (int64_t)take_number(&cursor, 8);
        record->margin_micros = (int64_t)take_number(&cursor, 8);
        record->currency = take_text(&cursor);
        record->model = (int)take_number(&cursor, 1);
        record->kind = take_text(&cursor);
        take_shares(&cursor, flags, record);
    }
    record->n_refunds = take_number(&cursor, 2);
    cursor.failed = cursor.failed || record->n_refunds > SIM_REFUNDS_MAX;
    for (size_t i = 0; i < record->n_refunds && !cursor.failed; i++)
        take_refund(&cursor, &record->refunds[i]);
    return !cursor.failed && cursor.rest.size == 0 && version == 1;
}

int64_t record_newest(const struct sim_record *record)
{
    int64_t newest_ms = record->has_order ? record->ts_ms : NEVER;
    for (size_t i = 0; i < record->n_refunds; i++)
        if (record->refunds[i].ts_ms > newest_ms)
            newest_ms = record->refunds[i].ts_ms;
    return newest_ms;
}

bool stored_touches_begin(struct span *bytes)
{
    struct cursor cursor = {.rest = *bytes};
    bool good = bytes->size == 0 || take_number(&cursor, 1) == 1;
    *bytes = cursor.rest;
    return good;
}

bool stored_touch_take(struct span *bytes, struct sim_stored_touch *touch)
{
    struct cursor cursor = {.rest = *bytes};
    unsigned flags = (unsigned)take_number(&cursor, 1);
    *touch = (struct sim_stored_touch){.is_click = flags & 1, .has_id = flags & 2, .bare = flags & 4};
    touch->ts_ms = (int64_t)take_number(&cursor, 8);
    touch->place = take_place(&cursor);
    if (touch->has_id)
        touch->id = take(&cursor, 16);
    if (!touch->bare) {
        size_t size = take_number(&cursor, 1) + 1;
        touch->campaign = take(&cursor, size);
    }
    *bytes = cursor.rest;
    return !cursor.failed;
}
