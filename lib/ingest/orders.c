/*
 * What has to be asked before an event can be counted: what became of this order id, and is this campaign counted
 * under its own name?
 *
 * DESIGN
 *   A batch's questions are asked in rounds: first the order shards say what their ledger knows of the batch's order
 * ids; what the batch adds to it is worked out here and stored under a compare, together with the offsets; then the
 * campaign shards are asked about campaigns that no event has named before (a repeated order admits none). Nothing is
 * read and nothing is sent meanwhile, so that no range can end behind an event that is still waiting. An order that
 * its order shard has passed already is asked about all the same: it finds in the record what it came to.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/internal.h"

/* Has everybody who counts something of this order passed it? */
static bool is_passed(struct ingest *ingest, const struct deferred *deferred)
{
    uint32_t lane = ingest->slots[deferred->slot].index * LANES_PER_PARTITION + LANE_ORDER;
    int64_t counter_sent = feed_campaign(ingest, lane_shard(ingest, lane))->sent[deferred->slot];
    int64_t order_sent = feed_order(ingest, deferred->record->shard)->sent[deferred->slot];
    if (deferred->type == EVENT_REFUND || deferred->campaign->admission != ADMISSION_OWN)
        return false; /* who has to count it is not known before the answers */
    return deferred->offset < feed_campaign(ingest, deferred->campaign->shard)->sent[deferred->slot] &&
           deferred->offset < order_sent && deferred->offset < counter_sent;
}

struct span text_of(const struct ingest *ingest, struct text_at at)
{
    return span_from(ingest->texts.data + at.at, at.size);
}

int text_keep(struct ingest *ingest, struct span text, struct text_at *ret_at)
{
    *ret_at = (struct text_at){ingest->texts.size, (uint32_t)text.size};
    buffer_append_span(&ingest->texts, text);
    return buffer_status(&ingest->texts);
}

int defer_event(struct ingest *ingest, const struct event *event, struct deferred deferred)
{
    if (deferred.is_order) {
        int r = record_find(ingest, event->order_id, &deferred.record);
        r = r < 0 ? r : text_keep(ingest, event->kind, &deferred.kind);
        if (r < 0 || is_passed(ingest, &deferred))
            return r;
    }
    if (ingest->n_deferred == ingest->deferred_capacity) {
        size_t capacity = ingest->deferred_capacity ? ingest->deferred_capacity * 2 : 256;
        struct deferred *grown = realloc(ingest->deferred, capacity * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        ingest->deferred = grown;
        ingest->deferred_capacity = capacity;
    }
    ingest->deferred[ingest->n_deferred++] = deferred;
    return 0;
}

int asked_push(struct ingest *ingest, void *subject)
{
    if (ingest->n_asked == ingest->asked_capacity) {
        size_t capacity = ingest->asked_capacity ? ingest->asked_capacity * 2 : 256;
        void **grown = realloc(ingest->asked, capacity * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        ingest->asked = grown;
        ingest->asked_capacity = capacity;
    }
    ingest->asked[ingest->n_asked++] = subject;
    return 0;
}

void orders_forget(struct ingest *ingest)
{
    ingest->n_deferred = 0;
    ingest->n_asked = 0;
    ingest->n_bookings = 0;
    ingest->n_found = 0;
    ingest->n_found_taken = 0;
    ingest->asking = false;
    buffer_clear(&ingest->texts);
    records_forget(ingest);
}

static void round_begin(struct ingest *ingest, enum ask_round round)
{
    uint32_t n_shards = ingest->rules.layout.n_shards;
    ingest->round = round;
    ingest->ask_shard = round == ROUND_CAMPAIGNS ? 0 : n_shards;
    ingest->ask_end = round == ROUND_CAMPAIGNS ? n_shards : ingest->n_feeds;
    ingest->n_asked = 0;
    ingest->step_open = 0;
}

int ingest_batch_end(struct ingest *ingest)
{
    if (ingest->n_deferred > 0 && !ingest->asking) {
        ingest->asking = true;
        round_begin(ingest, ROUND_LEDGER);
    }
    return 0;
}

static bool any_campaign_is_unknown(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++)
        if (!ingest->deferred[i].is_order && campaign_asked(ingest, ingest->deferred[i].campaign))
            return true;
    for (size_t i = 0; i < ingest->n_bookings; i++)
        if (campaign_asked(ingest, ingest->bookings[i].campaign))
            return true;
    return false;
}

/* All answers are there. */
static int deferred_count(struct ingest *ingest)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ingest->n_deferred; i++)
        if (!ingest->deferred[i].is_order)
            r = ingest->deferred[i].type == EVENT_SPEND ? spend_count_deferred(ingest, &ingest->deferred[i])
                                                        : count_event(ingest, &ingest->deferred[i]);
    r = r < 0 ? r : bookings_count(ingest);
    if (r == 0)
        orders_forget(ingest);
    return r;
}

/* A round's last answer is there: the next round, or counting. */
static int round_end(struct ingest *ingest)
{
    int r = 0;
    if (ingest->round == ROUND_LEDGER) {
        r = records_judge(ingest);
        if (r == 0)
            round_begin(ingest, ROUND_DECIDE);
        return r;
    }
    if (ingest->round == ROUND_DECIDE)
        r = bookings_make(ingest);
    if (r < 0)
        return r;
    if (any_campaign_is_unknown(ingest)) {
        round_begin(ingest, ROUND_CAMPAIGNS);
        return 0;
    }
    return deferred_count(ingest);
}

static int ask_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    switch (ingest->round) {
    case ROUND_LEDGER:
        return record_read_next(ingest, feed, call, ret_tag);
    case ROUND_DECIDE:
        return decide_next(ingest, feed, call, ret_tag);
    default:
        return admit_next(ingest, feed, call, ret_tag);
    }
}

int orders_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    /* No shard passes a message whose dead letter is not acknowledged. */
    if (ingest->round == ROUND_DECIDE && letters_wait(ingest))
        return 0;
    while (ingest->asking && ingest->ask_shard < ingest->ask_end) {
        struct shard_feed *feed = &ingest->feeds[ingest->ask_shard];
        if (feed->in_flight)
            return 0;
        int r = ask_next(ingest, ingest->ask_shard, call, ret_tag);
        if (r < 0)
            return r;
        ingest->ask_shard++;
        if (r == 1) {
            feed->in_flight = true;
            ingest->step_open++;
            return 1;
        }
        if (ingest->ask_shard == ingest->ask_end && ingest->step_open == 0) {
            r = round_end(ingest);
            if (r < 0 || (ingest->round == ROUND_DECIDE && letters_wait(ingest)))
                return r;
        }
    }
    return 0;
}

int orders_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    int r = 0;
    if (flight.kind == FLIGHT_LEDGER)
        r = record_read_reply(ingest, flight, reply);
    else if (flight.kind == FLIGHT_DECIDE)
        r = decide_reply(ingest, flight, reply);
    else
        admit_reply(ingest, flight, reply);
    bool running = ingest->phase == INGEST_RUNNING || ingest->phase == INGEST_DRAINING;
    if (r < 0 || flight.n == 0 || !ingest->asking || !running)
        return r;
    ingest->step_open--;
    return ingest->step_open == 0 && ingest->ask_shard == ingest->ask_end ? round_end(ingest) : 0;
}
