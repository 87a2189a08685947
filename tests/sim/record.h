/*
 * Stored bytes read again: the ledger's records and the touches of an identity, by the layouts that
 * lib/attribution/ledger_bytes.c and touch_record.h draw, with no code of theirs.
 */
#ifndef ROIWATCH_TESTS_SIM_RECORD_H
#define ROIWATCH_TESTS_SIM_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/span.h"

enum { SIM_SHARES_MAX = 16, SIM_REFUNDS_MAX = 200, SIM_NO_MODEL = 255 };

struct sim_place {
    uint32_t lane;
    int64_t offset;
};

static inline bool places_equal(struct sim_place a, struct sim_place b)
{
    return a.lane == b.lane && a.offset == b.offset;
}

struct sim_share {
    struct span campaign;
    int64_t touch_ms, conversions_micro, revenue_micros, margin_micros;
};

struct sim_refund {
    struct sim_place place, applied; /* applied: where it waits no more */
    bool all, waits, repeat, at_refund;
    struct span id, currency;
    int64_t ts_ms, asked, taken_micros, excess_micros;
    int fault;
};

struct sim_record {
    bool has_order;
    struct sim_place place;
    int64_t ts_ms, revenue_micros, margin_micros;
    struct span currency, kind;
    int model;
    struct sim_share shares[SIM_SHARES_MAX];
    size_t n_shares;
    struct sim_refund refunds[SIM_REFUNDS_MAX];
    size_t n_refunds;
};

/* Spans point into the bytes; no bytes are an empty record. False where they are no record. */
bool record_parse(struct span bytes, struct sim_record *ret_record);
/* The newest event time in it: as long as that is remembered, so is the record. */
int64_t record_newest(const struct sim_record *record);

/* One entry of what a user shard holds of an identity. */
struct sim_stored_touch {
    bool is_click, has_id, bare;
    int64_t ts_ms;
    struct sim_place place;
    struct span id, campaign;
};

/* Takes the next entry off *bytes, which begin behind the version. False where that is no entry. */
bool stored_touch_take(struct span *bytes, struct sim_stored_touch *ret_touch);
/* Takes the version off. */
bool stored_touches_begin(struct span *bytes);

#endif
