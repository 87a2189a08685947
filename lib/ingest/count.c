/*
 * Events into pending cells: what is summed in memory between two applies of a shard.
 *
 * A pending cell is kept at the base slice (the greatest common divisor of all stored slice lengths, cut at
 * the campaign's price changes); flush.c folds it into the stored slices. One event costs one look at the
 * campaign's most recent cell.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

enum { FIRST_CELLS = 64 };

static size_t cell_hash(const struct campaign *campaign, int64_t start_ms, bool late)
{
    uint64_t key[2] = {(uint64_t)(uintptr_t)campaign, (uint64_t)start_ms * 2 + late};
    return hash_bytes(span_from(key, sizeof(key)));
}

/* The index slot that holds the cell, or the free one where it belongs. */
static struct pending_cell **cell_slot(struct pending_cell **index, size_t size,
                                       const struct campaign *campaign, int64_t start_ms, bool late)
{
    for (size_t i = cell_hash(campaign, start_ms, late) & (size - 1);; i = (i + 1) & (size - 1)) {
        struct pending_cell *cell = index[i];
        if (!cell || (cell->campaign == campaign && cell->start_ms == start_ms && cell->late == late))
            return &index[i];
    }
}

/* Makes room for one more cell: owned cells are kept for reuse, so this allocates only while a shard grows.
 */
static int feed_reserve(struct shard_feed *feed)
{
    if (feed->n_cells < feed->cells_capacity)
        return 0;
    size_t capacity = feed->cells_capacity ? feed->cells_capacity * 2 : FIRST_CELLS;
    struct pending_cell **cells = realloc(feed->cells, capacity * sizeof(*cells));
    if (!cells)
        return -ENOMEM;
    memset(cells + feed->cells_capacity, 0, (capacity - feed->cells_capacity) * sizeof(*cells));
    feed->cells = cells;
    struct pending_cell **index = calloc(capacity * 2, sizeof(*index));
    if (!index)
        return -ENOMEM;
    for (size_t i = 0; i < feed->n_cells; i++)
        *cell_slot(index, capacity * 2, cells[i]->campaign, cells[i]->start_ms, cells[i]->late) = cells[i];
    free(feed->index);
    feed->index = index;
    feed->index_size = capacity * 2;
    feed->cells_capacity = capacity;
    return 0;
}

/* Would the event go to this cell? Only a cell behind the last change of prices is a whole base slice for
 * certain. */
static bool cell_holds(const struct pending_cell *cell, const struct cost_plan *plan, int64_t base_ms,
                       int64_t ts_ms, bool late)
{
    bool whole = plan->n_prices == 0 || plan->prices[plan->n_prices - 1].from_ms < cell->start_ms;
    return whole && cell->late == late && ts_ms >= cell->start_ms && ts_ms - cell->start_ms < base_ms;
}

static int cell_find(struct ingest *ingest, struct shard_feed *feed, struct campaign *campaign, int64_t ts_ms,
                     bool late, struct pending_cell **ret_cell)
{
    const struct tiers *tiers = &ingest->rules.book->tiers;
    const struct cost_plan *plan = &campaign->rules->cost;
    if (campaign->recent && cell_holds(campaign->recent, plan, tiers->base_ms, ts_ms, late)) {
        *ret_cell = campaign->recent;
        return 0;
    }
    int64_t start_ms = cost_slice_start(plan, tiers->base_ms, ts_ms);
    int r = feed_reserve(feed);
    if (r < 0)
        return r;
    struct pending_cell **slot = cell_slot(feed->index, feed->index_size, campaign, start_ms, late);
    if (!*slot) {
        struct pending_cell *cell = feed->cells[feed->n_cells];
        if (!cell && !(cell = malloc(sizeof(*cell))))
            return -ENOMEM;
        *cell = (struct pending_cell){.campaign = campaign, .start_ms = start_ms, .late = late};
        feed->cells[feed->n_cells++] = cell;
        ingest->n_pending_cells++;
        *slot = cell;
    }
    campaign->recent = *slot;
    *ret_cell = *slot;
    return 0;
}

void feed_touch(struct ingest *ingest, struct shard_feed *feed, size_t slot)
{
    feed->touched[slot] = true;
    if (!feed->any_touched) {
        feed->any_touched = true;
        feed->due_since_ms = ingest->now_ms;
    }
}

static bool add_to(int64_t *sum, int64_t amount)
{
    return !__builtin_add_overflow(*sum, amount, sum);
}

