/*
 * Who earned an order: each decision that a client sends is one that it could make by then, and is the one that the touches
 * make that its user shards held when it looked. At the end it is compared with what the finished log says.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

/* Touches of one order. */
struct touches {
    struct sim_touch *list; /* owned */
    size_t n, capacity;
};

static void touches_deinit(struct touches *touches)
{
    free(touches->list);
}

static void touch_add(struct touches *touches, const struct sim_touch *touch)
{
    if (touches->n == touches->capacity) {
        touches->capacity = touches->capacity ? touches->capacity * 2 : 16;
        touches->list = realloc(touches->list, touches->capacity * sizeof(*touches->list));
        if (!touches->list)
            abort();
    }
    touches->list[touches->n++] = *touch;
}

static bool is_trusted(const struct recount *recount, const struct sim_message *order)
{
    return recount->attribution->trust_order_campaign && order->campaign >= 0;
}

/* The keys of its identities, where its touches decide. */
static size_t identities_of(const struct recount *recount, const struct sim_message *order,
                            char keys[2][SIM_ID_SIZE + 1])
{
    size_t n = 0;
    if (!is_trusted(recount, order) && order->user_id[0])
        snprintf(keys[n++], SIM_ID_SIZE + 1, "u%s", order->user_id);
    if (!is_trusted(recount, order) && order->click_id[0])
        snprintf(keys[n++], SIM_ID_SIZE + 1, "c%s", order->click_id);
    return n;
}

/* What the shard gave of an identity; false where it was not asked. */
static bool sight_find(const struct sim_sight *sight, struct span identity, struct span *ret_bytes)
{
    for (size_t i = 2; sight->call && i < sight->call->n_args; i++) {
        if (!span_equal(call_get(sight->call, i), identity))
            continue;
        *ret_bytes = reply_at(sight->reply, i - 1)->text;
        return true;
    }
    return false;
}

static void seen_add(struct recount *recount, struct span bytes, struct touches *touches)
{
    struct sim_stored_touch stored;
    (void)stored_touches_begin(&bytes);
    while (bytes.size > 0 && stored_touch_take(&bytes, &stored)) {
        size_t p = partition_of(recount, stored.place.lane / 2);
        if (stored.bare || p == SIM_PARTITIONS_MAX)
            continue;
        const struct sim_partition *partition = &recount->log->partitions[p];
        touch_add(touches, &(struct sim_touch){stored.ts_ms, stored.is_click, stored.campaign,
                                               partition->topic, partition->number, stored.place.offset});
    }
}

/* By the vector that was seen, no touch before the order may have been missing. */
static void sight_is_complete(struct recount *recount, const struct sim_message *order,
                              const struct sim_sight *sight)
{
    struct span vector = reply_at(sight->reply, 0)->text;
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        if (!(sight->waited >> p & 1))
            continue;
        size_t at = 32 * (size_t)recount->lanes[p].index;
        int64_t position = at + 16 <= vector.size ? bytes_i64(vector, at) : -1;
        int64_t complete_ms = position < 0 ? NEVER : complete_at(recount, p, position_offset(position));
        if (complete_ms < order->ts_ms || (complete_ms == order->ts_ms && !recount->settled))
            fail(recount->failure,
                 "order %s of %" PRId64 " was decided although partition %zu is complete to %" PRId64
                 " only, at offset %" PRId64,
                 order->order_id, order->ts_ms, p, complete_ms, position_offset(position));
    }
}

static bool nearly(int64_t a, int64_t b, int64_t tolerance)
{
    return a - b <= tolerance && b - a <= tolerance;
}

static bool shares_equal(const struct sim_record *record, const struct sim_share *shares, size_t n, int model)
{
    int64_t tolerance = model == MODEL_TIME_DECAY;
    bool good = record->model == model && record->n_shares == n;
    for (size_t i = 0; good && i < n; i++) {
        const struct sim_share *a = &record->shares[i], *b = &shares[i];
        good = span_equal(a->campaign, b->campaign) && a->touch_ms == b->touch_ms &&
               nearly(a->conversions_micro, b->conversions_micro, tolerance) &&
               nearly(a->revenue_micros, b->revenue_micros, tolerance) &&
               nearly(a->margin_micros, b->margin_micros, tolerance);
    }
    return good;
}

