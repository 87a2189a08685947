/*
 * What an order or a refund adds to campaigns, by the ledger's record as it was when its order shard passed it: by order
 * time and by touch time, too late for windows or not by the message's own place.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

struct sim_effect *effect_new(struct sim_message *message)
{
    struct sim_effect *effect = calloc(1, sizeof(*effect));
    if (!effect || message->effect)
        abort();
    message->effect = effect;
    return effect;
}

static bool is_late(const struct sim_message *message, int64_t ts_ms)
{
    return message->late_before_ms != NEVER && ts_ms < message->late_before_ms;
}

/* The entry of a campaign at a time, as late as the message that is meant makes it. */
static struct sim_entry *entry_at(struct sim_effect *effect, struct span campaign, int64_t ts_ms, bool late)
{
    for (size_t i = 0; i < effect->n; i++)
        if (effect->entries[i].ts_ms == ts_ms && effect->entries[i].late == late &&
            span_equal(span_of(effect->entries[i].campaign), campaign))
            return &effect->entries[i];
    if (effect->n == effect->capacity) {
        effect->capacity = effect->capacity ? effect->capacity * 2 : 8;
        effect->entries = realloc(effect->entries, effect->capacity * sizeof(*effect->entries));
        if (!effect->entries)
            abort();
    }
    struct sim_entry *entry = &effect->entries[effect->n++];
    *entry = (struct sim_entry){.ts_ms = ts_ms, .late = late};
    snprintf(entry->campaign, sizeof(entry->campaign), "%.*s", (int)campaign.size, campaign.data);
    return entry;
}

/* Is this the first of the shares of its campaign? *ret_sum is what all of them have of one amount. */
static bool is_first(const struct sim_share *shares, size_t n, size_t i, size_t at, int64_t *ret_sum)
{
    *ret_sum = 0;
    for (size_t k = 0; k < n; k++) {
        if (!span_equal(shares[k].campaign, shares[i].campaign))
            continue;
        if (k < i)
            return false;
        *ret_sum += *(const int64_t *)((const char *)&shares[k] + at);
    }
    return true;
}

/* What a refund made of the split of all refunds: of the message it belongs to its time of booking decides. */
static void refund_book(const struct recount *recount, struct sim_effect *effect,
                        const struct sim_record *record, size_t number, const struct sim_message *message)
{
    struct sim_share before[SIM_SHARES_MAX], after[SIM_SHARES_MAX];
    const struct sim_refund *refund = &record->refunds[number];
    int64_t taken = 0;
    for (size_t i = 0; i < number; i++)
        taken += record->refunds[i].taken_micros;
    credit_back(record, taken, before);
    credit_back(record, taken + refund->taken_micros, after);
    for (size_t i = 0; i < record->n_shares; i++) {
        int64_t order_ms = refund->at_refund ? refund->ts_ms : record->ts_ms;
        int64_t touch_ms = refund->at_refund ? refund->ts_ms : record->shares[i].touch_ms;
        struct span campaign = record->shares[i].campaign;
        after[i].revenue_micros -= before[i].revenue_micros;
        after[i].margin_micros -= before[i].margin_micros;
        after[i].conversions_micro -= before[i].conversions_micro;
        int64_t *order = entry_at(effect, campaign, order_ms, is_late(message, order_ms))->columns;
        order[CELL_REVENUE] -= after[i].revenue_micros;
        order[CELL_MARGIN] -= after[i].margin_micros;
        order[CELL_REFUNDED] += after[i].revenue_micros;
        order[CELL_REFUNDED_CONVERSIONS] += after[i].conversions_micro;
        int64_t *cohort = entry_at(effect, campaign, touch_ms, is_late(message, touch_ms))->columns;
        cohort[CELL_COHORT_REVENUE] -= after[i].revenue_micros;
        cohort[CELL_COHORT_MARGIN] -= after[i].margin_micros;
        lag_note(recount, effect, record, i, 0, -after[i].revenue_micros);
    }
    for (size_t i = 0; i < record->n_shares; i++) {
        int64_t order_ms = refund->at_refund ? refund->ts_ms : record->ts_ms, sum;
        if (is_late(message, order_ms) &&
            is_first(after, record->n_shares, i, offsetof(struct sim_share, revenue_micros), &sum))
            entry_at(effect, after[i].campaign, order_ms, true)->columns[CELL_EXCLUDED] += llabs(sum);
    }
}

