/*
 * From a message to its place: read, rejected or accepted, counted at once, deferred, or waiting with the orders.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

/* Before which event time an event of this lane is too late for every window, by what the lane has read so far. */
static int64_t late_before(const struct ingest *ingest, const struct slot *slot, int lane)
{
    const struct rule_book *book = ingest->rules.book;
    int64_t newest_ms = slot->newest_ms[lane];
    if (book->tiers.longest_reach_ms == 0 || newest_ms == NEVER)
        return NEVER;
    return newest_ms - book->tiers.longest_reach_ms - book->disorder_ms;
}

/* A rejected message is counted in its place of its lane: in the orders lane perhaps behind orders that wait. */
static int reject(struct ingest *ingest, size_t number, int64_t offset, int reason)
{
    struct slot *slot = &ingest->slots[number];
    enum event_type type = lane_steps_at(&slot->steps, offset)->rules.type;
    if (type != EVENT_ORDER && type != EVENT_REFUND)
        return count_rejected(ingest, number, offset, LANE_TOUCH, (enum reject_reason)reason) ? reason : 0;
    struct shard_feed *counter =
        feed_campaign(ingest, lane_shard(ingest, slot->index * LANES_PER_PARTITION + LANE_ORDER));
    if (offset < counter->sent[slot_lane(number, LANE_ORDER)])
        return 0;
    int r = waiting_keep_rejected(ingest, number, offset, (enum reject_reason)reason);
    return r < 0 ? r : reason;
}

/* The place of an event in its lane: whether it is too late for windows. */
static void lane_place(struct ingest *ingest, struct deferred *event, int lane)
{
    struct slot *slot = &ingest->slots[event->slot];
    int64_t newest_ms = slot->newest_ms[lane];
    event->late_before_ms = late_before(ingest, slot, lane);
    if (event->ts_ms > newest_ms && event->ts_ms != 0) /* spend over a range has no time */
        slot->newest_ms[lane] = event->ts_ms;
}

void orders_place(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_deferred; i++)
        if (ingest->deferred[i].order)
            lane_place(ingest, &ingest->deferred[i], LANE_ORDER);
}

/* Every shard that would count something of a touch has passed it. */
static bool is_passed(struct ingest *ingest, const struct deferred *event)
{
    size_t lane = slot_lane(event->slot, LANE_TOUCH);
    if (event->offset >= feed_campaign(ingest, event->campaign->shard)->sent[lane])
        return false;
    for (int i = 0; i < IDENTITIES_MOST; i++)
        if (event->person[i] && event->offset >= feed_user(ingest, event->person[i]->shard)->sent[lane])
            return false;
    uint32_t counter =
        lane_shard(ingest, ingest->slots[event->slot].index * LANES_PER_PARTITION + LANE_TOUCH);
    return event->offset < feed_campaign(ingest, counter)->sent[lane] &&
           event->campaign->admission == ADMISSION_OWN;
}

/*
 * Counts an accepted event of the touch lane, or defers it until what it needs is known. newest_ms: of all that was read
 * before; what is later than lateness.disorder behind that may come too late for orders.
 */
static int touch_accept(struct ingest *ingest, size_t number, int64_t offset, const struct event *event,
                        int64_t newest_ms)
{
    struct deferred counted = {
        .slot = number,
        .offset = offset,
        .type = event->type,
        .ts_ms = event->ts_ms,
        .cost_micros = event->cost_micros,
        .is_behind = newest_ms != NEVER && event->ts_ms < newest_ms - ingest->rules.book->disorder_ms,
    };
    lane_place(ingest, &counted, LANE_TOUCH);
    if (event->type == EVENT_ENGAGEMENT)
        counted.measures = measures_of_action(&ingest->rules.book->measures, event->action);
    int r = campaign_find(ingest, event->campaign_id, &counted.campaign);
    bool is_touch = false;
    if (r == 0)
        r = touch_defer(ingest, event, &counted, &is_touch);
    if (r < 0)
        return r;
    bool known =
        counted.campaign->admission == ADMISSION_OWN ||
        (counted.campaign->admission == ADMISSION_OVERFLOW && ingest->overflow->admission == ADMISSION_OWN);
    if (event->type == EVENT_SPEND)
        return spend_accept(ingest, event, &counted, known);
    if (known && !is_touch)
        return count_event(ingest, &counted);
    if (is_touch && is_passed(ingest, &counted)) {
        if (ingest->n_deferred == 0)
            persons_forget(ingest); /* nobody will ask about them */
        return 0;
    }
    ingest->urgent = ingest->urgent || !known;
    return defer_event(ingest, counted);
}

static int event_accept(struct ingest *ingest, size_t number, int64_t offset, const struct event *event,
                        struct span key, struct span value)
{
    struct slot *slot = &ingest->slots[number];
    int64_t newest_ms = slot->read_newest_ms;
    if (event->ts_ms > newest_ms && event->ts_ms != 0)
        slot->read_newest_ms = event->ts_ms;
    if (event->type == EVENT_ORDER || event->type == EVENT_REFUND)
        return waiting_keep(ingest, number, offset, event, key, value);
    return touch_accept(ingest, number, offset, event, newest_ms);
}

int ingest_read(struct ingest *ingest, size_t number, const struct ingest_record *record)
{
    struct slot *slot = &ingest->slots[number];
    int64_t offset = record->offset;
    if (offset < slot->position)
        return INGEST_STALE;
    struct event event;
    int r = ingest_checked(ingest, reading_decode(ingest, slot, record, &event));
    if (r < 0)
        return r;
    slot->position = offset + 1;
    ingest->counts.messages++;
    if (r > 0)
        return reject(ingest, number, offset, r);
    return ingest_checked(ingest, event_accept(ingest, number, offset, &event, record->key, record->value));
}

void ingest_advance(struct ingest *ingest, size_t slot, int64_t offset)
{
    if (offset > ingest->slots[slot].position)
        ingest->slots[slot].position = offset;
}

bool flush_comes_first(const struct ingest *ingest)
{
    bool due = false;
    for (uint32_t i = 0; i < ingest->rules.layout.n_shards; i++) {
        const struct shard_feed *feed = &ingest->feeds[i];
        if (feed->n_cells + feed->spend.n >= PENDING_CELLS_MAX)
            return true;
        due = due || flush_is_due(ingest, feed);
    }
    return due && (ingest->n_letters > 0 || ingest->n_deferred == 0);
}

bool ingest_wants_input(const struct ingest *ingest)
{
    if (ingest->phase != INGEST_RUNNING || ingest->asking || ingest->n_deferred >= TOUCHES_DUE ||
        ingest->campaigns.count > CAMPAIGNS_KNOWN_MAX)
        return false;
    return !flush_comes_first(ingest);
}
