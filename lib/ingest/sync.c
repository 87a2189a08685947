/*
 * From an assignment to partitions that may be read.
 *
 * DESIGN
 *   1. Register: the lane registry gives each partition its number and start offset, once for all processes.
 *   2. Open: a partition that is registered as `new` gets an entry in the vector of every shard, where it has
 * none; then it is `ready`. A crash in between leaves `new`, and the next process opens it with the same
 * start.
 *   3. Read: all vectors. A `ready` partition that a shard does not know is loss of data, never a first
 * start.
 *   4. Level: where the partition was read by other rules than ours, the registry says from which offset on
 * ours hold, before anything is read by them (level.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

enum { REGISTRY_TEXT_MAX = 1024 };

void sync_begin(struct ingest *ingest, enum ingest_phase phase)
{
    ingest->phase = phase;
    ingest->step_slot = 0;
    ingest->step_shard = 0;
    ingest->step_open = 0;
    versions_begin(ingest);
}

int sync_send(struct ingest *ingest, struct flight flight, struct call *call, uint64_t *ret_tag)
{
    int r = call_status(call);
    if (r < 0)
        return r;
    r = flight_take(ingest, flight, ret_tag);
    if (r < 0)
        return r == -EAGAIN ? 0 : r;
    ingest->step_open++;
    return 1;
}

static int register_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (ingest->step_slot == ingest->n_slots)
        return 0;
    struct slot *slot = &ingest->slots[ingest->step_slot];
    buffer_clear(&ingest->scratch);
    layout_common_key(&ingest->rules.layout, "lanes", &ingest->scratch);
    call_begin(call, SCRIPT_REGISTER);
    call_key(call, buffer_span(&ingest->scratch));
    call_arg_text(call, slot->name);
    call_arg_i64(call, slot->start_offset);
    CLEANUP(buffer_deinit) struct buffer rules = BUFFER_INIT;
    lane_steps_print(&(struct lane_steps){{{slot->ours, INT64_MAX}}, 1}, &rules);
    call_arg(call, buffer_span(&rules));
    return sync_send(ingest, (struct flight){.kind = FLIGHT_REGISTER, .slot = ingest->step_slot++}, call,
                     ret_tag);
}

/* The registry's text: "INDEX START STATE RULES TERM"; term 0 is left out. */
static int register_reply(struct ingest *ingest, size_t number, const struct reply *reply)
{
    struct slot *slot = &ingest->slots[number];
    char text[REGISTRY_TEXT_MAX];
    if (reply->type != REPLY_TEXT || reply->text.size >= sizeof(text)) {
        ingest_break(ingest, "the lane registry's entry of %s is not readable", slot->name);
        return 0;
    }
    memcpy(text, reply->text.data, reply->text.size);
    text[reply->text.size] = '\0';
    buffer_clear(&slot->entry);
    buffer_append_span(&slot->entry, reply->text);
    char state[16];
    char rules[REGISTRY_TEXT_MAX];
    slot->term = 0;
    if (sscanf(text, "%" SCNu32 " %" SCNd64 " %15s %1023s %" SCNd64, &slot->index, &slot->start_offset, state,
               rules, &slot->term) < 4) {
        ingest_break(ingest, "the lane registry's entry of %s is malformed", slot->name);
        return 0;
    }
    slot->fresh = strcmp(state, "ready") != 0;
    if (lane_steps_parse(rules, &slot->steps) != 0)
        ingest_break(ingest, "the rules in the lane registry's entry of %s are malformed", slot->name);
    return buffer_status(&slot->entry);
}

