/*
 * Levelling: a partition whose rules change.
 *
 * DESIGN
 *   Problem   Where another process has read a partition by other rules, some shards may have events that
 * others have not, and he may still be at it: counted as dead by the group, or with calls on their way. An
 * event must not be read by his rules for one shard and by ours for another. Approach  Every shard is moved
 * to a new term first. From then on whoever goes on under an earlier term is refused, so the shards stand
 * still, and where the furthest stands our rules begin. That and the term are written into the registry, if
 * it still says what we read. A partition is only ever read by whoever has seen the registry and every shard
 * at one term, and his own rules as the registry's last ones. Crash     In between, shards are ahead of the
 * registry: whoever comes next takes a term beyond all of them. Rejected  Writing the registry alone: the
 * shards move on between the look at them and the writing.
 */
#include <errno.h>

#include "lib/ingest/attribute.h"

int level_take(struct ingest *ingest, size_t number, int64_t least, int64_t most)
{
    struct slot *slot = &ingest->slots[number];
    int64_t newest_term = slot->term;
    bool apart = false;
    for (uint32_t i = 0; i < ingest->n_feeds; i++) {
        int64_t term = vector_term(buffer_span(&ingest->vectors[i]), slot->index * LANES_PER_PARTITION);
        apart = apart || term != slot->term;
        newest_term = term > newest_term ? term : newest_term;
    }
    slot->fence = apart || !lane_rules_equal(&slot->steps.step[slot->steps.n - 1].rules, &slot->ours);
    slot->term = newest_term + slot->fence;
    int r = lane_steps_take(&slot->steps, &slot->ours, least, most, &slot->entry_changed);
    slot->entry_changed = slot->entry_changed || slot->fence;
    if (r == 0 && slot->term <= LANE_TERM_MAX)
        return 0;
    ingest_break(
        ingest,
        "what decides the counting of %s has changed too often before its shards were level; go back to "
        "the last rules for a moment",
        slot->name);
    return -EINVAL;
}

/* The slots that have to be fenced, at the positions where this feed's shard was seen, and at the new ones.
 */
static void fence_ranges(struct ingest *ingest, uint32_t feed, struct buffer *buffer)
{
    struct span vector = buffer_span(&ingest->vectors[feed]);
    for (size_t i = 0; i < ingest->n_slots; i++) {
        const struct slot *slot = &ingest->slots[i];
        uint32_t first = slot->index * LANES_PER_PARTITION;
        for (uint32_t lane = first; slot->fence && lane < first + LANES_PER_PARTITION; lane++) {
            struct lane_mark mark = vector_get(vector, lane);
            buffer_append_u32(buffer, lane);
            buffer_append_i64(buffer, lane_position(vector_term(vector, lane), mark.offset));
            buffer_append_i64(buffer, lane_position(slot->term, mark.offset));
            buffer_append_i64(buffer, mark.newest_ms);
        }
    }
}

static bool is_fencing(const struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_slots; i++)
        if (ingest->slots[i].fence)
            return true;
    return false;
}

static int fence_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (ingest->step_shard == ingest->n_feeds)
        return 0;
    uint32_t feed = ingest->step_shard;
    CLEANUP(buffer_deinit) struct buffer ranges = BUFFER_INIT;
    fence_ranges(ingest, feed, &ranges);
    int r = buffer_status(&ranges);
    if (r < 0)
        return r;
    switch (feed_family(ingest, feed)) {
    case SHARD_ORDER:
        decide_empty(ingest, feed, buffer_span(&ranges), call);
        break;
    case SHARD_USER:
        keep_empty(ingest, feed, buffer_span(&ranges), call);
        break;
    default:
        apply_empty(ingest, feed, buffer_span(&ranges), call);
    }
    ingest->step_shard++;
    return sync_send(ingest, (struct flight){.kind = FLIGHT_FENCE, .shard = feed}, call, ret_tag);
}

int level_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (is_fencing(ingest))
        return fence_next(ingest, call, ret_tag);
    while (ingest->step_slot < ingest->n_slots && !ingest->slots[ingest->step_slot].entry_changed)
        ingest->step_slot++;
    if (ingest->step_slot == ingest->n_slots)
        return 0;
    struct flight flight = {.kind = FLIGHT_RULES, .slot = ingest->step_slot++};
    return sync_set_lane(ingest, flight, call, ret_tag);
}

static void fence_reply(struct ingest *ingest, uint32_t feed, const struct reply *reply)
{
    struct span verdict = reply_at(reply, 0)->text;
    if (span_equal(verdict, span_of("refused"))) {
        ingest->counts.refused++;
        ingest_start_over(ingest, INGEST_REGISTERING);
    } else if (span_equal(verdict, span_of("lost"))) {
        ingest_lose(ingest, "the vector of shard %u is gone", feed);
    } else if (!span_equal(verdict, span_of("ok"))) {
        ingest_break(ingest, "a shard gave an answer that is not understood");
    } else if (ingest->step_open == 0 && ingest->step_shard == ingest->n_feeds) {
        for (size_t i = 0; i < ingest->n_slots; i++)
            ingest->slots[i].fence = false;
    }
}

static void rules_reply(struct ingest *ingest, size_t slot, const struct reply *reply)
{
    if (reply_i64(reply, 0) != 1) {
        ingest_start_over(ingest, INGEST_REGISTERING);
        return;
    }
    ingest->slots[slot].entry_changed = false;
    for (size_t i = 0; i < ingest->n_slots; i++)
        if (ingest->slots[i].entry_changed)
            return;
    sync_run(ingest);
}

void level_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    if (flight.kind == FLIGHT_FENCE)
        fence_reply(ingest, flight.shard, reply);
    else
        rules_reply(ingest, flight.slot, reply);
}
