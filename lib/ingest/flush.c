/*
 * Pending cells into apply calls.
 *
 * A shard's call carries everything that is pending for it: for each campaign and stored slice length one
 * group of cells, folded from the base slices; the lanes' counters that this shard keeps; and the ranges of
 * all slots that have something in it. Once in WATERMARK_MS it carries all slots, so that a shard without
 * events moves on too.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

enum { GROUP_FIELDS_MOST = 60000 }; /* a group's size is written in 16 bits */

/* One stored cell to be: a column of the sort below. */
struct folded {
    struct campaign *campaign;
    int64_t start_ms;
    struct cell sum;
};

/* The parts of an apply call while it is built. */
struct encoder {
    struct buffer groups; /* fields u16, columns u16 a group */
    struct buffer journal;
    struct buffer keys;       /* the groups' keys, each behind its size (u32) */
    struct buffer fields;     /* u32 each */
    struct buffer increments; /* column u32, field u32, delta i64 */
    uint32_t n_fields;
    uint32_t n_columns;    /* columns of all fields so far */
    struct folded *folded; /* owned, one a pending cell */
    uint32_t *starts;      /* owned, likewise: slice starts of one group, in minutes */
};

static void encoder_deinit(struct encoder *encoder)
{
    free(encoder->starts);
    free(encoder->folded);
    buffer_deinit(&encoder->increments);
    buffer_deinit(&encoder->fields);
    buffer_deinit(&encoder->keys);
    buffer_deinit(&encoder->journal);
    buffer_deinit(&encoder->groups);
}

static bool lane_is_unsent(const struct ingest *ingest, const struct shard_feed *feed, size_t slot, int lane)
{
    return lane_end(ingest, slot, lane) > feed->sent[slot_lane(slot, lane)];
}

static bool something_unsent(const struct ingest *ingest, const struct shard_feed *feed)
{
    for (size_t i = 0; i < ingest->n_slots; i++)
        if (lane_is_unsent(ingest, feed, i, LANE_TOUCH) || lane_is_unsent(ingest, feed, i, LANE_ORDER))
            return true;
    return false;
}

static bool watermark_is_due(const struct ingest *ingest, const struct shard_feed *feed)
{
    bool time = ingest->phase == INGEST_DRAINING || ingest->now_ms - feed->full_at_ms >= WATERMARK_MS;
    return time && something_unsent(ingest, feed);
}

bool flush_is_due(const struct ingest *ingest, const struct shard_feed *feed)
{
    if (feed->in_flight)
        return false;
    if (feed->any_touched) {
        size_t stored = feed->n_cells * (ingest->rules.book->tiers.n + 1) + feed->spend.n;
        if (stored >= ingest->rules.cells_due ||
            ingest->now_ms - feed->due_since_ms >= ingest->rules.flush_ms)
            return true;
    }
    return watermark_is_due(ingest, feed);
}

size_t ranges_append(struct ingest *ingest, struct shard_feed *feed, bool all, struct buffer *buffer)
{
    size_t n = 0;
    for (size_t i = 0; i < ingest->n_slots; i++) {
        const struct slot *slot = &ingest->slots[i];
        for (int lane = 0; lane < LANES_PER_PARTITION && (all || feed->touched[i]); lane++) {
            if (!lane_is_unsent(ingest, feed, i, lane))
                continue;
            buffer_append_u32(buffer, slot->index * LANES_PER_PARTITION + (uint32_t)lane);
            buffer_append_i64(buffer, lane_position(slot->term, feed->sent[slot_lane(i, lane)]));
            buffer_append_i64(buffer, lane_position(slot->term, lane_end(ingest, i, lane)));
            buffer_append_i64(buffer, slot->newest_ms[lane]);
            n++;
        }
    }
    return n;
}

void ranges_sent(struct ingest *ingest, struct shard_feed *feed, bool all)
{
    for (size_t i = 0; i < ingest->n_slots; i++)
        for (int lane = 0; lane < LANES_PER_PARTITION && (all || feed->touched[i]); lane++)
            if (lane_is_unsent(ingest, feed, i, lane))
                feed->sent[slot_lane(i, lane)] = lane_end(ingest, i, lane);
    memset(feed->touched, 0, ingest->n_slots * sizeof(*feed->touched));
    feed->any_touched = false;
    if (all)
        feed->full_at_ms = ingest->now_ms;
}