static void open_call(struct ingest *ingest, struct slot *slot, uint32_t feed, struct call *call)
{
    bool campaign = feed_family(ingest, feed) == SHARD_CAMPAIGN;
    call_begin(call, SCRIPT_OPEN_LANE);
    buffer_clear(&ingest->scratch);
    feed_key(ingest, feed, ":vec", &ingest->scratch);
    call_key(call, buffer_span(&ingest->scratch));
    buffer_clear(&ingest->scratch);
    feed_key(ingest, feed, campaign ? ":journal" : ":none", &ingest->scratch);
    call_key(call, buffer_span(&ingest->scratch));
    call_arg_i64(call, (int64_t)slot->index * LANES_PER_PARTITION);
    buffer_clear(&ingest->scratch);
    for (int lane = 0; lane < LANES_PER_PARTITION; lane++)
        vector_append(&ingest->scratch, (struct lane_mark){slot->start_offset, NEVER});
    call_arg(call, buffer_span(&ingest->scratch));
    call_arg_text(call, campaign ? "1" : "0");
}

int sync_set_lane(struct ingest *ingest, struct flight flight, struct call *call, uint64_t *ret_tag)
{
    struct slot *slot = &ingest->slots[flight.slot];
    call_begin(call, SCRIPT_SET_LANE);
    buffer_clear(&ingest->scratch);
    layout_common_key(&ingest->rules.layout, "lanes", &ingest->scratch);
    call_key(call, buffer_span(&ingest->scratch));
    call_arg_text(call, slot->name);
    call_arg(call, buffer_span(&slot->entry));
    buffer_clear(&slot->entry);
    buffer_printf(&slot->entry, "%" PRIu32 " %" PRId64 " ready ", slot->index, slot->start_offset);
    lane_steps_print(&slot->steps, &slot->entry);
    if (slot->term > 0)
        buffer_printf(&slot->entry, " %" PRId64, slot->term);
    call_arg(call, buffer_span(&slot->entry));
    int r = buffer_status(&slot->entry);
    return r < 0 ? r : sync_send(ingest, flight, call, ret_tag);
}

/* One slot after the other: every shard opens it, and when all have answered it is ready. */
static int open_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    while (ingest->step_slot < ingest->n_slots && !ingest->slots[ingest->step_slot].fresh)
        ingest->step_slot++;
    if (ingest->step_slot == ingest->n_slots) {
        if (ingest->step_open > 0)
            return 0;
        sync_begin(ingest, INGEST_READING);
        return sync_next(ingest, call, ret_tag);
    }
    struct slot *slot = &ingest->slots[ingest->step_slot];
    struct flight flight = {.kind = FLIGHT_OPEN, .slot = ingest->step_slot, .shard = ingest->step_shard};
    if (ingest->step_shard < ingest->n_feeds) {
        open_call(ingest, slot, ingest->step_shard++, call);
    } else if (ingest->step_open == 0) {
        flight.kind = FLIGHT_READY;
        ingest->step_shard = 0;
        ingest->step_slot++;
        return sync_set_lane(ingest, flight, call, ret_tag);
    } else {
        return 0;
    }
    return sync_send(ingest, flight, call, ret_tag);
}

static int vector_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (ingest->step_shard == ingest->n_feeds)
        return 0;
    buffer_clear(&ingest->scratch);
    feed_key(ingest, ingest->step_shard, ":vec", &ingest->scratch);
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "GET");
    call_arg(call, buffer_span(&ingest->scratch));
    return sync_send(ingest, (struct flight){.kind = FLIGHT_VECTOR, .shard = ingest->step_shard++}, call,
                     ret_tag);
}

int sync_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (versions_due(&ingest->versions))
        return versions_next(ingest, call, ret_tag);
    if (ingest->phase == INGEST_REGISTERING)
        return register_next(ingest, call, ret_tag);
    if (ingest->phase == INGEST_OPENING)
        return open_next(ingest, call, ret_tag);
    if (ingest->phase == INGEST_LEVELLING)
        return level_next(ingest, call, ret_tag);
    return vector_next(ingest, call, ret_tag);
}