static void shares_book(const struct recount *recount, struct sim_effect *effect,
                        const struct sim_record *record, const struct sim_message *message)
{
    bool late = is_late(message, record->ts_ms);
    for (size_t i = 0; i < record->n_shares; i++) {
        const struct sim_share *share = &record->shares[i];
        int64_t conversions;
        int64_t *order = entry_at(effect, share->campaign, record->ts_ms, late)->columns;
        order[CELL_ORDERS] += is_first(record->shares, record->n_shares, i,
                                       offsetof(struct sim_share, conversions_micro), &conversions) &&
                              conversions > 0;
        order[CELL_CONVERSIONS] += share->conversions_micro;
        order[CELL_REVENUE] += share->revenue_micros;
        order[CELL_MARGIN] += share->margin_micros;
        order[CELL_EXCLUDED] += late ? share->revenue_micros : 0;
        measures_of_order(order, &recount->book->measures, message, share->conversions_micro);
        int64_t *cohort =
            entry_at(effect, share->campaign, share->touch_ms, is_late(message, share->touch_ms))->columns;
        cohort[CELL_COHORT_REVENUE] += share->revenue_micros;
        cohort[CELL_COHORT_MARGIN] += share->margin_micros;
        lag_note(recount, effect, record, i, share->conversions_micro, share->revenue_micros);
    }
}

void effect_of_order(struct recount *recount, size_t p, struct sim_message *message,
                     const struct sim_record *record)
{
    struct sim_effect *effect = effect_new(message);
    struct sim_place place = {2 * recount->lanes[p].index + ORDERS, message->offset};
    effect->is_order = true;
    recount->seen.early += !recount->finishing && record->model != SIM_NO_MODEL;
    effect->lane[LANE_ORDERS]++;
    effect->lane[LANE_LATE] += is_late(message, record->ts_ms);
    shares_book(recount, effect, record, message);
    for (size_t i = 0; i < record->n_refunds && !recount->failure->found; i++) {
        const struct sim_refund *refund = &record->refunds[i];
        if (!places_equal(refund->applied, place))
            continue;
        const struct sim_partition *own =
            &recount->log->partitions[partition_of(recount, refund->place.lane / 2)];
        if (refund->fault)
            effect->lane[LANE_REJECTED + refund->fault - 1]++;
        else if (refund->repeat)
            effect->lane[LANE_DUPLICATES]++;
        else
            refund_book(recount, effect, record, i, partition_get(own, refund->place.offset));
        effect->lane[LANE_CUT] += refund->excess_micros > 0;
    }
}

void effect_of_refund(struct recount *recount, size_t p, struct sim_message *message,
                      const struct sim_record *record, size_t number)
{
    struct sim_effect *effect = effect_new(message);
    const struct sim_refund *refund = &record->refunds[number];
    (void)p;
    effect->lane[LANE_REFUNDS]++;
    if (!record->has_order || !places_equal(refund->applied, refund->place))
        return; /* it waits, or its order's message has booked it */
    effect->lane[LANE_LATE] += is_late(message, refund->at_refund ? refund->ts_ms : record->ts_ms);
    effect->lane[LANE_CUT] += refund->excess_micros > 0;
    refund_book(recount, effect, record, number, message);
}

void effect_count(struct recount *recount, uint32_t shard, size_t p, const struct sim_message *message)
{
    const struct sim_effect *effect = message->effect;
    bool overflown = false;
    if (!effect) {
        fail(recount->failure, "offset %" PRId64 " of partition %zu, order %s, was passed without a decision",
             message->offset, p, message->order_id);
        return;
    }
    for (int column = 0; column < LANE_WIDTH; column++)
        if (effect->lane[column])
            lane_add(recount, shard, p, ORDERS, column, effect->lane[column]);
    for (size_t i = 0; i < effect->n; i++) {
        const struct sim_entry *entry = &effect->entries[i];
        struct span campaign = span_of(entry->campaign);
        if (!campaign_is_admitted(recount, campaign)) {
            overflown = true;
            campaign = span_of("(overflow)");
            (void)campaign_is_admitted(recount, campaign);
        }
        if (shard_of(recount, campaign) == shard)
            cells_add(recount, shard, campaign, entry->ts_ms, entry->late, entry->columns);
    }
    lags_expect(recount, shard, effect);
    if (overflown)
        lane_add(recount, shard, p, ORDERS, LANE_OVERFLOW, 1);
}

void effects_deinit(struct recount *recount)
{
    for (size_t p = 0; p < recount->log->n_partitions; p++) {
        for (size_t i = 0; i < recount->log->partitions[p].n_messages; i++) {
            struct sim_message *message = recount->log->partitions[p].messages[i];
            if (message->effect) {
                free(message->effect->entries);
                lags_drop(message->effect);
            }
            free(message->effect);
            message->effect = NULL;
            sent_free(message);
        }
    }
}
