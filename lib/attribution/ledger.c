#include "lib/attribution/ledger_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/attribution/split.h"

#define MICRO INT64_C(1000000)

static bool same_place(struct ledger_place a, struct ledger_place b)
{
    return a.lane == b.lane && a.offset == b.offset;
}

void ledger_clear(struct ledger *ledger)
{
    ledger->has_order = false;
    ledger->n_shares = 0;
    ledger->n_refunds = 0;
}

void ledger_deinit(struct ledger *ledger)
{
    free(ledger->shares);
    free(ledger->refunds);
    *ledger = (struct ledger){0};
}

static int reserve(void **items, size_t *capacity, size_t n, size_t size)
{
    if (n <= *capacity)
        return 0;
    size_t grown = n < 8 ? 8 : n * 2;
    void *moved = realloc(*items, grown * size);
    if (!moved)
        return -ENOMEM;
    *items = moved;
    *capacity = grown;
    return 0;
}

int ledger_reserve_shares(struct ledger *ledger, size_t n)
{
    return reserve((void **)&ledger->shares, &ledger->shares_capacity, n, sizeof(*ledger->shares));
}

int ledger_reserve_refunds(struct ledger *ledger, size_t n)
{
    return reserve((void **)&ledger->refunds, &ledger->refunds_capacity, n, sizeof(*ledger->refunds));
}

int64_t ledger_taken_before(const struct ledger *ledger, size_t refund)
{
    int64_t taken = 0;
    for (size_t i = 0; i < refund; i++)
        taken += ledger->refunds[i].taken_micros;
    return taken;
}

bool ledger_applies(const struct ledger *ledger, size_t refund, struct ledger_place place)
{
    return same_place(ledger->refunds[refund].applied, place);
}

/* Whether the refund counts for the order at all, by their times. */
static enum reject_reason judge_times(const struct ledger_rules *rules, int64_t order_ms, int64_t refund_ms)
{
    int64_t later_ms = refund_ms - order_ms; /* both are between the years 2000 and 9999 */
    if (later_ms > rules->horizon_ms)
        return REJECT_REFUND_AFTER_HORIZON;
    return -later_ms > rules->horizon_ms ? REJECT_UNKNOWN_ORDER : REJECT_NONE;
}

/* What the refund takes of what is left; sets its fault, or what it took. */
static void apply(const struct ledger *ledger, const struct ledger_rules *rules, int64_t left_micros,
                  struct ledger_refund *refund)
{
    const struct ledger_order *order = &ledger->order;
    struct span currency = refund->currency.size ? refund->currency : order->currency;
    int64_t wanted = left_micros;
    refund->fault = judge_times(rules, order->ts_ms, refund->ts_ms);
    refund->at_refund = rules->book_at_refund;
    if (!refund->fault && !refund->all)
        refund->fault = rules->convert(rules->context, currency, order->ts_ms, refund->asked, &wanted);
    refund->taken_micros = refund->fault ? 0 : wanted < left_micros ? wanted : left_micros;
    refund->excess_micros = refund->fault ? 0 : wanted - refund->taken_micros;
}

/* Whether one of the first n refunds has that id. One that failed has not used its id up. */
static bool is_repeat(const struct ledger *ledger, size_t n, struct span id)
{
    for (size_t i = 0; id.size > 0 && i < n; i++)
        if (!ledger->refunds[i].fault && !ledger->refunds[i].repeat && span_equal(ledger->refunds[i].id, id))
            return true;
    return false;
}

static void apply_waiting(struct ledger *ledger, const struct ledger_rules *rules)
{
    int64_t left_micros = ledger->order.revenue_micros;
    for (size_t i = 0; i < ledger->n_refunds; i++) {
        struct ledger_refund *refund = &ledger->refunds[i];
        refund->applied = ledger->order.place;
        refund->repeat = is_repeat(ledger, i, refund->id);
        if (refund->repeat)
            continue;
        apply(ledger, rules, left_micros, refund);
        left_micros -= refund->taken_micros;
    }
}

int ledger_take_order(struct ledger *ledger, const struct ledger_rules *rules,
                      const struct ledger_order *order, const struct ledger_share *shares, size_t n_shares,
                      enum ledger_outcome *ret_outcome)
{
    if (ledger->has_order) {
        *ret_outcome = same_place(ledger->order.place, order->place) ? LEDGER_BOOKED : LEDGER_REPEATED;
        return 0;
    }
    int r = ledger_reserve_shares(ledger, n_shares);
    if (r < 0)
        return r;
    ledger->has_order = true;
    ledger->order = *order;
    memcpy(ledger->shares, shares, n_shares * sizeof(*shares));
    ledger->n_shares = n_shares;
    apply_waiting(ledger, rules);
    *ret_outcome = LEDGER_BOOKED;
    return 0;
}

