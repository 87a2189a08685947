/*
 * The ledger: what one order id is worth, who got which share of it, and what refunds took back.
 *
 * DESIGN
 *   Problem   Messages are read again after a crash, refunds come before their orders, and campaign shards are behind
 * order shards: whoever asks about a message a second time must get the first answer. Approach  One record an order
 * id, stored in its order shard, is read, changed here and stored under a compare. It remembers by which message (its
 * place) each entry came, and by which it was applied, so that a message finds its own effect in it: a refund that
 * waited is booked by the message of its order. Refunds are applied in the order of the list, so what was taken back
 * before any of them is the sum of those above it. Rejected  arithmetic in Redis (Lua's numbers are doubles).
 *
 *   What a refund that could be judged at once is refused for is not stored: order and refund give the same answer
 * whenever they are asked. A refund that waited and failed, or turned out to be a repeat, stays, so that its order's
 * message finds it.
 *
 * Amounts are micro-units of the account's currency, unless said otherwise.
 */
#ifndef ROIWATCH_ATTRIBUTION_LEDGER_H
#define ROIWATCH_ATTRIBUTION_LEDGER_H

#include "lib/attribution/touches.h"
#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/event/event.h"

enum { LEDGER_REFUNDS_MOST = 1000, LEDGER_SHARES_MOST = TOUCHES_COUNT_MOST, LEDGER_NO_MODEL = 0xff };

/* Where a message stands: its lane in the registry, and its offset. */
struct ledger_place {
    uint32_t lane;
    int64_t offset; /* LEDGER_NOWHERE: none */
};

#define LEDGER_NOWHERE ((struct ledger_place){UINT32_MAX, -1})

/* What one touch earned. Shares of one campaign may be several. */
struct ledger_share {
    struct span campaign;
    int64_t touch_ms; /* the order's time where no touch decided */
    int64_t conversions_micro;
    int64_t revenue_micros;
    int64_t margin_micros;
};

struct ledger_order {
    struct ledger_place place;
    int64_t ts_ms;
    int64_t revenue_micros;
    int64_t margin_micros;
    struct span currency; /* in which it was written; its amounts here are the account's */
    uint8_t model;        /* enum attribution_model, or LEDGER_NO_MODEL where no touch decided */
    struct span kind;     /* empty: sale */
};

struct ledger_refund {
    struct ledger_place place;
    struct ledger_place applied; /* by which message; LEDGER_NOWHERE while it waits */
    struct span id;              /* refund_id, or empty */
    int64_t ts_ms;
    bool at_refund;           /* once applied: booked at its own time, not at its order's */
    bool all;                 /* no amount was given: all that is left */
    struct span currency;     /* of asked; empty: the order's */
    int64_t asked;            /* micro-units of that currency */
    int64_t taken_micros;     /* once applied */
    int64_t excess_micros;    /* what it asked for beyond what was left */
    int64_t late_before_ms;   /* where it waited: what is older is too late by its own lane; else 0 */
    bool repeat;              /* it waited, and one above it has its id */
    enum reject_reason fault; /* why it failed; REJECT_NONE */
};

/* One record in memory. Spans point to the bytes that it was read from, or to what was put in. */
struct ledger {
    bool has_order;
    struct ledger_order order;
    struct ledger_share *shares; /* owned */
    size_t n_shares, shares_capacity;
    struct ledger_refund *refunds; /* owned; in the order in which they came */
    size_t n_refunds, refunds_capacity;
};

struct ledger_rules {
    int64_t horizon_ms;  /* ledger.refund_horizon */
    bool book_at_refund; /* ledger.refund_booking: how refunds are booked that are applied from now on */
    /* Micro-units of a currency to the account's, by the rate at that time; 0, or the reason why not. */
    enum reject_reason (*convert)(void *context, struct span currency, int64_t at_ms, int64_t micros,
                                  int64_t *ret_micros);
    void *context;
};

enum ledger_outcome {
    LEDGER_BOOKED,    /* this message has effect: the order's shares, or what the refund took */
    LEDGER_WAITS,     /* a refund without its order */
    LEDGER_ELSEWHERE, /* its effect belongs to another message, or failed there */
    LEDGER_REPEATED,  /* a repeat of another message */
    LEDGER_REFUSED,   /* a refund that does not count: see the reason */
};

/* Empties the record, keeps its memory. */
void ledger_clear(struct ledger *ledger);
void ledger_deinit(struct ledger *ledger);
/* Reads stored bytes, which must outlive the record's use; empty bytes are an empty record. -EBADMSG, -ENOMEM. */
MUST_CHECK int ledger_unpack(struct ledger *ledger, struct span bytes);
/* Appends the record's bytes. */
void ledger_pack(const struct ledger *ledger, struct buffer *buffer);

/*
 * Takes an order in with its shares, and applies the refunds that waited for it. LEDGER_BOOKED also where this very
 * message was taken before: the record then says what it said; LEDGER_REPEATED where another message brought the id.
 * -ENOMEM leaves the record as it was.
 */
MUST_CHECK int ledger_take_order(struct ledger *ledger, const struct ledger_rules *rules,
                                 const struct ledger_order *order, const struct ledger_share *shares,
                                 size_t n_shares, enum ledger_outcome *ret_outcome);
/*
 * Takes a refund in. place, id, ts_ms, all, currency, asked and late_before_ms are read. ret_reason is set for LEDGER_REFUSED.
 * -ENOMEM leaves the record as it was.
 */
MUST_CHECK int ledger_take_refund(struct ledger *ledger, const struct ledger_rules *rules,
                                  const struct ledger_refund *refund, enum ledger_outcome *ret_outcome,
                                  enum reject_reason *ret_reason);

/* Whether a message's effect includes this refund. */
bool ledger_applies(const struct ledger *ledger, size_t refund, struct ledger_place place);
/* What refunds before this one took in all. */
int64_t ledger_taken_before(const struct ledger *ledger, size_t refund);

/* What is taken back from a share when refunds took so much in all. */
struct ledger_back {
    int64_t conversions_micro;
    int64_t revenue_micros;
    int64_t margin_micros; /* has the sign of the share's */
};

/* back has n_shares elements; refunded is 0 to the order's revenue. An order worth 0 gives nothing back. */
void ledger_split_back(const struct ledger *ledger, int64_t refunded_micros, struct ledger_back *ret_back);

#endif
