#include "tests/sim/credit.h"

#include <math.h>
#include <stdlib.h>

typedef unsigned __int128 wide;

/* Largest remainder, equal ones to the earlier; an amount below 0 is split as its absolute value. */
static void split(int64_t amount, const int64_t *weights, size_t n, int64_t *parts)
{
    wide sum = 0, rest[SIM_SHARES_MAX];
    uint64_t size = amount < 0 ? -(uint64_t)amount : (uint64_t)amount, left = size;
    for (size_t i = 0; i < n; i++)
        sum += (wide)weights[i];
    for (size_t i = 0; i < n; i++) {
        wide weight = sum ? (wide)weights[i] : 1, all = sum ? sum : n;
        parts[i] = (int64_t)(size * weight / all);
        rest[i] = size * weight % all + 1;
        left -= (uint64_t)parts[i];
    }
    for (; left > 0; left--) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (rest[i] > rest[best])
                best = i;
        parts[best]++;
        rest[best] = 0;
    }
    for (size_t i = 0; i < n; i++)
        parts[i] = amount < 0 ? -parts[i] : parts[i];
}

static int compare_bytes(struct span a, struct span b)
{
    int r = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return r ? r : (a.size > b.size) - (a.size < b.size);
}

static int in_order(const void *left, const void *right)
{
    const struct sim_touch *a = left, *b = right;
    if (a->ts_ms != b->ts_ms)
        return a->ts_ms < b->ts_ms ? -1 : 1;
    int r = compare_bytes(span_of(a->topic), span_of(b->topic));
    if (r == 0)
        r = (a->number > b->number) - (a->number < b->number);
    return r ? r : (a->offset > b->offset) - (a->offset < b->offset);
}

static bool is_eligible(const struct touch_rules *rules, int64_t order_ms, const struct sim_touch *touch)
{
    int64_t lookback_ms = touch->is_click ? rules->click_lookback_ms : rules->view_lookback_ms;
    return (touch->is_click || lookback_ms > 0) && touch->ts_ms <= order_ms &&
           order_ms - touch->ts_ms <= lookback_ms;
}

/* Leaves the touches that count, in order. How many there are. */
static size_t touches_choose(const struct touch_rules *rules, int64_t order_ms, struct sim_touch *touches,
                             size_t n)
{
    size_t kept = 0;
    bool any_click = false;
    if (n > 0)
        qsort(touches, n, sizeof(*touches), in_order);
    for (size_t i = 0; i < n; i++) {
        bool twice = kept > 0 && in_order(&touches[kept - 1], &touches[i]) == 0;
        if (twice || !is_eligible(rules, order_ms, &touches[i]))
            continue;
        any_click = any_click || touches[i].is_click;
        touches[kept++] = touches[i];
    }
    n = kept;
    kept = 0;
    for (size_t i = 0; i < n; i++)
        if (touches[i].is_click == any_click)
            touches[kept++] = touches[i];
    size_t drop = kept > rules->max_touches ? kept - rules->max_touches : 0;
    n = kept - drop;
    if (drop > 0)
        memmove(touches, touches + drop, n * sizeof(*touches));
    kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!rules->collapse || i + 1 == n || !span_equal(touches[i].campaign, touches[i + 1].campaign))
            touches[kept++] = touches[i];
    return kept;
}

static void weigh(const struct touch_rules *rules, enum attribution_model model,
                  const struct sim_touch *touches, size_t n, int64_t *weights)
{
    for (size_t i = 0; i < n; i++) {
        bool ends = i == 0 || i + 1 == n;
        int64_t end = rules->position_micro[i == 0 ? 0 : 2];
        long double age = (long double)(touches[n - 1].ts_ms - touches[i].ts_ms);
        switch (model) {
        case MODEL_LAST_CLICK:
            weights[i] = i + 1 == n;
            break;
        case MODEL_FIRST_CLICK:
            weights[i] = i == 0;
            break;
        case MODEL_LINEAR:
            weights[i] = 1;
            break;
        case MODEL_POSITION:
            weights[i] = n == 1 ? 1 : ends ? end * (n > 2 ? (int64_t)n - 2 : 1) : rules->position_micro[1];
            break;
        default:
            weights[i] = (int64_t)ldexpl(exp2l(-age / (long double)rules->half_life_ms), 61);
            break;
        }
    }
}

int credit_by_touches(const struct attribution_rules *rules, const struct sim_message *order,
                      struct sim_touch *touches, size_t n, struct sim_share shares[SIM_SHARES_MAX],
                      size_t *ret_n)
{
    int64_t weights[SIM_SHARES_MAX], conversions[SIM_SHARES_MAX], revenue[SIM_SHARES_MAX],
        margin[SIM_SHARES_MAX];
    enum attribution_model model = rules->model;
    for (size_t i = 0; i < rules->n_by_kind; i++)
        if (strcmp(rules->by_kind[i].kind, order->kind[0] ? order->kind : "sale") == 0)
            model = rules->by_kind[i].model;
    n = touches_choose(&rules->touches, order->ts_ms, touches, n);
    *ret_n = 0;
    if (n == 0)
        return SIM_NO_MODEL;
    weigh(&rules->touches, model, touches, n, weights);
    split(1000000, weights, n, conversions);
    split(order->revenue_micros, weights, n, revenue);
    split(order->margin_micros, weights, n, margin);
    for (size_t i = 0; i < n; i++)
        if (conversions[i] || revenue[i] || margin[i])
            shares[(*ret_n)++] = (struct sim_share){touches[i].campaign, touches[i].ts_ms, conversions[i],
                                                    revenue[i], margin[i]};
    return (int)model;
}

/* amount * part / whole, half to even */
static int64_t part_of(int64_t amount, int64_t part, int64_t whole)
{
    wide size = amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
    wide twice = 2 * size * (wide)part, unit = 2 * (wide)whole;
    wide floor = twice / unit, rest = twice % unit;
    if (rest > (wide)whole || (rest == (wide)whole && floor % 2 == 1))
        floor++;
    return amount < 0 ? -(int64_t)floor : (int64_t)floor;
}

void credit_back(const struct sim_record *record, int64_t refunded_micros,
                 struct sim_share back[SIM_SHARES_MAX])
{
    int64_t weights[SIM_SHARES_MAX], parts[SIM_SHARES_MAX];
    size_t n = record->n_shares;
    for (size_t i = 0; i < n; i++)
        back[i] = (struct sim_share){.campaign = record->shares[i].campaign};
    if (refunded_micros == 0 || record->revenue_micros == 0)
        return;
    for (int what = 0; what < 3; what++) {
        for (size_t i = 0; i < n; i++) {
            const struct sim_share *share = &record->shares[i];
            weights[i] = what == 0   ? share->revenue_micros
                         : what == 1 ? share->conversions_micro
                                     : llabs(share->margin_micros);
        }
        split(what == 0   ? refunded_micros
              : what == 1 ? part_of(1000000, refunded_micros, record->revenue_micros)
                          : part_of(record->margin_micros, refunded_micros, record->revenue_micros),
              weights, n, parts);
        for (size_t i = 0; i < n; i++)
            *(what == 0   ? &back[i].revenue_micros
              : what == 1 ? &back[i].conversions_micro
                          : &back[i].margin_micros) = parts[i];
    }
}
