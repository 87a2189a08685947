/*
 * What has to be asked before an event can be counted: was this click counted before, who earned this order and what
 * became of its id, and is this campaign counted under its own name?
 *
 * DESIGN
 *   Questions are asked in rounds, about all that is deferred: first the user shards say what they hold of the identities,
 * and touches are stored there (people.c); then the order shards say what their ledger knows of the order
 * ids; what the batch adds to it is worked out here and stored under a compare, together with the offsets; then the
 * campaign shards are asked about campaigns that no event has named before (a repeated order admits none). Nothing is
 * read and nothing is sent meanwhile, so that no range can end behind an event that is still waiting. An order that
 * its order shard has passed already is asked about all the same: it finds in the record what it came to.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

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

int defer_event(struct ingest *ingest, struct deferred deferred)
{
    if (ingest->n_deferred == ingest->deferred_capacity) {
        size_t capacity = ingest->deferred_capacity ? ingest->deferred_capacity * 2 : 256;
        struct deferred *grown = realloc(ingest->deferred, capacity * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        ingest->deferred = grown;
        ingest->deferred_capacity = capacity;
    }
    if (ingest->n_deferred == 0)
        ingest->deferred_since_ms = ingest->now_ms;
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
    ingest->urgent = false;
    buffer_clear(&ingest->texts);
    records_forget(ingest);
    persons_forget(ingest);
}

/* The family of feeds that a round asks: 0 campaign shards, 1 order shards, 2 user shards. */
static uint32_t round_family(enum ask_round round)
{
    static const uint32_t families[] = {
        [ROUND_LOOK] = 2, [ROUND_KEEP] = 2, [ROUND_LEDGER] = 1, [ROUND_DECIDE] = 1, [ROUND_CAMPAIGNS] = 0};
    return families[round];
}

static void round_begin(struct ingest *ingest, enum ask_round round)
{
    uint32_t n_shards = ingest->rules.layout.n_shards;
    ingest->round = round;
    ingest->ask_shard = round_family(round) * n_shards;
    ingest->ask_end = ingest->ask_shard + n_shards;
    ingest->n_asked = 0;
    ingest->step_open = 0;
}

static bool is_due(const struct ingest *ingest)
{
    bool time = ingest->now_ms - ingest->deferred_since_ms >= ingest->rules.flush_ms / 2;
    return ingest->urgent || time || ingest->n_deferred >= TOUCHES_DUE || ingest->phase == INGEST_DRAINING;
}

int ask_begin(struct ingest *ingest)
{
    if (ingest->asking || (ingest->phase != INGEST_RUNNING && ingest->phase != INGEST_DRAINING))
        return 0;
    int r = ingest->phase == INGEST_RUNNING && !flush_comes_first(ingest) ? waiting_release(ingest) : 0;
    if (r < 0)
        return r;
    if (ingest->n_deferred > 0 && is_due(ingest)) {
        ingest->asking = true;
        round_begin(ingest, ROUND_LOOK);
    } else if (ingest->n_deferred == 0 && waiting_read_again(ingest)) {
        ingest_start_over(ingest, INGEST_REGISTERING);
    }
    return 0;
}

int ingest_batch_end(struct ingest *ingest)
{
    return ingest_checked(ingest, ask_begin(ingest));
}

static bool any_campaign_is_unknown(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++)
        if (touch_counts(&ingest->deferred[i]) && campaign_asked(ingest, ingest->deferred[i].campaign))
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
        if (!ingest->deferred[i].order)
            r = ingest->deferred[i].type == EVENT_SPEND ? spend_count_deferred(ingest, &ingest->deferred[i])
                                                        : count_event(ingest, &ingest->deferred[i]);
    r = r < 0 ? r : bookings_count(ingest);
    if (r < 0)
        return r;
    orders_forget(ingest); /* first: what was deferred points to the orders */
    waiting_decided(ingest);
    return 0;
}

/* A round's last answer is there: the next round, or counting. */
static int round_end(struct ingest *ingest)
{
    int r = 0;
    switch (ingest->round) {
    case ROUND_LOOK:
        r = orders_hold(ingest);
        r = r < 0 ? r : touches_store(ingest);
        orders_place(ingest);
        break;
    case ROUND_LEDGER:
        r = records_judge(ingest);
        break;
    case ROUND_DECIDE:
        r = bookings_make(ingest);
        break;
    default:
        break;
    }
    if (r < 0)
        return r;
    if (ingest->round < ROUND_DECIDE) {
        round_begin(ingest, ingest->round + 1);
        return 0;
    }
    if (any_campaign_is_unknown(ingest)) {
        round_begin(ingest, ROUND_CAMPAIGNS);
        return 0;
    }
    return deferred_count(ingest);
}

static int ask_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    switch (ingest->round) {
    case ROUND_LOOK:
        return look_next(ingest, feed, call, ret_tag);
    case ROUND_KEEP:
        return keep_next(ingest, feed, call, ret_tag);
    case ROUND_LEDGER:
        return record_read_next(ingest, feed, call, ret_tag);
    case ROUND_DECIDE:
        return decide_next(ingest, feed, call, ret_tag);
    default:
        return admit_next(ingest, feed, call, ret_tag);
    }
}

/* No shard passes a message whose dead letter is not acknowledged. */
static bool round_waits(const struct ingest *ingest)
{
    return (ingest->round == ROUND_KEEP || ingest->round == ROUND_DECIDE) && letters_wait(ingest);
}

int orders_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (round_waits(ingest))
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
            if (r < 0 || round_waits(ingest))
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
    else if (flight.kind == FLIGHT_LOOK)
        r = look_reply(ingest, flight, reply);
    else if (flight.kind == FLIGHT_KEEP)
        keep_reply(ingest, flight, reply);
    else
        admit_reply(ingest, flight, reply);
    bool running = ingest->phase == INGEST_RUNNING || ingest->phase == INGEST_DRAINING;
    if (r < 0 || flight.n == 0 || !ingest->asking || !running)
        return r;
    ingest->step_open--;
    return ingest->step_open == 0 && ingest->ask_shard == ingest->ask_end ? round_end(ingest) : 0;
}