/* All or nothing: a sum that leaves 64 bits leaves the cell as it was. */
static bool cell_add_event(struct pending_cell *cell, const struct deferred *event)
{
    int64_t *column = cell->sum.column;
    int64_t cost_micros = event->cost_micros, media_micros = column[CELL_MEDIA_COST],
            excluded_micros = column[CELL_EXCLUDED];
    if (!add_to(&media_micros, cost_micros) || (cell->late && !add_to(&excluded_micros, cost_micros)))
        return false;
    column[CELL_MEDIA_COST] = media_micros;
    column[CELL_EXCLUDED] = excluded_micros;
    if (event->type != EVENT_ENGAGEMENT)
        column[event->type == EVENT_IMPRESSION ? CELL_IMPRESSIONS : CELL_CLICKS]++;
    for (unsigned i = 0; event->measures >> i; i++)
        column[CELL_MEASURE_1 + i] += event->measures >> i & 1;
    return true;
}

void count_lane(struct ingest *ingest, size_t slot, int64_t offset, int lane, int column)
{
    struct shard_feed *feed = feed_campaign(
        ingest, lane_shard(ingest, ingest->slots[slot].index * LANES_PER_PARTITION + (uint32_t)lane));
    if (offset < feed->sent[slot_lane(slot, lane)])
        return;
    ingest->slots[slot].counters[lane][column]++;
    feed_touch(ingest, feed, slot);
}

static bool is_late(const struct deferred *event)
{
    return event->late_before_ms != NEVER && event->ts_ms < event->late_before_ms;
}

int count_event(struct ingest *ingest, const struct deferred *event)
{
    struct campaign *campaign = event->campaign;
    bool late = is_late(event);
    if (event->repeat) {
        count_lane(ingest, event->slot, event->offset, LANE_TOUCH, LANE_DUPLICATES);
        return 0;
    }
    count_lane(ingest, event->slot, event->offset, LANE_TOUCH, (int)lane_column_of(event->type));
    if (late)
        count_lane(ingest, event->slot, event->offset, LANE_TOUCH, LANE_LATE);
    if (event->is_touch && event->is_behind)
        count_lane(ingest, event->slot, event->offset, LANE_TOUCH, LANE_LATE_TOUCHES);
    if (campaign->admission == ADMISSION_OVERFLOW) {
        count_lane(ingest, event->slot, event->offset, LANE_TOUCH, LANE_OVERFLOW);
        campaign = ingest->overflow;
    }
    struct shard_feed *feed = feed_campaign(ingest, campaign->shard);
    if (event->offset < feed->sent[slot_lane(event->slot, LANE_TOUCH)])
        return 0;
    struct pending_cell *cell;
    int r = cell_find(ingest, feed, campaign, event->ts_ms, late, &cell);
    if (r < 0)
        return r;
    feed_touch(ingest, feed, event->slot);
    if (!cell_add_event(cell, event))
        ingest_set_aside(ingest, campaign->id);
    return 0;
}

int count_sum(struct ingest *ingest, size_t slot, int lane, int64_t offset, struct campaign *campaign,
              int64_t ts_ms, bool late, const struct cell *sum)
{
    struct shard_feed *feed = feed_campaign(ingest, campaign->shard);
    if (offset < feed->sent[slot_lane(slot, lane)])
        return 0;
    struct pending_cell *cell;
    int r = cell_find(ingest, feed, campaign, ts_ms, late, &cell);
    if (r < 0)
        return r;
    feed_touch(ingest, feed, slot);
    if (!cell_accumulate(&cell->sum, sum))
        ingest_set_aside(ingest, campaign->id);
    return 0;
}

void feed_clear(struct ingest *ingest, struct shard_feed *feed)
{
    for (size_t i = 0; i < feed->n_cells; i++)
        feed->cells[i]->campaign->recent = NULL;
    ingest->n_pending_cells -= feed->n_cells;
    spend_queue_clear(ingest, &feed->spend);
    feed->n_cells = 0;
    if (feed->index)
        memset(feed->index, 0, feed->index_size * sizeof(*feed->index));
    if (feed->touched)
        memset(feed->touched, 0, ingest->n_slots * sizeof(*feed->touched));
    feed->any_touched = false;
    lags_forget(feed);
}

void feed_deinit(struct ingest *ingest, struct shard_feed *feed)
{
    feed_clear(ingest, feed);
    for (size_t i = 0; i < feed->cells_capacity; i++)
        free(feed->cells[i]);
    spend_queue_deinit(ingest, &feed->spend);
    free(feed->index);
    free(feed->cells);
    free(feed->touched);
    free(feed->sent);
    free(feed->counted);
    *feed = (struct shard_feed){0};
}

bool count_rejected(struct ingest *ingest, size_t slot, int64_t offset, int lane, enum reject_reason reason)
{
    struct shard_feed *feed = feed_campaign(
        ingest, lane_shard(ingest, ingest->slots[slot].index * LANES_PER_PARTITION + (uint32_t)lane));
    if (offset < feed->sent[slot_lane(slot, lane)])
        return false;
    count_lane(ingest, slot, offset, lane, LANE_REJECTED + (int)reason - 1);
    ingest->counts.rejected++;
    return true;
}
