#include "lib/ingest/spend.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/internal.h"

enum { FIRST_RECORDS = 16 };

static_assert(LANE_SPEND - LANE_IMPRESSIONS == EVENT_SPEND - EVENT_IMPRESSION &&
                  LANE_ORDERS - LANE_IMPRESSIONS == EVENT_ORDER - EVENT_IMPRESSION,
              "lane counters begin with one for each type of event, in their order");

static int queue_reserve(struct spend_queue *queue)
{
    if (queue->n < queue->capacity)
        return 0;
    size_t capacity = queue->capacity ? queue->capacity * 2 : FIRST_RECORDS;
    struct pending_spend *items = realloc(queue->items, capacity * sizeof(*items));
    if (!items)
        return -ENOMEM;
    queue->items = items;
    queue->capacity = capacity;
    return 0;
}

/* The field's name: see lib/shard/layout.h. */
static void append_name(const struct ingest *ingest, const struct deferred *event, struct span id,
                        struct buffer *bytes)
{
    if (id.size == 0) {
        buffer_append_u8(bytes, 'p');
        buffer_append_u32(bytes, ingest->slots[event->slot].index * LANES_PER_PARTITION + LANE_TOUCH);
        buffer_append_i64(bytes, event->offset);
        return;
    }
    buffer_append_u8(bytes, 's');
    buffer_append_span(bytes, id);
    if (event->campaign->admission != ADMISSION_OVERFLOW)
        return;
    buffer_append_u8(bytes, 0); /* ids are those of the campaign, and here are those of many */
    buffer_append_span(bytes, event->campaign->id);
}

static int queue_add(struct ingest *ingest, struct spend_queue *queue, const struct deferred *event,
                     struct span id, struct campaign *campaign)
{
    int r = queue_reserve(queue);
    if (r < 0)
        return r;
    bool range = event->to_ms != 0;
    struct pending_spend item = {.campaign = campaign, .number = queue->n, .at = queue->bytes.size};
    buffer_append_i64(&queue->bytes, range ? event->from_ms : event->ts_ms);
    buffer_append_i64(&queue->bytes, range ? event->to_ms : event->ts_ms);
    buffer_append_i64(&queue->bytes, event->cost_micros);
    append_name(ingest, event, id, &queue->bytes);
    item.size = (uint32_t)(queue->bytes.size - item.at);
    r = buffer_status(&queue->bytes);
    if (r < 0)
        return r;
    queue->items[queue->n++] = item;
    ingest->n_pending_cells++;
    return 0;
}

static int spend_count(struct ingest *ingest, const struct deferred *event, struct span id)
{
    struct campaign *campaign = event->campaign;
    count_lane(ingest, event->slot, event->offset, LANE_TOUCH, LANE_SPEND);
    if (campaign->admission == ADMISSION_OVERFLOW) {
        count_lane(ingest, event->slot, event->offset, LANE_TOUCH, LANE_OVERFLOW);
        campaign = ingest->overflow;
    }
    struct shard_feed *feed = feed_campaign(ingest, campaign->shard);
    if (event->offset < feed->sent[slot_lane(event->slot, LANE_TOUCH)])
        return 0;
    if (id.size == 0 && event->to_ms == 0) {
        const struct cell sum = {.column[CELL_MEDIA_COST] = event->cost_micros};
        return count_sum(ingest, event->slot, LANE_TOUCH, event->offset, campaign, event->ts_ms, false, &sum);
    }
    int r = queue_add(ingest, &feed->spend, event, id, campaign);
    if (r == 0)
        feed_touch(ingest, feed, event->slot);
    return r;
}

int spend_accept(struct ingest *ingest, const struct event *event, struct deferred *deferred, bool known)
{
    deferred->cost_micros = event->amount_micros;
    deferred->from_ms = event->from_ms;
    deferred->to_ms = event->to_ms;
    if (known)
        return spend_count(ingest, deferred, event->spend_id);
    ingest->urgent = true;
    int r = text_keep(ingest, event->spend_id, &deferred->spend_id);
    return r < 0 ? r : defer_event(ingest, *deferred);
}

int spend_count_deferred(struct ingest *ingest, const struct deferred *deferred)
{
    return spend_count(ingest, deferred, text_of(ingest, deferred->spend_id));
}

static int compare_items(const void *left, const void *right)
{
    const struct pending_spend *a = left, *b = right;
    if (a->campaign != b->campaign)
        return (uintptr_t)a->campaign < (uintptr_t)b->campaign ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

void spend_queue_sort(struct spend_queue *queue)
{
    if (queue->n > 1)
        qsort(queue->items, queue->n, sizeof(*queue->items), compare_items);
}

struct span spend_queue_bytes(const struct spend_queue *queue, size_t item)
{
    return span_from(queue->bytes.data + queue->items[item].at, queue->items[item].size);
}

void spend_queue_clear(struct ingest *ingest, struct spend_queue *queue)
{
    ingest->n_pending_cells -= queue->n;
    queue->n = 0;
    buffer_clear(&queue->bytes);
}

void spend_queue_deinit(struct ingest *ingest, struct spend_queue *queue)
{
    spend_queue_clear(ingest, queue);
    buffer_deinit(&queue->bytes);
    free(queue->items);
    *queue = (struct spend_queue){0};
}
