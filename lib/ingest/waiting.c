/*
 * Orders that wait: what the orders lane of a partition has read and not decided.
 *
 * DESIGN
 *   Problem   Topics are read at different speeds; an order that is decided before its click is read is credited wrongly.
 * Approach  Orders and refunds of a partition wait in a queue, in offset order. The orders lane ends where the queue begins,
 * whatever the touch lane has passed: nothing else waits with them. The head is released when the readers of all
 * partitions say that no touch before its time is still expected; that is looked at again in the shards that hold its
 * touches (orders_hold). Refunds go with the orders, and what needs no touches waits only for those before it. Bound  A
 * partition whose queue is full is read on only as far as others wait for its touches; orders beyond are not kept, and
 * the partition is read again from there when the queue is empty.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

static size_t waiting_most(const struct ingest *ingest)
{
    size_t all = ingest->rules.waiting_most ? ingest->rules.waiting_most : INGEST_WAITING_MOST;
    size_t most = all / ingest->n_slots, least = all < WAITING_LEAST ? all : WAITING_LEAST;
    return most > least ? most : least;
}

/* The parts of an order that are kept behind its struct. */
struct parts {
    struct buffer bytes;
    size_t ends[8];
    size_t n;
};

static void parts_deinit(struct parts *parts)
{
    buffer_deinit(&parts->bytes);
}

static void part_add(struct parts *parts, struct span part)
{
    buffer_append_span(&parts->bytes, part);
    parts->ends[parts->n++] = parts->bytes.size;
}

static struct span part_of(const struct parts *parts, const char *base, size_t i)
{
    size_t begin = i ? parts->ends[i - 1] : 0;
    return span_from(base + begin, parts->ends[i] - begin);
}

static void identity_add(struct parts *parts, const struct identity_rules *rules, enum identity_kind kind,
                         struct span id)
{
    if (id.size)
        identity_append(rules, kind, id, &parts->bytes);
    parts->ends[parts->n++] = parts->bytes.size;
}

/* Copies the spans of an order behind its struct. NULL: no memory. */
static struct waiting *waiting_new(const struct ingest *ingest, const struct event *event, struct span key,
                                   struct span value)
{
    const struct attribution_rules *rules = &ingest->rules.attribution;
    bool refund = event->type == EVENT_REFUND;
    bool trusted = !refund && rules->trust_order_campaign && event->campaign_id.size;
    bool identified = !refund && !trusted;
    CLEANUP(parts_deinit) struct parts parts = {0};
    part_add(&parts, event->order_id);
    part_add(&parts, refund ? event->refund_id : event->kind);
    part_add(&parts, trusted ? event->campaign_id : (struct span){0});
    identity_add(&parts, &rules->identities, IDENTITY_USER, identified ? event->user_id : (struct span){0});
    identity_add(&parts, &rules->identities, IDENTITY_CLICK, identified ? event->click_id : (struct span){0});
    part_add(&parts, refund ? key : (struct span){0});
    part_add(&parts, refund ? value : (struct span){0});
    struct waiting *waiting = NULL;
    if (buffer_status(&parts.bytes) == 0)
        waiting = malloc(sizeof(*waiting) + parts.bytes.size);
    if (!waiting)
        return NULL;
    char *base = (char *)(waiting + 1);
    memcpy(base, parts.bytes.data, parts.bytes.size);
    *waiting = (struct waiting){
        .bytes = sizeof(*waiting) + parts.bytes.size,
        .type = event->type,
        .ts_ms = event->ts_ms,
        .until_ms = event->ts_ms,
        .revenue_micros = event->revenue_micros,
        .margin_micros = event->margin_micros,
        .amount_micros = event->amount_micros,
        .all_left = event->all_left,
        .has_key = key.data != NULL,
        .order_id = part_of(&parts, base, 0),
        .kind = refund ? (struct span){0} : part_of(&parts, base, 1),
        .refund_id = refund ? part_of(&parts, base, 1) : (struct span){0},
        .campaign_id = part_of(&parts, base, 2),
        .identity = {part_of(&parts, base, 3), part_of(&parts, base, 4)},
        .key = part_of(&parts, base, 5),
        .value = part_of(&parts, base, 6),
    };
    waiting->waits = waiting->identity[0].size || waiting->identity[1].size;
    memcpy(waiting->currency, event->currency, sizeof(waiting->currency));
    return waiting;
}

