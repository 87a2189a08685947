/*
 * Attribution inside ingest: touches that are stored under their identities, orders that wait for them, and who earned
 * an order. What the files of this folder share; nothing outside includes it.
 */
#ifndef ROIWATCH_INGEST_ATTRIBUTE_H
#define ROIWATCH_INGEST_ATTRIBUTE_H

#include "lib/ingest/internal.h"

/* waiting.c: orders that were read and are not decided */
/* Keeps a rejected message of the orders lane in its place, to be counted when those before it are decided. */
MUST_CHECK int waiting_keep_rejected(struct ingest *ingest, size_t slot, int64_t offset,
                                     enum reject_reason reason);
/* Keeps an order or a refund of a slot. */
MUST_CHECK int waiting_keep(struct ingest *ingest, size_t slot, int64_t offset, const struct event *event,
                            struct span key, struct span value);
/* Defers what may be decided now, as far as there is room. */
MUST_CHECK int waiting_release(struct ingest *ingest);
/* Takes back those of a slot that were released from this offset on. */
void waiting_hold(struct ingest *ingest, size_t slot, int64_t offset);
/* What was released is decided. */
void waiting_decided(struct ingest *ingest);
void waiting_forget(struct ingest *ingest, struct slot *slot);
/* A partition whose orders were read and not kept has room again: it has to be read again. */
bool waiting_read_again(const struct ingest *ingest);

/* complete.c: how far touches are complete */
/* May an order of that time be decided, by touch lanes that are complete so far? */
bool is_complete(const struct completeness *complete, int64_t complete_ms, int64_t order_ms);
void completeness_deinit(struct completeness *complete);
/* TOPIC:PARTITION of a lane; NULL where it is not known yet. */
const char *lane_name(const struct ingest *ingest, uint32_t lane);

/* people.c: touches in the user shards */
MUST_CHECK int person_find(struct ingest *ingest, struct span identity, struct person **ret_person);
void persons_forget(struct ingest *ingest);
/* Marks a deferred touch that has to be stored; false where it is none, or everybody has passed it. */
MUST_CHECK int touch_defer(struct ingest *ingest, const struct event *event, struct deferred *deferred,
                           bool *ret_touch);
int look_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
MUST_CHECK int look_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* Which touches are repeats; the others are added to their persons. */
MUST_CHECK int touches_store(struct ingest *ingest);
int keep_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
void keep_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* Moves a user shard's positions without any touch; a keep call of ranges only. */
int keep_watermarks(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
void keep_empty(struct ingest *ingest, uint32_t feed, struct span ranges, struct call *call);

/* A record's bytes into memory. -EBADMSG: not ours, the phase is BROKEN. */
MUST_CHECK int person_touches(struct ingest *ingest, const struct person *person, struct span bytes,
                              struct touch_record *record);
/* Forgets what may be forgotten, and makes the rest the person's new bytes. */
MUST_CHECK int person_keep(struct ingest *ingest, struct person *person, struct touch_record *record,
                           bool *ret_changed);
/* Adds a person's key, old and new bytes to a keep call. */
void person_arguments(const struct person *person, struct call *call);

/* fade.c: touches that nobody looks at any more */
/* Forgets what was found. */
void fade_forget(struct ingest *ingest);
int fade_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
MUST_CHECK int fade_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);

/* lags.c: how late orders came */
MUST_CHECK int lags_count(struct ingest *ingest, const struct deferred *deferred,
                          const struct campaign *campaign, const struct booking *booking);
void lags_forget(struct shard_feed *feed);

/* credit.c: who earned an order */
/* Takes back released orders whose touches are not all there yet. */
MUST_CHECK int orders_hold(struct ingest *ingest);
/* The shares of an order by its touches. 0, or -EBADMSG, -ENOMEM. */
MUST_CHECK int credit_make(struct ingest *ingest, const struct deferred *deferred,
                           struct ledger_share *ret_shares, size_t *ret_n, uint8_t *ret_model);

#endif
