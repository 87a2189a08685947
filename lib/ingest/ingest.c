#include "lib/ingest/attribute.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *ingest_phase_name(enum ingest_phase phase)
{
    static const char *const names[] = {"idle",    "registering", "opening",  "reading", "levelling",
                                        "running", "draining",    "settling", "broken",  "lost"};
    return names[phase];
}

void feed_key(struct ingest *ingest, uint32_t feed, const char *part, struct buffer *buffer)
{
    const struct layout *layout = &ingest->rules.layout;
    layout_shard_key(layout, feed_family(ingest, feed), feed % layout->n_shards, part, buffer);
}

static void flights_reset(struct ingest *ingest)
{
    ingest->n_free = CALLS_MAX;
    for (uint32_t i = 0; i < CALLS_MAX; i++) {
        ingest->flights[i].kind = FLIGHT_FREE;
        ingest->free_flights[i] = CALLS_MAX - 1 - i;
    }
}

int ingest_new(const struct ingest_rules *rules, struct ingest **ret_ingest)
{
    struct ingest *ingest = calloc(1, sizeof(*ingest));
    if (!ingest)
        return -ENOMEM;
    ingest->rules = *rules;
    ingest->n_feeds = rules->layout.n_shards * N_SHARD_FAMILIES;
    ingest->complete.by_marks_ms = NEVER;
    ingest->passed_ms = NEVER;
    flights_reset(ingest);
    int r = -ENOMEM;
    ingest->feeds = calloc(ingest->n_feeds, sizeof(*ingest->feeds));
    ingest->vectors = calloc(ingest->n_feeds, sizeof(*ingest->vectors));
    ingest->look_complete_ms = calloc(rules->layout.n_shards, sizeof(*ingest->look_complete_ms));
    if (ingest->feeds && ingest->vectors && ingest->look_complete_ms)
        r = decoder_new(&rules->decode, &ingest->decoder);
    if (r == 0)
        r = campaign_find(ingest, span_of(CAMPAIGN_UNATTRIBUTED), &ingest->unattributed);
    if (r == 0)
        r = campaign_find(ingest, span_of(CAMPAIGN_OVERFLOW), &ingest->overflow);
    if (r < 0) {
        ingest_free(ingest);
        return r;
    }
    *ret_ingest = ingest;
    return 0;
}

static void slots_free(struct ingest *ingest)
{
    versions_forget(ingest);
    for (uint32_t i = 0; ingest->feeds && i < ingest->n_feeds; i++)
        feed_deinit(ingest, &ingest->feeds[i]);
    for (size_t i = 0; i < ingest->n_slots; i++) {
        waiting_forget(ingest, &ingest->slots[i]);
        reading_end(&ingest->slots[i]);
        buffer_deinit(&ingest->slots[i].entry);
        free(ingest->slots[i].name);
    }
    free(ingest->slots);
    ingest->slots = NULL;
    ingest->n_slots = 0;
}

void ingest_free(struct ingest *ingest)
{
    if (!ingest)
        return;
    slots_free(ingest);
    for (uint32_t i = 0; ingest->vectors && i < ingest->n_feeds; i++)
        buffer_deinit(&ingest->vectors[i]);
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&ingest->campaigns, &cursor));)
        free(entry->value);
    table_deinit(&ingest->campaigns);
    topics_free(ingest);
    buffer_deinit(&ingest->scratch);
    orders_forget(ingest);
    expiry_forget(ingest);
    fade_forget(ingest);
    completeness_deinit(&ingest->complete);
    for (int i = 0; i < IDENTITIES_MOST; i++)
        touch_record_deinit(&ingest->touches[i]);
    for (size_t i = 0; i < ingest->n_lane_names; i++)
        free(ingest->lane_names[i]);
    free(ingest->lane_names);
    free(ingest->look_complete_ms);
    free(ingest->fates);
    free(ingest->seen);
    buffer_deinit(&ingest->texts);
    ledger_deinit(&ingest->ledger);
    free(ingest->bookings);
    free(ingest->found);
    free(ingest->asked);
    free(ingest->deferred);
    free(ingest->vectors);
    free(ingest->feeds);
    decoder_free(ingest->decoder);
    free(ingest);
}

static int feed_alloc(struct shard_feed *feed, size_t n_slots)
{
    *feed = (struct shard_feed){0};
    feed->counted = calloc(n_slots * LANES_PER_PARTITION, sizeof(*feed->counted));
    feed->sent = calloc(n_slots * LANES_PER_PARTITION, sizeof(*feed->sent));
    feed->touched = calloc(n_slots, sizeof(*feed->touched));
    return feed->counted && feed->sent && feed->touched ? 0 : -ENOMEM;
}