void ranges_counted(struct ingest *ingest, struct shard_feed *feed)
{
    memcpy(feed->counted, feed->sent, ingest->n_slots * LANES_PER_PARTITION * sizeof(*feed->counted));
}

static int folded_order(const void *left, const void *right)
{
    const struct folded *a = left;
    const struct folded *b = right;
    if (a->campaign != b->campaign)
        return (uintptr_t)a->campaign < (uintptr_t)b->campaign ? -1 : 1;
    return (a->start_ms > b->start_ms) - (a->start_ms < b->start_ms);
}

/* Folds the pending cells to slices of slice_ms (0: total), sorted by campaign and start. Late cells only to
 * total. */
static size_t fold(struct ingest *ingest, const struct shard_feed *feed, int64_t slice_ms,
                   struct folded *folded)
{
    size_t n = 0;
    for (size_t i = 0; i < feed->n_cells; i++) {
        const struct pending_cell *cell = feed->cells[i];
        if (cell->late && slice_ms > 0)
            continue;
        folded[n++] = (struct folded){
            .campaign = cell->campaign,
            .start_ms = cost_slice_start(&cell->campaign->rules->cost, slice_ms, cell->start_ms),
            .sum = cell->sum,
        };
    }
    qsort(folded, n, sizeof(*folded), folded_order);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && folded_order(&folded[kept - 1], &folded[i]) == 0) {
            if (!cell_accumulate(&folded[kept - 1].sum, &folded[i].sum))
                ingest_set_aside(ingest, folded[i].campaign->id);
        } else {
            folded[kept++] = folded[i];
        }
    }
    return kept;
}

static void encode_field(struct encoder *encoder, uint32_t field, const int64_t *columns, uint32_t n_columns)
{
    encoder->n_fields++;
    buffer_append_u32(&encoder->fields, field);
    for (uint32_t i = 0; i < n_columns; i++) {
        if (columns[i] == 0)
            continue;
        buffer_append_u32(&encoder->increments, encoder->n_columns + i);
        buffer_append_u32(&encoder->increments, encoder->n_fields);
        buffer_append_i64(&encoder->increments, columns[i]);
    }
    encoder->n_columns += n_columns;
}

static void encode_group(struct encoder *encoder, struct span key, size_t n_fields, size_t n_columns)
{
    buffer_append_u32(&encoder->keys, (uint32_t)key.size);
    buffer_append_span(&encoder->keys, key);
    buffer_append_u16(&encoder->groups, (uint16_t)n_fields);
    buffer_append_u16(&encoder->groups, (uint16_t)n_columns);
}

/* The groups of one slice length. */
static void encode_slices(struct ingest *ingest, uint32_t shard, int64_t slice_ms, size_t n,
                          struct encoder *encoder)
{
    uint32_t slice_minutes = (uint32_t)(slice_ms / MINUTE_MS);
    uint32_t n_columns = (uint32_t)measures_columns(&ingest->rules.book->measures);
    for (size_t first = 0, end; first < n; first = end) {
        struct campaign *campaign = encoder->folded[first].campaign;
        for (end = first;
             end < n && end - first < GROUP_FIELDS_MOST && encoder->folded[end].campaign == campaign; end++) {
            encoder->starts[end - first] = (uint32_t)(encoder->folded[end].start_ms / MINUTE_MS);
            encode_field(encoder, encoder->starts[end - first], encoder->folded[end].sum.column, n_columns);
        }
        buffer_clear(&ingest->scratch);
        layout_cells_key(&ingest->rules.layout, shard, slice_minutes, campaign->id, &ingest->scratch);
        encode_group(encoder, buffer_span(&ingest->scratch), end - first, n_columns);
        journal_append_group(&encoder->journal, campaign->id, slice_minutes, n_columns, encoder->starts,
                             end - first);
    }
}

