/*
 * Credit: who earned an order, by the touches that its user shards were seen to hold.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/attribution/split.h"
#include "lib/ingest/attribute.h"

#define MICRO INT64_C(1000000)

/* TOPIC:PARTITION of a touch's lane, taken apart. */
static void place_name(const char *name, struct touch *touch)
{
    const char *colon = strrchr(name, ':');
    touch->topic = span_from(name, (size_t)(colon - name));
    touch->partition = (int32_t)strtol(colon + 1, NULL, 10);
}

static int seen_reserve(struct ingest *ingest, size_t n)
{
    if (n <= ingest->seen_capacity)
        return 0;
    struct touch *seen = realloc(ingest->seen, n * sizeof(*seen));
    if (!seen)
        return -ENOMEM;
    ingest->seen = seen;
    enum touch_fate *fates = realloc(ingest->fates, n * sizeof(*fates));
    if (!fates)
        return -ENOMEM;
    ingest->fates = fates;
    ingest->seen_capacity = n;
    return 0;
}

/* All touches under the identities of an order, into ingest->seen. */
static int touches_gather(struct ingest *ingest, const struct deferred *deferred, size_t *ret_n)
{
    size_t n = 0;
    for (int i = 0; i < IDENTITIES_MOST; i++) {
        const struct person *person = deferred->person[i];
        struct touch_record *record = &ingest->touches[i];
        if (!person)
            continue;
        int r = person_touches(ingest, person, buffer_span(&person->before), record);
        r = r < 0 ? r : seen_reserve(ingest, n + record->n);
        if (r < 0)
            return r;
        for (size_t k = 0; k < record->n; k++) {
            const struct touch_entry *entry = &record->entries[k];
            if (entry->bare)
                continue;
            ingest->seen[n] =
                (struct touch){entry->ts_ms, entry->is_click, entry->campaign, {0}, 0, entry->offset};
            place_name(lane_name(ingest, entry->lane), &ingest->seen[n++]);
        }
    }
    *ret_n = n;
    return 0;
}

/* Whether the shards of an order's touches are complete beyond it, and the places of its touches are known. */
static int order_is_ready(struct ingest *ingest, const struct deferred *deferred, bool *ret_ready)
{
    *ret_ready = true;
    for (int i = 0; i < IDENTITIES_MOST; i++) {
        const struct person *person = deferred->person[i];
        if (!person)
            continue;
        int r = person_touches(ingest, person, buffer_span(&person->before), &ingest->touches[i]);
        if (r < 0)
            return r;
        *ret_ready = *ret_ready && is_complete(&ingest->complete, ingest->look_complete_ms[person->shard],
                                               deferred->order->until_ms);
        for (size_t k = 0; k < ingest->touches[i].n; k++)
            *ret_ready = *ret_ready && lane_name(ingest, ingest->touches[i].entries[k].lane);
    }
    return 0;
}

int orders_hold(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred;) {
        const struct deferred *deferred = &ingest->deferred[i];
        bool ready = true;
        int r = deferred->order ? order_is_ready(ingest, deferred, &ready) : 0;
        if (r < 0)
            return r == -EBADMSG ? 0 : r; /* it was said, and the phase is BROKEN */
        if (ready)
            i++;
        else
            waiting_hold(ingest, deferred->slot, deferred->offset); /* it leaves the list */
    }
    return 0;
}

/* Splits an order over the touches that count; they stand first in `seen`. */
static void shares_split(const struct attribution_rules *rules, enum attribution_model model,
                         const struct waiting *order, const struct touch *touches, size_t n,
                         struct ledger_share *shares)
{
    int64_t times_ms[LEDGER_SHARES_MOST] = {0}, weights[LEDGER_SHARES_MOST], parts[LEDGER_SHARES_MOST];
    for (size_t i = 0; i < n; i++) {
        times_ms[i] = touches[i].ts_ms;
        shares[i] = (struct ledger_share){.campaign = touches[i].campaign, .touch_ms = touches[i].ts_ms};
    }
    touches_weigh(&rules->touches, model, times_ms, n, weights);
    split_amount(MICRO, weights, n, parts);
    for (size_t i = 0; i < n; i++)
        shares[i].conversions_micro = parts[i];
    split_amount(order->revenue_micros, weights, n, parts);
    for (size_t i = 0; i < n; i++)
        shares[i].revenue_micros = parts[i];
    split_amount(order->margin_micros, weights, n, parts);
    for (size_t i = 0; i < n; i++)
        shares[i].margin_micros = parts[i];
}

/* Shares without anything are left out: the ledger splits refunds over what there is. */
static size_t shares_pack(struct ledger_share *shares, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (shares[i].conversions_micro || shares[i].revenue_micros || shares[i].margin_micros)
            shares[kept++] = shares[i];
    return kept;
}

static int credit_whole(const struct waiting *order, struct span campaign, struct ledger_share *ret_shares,
                        size_t *ret_n, uint8_t *ret_model)
{
    ret_shares[0] =
        (struct ledger_share){campaign, order->ts_ms, MICRO, order->revenue_micros, order->margin_micros};
    *ret_n = 1;
    *ret_model = LEDGER_NO_MODEL;
    return 0;
}

int credit_make(struct ingest *ingest, const struct deferred *deferred, struct ledger_share *ret_shares,
                size_t *ret_n, uint8_t *ret_model)
{
    const struct attribution_rules *rules = &ingest->rules.attribution;
    const struct waiting *order = deferred->order;
    if (order->campaign_id.size)
        return credit_whole(order, order->campaign_id, ret_shares, ret_n, ret_model);
    size_t n = 0;
    int r = touches_gather(ingest, deferred, &n);
    if (r < 0)
        return r;
    size_t n_counting = touches_judge(&rules->touches, order->ts_ms, ingest->seen, n, ingest->fates);
    if (n_counting == 0)
        return credit_whole(order, ingest->unattributed->id, ret_shares, ret_n, ret_model);
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (ingest->fates[i] == TOUCH_COUNTS)
            ingest->seen[at++] = ingest->seen[i];
    enum attribution_model model = attribution_model_for(rules, order->kind);
    shares_split(rules, model, order, ingest->seen, n_counting, ret_shares);
    *ret_n = shares_pack(ret_shares, n_counting);
    *ret_model = (uint8_t)model;
    return 0;
}
