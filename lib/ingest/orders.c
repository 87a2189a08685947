/*
 * What has to be asked before an event can be counted: is this the first order with its id, and is this
 * campaign counted under its own name?
 *
 * DESIGN
 *   A batch's questions are asked in two rounds: first the order shards, then the campaign shards about the
 * campaigns that no event has named before (a repeated order admits none). Nothing is read and nothing is
 * sent meanwhile, so that no range can end behind an event that is still waiting. An order that its order
 * shard has passed already is asked about all the same: it reads back the first answer.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/internal.h"

enum { ROUND_ORDERS, ROUND_CAMPAIGNS };

int defer_event(struct ingest *ingest, const struct event *event, struct deferred deferred)
{
    if (deferred.is_order) {
        deferred.order_shard = layout_shard_of(&ingest->rules.layout, event->order_id);
        int64_t campaign_sent = feed_campaign(ingest, deferred.campaign->shard)->sent[deferred.slot];
        int64_t order_sent = feed_order(ingest, deferred.order_shard)->sent[deferred.slot];
        uint32_t counter =
            lane_shard(ingest, ingest->slots[deferred.slot].index * LANES_PER_PARTITION + LANE_ORDER);
        bool counted = deferred.offset < feed_campaign(ingest, counter)->sent[deferred.slot];
        if (deferred.campaign->admission == ADMISSION_OWN && deferred.offset < campaign_sent &&
            deferred.offset < order_sent && counted)
            return 0;
        deferred.order_id_at = ingest->order_ids.size;
        deferred.order_id_size = (uint32_t)event->order_id.size;
        buffer_append_span(&ingest->order_ids, event->order_id);
        int r = buffer_status(&ingest->order_ids);
        if (r < 0)
            return r;
    }
    if (ingest->n_deferred == ingest->deferred_capacity) {
        size_t capacity = ingest->deferred_capacity ? ingest->deferred_capacity * 2 : 256;
        struct deferred *grown = realloc(ingest->deferred, capacity * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        ingest->deferred = grown;
        size_t *asked = realloc(ingest->asked, capacity * sizeof(*asked));
        if (!asked)
            return -ENOMEM;
        ingest->asked = asked;
        ingest->deferred_capacity = capacity;
    }
    ingest->deferred[ingest->n_deferred++] = deferred;
    return 0;
}

static void round_begin(struct ingest *ingest, int round)
{
    uint32_t n_shards = ingest->rules.layout.n_shards;
    ingest->ask_shard = round == ROUND_ORDERS ? n_shards : 0;
    ingest->ask_end = round == ROUND_ORDERS ? ingest->n_feeds : n_shards;
    ingest->n_asked = 0;
    ingest->step_open = 0;
}

int ingest_batch_end(struct ingest *ingest)
{
    if (ingest->n_deferred > 0 && !ingest->asking) {
        ingest->asking = true;
        round_begin(ingest, ROUND_ORDERS);
    }
    return 0;
}

static struct span order_id(const struct ingest *ingest, const struct deferred *deferred)
{
    return span_from(ingest->order_ids.data + deferred->order_id_at, deferred->order_id_size);
}

static void order_arguments(struct ingest *ingest, const struct deferred *deferred, struct call *call)
{
    call_arg(call, order_id(ingest, deferred));
    buffer_clear(&ingest->scratch);
    buffer_append_u32(&ingest->scratch,
                      ingest->slots[deferred->slot].index * LANES_PER_PARTITION + LANE_ORDER);
    buffer_append_i64(&ingest->scratch, deferred->offset);
    call_arg(call, buffer_span(&ingest->scratch));
    call_arg_i64(call, deferred->ts_ms);
}

static void decide_keys(struct ingest *ingest, uint32_t feed, struct call *call)
{
    static const char *const parts[] = {":vec", ":orders", ":expiry"};
    call_begin(call, SCRIPT_DECIDE);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        buffer_clear(&ingest->scratch);
        feed_key(ingest, feed, parts[i], &ingest->scratch);
        call_key(call, buffer_span(&ingest->scratch));
    }
}

/* Begins a decide call: keys, ranges and the time before which ids are forgotten. */
static void decide_begin(struct ingest *ingest, uint32_t feed, bool all, struct call *call)
{
    decide_keys(ingest, feed, call);
    buffer_clear(&ingest->scratch);
    (void)ranges_append(ingest, &ingest->feeds[feed], all, &ingest->scratch);
    call_arg(call, buffer_span(&ingest->scratch));
    bool passed = ingest->passed_ms > ingest->rules.refund_horizon_ms;
    call_arg_i64(call, passed ? ingest->passed_ms - ingest->rules.refund_horizon_ms : 0);
}