/* The counters of the lanes that this shard keeps. */
static void encode_lanes(struct ingest *ingest, uint32_t shard, struct encoder *encoder)
{
    size_t n = 0;
    for (size_t i = 0; i < ingest->n_slots; i++) {
        struct slot *slot = &ingest->slots[i];
        for (uint32_t lane = 0; lane < LANES_PER_PARTITION; lane++) {
            uint32_t number = slot->index * LANES_PER_PARTITION + lane;
            static const int64_t nothing[N_LANE_COUNTERS];
            if (lane_shard(ingest, number) != shard ||
                memcmp(slot->counters[lane], nothing, sizeof(nothing)) == 0)
                continue;
            encode_field(encoder, number, slot->counters[lane], N_LANE_COUNTERS);
            memcpy(slot->sent_counters[lane], slot->counters[lane], sizeof(nothing));
            memset(slot->counters[lane], 0, sizeof(nothing));
            n++;
        }
    }
    if (n == 0)
        return;
    buffer_clear(&ingest->scratch);
    feed_key(ingest, shard, ":lanes", &ingest->scratch);
    encode_group(encoder, buffer_span(&ingest->scratch), n, N_LANE_COUNTERS);
}

/* Records of spend are set: groups without columns, whose fields apply_arguments brings. They come last. */
static void encode_spend(struct ingest *ingest, uint32_t shard, struct encoder *encoder)
{
    struct spend_queue *spend = &feed_campaign(ingest, shard)->spend;
    spend_queue_sort(spend);
    for (size_t first = 0, end; first < spend->n; first = end) {
        struct campaign *campaign = spend->items[first].campaign;
        for (end = first; end < spend->n && spend->items[end].campaign == campaign; end++)
            encoder->n_fields++;
        buffer_clear(&ingest->scratch);
        layout_spend_key(&ingest->rules.layout, shard, campaign->id, &ingest->scratch);
        encode_group(encoder, buffer_span(&ingest->scratch), end - first, 0);
        journal_append_spend(&encoder->journal, campaign->id);
    }
}

/* How late orders came: a group each. The evaluator is not told, nobody waits for them. */
static void encode_lags(struct ingest *ingest, uint32_t shard, struct encoder *encoder)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&feed_campaign(ingest, shard)->lags, &cursor));) {
        const struct pending_lag *lag = entry->value;
        struct span key = table_entry_key(entry); /* the day, then the campaign */
        encode_field(encoder, lag->day, lag->columns, LAG_COLUMNS);
        buffer_clear(&ingest->scratch);
        layout_lags_key(&ingest->rules.layout, shard,
                        span_from(key.data + sizeof(lag->day), key.size - sizeof(lag->day)),
                        &ingest->scratch);
        encode_group(encoder, buffer_span(&ingest->scratch), 1, LAG_COLUMNS);
    }
}

static int encode_cells(struct ingest *ingest, uint32_t shard, struct encoder *encoder)
{
    struct shard_feed *feed = feed_campaign(ingest, shard);
    const struct tiers *tiers = &ingest->rules.book->tiers;
    if (feed->n_cells > 0) {
        encoder->folded = malloc(feed->n_cells * sizeof(*encoder->folded));
        encoder->starts = malloc(feed->n_cells * sizeof(*encoder->starts));
        if (!encoder->folded || !encoder->starts)
            return -ENOMEM;
        for (size_t i = 0; i <= tiers->n; i++) {
            int64_t slice_ms = i < tiers->n ? tiers->tier[i].slice_ms : 0;
            encode_slices(ingest, shard, slice_ms, fold(ingest, feed, slice_ms, encoder->folded), encoder);
        }
    }
    encode_lags(ingest, shard, encoder);
    encode_lanes(ingest, shard, encoder);
    encode_spend(ingest, shard, encoder);
    int r = buffer_status(&encoder->groups);
    r = r ? r : buffer_status(&encoder->journal);
    r = r ? r : buffer_status(&encoder->keys);
    r = r ? r : buffer_status(&encoder->fields);
    return r ? r : buffer_status(&encoder->increments);
}

static void apply_keys(struct ingest *ingest, uint32_t shard, const struct encoder *encoder,
                       struct call *call)
{
    static const char *const parts[] = {":vec", ":scratch", ":journal"};
    call_begin(call, SCRIPT_APPLY);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        buffer_clear(&ingest->scratch);
        feed_key(ingest, shard, parts[i], &ingest->scratch);
        call_key(call, buffer_span(&ingest->scratch));
    }
    struct reader keys = {.rest = buffer_span(&encoder->keys)};
    while (keys.rest.size)
        call_key(call, reader_bytes(&keys, reader_u32(&keys)));
}

