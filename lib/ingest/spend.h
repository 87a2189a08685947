/*
 * Spend on its way to the shards; for the files of this folder.
 *
 * DESIGN
 *   A record of spend with an id may be restated, and one over a range cannot be counted by slices, so such records
 * are kept as they are, one field of a hash each (lib/shard/layout.h), and the evaluator makes windows of them. They
 * are set, not added: apply is done once for each range of offsets and in their order, so the last one of an id holds.
 *   A record of one moment that has no id is a cost like that of an event, in the slice of its time.
 */
#ifndef ROIWATCH_INGEST_SPEND_H
#define ROIWATCH_INGEST_SPEND_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/event/event.h"
#include "lib/shard/columns.h"

struct campaign;
struct deferred;
struct ingest;
struct shard_feed;

/* A record that its shard has not been sent yet. */
struct pending_spend {
    struct campaign *campaign;
    size_t number; /* in the order of reading */
    size_t at;     /* in the queue's bytes: the value, then the field's name */
    uint32_t size; /* of both */
};

struct spend_queue {
    struct pending_spend *items; /* owned */
    size_t n;
    size_t capacity;
    struct buffer bytes;
};

/* count.c: the slot has something pending in that shard. */
void feed_touch(struct ingest *ingest, struct shard_feed *feed, size_t slot);

/* Counts an accepted spend event, or defers it until its campaign is known; known: it is. */
MUST_CHECK int spend_accept(struct ingest *ingest, const struct event *event, struct deferred *deferred,
                            bool known);
/* The same once it is known. */
MUST_CHECK int spend_count_deferred(struct ingest *ingest, const struct deferred *deferred);

/* Brings the records of one campaign together, each campaign's in the order of reading. */
void spend_queue_sort(struct spend_queue *queue);
struct span spend_queue_bytes(const struct spend_queue *queue, size_t item);
void spend_queue_clear(struct ingest *ingest, struct spend_queue *queue);
void spend_queue_deinit(struct ingest *ingest, struct spend_queue *queue);

#endif
