/*
 * How far the lanes of our partitions are: read, decided, counted.
 */
#include "lib/ingest/attribute.h"

int64_t lane_end(const struct ingest *ingest, size_t number, int lane)
{
    const struct slot *slot = &ingest->slots[number];
    if (lane == LANE_TOUCH)
        return slot->position;
    const struct waiting *first = slot->head;
    for (size_t i = 0; i < slot->n_released; i++)
        first = first->next;
    int64_t end = slot->skipped_from != LANE_UNSET ? slot->skipped_from : slot->position;
    return first ? first->offset : end;
}

int64_t ingest_position(const struct ingest *ingest, size_t slot)
{
    return ingest->slots[slot].position;
}

int64_t lane_counted(const struct ingest *ingest, size_t slot, int lane)
{
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < ingest->n_feeds; i++)
        if (ingest->feeds[i].counted[slot_lane(slot, lane)] < least)
            least = ingest->feeds[i].counted[slot_lane(slot, lane)];
    return least;
}

int64_t ingest_counted(const struct ingest *ingest, size_t slot)
{
    int64_t touch = lane_counted(ingest, slot, LANE_TOUCH), order = lane_counted(ingest, slot, LANE_ORDER);
    return touch < order ? touch : order;
}

/* Where the orders lane of a slot ends without what is being decided, and the newest event time there. */
static struct lane_mark decided_end(const struct slot *slot)
{
    if (slot->head)
        return (struct lane_mark){slot->head->offset, slot->decided_newest_ms};
    if (slot->skipped_from != LANE_UNSET)
        return (struct lane_mark){slot->skipped_from, slot->decided_newest_ms};
    bool all = slot->position >= slot->read_newest_from;
    return (struct lane_mark){slot->position, all ? slot->read_newest_ms : slot->decided_newest_ms};
}

/* Keeps decided_counted_newest_ms: the newest event time at an end of the orders lane that every shard has counted. */
static void decided_snapshot(struct ingest *ingest, size_t number)
{
    struct slot *slot = &ingest->slots[number];
    int64_t counted = lane_counted(ingest, number, LANE_ORDER);
    struct lane_mark end = decided_end(slot);
    if (slot->decided_snapshot_offset != LANE_UNSET && counted >= slot->decided_snapshot_offset) {
        slot->decided_counted_newest_ms = slot->decided_snapshot_newest_ms;
        slot->decided_snapshot_offset = LANE_UNSET;
    }
    if (end.offset == counted) {
        slot->decided_counted_newest_ms = end.newest_ms;
    } else if (slot->decided_snapshot_offset == LANE_UNSET) {
        slot->decided_snapshot_offset = end.offset;
        slot->decided_snapshot_newest_ms = end.newest_ms;
    }
}

/* Keeps counted_newest_ms: the newest event time at a position that every shard has counted. */
static void slot_snapshot(struct ingest *ingest, size_t number)
{
    struct slot *slot = &ingest->slots[number];
    int64_t counted = lane_counted(ingest, number, LANE_TOUCH);
    if (slot->snapshot_offset != LANE_UNSET && counted >= slot->snapshot_offset) {
        slot->counted_newest_ms = slot->snapshot_newest_ms;
        slot->snapshot_offset = LANE_UNSET;
    }
    if (slot->position == counted) {
        slot->counted_newest_ms = slot->read_newest_ms;
    } else if (slot->snapshot_offset == LANE_UNSET) {
        slot->snapshot_offset = slot->position;
        slot->snapshot_newest_ms = slot->read_newest_ms;
    }
}

int ingest_tick(struct ingest *ingest, int64_t now_ms)
{
    ingest->now_ms = now_ms;
    if (ingest->campaigns.count > CAMPAIGNS_KNOWN_MAX && ingest->n_pending_cells == 0 &&
        ingest->n_deferred == 0 && campaigns_forget(ingest) < 0)
        return 0; /* tried again at the next tick */
    for (size_t i = 0; i < ingest->n_slots && ingest->phase == INGEST_RUNNING; i++) {
        slot_snapshot(ingest, i);
        decided_snapshot(ingest, i);
    }
    return ingest_checked(ingest, ask_begin(ingest));
}

/* Where all before the first that waits is counted, all that is not waits in memory, unless some were not kept. */
static int64_t waiting_least(const struct slot *slot, int64_t decided)
{
    int64_t least_ms = INT64_MAX;
    for (const struct waiting *waiting = slot->head; waiting; waiting = waiting->next)
        if (!waiting->rejected && waiting->ts_ms < least_ms)
            least_ms = waiting->ts_ms;
    bool all = slot->head && slot->head->offset == decided && slot->skipped_from == LANE_UNSET;
    return all && least_ms != INT64_MAX ? least_ms : NEVER;
}

struct slot_state ingest_slot(const struct ingest *ingest, size_t number)
{
    const struct slot *slot = &ingest->slots[number];
    int64_t decided = lane_counted(ingest, number, LANE_ORDER);
    return (struct slot_state){
        .index = slot->index,
        .position = slot->position,
        .counted = lane_counted(ingest, number, LANE_TOUCH),
        .newest_ms = slot->read_newest_ms,
        .counted_newest_ms = slot->counted_newest_ms,
        .decided = decided,
        .decided_newest_ms = slot->decided_counted_newest_ms,
        .waiting_least_ms = waiting_least(slot, decided),
    };
}