static void apply_arguments(const struct encoder *encoder, const struct spend_queue *spend,
                            struct span ranges, struct call *call)
{
    call_arg(call, ranges);
    call_arg(call, buffer_span(&encoder->groups));
    call_arg(call, buffer_span(&encoder->journal));
    call_arg_i64(call, encoder->n_fields);
    for (size_t i = 0; i < encoder->fields.size; i += 4)
        call_arg(call, span_from(encoder->fields.data + i, 4));
    for (size_t i = 0; i < spend->n; i++)
        call_arg(call, spend_queue_bytes(spend, i));
    struct reader increments = {.rest = buffer_span(&encoder->increments)};
    while (increments.rest.size) {
        char column[16];
        snprintf(column, sizeof(column), "#%" PRIu32, reader_u32(&increments));
        uint32_t field = reader_u32(&increments);
        call_arg_text(call, column);
        call_arg_i64(call, reader_i64(&increments));
        call_arg_i64(call, field);
    }
}

void apply_empty(struct ingest *ingest, uint32_t shard, struct span ranges, struct call *call)
{
    const struct encoder nothing = {0};
    const struct spend_queue no_spend = {0};
    apply_keys(ingest, shard, &nothing, call);
    apply_arguments(&nothing, &no_spend, ranges, call);
}

static int apply_call(struct ingest *ingest, uint32_t shard, bool all, struct call *call, uint64_t *ret_tag)
{
    CLEANUP(encoder_deinit) struct encoder encoder = {0};
    CLEANUP(buffer_deinit) struct buffer ranges = BUFFER_INIT;
    struct shard_feed *feed = feed_campaign(ingest, shard);
    int r = encode_cells(ingest, shard, &encoder);
    if (r < 0)
        return r;
    (void)ranges_append(ingest, feed, all, &ranges);
    apply_keys(ingest, shard, &encoder, call);
    apply_arguments(&encoder, &feed->spend, buffer_span(&ranges), call);
    r = call_status(call);
    r = r ? r : buffer_status(&ranges);
    if (r == 0)
        r = flight_take(ingest, (struct flight){.kind = FLIGHT_APPLY, .shard = shard}, ret_tag);
    if (r < 0)
        return r;
    ranges_sent(ingest, feed, all);
    feed_clear(ingest, feed);
    feed->in_flight = true;
    ingest->counts.applies++;
    return 1;
}

int flush_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (ingest->n_deferred > 0 || letters_wait(ingest))
        return 0;
    int r = expiry_next(ingest, call, ret_tag);
    if (r != 0)
        return r;
    for (uint32_t i = 0; i < ingest->n_feeds; i++) {
        uint32_t number = (ingest->next_feed + i) % ingest->n_feeds;
        struct shard_feed *feed = &ingest->feeds[number];
        if (!flush_is_due(ingest, feed))
            continue;
        ingest->next_feed = (number + 1) % ingest->n_feeds;
        bool all = watermark_is_due(ingest, feed);
        switch (feed_family(ingest, number)) {
        case SHARD_ORDER:
            return decide_watermarks(ingest, number, call, ret_tag);
        case SHARD_USER:
            return keep_watermarks(ingest, number, call, ret_tag);
        default:
            return apply_call(ingest, number, all, call, ret_tag);
        }
    }
    r = sweep_next(ingest, call, ret_tag);
    return r ? r : fade_next(ingest, call, ret_tag);
}

int flush_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    struct span verdict = reply_at(reply, 0)->text;
    if (span_equal(verdict, span_of("ok"))) {
        topics_counted(ingest, flight.shard);
        ranges_counted(ingest, &ingest->feeds[flight.shard]);
        for (size_t i = 1; i < reply->n_elements; i++)
            ingest_set_aside(ingest, reply_at(reply, i)->text);
    } else if (span_equal(verdict, span_of("refused"))) {
        ingest->counts.refused++;
        ingest_start_over(ingest, INGEST_REGISTERING);
    } else if (span_equal(verdict, span_of("lost"))) {
        ingest_lose(ingest, "the vector of campaign shard %u is gone", flight.shard);
    } else {
        ingest_break(ingest, "apply gave an answer that is not understood");
    }
    return 0;
}