/* The shares by these touches, which are put in order; those of a campaign that is trusted, or of nobody, too. */
static int credit(const struct recount *recount, const struct sim_message *order, struct touches *touches,
                  struct sim_share shares[SIM_SHARES_MAX], size_t *ret_n)
{
    int model = credit_by_touches(recount->attribution, order, touches->list, touches->n, shares, ret_n);
    if (model != SIM_NO_MODEL)
        return model;
    struct span campaign = is_trusted(recount, order) ? span_of(recount->log->campaigns[order->campaign])
                                                      : span_of("(unattributed)");
    shares[0] =
        (struct sim_share){campaign, order->ts_ms, 1000000, order->revenue_micros, order->margin_micros};
    *ret_n = 1;
    return SIM_NO_MODEL;
}

static uint64_t digest_of(const struct sim_record *record)
{
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    for (size_t i = 0; i < record->n_shares; i++) {
        buffer_append_span(&bytes, record->shares[i].campaign);
        buffer_append_i64(&bytes, record->shares[i].touch_ms);
        buffer_append_i64(&bytes, record->shares[i].conversions_micro);
        buffer_append_i64(&bytes, record->shares[i].revenue_micros);
    }
    return hash_bytes(buffer_span(&bytes));
}

static void sent_note(struct recount *recount, struct sim_message *order, const struct sim_record *record,
                      uint32_t waited, const struct touches *touches)
{
    struct sim_sent *sent = calloc(1, sizeof(*sent));
    if (!sent)
        abort();
    *sent = (struct sim_sent){order->sent, digest_of(record), waited, recount->passed_ms, NULL, touches->n};
    sent->seen = calloc(touches->n + 1, sizeof(*sent->seen));
    if (!sent->seen)
        abort();
    for (size_t i = 0; i < touches->n; i++) {
        sent->seen[i] = touches->list[i];
        sent->seen[i].campaign = (struct span){0};
    }
    order->sent = sent;
}

void sent_free(struct sim_message *message)
{
    while (message->sent) {
        struct sim_sent *next = message->sent->next;
        free(message->sent->seen);
        free(message->sent);
        message->sent = next;
    }
}

static void decision_check(struct recount *recount, struct sim_message *order,
                           const struct sim_record *record, const struct sim_sight *sights)
{
    CLEANUP(touches_deinit) struct touches touches = {0};
    char keys[2][SIM_ID_SIZE + 1];
    struct sim_share shares[SIM_SHARES_MAX];
    uint32_t waited = UINT32_MAX;
    size_t n_shares, n = identities_of(recount, order, keys);
    for (size_t i = 0; i < n && !recount->failure->found; i++) {
        const struct sim_sight *sight = &sights[shard_of(recount, span_of(keys[i]))];
        struct span bytes;
        if (!sight_find(sight, span_of(keys[i]), &bytes)) {
            fail(recount->failure, "order %s was decided without a look at %s", order->order_id, keys[i]);
            return;
        }
        waited &= sight->waited;
        sight_is_complete(recount, order, sight);
        seen_add(recount, bytes, &touches);
    }
    sent_note(recount, order, record, waited, &touches);
    int model = credit(recount, order, &touches, shares, &n_shares);
    if (!shares_equal(record, shares, n_shares, model))
        fail(recount->failure,
             "order %s is credited by model %d with %zu shares, the recount says %d with %zu",
             order->order_id, record->model, record->n_shares, model, n_shares);
}

void decisions_check(struct recount *recount, const struct call *call, const struct sim_sight *sights)
{
    static struct sim_record before, after; /* too large for the stack */
    for (size_t i = call->n_keys + 2; i + 3 < call->n_args && !recount->failure->found; i += 4) {
        bool good =
            record_parse(call_get(call, i + 1), &before) && record_parse(call_get(call, i + 2), &after);
        if (!good || before.has_order || !after.has_order)
            continue;
        size_t p = partition_of(recount, after.place.lane / 2);
        struct sim_message *order =
            p < SIM_PARTITIONS_MAX ? partition_get(&recount->log->partitions[p], after.place.offset) : NULL;
        if (!order || !order->has_revenue || !span_equal(span_of(order->order_id), call_get(call, i)))
            fail(recount->failure, "order %.*s is that of no message", (int)call_get(call, i).size,
                 call_get(call, i).data);
        else
            decision_check(recount, order, &after, sights);
    }
}