void decide_empty(struct ingest *ingest, uint32_t feed, struct span ranges, struct call *call)
{
    decide_keys(ingest, feed, call);
    call_arg(call, ranges);
    call_arg_i64(call, 0);
}

int decide_watermarks(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    decide_begin(ingest, feed, true, call);
    int r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){.kind = FLIGHT_DECIDE, .shard = feed}, ret_tag);
    if (r < 0)
        return r;
    ranges_sent(ingest, &ingest->feeds[feed], true);
    ingest->feeds[feed].in_flight = true;
    return 1;
}

/* A decide call about one order shard's questions. */
static int decide_next(struct ingest *ingest, uint32_t feed_number, struct call *call, uint64_t *ret_tag)
{
    struct shard_feed *feed = &ingest->feeds[feed_number];
    uint32_t shard = feed_number - ingest->rules.layout.n_shards;
    size_t first = ingest->n_asked;
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        struct deferred *deferred = &ingest->deferred[i];
        if (deferred->is_order && deferred->order_shard == shard) {
            feed->touched[deferred->slot] = true;
            ingest->asked[ingest->n_asked++] = i;
        }
    }
    if (ingest->n_asked == first)
        return 0;
    decide_begin(ingest, feed_number, false, call);
    for (size_t i = first; i < ingest->n_asked; i++)
        order_arguments(ingest, &ingest->deferred[ingest->asked[i]], call);
    int r = call_status(call);
    if (r == 0)
        r = flight_take(
            ingest, (struct flight){FLIGHT_DECIDE, feed_number, 0, first, ingest->n_asked - first}, ret_tag);
    if (r < 0)
        return r;
    ranges_sent(ingest, feed, false);
    ingest->step_open++;
    return 1;
}

/* Does counting this deferred event need an answer about its campaign? */
static struct campaign *campaign_asked(struct ingest *ingest, const struct deferred *deferred)
{
    if (deferred->is_order && deferred->verdict == 0)
        return NULL;
    struct campaign *campaign = deferred->campaign;
    if (campaign->admission == ADMISSION_OVERFLOW)
        campaign = ingest->overflow;
    return campaign->admission == ADMISSION_UNKNOWN ? campaign : NULL;
}

static bool is_configured(const struct ingest *ingest, const struct campaign *campaign)
{
    return campaign == ingest->unattributed || campaign == ingest->overflow ||
           table_get(&ingest->rules.book->by_id, campaign->id);
}

static int admit_next(struct ingest *ingest, uint32_t shard, struct call *call, uint64_t *ret_tag)
{
    size_t first = ingest->n_asked;
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        struct campaign *campaign = campaign_asked(ingest, &ingest->deferred[i]);
        if (!campaign || campaign->shard != shard)
            continue;
        if (ingest->n_asked == first) {
            call_begin(call, SCRIPT_ADMIT);
            buffer_clear(&ingest->scratch);
            feed_key(ingest, shard, ":campaigns", &ingest->scratch);
            call_key(call, buffer_span(&ingest->scratch));
            int64_t n_shards = ingest->rules.layout.n_shards;
            call_arg_i64(call, (ingest->rules.campaigns_limit + n_shards - 1) / n_shards);
        }
        campaign->admission = ADMISSION_ASKED;
        call_arg(call, campaign->id);
        call_arg_text(call, is_configured(ingest, campaign) ? "1" : "0");
        ingest->asked[ingest->n_asked++] = i;
    }
    if (ingest->n_asked == first)
        return 0;
    int r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){FLIGHT_ADMIT, shard, 0, first, ingest->n_asked - first},
                        ret_tag);
    if (r < 0)
        return r;
    ingest->step_open++;
    return 1;
}