/* Few are kept whatever their size, so that a partition always comes on. */
static bool is_full(const struct ingest *ingest, const struct slot *slot)
{
    return slot->n_waiting >= waiting_most(ingest) ||
           (slot->n_waiting >= WAITING_FEW && slot->waiting_bytes >= WAITING_BYTES_MOST / ingest->n_slots);
}

/* Whether there is room; else the partition will be read again from here. */
static bool has_room(const struct ingest *ingest, struct slot *slot, int64_t offset)
{
    if (slot->skipped_from == LANE_UNSET && !is_full(ingest, slot))
        return true;
    if (slot->skipped_from == LANE_UNSET)
        slot->skipped_from = offset;
    return false;
}

static void queue_push(struct ingest *ingest, struct slot *slot, int64_t offset, struct waiting *waiting)
{
    waiting->offset = offset;
    if (slot->tail)
        slot->tail->next = waiting;
    else
        slot->head = waiting;
    slot->tail = waiting;
    slot->n_waiting++;
    slot->waiting_bytes += waiting->bytes;
    ingest->n_waiting++;
}

int waiting_keep(struct ingest *ingest, size_t number, int64_t offset, const struct event *event,
                 struct span key, struct span value)
{
    struct slot *slot = &ingest->slots[number];
    if (offset < slot->decided_from || !has_room(ingest, slot, offset))
        return 0;
    struct waiting *waiting = waiting_new(ingest, event, key, value);
    if (!waiting)
        return -ENOMEM;
    queue_push(ingest, slot, offset, waiting);
    return 0;
}

int waiting_keep_rejected(struct ingest *ingest, size_t number, int64_t offset, enum reject_reason reason)
{
    struct slot *slot = &ingest->slots[number];
    if (!slot->head && slot->skipped_from == LANE_UNSET) {
        (void)count_rejected(ingest, number, offset, LANE_ORDER, reason);
        return 0;
    }
    if (!has_room(ingest, slot, offset))
        return 0;
    struct waiting *waiting = malloc(sizeof(*waiting));
    if (!waiting)
        return -ENOMEM;
    *waiting = (struct waiting){.bytes = sizeof(*waiting), .rejected = reason};
    queue_push(ingest, slot, offset, waiting);
    return 0;
}

static void head_take(struct ingest *ingest, size_t number)
{
    struct slot *slot = &ingest->slots[number];
    struct waiting *head = slot->head;
    slot->head = head->next;
    if (!slot->head)
        slot->tail = NULL;
    slot->n_waiting--;
    slot->waiting_bytes -= head->bytes;
    ingest->n_waiting--;
    if (head->rejected)
        (void)count_rejected(ingest, number, head->offset, LANE_ORDER, head->rejected);
    free(head);
}

/*
 * No lane goes beyond the clock: an order that is further ahead would wait, and all behind it, until its time has come. It
 * waits until the lanes stand beyond the time at which it was first looked at.
 */
static bool is_awaited(const struct ingest *ingest, struct waiting *waiting)
{
    const struct completeness *complete = &ingest->complete;
    if (!waiting->waits)
        return false;
    if (complete->by_marks_ms == NEVER)
        return true;
    if (waiting->until_ms > complete->lanes.cap_ms)
        waiting->until_ms = complete->lanes.cap_ms - complete->lanes.disorder_ms;
    return !is_complete(complete, complete->by_marks_ms, waiting->until_ms);
}

