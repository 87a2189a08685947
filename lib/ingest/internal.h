/*
 * What the files of this folder do for each other; nothing outside includes it.
 */
#ifndef ROIWATCH_INGEST_INTERNAL_H
#define ROIWATCH_INGEST_INTERNAL_H

#include "lib/ingest/state.h"

/* position.c */
/* Where a lane of ours ends: all before it is counted, pending or being decided. */
int64_t lane_end(const struct ingest *ingest, size_t slot, int lane);
/* The least offset that a shard has counted of a lane. */
int64_t lane_counted(const struct ingest *ingest, size_t slot, int lane);

/* ingest.c */
/* Key of a feed's shard. */
void feed_key(struct ingest *ingest, uint32_t feed, const char *part, struct buffer *buffer);
int flight_take(struct ingest *ingest, struct flight flight,
                uint64_t *ret_tag); /* -EAGAIN: too many in flight */
void ingest_break(struct ingest *ingest, const char *format, ...) PRINTF_LIKE(2, 3);
/* Counts something that is left alone, and keeps its name. */
void ingest_set_aside(struct ingest *ingest, struct span name);
void ingest_lose(struct ingest *ingest, const char *format, ...) PRINTF_LIKE(2, 3);
int ingest_checked(struct ingest *ingest,
                   int r); /* gives r back; a failure breaks, as half of something may be done */
void ingest_start_over(struct ingest *ingest, enum ingest_phase after);

/* sync.c: from an assignment to a partition that may be read */
int sync_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
int sync_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
void sync_begin(struct ingest *ingest, enum ingest_phase phase);
int sync_send(struct ingest *ingest, struct flight flight, struct call *call, uint64_t *ret_tag);
/* Call that makes the registry's entry of a slot what the slot says, if nobody has changed it. */
int sync_set_lane(struct ingest *ingest, struct flight flight, struct call *call, uint64_t *ret_tag);
void sync_run(struct ingest *ingest);

/* level.c: rules that change */
int level_take(struct ingest *ingest, size_t slot, int64_t least, int64_t most); /* 0, or -EINVAL: broken */
int level_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
void level_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);

/* topics.c */
MUST_CHECK int topic_find(struct ingest *ingest, const char *name, size_t *ret_topic);
void topics_free(struct ingest *ingest);
/* A shard has counted what was sent to it. */
void topics_counted(struct ingest *ingest, uint32_t shard);

/* campaigns.c */
int campaign_find(struct ingest *ingest, struct span id, struct campaign **ret_campaign);
/* Empties the table; nothing may point into it. -ENOMEM leaves it as it was. */
MUST_CHECK int campaigns_forget(struct ingest *ingest);
/* The same, and everything is looked up in another rule book from now on. */
MUST_CHECK int campaigns_set_book(struct ingest *ingest, const struct rule_book *book);

/* campaigns.c, admission */
int admit_next(struct ingest *ingest, uint32_t shard, struct call *call, uint64_t *ret_tag);
void admit_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* The campaign that has to be asked about before anything is counted for this one; NULL: none. */
struct campaign *campaign_asked(struct ingest *ingest, struct campaign *campaign);

/* count.c: events into pending cells */
int count_event(struct ingest *ingest, const struct deferred *event);
/* Gives the deferred orders their places in their lanes, in offset order: which of them are late. */
void orders_place(struct ingest *ingest);
/* Adds the sum to the campaign's cell of that time, unless its shard has passed the offset. */
int count_sum(struct ingest *ingest, size_t slot, int lane, int64_t offset, struct campaign *campaign,
              int64_t ts_ms, bool late, const struct cell *sum);
void count_lane(struct ingest *ingest, size_t slot, int64_t offset, int lane, int column);
/* Counts a rejection; false where the shard that keeps the lane's counters has passed it already. */
bool count_rejected(struct ingest *ingest, size_t slot, int64_t offset, int lane, enum reject_reason reason);
void feed_clear(struct ingest *ingest, struct shard_feed *feed);
void feed_deinit(struct ingest *ingest, struct shard_feed *feed);

