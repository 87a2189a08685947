/*
 * The ledger's records of a batch: read from the order shards, changed here, stored under a compare together with the
 * offsets up to which the shard has passed its orders lanes.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

int record_find(struct ingest *ingest, struct span order_id, struct record **ret_record)
{
    struct record *record = table_get(&ingest->records, order_id);
    if (!record) {
        record = malloc(sizeof(*record) + order_id.size);
        if (!record)
            return -ENOMEM;
        char *bytes = (char *)(record + 1);
        memcpy(bytes, order_id.data, order_id.size);
        *record = (struct record){
            .shard = layout_shard_of(&ingest->rules.layout, order_id),
            .ts_ms = NEVER,
            .id = span_from(bytes, order_id.size),
        };
        int r = table_put(&ingest->records, order_id, record);
        if (r < 0) {
            free(record);
            return r;
        }
    }
    *ret_record = record;
    return 0;
}

void records_forget(struct ingest *ingest)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&ingest->records, &cursor));) {
        struct record *record = entry->value;
        buffer_deinit(&record->before);
        buffer_deinit(&record->after);
        free(record);
    }
    table_deinit(&ingest->records);
}

static void order_key(struct ingest *ingest, uint32_t feed, const char *part)
{
    buffer_clear(&ingest->scratch);
    feed_key(ingest, feed, part, &ingest->scratch);
}

int record_read_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    uint32_t shard = feed - ingest->rules.layout.n_shards;
    size_t first = ingest->n_asked;
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        struct record *record = ingest->deferred[i].record;
        if (!record || record->shard != shard || record->asked)
            continue;
        int r = asked_push(ingest, record);
        if (r < 0)
            return r;
        record->asked = true;
    }
    if (ingest->n_asked == first)
        return 0;
    order_key(ingest, feed, ":orders");
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HMGET");
    call_arg(call, buffer_span(&ingest->scratch));
    for (size_t i = first; i < ingest->n_asked; i++)
        call_arg(call, ((struct record *)ingest->asked[i])->id);
    int r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){FLIGHT_LEDGER, feed, 0, first, ingest->n_asked - first},
                        ret_tag);
    return r < 0 ? r : 1;
}

int record_read_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    if (reply->type != REPLY_ARRAY || reply->n_elements != flight.n) {
        ingest_break(ingest, "the ledger of order shard %u gave an answer that is not understood",
                     flight.shard - ingest->rules.layout.n_shards);
        return 0;
    }
    for (size_t i = 0; i < flight.n; i++) {
        struct record *record = ingest->asked[flight.first + i];
        struct span bytes = reply_at(reply, i)->text;
        buffer_append_span(&record->before, bytes);
        buffer_append_span(&record->after, bytes);
        if (buffer_status(&record->before) < 0 || buffer_status(&record->after) < 0)
            return -ENOMEM;
    }
    return 0;
}

struct ledger_place place_of(const struct ingest *ingest, const struct deferred *deferred)
{
    uint32_t lane = ingest->slots[deferred->slot].index * LANES_PER_PARTITION + LANE_ORDER;
    return (struct ledger_place){lane, deferred->offset};
}

static struct ledger_rules ledger_rules_of(const struct ingest *ingest, struct conversion *conversion)
{
    return (struct ledger_rules){
        .horizon_ms = ingest->rules.refund_horizon_ms,
        .book_at_refund = ingest->rules.book_at_refund,
        .convert = conversion_convert,
        .context = conversion,
    };
}

static int take_order(struct ingest *ingest, struct deferred *deferred)
{
    struct ledger_order order = {
        .place = place_of(ingest, deferred),
        .ts_ms = deferred->ts_ms,
        .revenue_micros = deferred->order->revenue_micros,
        .margin_micros = deferred->order->margin_micros,
        .currency = span_of(deferred->order->currency),
        .kind = deferred->order->kind,
    };
    struct ledger_share shares[LEDGER_SHARES_MOST];
    size_t n_shares;
    int r = credit_make(ingest, deferred, shares, &n_shares, &order.model);
    if (r < 0)
        return r;
    struct conversion conversion = conversion_of(ingest, deferred);
    const struct ledger_rules rules = ledger_rules_of(ingest, &conversion);
    return ledger_take_order(&ingest->ledger, &rules, &order, shares, n_shares, &deferred->outcome);
}

static int take_refund(struct ingest *ingest, struct deferred *deferred)
{
    const struct ledger_refund refund = {
        .place = place_of(ingest, deferred),
        .id = deferred->order->refund_id,
        .ts_ms = deferred->ts_ms,
        .all = deferred->order->all_left,
        .currency = span_of(deferred->order->currency),
        .asked = deferred->order->amount_micros,
        .late_before_ms = deferred->late_before_ms == NEVER ? 0 : deferred->late_before_ms,
    };
    struct conversion conversion = conversion_of(ingest, deferred);
    const struct ledger_rules rules = ledger_rules_of(ingest, &conversion);
    size_t n = ingest->ledger.n_refunds;
    int r = ledger_take_refund(&ingest->ledger, &rules, &refund, &deferred->outcome, &deferred->fault);
    size_t lane = slot_lane(deferred->slot, LANE_ORDER);
    bool passed = deferred->offset < feed_order(ingest, deferred->record->shard)->sent[lane];
    if (r == 0 && passed && ingest->ledger.has_order && ingest->ledger.n_refunds > n) {
        /* The shard has passed it and has not kept it: it was refused, by another horizon. */
        ingest->ledger.n_refunds = n;
        deferred->outcome = LEDGER_REFUSED;
        deferred->fault = REJECT_REFUND_AFTER_HORIZON;
    }
    return r;
}