/* All answers are there: the deferred events are counted in the order in which they were read. */
static int deferred_count(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        struct deferred *deferred = &ingest->deferred[i];
        if (deferred->is_order && deferred->verdict == 0) {
            count_lane(ingest, deferred->slot, deferred->offset, LANE_ORDER, LANE_DUPLICATES);
            continue;
        }
        int r = count_event(ingest, deferred);
        if (r < 0)
            return r;
    }
    ingest->n_deferred = 0;
    ingest->n_asked = 0;
    ingest->asking = false;
    buffer_clear(&ingest->order_ids);
    return 0;
}

/* A round's last answer is there: the next round, or counting. */
static int round_end(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        if (campaign_asked(ingest, &ingest->deferred[i])) {
            round_begin(ingest, ROUND_CAMPAIGNS);
            return 0;
        }
    }
    return deferred_count(ingest);
}

int orders_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    while (ingest->ask_shard < ingest->ask_end) {
        struct shard_feed *feed = &ingest->feeds[ingest->ask_shard];
        if (feed->in_flight)
            return 0;
        bool orders = feed_is_order(ingest, ingest->ask_shard);
        int r = orders ? decide_next(ingest, ingest->ask_shard, call, ret_tag)
                       : admit_next(ingest, ingest->ask_shard, call, ret_tag);
        if (r < 0)
            return r;
        ingest->ask_shard++;
        feed->in_flight = r == 1;
        if (r == 1)
            return 1;
        if (ingest->ask_shard == ingest->ask_end && ingest->step_open == 0) {
            r = round_end(ingest);
            if (r < 0 || !ingest->asking)
                return r;
        }
    }
    return 0;
}

static void decide_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    struct span verdict = reply_at(reply, 0)->text;
    if (span_equal(verdict, span_of("lost"))) {
        ingest_lose(ingest, "the vector of an order shard (%u) is gone",
                    flight.shard - ingest->rules.layout.n_shards);
        return;
    }
    if (!span_equal(verdict, span_of("ok")) || reply->n_elements != flight.n + 1) {
        ingest->counts.refused++;
        ingest_start_over(ingest, INGEST_REGISTERING);
        return;
    }
    ranges_counted(ingest, &ingest->feeds[flight.shard]);
    for (size_t i = 0; i < flight.n; i++)
        ingest->deferred[ingest->asked[flight.first + i]].verdict = reply_i64(reply_at(reply, i + 1), 0) != 0;
}

static void admit_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    if (reply->type != REPLY_ARRAY || reply->n_elements != flight.n) {
        ingest_break(ingest, "admit gave an answer that is not understood");
        return;
    }
    for (size_t i = 0; i < flight.n; i++) {
        struct campaign *campaign = ingest->deferred[ingest->asked[flight.first + i]].campaign;
        if (campaign->admission == ADMISSION_OVERFLOW)
            campaign = ingest->overflow;
        campaign->admission = reply_i64(reply_at(reply, i), 0) ? ADMISSION_OWN : ADMISSION_OVERFLOW;
    }
}

int orders_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    if (flight.kind == FLIGHT_DECIDE)
        decide_reply(ingest, flight, reply);
    else
        admit_reply(ingest, flight, reply);
    if (flight.n == 0 || !ingest->asking ||
        (ingest->phase != INGEST_RUNNING && ingest->phase != INGEST_DRAINING))
        return 0;
    ingest->step_open--;
    return ingest->step_open == 0 && ingest->ask_shard == ingest->ask_end ? round_end(ingest) : 0;
}