/* One order more of this slot is released. False where the next has to wait on. */
static bool release_one(struct ingest *ingest, size_t number, struct waiting *waiting, int *ret_error)
{
    if (waiting->rejected) {
        ingest->slots[number].n_released++;
        return true;
    }
    if (is_awaited(ingest, waiting))
        return false;
    struct deferred deferred = {.slot = number,
                                .offset = waiting->offset,
                                .order = waiting,
                                .late_before_ms = NEVER,
                                .type = waiting->type,
                                .ts_ms = waiting->ts_ms};
    int r = record_find(ingest, waiting->order_id, &deferred.record);
    for (int i = 0; r == 0 && i < IDENTITIES_MOST; i++)
        if (waiting->identity[i].size)
            r = person_find(ingest, waiting->identity[i], &deferred.person[i]);
    if (r == 0)
        r = defer_event(ingest, deferred);
    if (r == 0)
        ingest->slots[number].n_released++;
    *ret_error = r;
    return r == 0;
}

int waiting_release(struct ingest *ingest)
{
    size_t n = 0;
    for (size_t i = 0; i < ingest->n_slots; i++) {
        const struct slot *slot = &ingest->slots[i];
        while (slot->n_released == 0 && slot->head && slot->head->rejected)
            head_take(ingest, i);
        struct waiting *waiting = slot->head;
        int r = 0;
        for (size_t k = 0; k < slot->n_released; k++)
            waiting = waiting->next;
        for (; waiting && n < RELEASED_MOST && release_one(ingest, i, waiting, &r); n++)
            waiting = waiting->next;
        if (r < 0)
            return r;
    }
    ingest->urgent = ingest->urgent || n > 0;
    return 0;
}

void waiting_hold(struct ingest *ingest, size_t number, int64_t offset)
{
    size_t kept = 0;
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        const struct deferred *deferred = &ingest->deferred[i];
        if (!deferred->order || deferred->slot != number || deferred->offset < offset)
            ingest->deferred[kept++] = *deferred;
    }
    ingest->n_deferred = kept;
    struct slot *slot = &ingest->slots[number];
    const struct waiting *waiting = slot->head;
    for (slot->n_released = 0; waiting && waiting->offset < offset; waiting = waiting->next)
        slot->n_released++;
}

void waiting_decided(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_slots; i++) {
        struct slot *slot = &ingest->slots[i];
        for (; slot->n_released > 0; slot->n_released--)
            head_take(ingest, i);
        slot->decided_newest_ms = slot->newest_ms[LANE_ORDER];
    }
}

void waiting_forget(struct ingest *ingest, struct slot *slot)
{
    ingest->n_waiting -= slot->n_waiting;
    while (slot->head) {
        struct waiting *next = slot->head->next;
        free(slot->head);
        slot->head = next;
    }
    slot->tail = NULL;
    slot->n_waiting = 0;
    slot->waiting_bytes = 0;
    slot->n_released = 0;
    slot->skipped_from = LANE_UNSET;
}

bool waiting_read_again(const struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_slots; i++) {
        int64_t skipped_from = ingest->slots[i].skipped_from;
        /* What was decided and is not counted by all shards would be read again too, and for ever. */
        if (skipped_from != LANE_UNSET && !ingest->slots[i].head &&
            lane_counted(ingest, i, LANE_ORDER) >= skipped_from)
            return true;
    }
    return false;
}

/* Whether some head waits for touches that this partition may still bring. */
static bool is_waited_for(const struct ingest *ingest, const struct slot *slot)
{
    const struct lanes *lanes = &ingest->complete.lanes;
    int64_t complete_ms = slot->read_newest_ms == NEVER ? NEVER : slot->read_newest_ms - lanes->disorder_ms;
    for (size_t i = 0; i < ingest->n_slots; i++)
        if (ingest->slots[i].head && ingest->slots[i].head->until_ms >= complete_ms)
            return true;
    return false;
}

bool ingest_wants_slot(const struct ingest *ingest, size_t number)
{
    const struct slot *slot = &ingest->slots[number];
    return !is_full(ingest, slot) || is_waited_for(ingest, slot);
}