static int slot_fill(struct ingest *ingest, struct slot *slot, const struct ingest_partition *partition)
{
    int size = snprintf(NULL, 0, "%s:%d", partition->topic, partition->partition);
    slot->name = malloc((size_t)size + 1);
    if (!slot->name)
        return -ENOMEM;
    snprintf(slot->name, (size_t)size + 1, "%s:%d", partition->topic, partition->partition);
    reading_begin(ingest, slot, partition->topic, partition->type);
    slot->start_offset = partition->start_offset;
    slot->skipped_from = LANE_UNSET;
    return topic_find(ingest, partition->topic, &slot->topic);
}

int ingest_assign(struct ingest *ingest, const struct ingest_partition *partitions, size_t n)
{
    if (ingest->phase != INGEST_IDLE)
        return -EBUSY;
    slots_free(ingest);
    if (n == 0)
        return 0;
    ingest->slots = calloc(n, sizeof(*ingest->slots));
    if (!ingest->slots)
        return -ENOMEM;
    ingest->n_slots = n;
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = slot_fill(ingest, &ingest->slots[i], &partitions[i]);
    for (uint32_t i = 0; r == 0 && i < ingest->n_feeds; i++)
        r = feed_alloc(&ingest->feeds[i], n);
    if (r < 0) {
        slots_free(ingest);
        return r;
    }
    sync_begin(ingest, INGEST_REGISTERING);
    return 0;
}

/* Everything in memory that is not counted is forgotten: it will be read again. */
static void ingest_forget(struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->n_feeds; i++)
        feed_clear(ingest, &ingest->feeds[i]);
    for (size_t i = 0; i < ingest->n_slots; i++) {
        memset(ingest->slots[i].counters, 0, sizeof(ingest->slots[i].counters));
        memset(ingest->slots[i].sent_counters, 0, sizeof(ingest->slots[i].sent_counters));
    }
    orders_forget(ingest);
    expiry_forget(ingest);
    fade_forget(ingest);
    for (size_t i = 0; i < ingest->n_slots; i++)
        waiting_forget(ingest, &ingest->slots[i]);
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&ingest->campaigns, &cursor));) {
        struct campaign *campaign = entry->value;
        if (campaign->admission == ADMISSION_ASKED)
            campaign->admission = ADMISSION_UNKNOWN;
    }
}

/* Settled: nothing is in flight any more, so the next phase may begin. */
static void ingest_settle(struct ingest *ingest)
{
    if (ingest->phase != INGEST_SETTLING || ingest_in_flight(ingest) > 0)
        return;
    ingest_forget(ingest);
    if (ingest->after == INGEST_IDLE) {
        slots_free(ingest);
        ingest->phase = INGEST_IDLE;
    } else {
        sync_begin(ingest, ingest->after);
    }
}

/* The partitions are being given up: whatever happens now, INGEST_IDLE comes next and nothing is read again.
 */
static bool ingest_is_leaving(const struct ingest *ingest)
{
    return ingest->phase == INGEST_DRAINING ||
           (ingest->phase == INGEST_SETTLING && ingest->after == INGEST_IDLE);
}

void ingest_start_over(struct ingest *ingest, enum ingest_phase after)
{
    ingest->after = ingest_is_leaving(ingest) ? INGEST_IDLE : after;
    ingest->phase = INGEST_SETTLING;
    ingest->counts.restarts += ingest->after != INGEST_IDLE;
    ingest_settle(ingest);
}

void ingest_break(struct ingest *ingest, const char *format, ...)
{
    if (ingest->phase == INGEST_BROKEN || ingest->phase == INGEST_LOST || ingest->phase == INGEST_SETTLING)
        return;
    if (ingest->phase == INGEST_DRAINING) {
        ingest_start_over(ingest, INGEST_IDLE);
        return;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(ingest->fault, sizeof(ingest->fault), format, args);
    va_end(args);
    ingest->phase = INGEST_BROKEN;
}

void ingest_lose(struct ingest *ingest, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ingest->fault, sizeof(ingest->fault), format, args);
    va_end(args);
    ingest->phase = INGEST_LOST;
}

/* A draining ingest is done when every shard has what was read. */
static void ingest_drained(struct ingest *ingest)
{
    if (ingest->phase != INGEST_DRAINING || ingest_in_flight(ingest) > 0 || ingest->n_deferred > 0)
        return;
    for (size_t slot = 0; slot < ingest->n_slots; slot++)
        for (int lane = 0; lane < LANES_PER_PARTITION; lane++)
            if (lane_counted(ingest, slot, lane) < lane_end(ingest, slot, lane))
                return;
    ingest_start_over(ingest, INGEST_IDLE);
}