/* orders.c: what has to be asked first */
MUST_CHECK int defer_event(struct ingest *ingest, struct deferred deferred);
/* Begins to ask about the deferred events, where it is time. */
MUST_CHECK int ask_begin(struct ingest *ingest);
/* Bytes that the batch keeps. */
MUST_CHECK int text_keep(struct ingest *ingest, struct span text, struct text_at *ret_at);
struct span text_of(const struct ingest *ingest, struct text_at at);
int orders_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
int orders_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* Forgets all deferred events and what is known for them. */
void orders_forget(struct ingest *ingest);
/* Remembers what a question of this round is about. */
MUST_CHECK int asked_push(struct ingest *ingest, void *subject);

/* letters.c: dead letters that records give rise to */
MUST_CHECK int letter_of_message(struct ingest *ingest, const struct deferred *refund);
/* The fields of a refund as JSON. */
void refund_json(struct span order_id, const struct ledger_refund *refund, struct buffer *json);
/* Of a refund that waited and failed: its fields. */
MUST_CHECK int letter_of_refund(struct ingest *ingest, struct span order_id,
                                const struct ledger_refund *refund);
/* Whether letters were found that are not taken, or not acknowledged. */
bool letters_wait(const struct ingest *ingest);

/* expiry.c: refunds whose order never came */
/* TOPIC:PARTITION of one of our partitions; NULL for others. */
const char *partition_name(const struct ingest *ingest, uint32_t index);
/* The next letter of an expired refund; false where there is none. */
bool expiry_next_letter(struct ingest *ingest, struct ingest_letter *ret_letter);
void expiry_letter_taken(struct ingest *ingest);
MUST_CHECK int expiry_found(struct ingest *ingest, uint32_t shard, struct span id, struct span bytes);
int expiry_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
void expiry_reply(struct ingest *ingest, const struct reply *reply);
void expiry_forget(struct ingest *ingest);

/* records.c: the ledger's records of a batch */
MUST_CHECK int record_find(struct ingest *ingest, struct span order_id, struct record **ret_record);
void records_forget(struct ingest *ingest);
int record_read_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
MUST_CHECK int record_read_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
struct ledger_place place_of(const struct ingest *ingest, const struct deferred *deferred);
/* Lets every deferred order find or take its place in its record. */
MUST_CHECK int records_judge(struct ingest *ingest);
int decide_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
MUST_CHECK int decide_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);

/* bookings.c: from records to what is counted */
MUST_CHECK int bookings_make(struct ingest *ingest);
MUST_CHECK int bookings_count(struct ingest *ingest);

/* Looks for old records in order shards where nothing else does: 1 with a call. */
int sweep_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
/* Moves an order shard's positions without any order. */
int decide_watermarks(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
/* A decide call of ranges only. */
void decide_empty(struct ingest *ingest, uint32_t feed, struct span ranges, struct call *call);

/* flush.c: pending cells into apply calls */
int flush_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
int flush_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* An apply call of ranges only. */
void apply_empty(struct ingest *ingest, uint32_t shard, struct span ranges, struct call *call);
/* Appends the ranges [sent, lane_end) of a feed: of all slots, or only the touched ones. How many there are. */
size_t ranges_append(struct ingest *ingest, struct shard_feed *feed, bool all, struct buffer *buffer);
/* Marks those ranges as sent / as counted. */
void ranges_sent(struct ingest *ingest, struct shard_feed *feed, bool all);
void ranges_counted(struct ingest *ingest, struct shard_feed *feed);
bool flush_is_due(const struct ingest *ingest, const struct shard_feed *feed);
/* What is counted has to be sent before more is read or decided: else a stream of touches would keep it back for ever, or
 * it would grow without bound. */
bool flush_comes_first(const struct ingest *ingest);

#endif