/* --- the finished log ------------------------------------------------------------------------------------- */

/* Was it there when the order was decided? */
static bool was_seen(const struct sim_sent *sent, const struct sim_partition *partition, int64_t offset)
{
    for (size_t i = 0; i < sent->n_seen; i++)
        if (sent->seen[i].offset == offset && sent->seen[i].number == partition->number &&
            strcmp(sent->seen[i].topic, partition->topic) == 0)
            return true;
    return false;
}

/* A touch that was not seen came too late, from where nobody waited for it, or was forgotten for an order that came
 * too late itself. */
static bool is_excused(const struct recount *recount, const struct sim_message *order,
                       const struct sim_sent *sent, size_t p, const struct sim_message *touch)
{
    return !(sent->waited >> p & 1) || complete_at(recount, p, touch->offset) >= touch->ts_ms ||
           (sent->passed_ms != NEVER && order->ts_ms < sent->passed_ms);
}

static void finished_add(const struct recount *recount, const struct sim_message *order,
                         const struct sim_sent *sent, size_t p, const struct sim_message *touch,
                         struct touches *touches, bool *excused)
{
    const struct sim_partition *partition = &recount->log->partitions[p];
    bool user = touch->user_id[0] && strcmp(touch->user_id, order->user_id) == 0;
    bool click =
        touch->type == EVENT_CLICK && touch->click_id[0] && strcmp(touch->click_id, order->click_id) == 0;
    if (touch->reason != REJECT_NONE || !is_touch(recount, touch) || touch->repeat || (!user && !click) ||
        touch->offset < recount->lanes[p].start || touch->ts_ms > order->ts_ms)
        return;
    touch_add(touches, &(struct sim_touch){touch->ts_ms, touch->type == EVENT_CLICK,
                                           span_of(recount->log->campaigns[touch->campaign]),
                                           partition->topic, partition->number, touch->offset});
    if (!was_seen(sent, partition, touch->offset))
        *excused = *excused || is_excused(recount, order, sent, p, touch);
}

static void decision_finished(struct recount *recount, struct sim_message *order,
                              const struct sim_record *record)
{
    CLEANUP(touches_deinit) struct touches touches = {0};
    char keys[2][SIM_ID_SIZE + 1];
    struct sim_share shares[SIM_SHARES_MAX];
    bool excused = false;
    const struct sim_sent *sent = order->sent;
    while (sent && sent->digest != digest_of(record))
        sent = sent->next;
    if (!sent) {
        fail(recount->failure, "nobody has sent the decision about order %s", order->order_id);
        return;
    }
    size_t n_shares, n = identities_of(recount, order, keys);
    for (size_t p = 0; n > 0 && p < recount->log->n_partitions; p++)
        for (size_t i = 0; i < recount->log->partitions[p].n_messages; i++)
            finished_add(recount, order, sent, p, recount->log->partitions[p].messages[i], &touches,
                         &excused);
    int model = credit(recount, order, &touches, shares, &n_shares);
    bool equal = shares_equal(record, shares, n_shares, model);
    recount->seen.orders++;
    recount->seen.by_touches += record->model != SIM_NO_MODEL;
    recount->seen.as_finished += equal && n > 0;
    recount->seen.excused += !equal && excused;
    if (!equal && !excused)
        fail(recount->failure,
             "order %s of %" PRId64
             " is credited by model %d with %zu shares, the finished log says %d with %zu",
             order->order_id, order->ts_ms, record->model, record->n_shares, model, n_shares);
}

void decisions_finished(struct recount *recount)
{
    static struct sim_record record;
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->books, &cursor));) {
        const struct sim_book *book = entry->value;
        (void)record_parse(buffer_span(&book->bytes), &record);
        if (!record.has_order || recount->failure->found)
            continue;
        size_t p = partition_of(recount, record.place.lane / 2);
        struct sim_message *order = partition_get(&recount->log->partitions[p], record.place.offset);
        if (order)
            decision_finished(recount, order, &record);
    }
}