/* This very message was taken before. */
static enum ledger_outcome recall(const struct ledger *ledger, const struct ledger_refund *known,
                                  enum reject_reason *ret_reason)
{
    if (!ledger->has_order)
        return LEDGER_WAITS;
    *ret_reason = known->fault;
    return same_place(known->applied, known->place) ? LEDGER_BOOKED : LEDGER_ELSEWHERE;
}

static const struct ledger_refund *find_place(const struct ledger *ledger, struct ledger_place place)
{
    for (size_t i = 0; i < ledger->n_refunds; i++)
        if (same_place(ledger->refunds[i].place, place))
            return &ledger->refunds[i];
    return NULL;
}

int ledger_take_refund(struct ledger *ledger, const struct ledger_rules *rules,
                       const struct ledger_refund *refund, enum ledger_outcome *ret_outcome,
                       enum reject_reason *ret_reason)
{
    const struct ledger_refund *known = find_place(ledger, refund->place);
    if (known) {
        *ret_outcome = recall(ledger, known, ret_reason);
        return 0;
    }
    if (ledger->has_order && is_repeat(ledger, ledger->n_refunds, refund->id)) {
        *ret_outcome = LEDGER_REPEATED;
        return 0;
    }
    struct ledger_refund taken = *refund;
    taken.applied = ledger->has_order ? refund->place : LEDGER_NOWHERE;
    taken.taken_micros = 0;
    taken.repeat = false;
    if (ledger->has_order)
        taken.late_before_ms = 0; /* its own message books it */
    taken.fault = ledger->n_refunds >= LEDGER_REFUNDS_MOST ? REJECT_BAD_RANGE : REJECT_NONE;
    if (!taken.fault && ledger->has_order)
        apply(ledger, rules, ledger->order.revenue_micros - ledger_taken_before(ledger, ledger->n_refunds),
              &taken);
    if (taken.fault) {
        *ret_outcome = LEDGER_REFUSED;
        *ret_reason = taken.fault;
        return 0;
    }
    int r = ledger_reserve_refunds(ledger, ledger->n_refunds + 1);
    if (r < 0)
        return r;
    ledger->refunds[ledger->n_refunds++] = taken;
    *ret_outcome = ledger->has_order ? LEDGER_BOOKED : LEDGER_WAITS;
    return 0;
}

/* Splits a total over one amount of all shares. */
static void split_over(const struct ledger *ledger, int64_t total, size_t at_share, size_t at_back,
                       struct ledger_back *back)
{
    int64_t weights[LEDGER_SHARES_MOST] = {0}, parts[LEDGER_SHARES_MOST];
    size_t n = ledger->n_shares;
    for (size_t i = 0; i < n; i++) {
        int64_t share;
        memcpy(&share, (const char *)&ledger->shares[i] + at_share, sizeof(share));
        weights[i] = share < 0 ? (share == INT64_MIN ? INT64_MAX : -share) : share;
    }
    split_amount(total, weights, n, parts);
    for (size_t i = 0; i < n; i++)
        memcpy((char *)&back[i] + at_back, &parts[i], sizeof(parts[i]));
}

void ledger_split_back(const struct ledger *ledger, int64_t refunded_micros, struct ledger_back *ret_back)
{
    int64_t worth = ledger->order.revenue_micros;
    for (size_t i = 0; i < ledger->n_shares; i++)
        ret_back[i] = (struct ledger_back){0};
    if (worth == 0 || refunded_micros == 0 || ledger->n_shares == 0)
        return;
    split_over(ledger, refunded_micros, offsetof(struct ledger_share, revenue_micros),
               offsetof(struct ledger_back, revenue_micros), ret_back);
    split_over(ledger, split_part(MICRO, refunded_micros, worth),
               offsetof(struct ledger_share, conversions_micro),
               offsetof(struct ledger_back, conversions_micro), ret_back);
    split_over(ledger, split_part(ledger->order.margin_micros, refunded_micros, worth),
               offsetof(struct ledger_share, margin_micros), offsetof(struct ledger_back, margin_micros),
               ret_back);
}