/* Sets one lane of a slot to the least offset of all shards. False where a shard does not know it. */
static bool lane_position_take(struct ingest *ingest, size_t number, int lane, int64_t *ret_least,
                               int64_t *most)
{
    struct slot *slot = &ingest->slots[number];
    *ret_least = INT64_MAX;
    for (uint32_t i = 0; i < ingest->n_feeds; i++) {
        struct span vector = buffer_span(&ingest->vectors[i]);
        struct lane_mark mark = vector_get(vector, slot->index * LANES_PER_PARTITION + (uint32_t)lane);
        if (mark.offset < 0) {
            ingest_lose(ingest, "shard %u has no position of %s, which is registered", i, slot->name);
            return false;
        }
        ingest->feeds[i].counted[slot_lane(number, lane)] = mark.offset;
        ingest->feeds[i].sent[slot_lane(number, lane)] = mark.offset;
        if (mark.offset > *most)
            *most = mark.offset;
        if (mark.offset < *ret_least) {
            *ret_least = mark.offset;
            slot->newest_ms[lane] = mark.newest_ms;
        }
    }
    return true;
}

/* Sets a slot to where it has to be read from: the least offset of its lanes. */
static bool slot_position(struct ingest *ingest, size_t number)
{
    struct slot *slot = &ingest->slots[number];
    int64_t touch, order, most = 0;
    waiting_forget(ingest, slot);
    if (!lane_position_take(ingest, number, LANE_TOUCH, &touch, &most) ||
        !lane_position_take(ingest, number, LANE_ORDER, &order, &most))
        return false;
    slot->position = touch < order ? touch : order;
    slot->decided_from = order;
    slot->snapshot_offset = LANE_UNSET;
    int64_t newest = slot->newest_ms[LANE_TOUCH];
    slot->read_newest_ms = newest > slot->newest_ms[LANE_ORDER] ? newest : slot->newest_ms[LANE_ORDER];
    slot->counted_newest_ms = slot->read_newest_ms;
    slot->read_newest_from = touch;
    slot->decided_newest_ms = slot->decided_counted_newest_ms = slot->newest_ms[LANE_ORDER];
    slot->decided_snapshot_offset = LANE_UNSET;
    return level_take(ingest, number, slot->position, most) == 0;
}

void sync_run(struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->n_feeds; i++)
        ingest->feeds[i].full_at_ms = ingest->now_ms;
    ingest->epoch++;
    ingest->phase = INGEST_RUNNING;
}

static void positions_known(struct ingest *ingest)
{
    bool changed = false;
    for (size_t i = 0; i < ingest->n_slots; i++) {
        if (!slot_position(ingest, i))
            return;
        changed = changed || ingest->slots[i].entry_changed;
    }
    bool wait = versions_wait(ingest);
    if (ingest->phase != INGEST_READING)
        return;
    if (wait || changed)
        sync_begin(ingest, INGEST_LEVELLING);
    else
        sync_run(ingest);
}

static int vector_reply(struct ingest *ingest, uint32_t feed, const struct reply *reply)
{
    struct buffer *vector = &ingest->vectors[feed];
    buffer_clear(vector);
    if (reply->type != REPLY_TEXT) {
        ingest_lose(ingest, "the vector of shard %u is gone, although its lanes are registered", feed);
        return 0;
    }
    buffer_append_span(vector, reply->text);
    int r = buffer_status(vector);
    if (r == 0 && ingest->step_open == 0 && ingest->step_shard == ingest->n_feeds)
        positions_known(ingest);
    return r;
}

int sync_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    ingest->step_open--;
    int r = 0;
    switch (flight.kind) {
    case FLIGHT_REGISTER:
        r = register_reply(ingest, flight.slot, reply);
        if (ingest->phase == INGEST_REGISTERING && ingest->step_open == 0 &&
            ingest->step_slot == ingest->n_slots)
            sync_begin(ingest, INGEST_OPENING);
        return r;
    case FLIGHT_READY:
        if (reply_i64(reply, 0) == 1)
            ingest->slots[flight.slot].fresh = false;
        else
            ingest_start_over(ingest, INGEST_REGISTERING);
        return 0;
    case FLIGHT_VECTOR:
        return vector_reply(ingest, flight.shard, reply);
    case FLIGHT_FENCE:
    case FLIGHT_RULES:
        level_reply(ingest, flight, reply);
        return 0;
    case FLIGHT_VERSIONS:
        return versions_reply(ingest, reply);
    default:
        return 0;
    }
}