void ingest_revoke(struct ingest *ingest, bool flush)
{
    if (ingest->phase == INGEST_IDLE)
        return;
    if (flush && ingest->phase == INGEST_RUNNING)
        ingest->phase = INGEST_DRAINING;
    if (!flush || ingest->phase != INGEST_DRAINING)
        ingest_start_over(ingest, INGEST_IDLE);
    ingest_drained(ingest);
}

void ingest_restart(struct ingest *ingest)
{
    if (ingest->phase == INGEST_IDLE || ingest->n_slots == 0)
        return;
    ingest->fault[0] = '\0';
    ingest_start_over(ingest, INGEST_REGISTERING);
}

enum ingest_phase ingest_phase(const struct ingest *ingest)
{
    return ingest->phase;
}

const char *ingest_fault(const struct ingest *ingest)
{
    return ingest->fault;
}

const char *ingest_last_aside(const struct ingest *ingest)
{
    return ingest->aside;
}

void ingest_set_aside(struct ingest *ingest, struct span name)
{
    ingest->counts.set_aside++;
    snprintf(ingest->aside, sizeof(ingest->aside), "%.*s", (int)name.size, name.data);
}

size_t ingest_in_flight(const struct ingest *ingest)
{
    return CALLS_MAX - ingest->n_free;
}

uint64_t ingest_epoch(const struct ingest *ingest)
{
    return ingest->epoch;
}

void ingest_letters(struct ingest *ingest, size_t n_unacknowledged)
{
    ingest->n_letters = n_unacknowledged;
}

struct ingest_counts ingest_counts(const struct ingest *ingest)
{
    return ingest->counts;
}

int flight_take(struct ingest *ingest, struct flight flight, uint64_t *ret_tag)
{
    if (ingest->n_free == 0)
        return -EAGAIN;
    uint32_t number = ingest->free_flights[--ingest->n_free];
    ingest->flights[number] = flight;
    *ret_tag = number;
    return 0;
}

int ingest_checked(struct ingest *ingest, int r)
{
    if (r < 0)
        ingest_break(ingest, "out of memory");
    return r;
}

static int next_call(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    int r;
    switch (ingest->phase) {
    case INGEST_REGISTERING:
    case INGEST_OPENING:
    case INGEST_READING:
    case INGEST_LEVELLING:
        return sync_next(ingest, call, ret_tag);
    case INGEST_RUNNING:
    case INGEST_DRAINING:
        r = ingest->asking ? orders_next(ingest, call, ret_tag) : 0;
        return r != 0 || ingest->asking ? r : flush_next(ingest, call, ret_tag);
    default:
        return 0;
    }
}

int ingest_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    return ingest->n_free == 0 ? 0 : ingest_checked(ingest, next_call(ingest, call, ret_tag));
}

static int reply_dispatch(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    switch (flight.kind) {
    case FLIGHT_REGISTER:
    case FLIGHT_OPEN:
    case FLIGHT_READY:
    case FLIGHT_VECTOR:
    case FLIGHT_FENCE:
    case FLIGHT_RULES:
    case FLIGHT_VERSIONS:
        return sync_reply(ingest, flight, reply);
    case FLIGHT_APPLY:
        return flush_reply(ingest, flight, reply);
    case FLIGHT_EXPIRE:
        expiry_reply(ingest, reply);
        return 0;
    case FLIGHT_LEDGER:
    case FLIGHT_DECIDE:
    case FLIGHT_ADMIT:
    case FLIGHT_LOOK:
    case FLIGHT_KEEP:
        return orders_reply(ingest, flight, reply);
    case FLIGHT_SCAN:
    case FLIGHT_FADE:
        return fade_reply(ingest, flight, reply);
    case FLIGHT_FREE:
        break;
    }
    return -EINVAL;
}

int ingest_reply(struct ingest *ingest, uint64_t tag, const struct reply *reply)
{
    if (tag >= CALLS_MAX || ingest->flights[tag].kind == FLIGHT_FREE)
        return -EINVAL;
    struct flight flight = ingest->flights[tag];
    ingest->flights[tag].kind = FLIGHT_FREE;
    ingest->free_flights[ingest->n_free++] = (uint32_t)tag;
    if (flight.kind >= FLIGHT_APPLY && flight.kind != FLIGHT_EXPIRE)
        ingest->feeds[flight.shard].in_flight = false;
    int r = 0;
    if (ingest->phase == INGEST_SETTLING || ingest->phase == INGEST_BROKEN || ingest->phase == INGEST_LOST)
        ;
    else if (!reply)
        ingest_break(ingest, "the connection was lost with calls in flight");
    else if (reply->type == REPLY_ERROR)
        ingest_break(ingest, "%.*s", (int)(reply->text.size < 200 ? reply->text.size : 200),
                     reply->text.data);
    else
        r = ingest_checked(ingest, reply_dispatch(ingest, flight, reply));
    ingest_drained(ingest);
    ingest_settle(ingest);
    return r;
}