/* As long as this time is not old enough, the record has to be remembered: a refund may be older than its order. */
static int64_t newest_of(const struct ledger *ledger)
{
    int64_t newest_ms = ledger->has_order ? ledger->order.ts_ms : NEVER;
    for (size_t i = 0; i < ledger->n_refunds; i++)
        if (ledger->refunds[i].ts_ms > newest_ms)
            newest_ms = ledger->refunds[i].ts_ms;
    return newest_ms;
}

/* What the message has changed is kept in the record's bytes. */
static int record_keep(struct ingest *ingest, const struct deferred *deferred)
{
    struct record *record = deferred->record;
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    ledger_pack(&ingest->ledger, &bytes);
    int r = buffer_status(&bytes);
    if (r < 0)
        return r;
    if (span_equal(buffer_span(&bytes), buffer_span(&record->after)))
        return 0;
    struct buffer before = record->after;
    record->after = bytes;
    bytes = before;
    record->ts_ms = newest_of(&ingest->ledger);
    /* A shard that has passed the message will not take anything of it any more. */
    size_t lane = slot_lane(deferred->slot, LANE_ORDER);
    record->changed = record->changed || deferred->offset >= feed_order(ingest, record->shard)->sent[lane];
    return 0;
}

/* The refunds that waited for this order and failed. */
static int letters_of_order(struct ingest *ingest, const struct deferred *deferred)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ingest->ledger.n_refunds; i++) {
        const struct ledger_refund *refund = &ingest->ledger.refunds[i];
        if (refund->fault && ledger_applies(&ingest->ledger, i, place_of(ingest, deferred)))
            r = letter_of_refund(ingest, deferred->record->id, refund);
    }
    return r;
}

static int record_judge(struct ingest *ingest, struct deferred *deferred)
{
    struct record *record = deferred->record;
    int r = ledger_unpack(&ingest->ledger, buffer_span(&record->after));
    if (r == -EBADMSG) {
        ingest_break(ingest, "the ledger's record of an order in shard %u is not ours", record->shard);
        return 0;
    }
    if (r == 0)
        r = deferred->type == EVENT_REFUND ? take_refund(ingest, deferred) : take_order(ingest, deferred);
    if (r == 0 && deferred->outcome == LEDGER_REFUSED)
        r = letter_of_message(ingest, deferred);
    else if (r == 0 && deferred->type == EVENT_ORDER && deferred->outcome == LEDGER_BOOKED)
        r = letters_of_order(ingest, deferred);
    return r < 0 ? r : record_keep(ingest, deferred); /* last: the ledger points into the bytes before */
}

int records_judge(struct ingest *ingest)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ingest->n_deferred; i++)
        if (ingest->deferred[i].order)
            r = record_judge(ingest, &ingest->deferred[i]);
    return r;
}

static void decide_keys(struct ingest *ingest, uint32_t feed, struct call *call)
{
    static const char *const parts[] = {":vec", ":orders", ":expiry"};
    call_begin(call, SCRIPT_DECIDE);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        order_key(ingest, feed, parts[i]);
        call_key(call, buffer_span(&ingest->scratch));
    }
}

/* Records older than this are forgotten. */
static int64_t sweep_to(const struct ingest *ingest)
{
    bool passed = ingest->passed_ms > ingest->rules.refund_horizon_ms;
    return passed ? ingest->passed_ms - ingest->rules.refund_horizon_ms : 0;
}

static void decide_ranges(struct ingest *ingest, uint32_t feed, struct span ranges, struct call *call)
{
    struct shard_feed *order = &ingest->feeds[feed];
    decide_keys(ingest, feed, call);
    call_arg(call, ranges);
    call_arg_i64(call, sweep_to(ingest));
    order->swept_to_ms = sweep_to(ingest);
    order->swept_at_ms = ingest->now_ms;
    order->sweep_more = false;
}

/* Begins a decide call: keys, ranges and the time before which records are forgotten. */
static int decide_begin(struct ingest *ingest, uint32_t feed, bool all, struct call *call)
{
    CLEANUP(buffer_deinit) struct buffer ranges = BUFFER_INIT;
    (void)ranges_append(ingest, &ingest->feeds[feed], all, &ranges);
    decide_ranges(ingest, feed, buffer_span(&ranges), call);
    return buffer_status(&ranges);
}

static bool sweep_is_due(const struct ingest *ingest, const struct shard_feed *feed)
{
    if (feed->in_flight || ingest->expired || ingest->phase != INGEST_RUNNING)
        return false;
    bool older = sweep_to(ingest) > feed->swept_to_ms && ingest->now_ms - feed->swept_at_ms >= SWEEP_MS;
    return feed->sweep_more || older;
}

int sweep_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    for (uint32_t i = ingest->rules.layout.n_shards; i < 2 * ingest->rules.layout.n_shards; i++) {
        if (!sweep_is_due(ingest, &ingest->feeds[i]))
            continue;
        decide_ranges(ingest, i, (struct span){0}, call);
        int r = call_status(call);
        if (r == 0)
            r = flight_take(ingest, (struct flight){.kind = FLIGHT_DECIDE, .shard = i}, ret_tag);
        if (r < 0)
            return r;
        ingest->feeds[i].in_flight = true;
        return 1;
    }
    return 0;
}

void decide_empty(struct ingest *ingest, uint32_t feed, struct span ranges, struct call *call)
{
    decide_keys(ingest, feed, call);
    call_arg(call, ranges);
    call_arg_i64(call, 0);
}

int decide_watermarks(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    int r = decide_begin(ingest, feed, true, call);
    r = r < 0 ? r : call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){.kind = FLIGHT_DECIDE, .shard = feed}, ret_tag);
    if (r < 0)
        return r;
    ranges_sent(ingest, &ingest->feeds[feed], true);
    ingest->feeds[feed].in_flight = true;
    return 1;
}

/* Marks the slots with something that this order shard has not passed. How many messages that are. */
static size_t touch_unpassed(struct ingest *ingest, uint32_t shard)
{
    struct shard_feed *feed = feed_order(ingest, shard);
    size_t n = 0;
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        const struct deferred *deferred = &ingest->deferred[i];
        if (!deferred->record || deferred->record->shard != shard ||
            deferred->offset < feed->sent[slot_lane(deferred->slot, LANE_ORDER)])
            continue;
        feed->touched[deferred->slot] = true;
        n++;
    }
    return n;
}

static void record_arguments(const struct record *record, struct call *call)
{
    call_arg(call, record->id);
    call_arg(call, buffer_span(&record->before));
    call_arg(call, buffer_span(&record->after));
    call_arg_i64(call, record->ts_ms);
}

int decide_next(struct ingest *ingest, uint32_t feed_number, struct call *call, uint64_t *ret_tag)
{
    uint32_t shard = feed_number - ingest->rules.layout.n_shards;
    struct shard_feed *feed = &ingest->feeds[feed_number];
    size_t n = touch_unpassed(ingest, shard);
    if (n == 0)
        return 0;
    int r = decide_begin(ingest, feed_number, false, call);
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&ingest->records, &cursor));) {
        const struct record *record = entry->value;
        if (record->shard == shard && record->changed)
            record_arguments(record, call);
    }
    r = r < 0 ? r : call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){.kind = FLIGHT_DECIDE, .shard = feed_number, .n = n},
                        ret_tag);
    if (r < 0)
        return r;
    ranges_sent(ingest, feed, false);
    return 1;
}

int decide_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    uint32_t shard = flight.shard - ingest->rules.layout.n_shards;
    struct span verdict = reply_at(reply, 0)->text;
    if (span_equal(verdict, span_of("lost"))) {
        ingest_lose(ingest, "the vector of an order shard (%u) is gone", shard);
    } else if (span_equal(verdict, span_of("ok"))) {
        ranges_counted(ingest, &ingest->feeds[flight.shard]);
        ingest->feeds[flight.shard].sweep_more = reply_i64(reply_at(reply, 1), 0) >= SWEEP_LOOK;
        int r = 0;
        for (size_t i = 2; r == 0 && i + 1 < reply->n_elements; i += 2)
            r = expiry_found(ingest, shard, reply_at(reply, i)->text, reply_at(reply, i + 1)->text);
        return r;
    } else {
        /* Somebody else has passed these offsets, or has changed one of the records. */
        ingest->counts.refused++;
        ingest_start_over(ingest, INGEST_REGISTERING);
    }
    return 0;
}
