/*
 * Touches fade: what no order can count any more leaves the user shards, although nobody asks about it.
 *
 * DESIGN
 *   A record is pruned whenever it is stored. Those of people who do not come back are found by walking through the user
 * shards, some hundred records at a time (HSCAN), and stored under the same compare as everywhere, with no range of
 * offsets: who was faster is right. Rejected  an index by time: it would take as much memory as the touches.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

enum {
    FADE_MS = 10000,     /* how often a shard is looked at */
    FADE_AGAIN_MS = 100, /* ... where the last look found something */
    FADE_LOOK = 200,
};

void fade_forget(struct ingest *ingest)
{
    while (ingest->fading) {
        struct person *next = ingest->fading->next;
        buffer_deinit(&ingest->fading->before);
        buffer_deinit(&ingest->fading->after);
        free(ingest->fading);
        ingest->fading = next;
    }
}

static uint32_t user_feed(const struct ingest *ingest, uint32_t shard)
{
    return 2 * ingest->rules.layout.n_shards + shard;
}

static int scan_next(struct ingest *ingest, uint32_t shard, struct call *call, uint64_t *ret_tag)
{
    struct shard_feed *feed = feed_user(ingest, shard);
    char cursor[24];
    snprintf(cursor, sizeof(cursor), "%" PRIu64, feed->fade_cursor);
    buffer_clear(&ingest->scratch);
    feed_key(ingest, user_feed(ingest, shard), ":touches", &ingest->scratch);
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HSCAN");
    call_arg(call, buffer_span(&ingest->scratch));
    call_arg_text(call, cursor);
    call_arg_text(call, "COUNT");
    call_arg_i64(call, FADE_LOOK);
    int r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){.kind = FLIGHT_SCAN, .shard = user_feed(ingest, shard)},
                        ret_tag);
    if (r < 0)
        return r;
    feed->fade_at_ms = ingest->now_ms;
    feed->in_flight = true;
    return 1;
}

/* The changed records of the shard that was looked at last. */
static int store_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    uint32_t feed = user_feed(ingest, ingest->fading->shard);
    if (ingest->feeds[feed].in_flight)
        return 0;
    keep_empty(ingest, feed, (struct span){0}, call);
    for (const struct person *person = ingest->fading; person; person = person->next)
        person_arguments(person, call);
    int r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){.kind = FLIGHT_FADE, .shard = feed}, ret_tag);
    if (r < 0)
        return r;
    fade_forget(ingest);
    ingest->feeds[feed].in_flight = true;
    return 1;
}

int fade_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    if (ingest->phase != INGEST_RUNNING || ingest->passed_ms == NEVER)
        return 0;
    if (ingest->fading)
        return store_next(ingest, call, ret_tag);
    for (uint32_t i = 0; i < ingest->rules.layout.n_shards; i++) {
        const struct shard_feed *feed = feed_user(ingest, i);
        if (!feed->in_flight && ingest->now_ms - feed->fade_at_ms >= FADE_MS)
            return scan_next(ingest, i, call, ret_tag);
    }
    return 0;
}

/* One record as it was found: kept where something has to go. */
static int record_fade(struct ingest *ingest, uint32_t shard, struct span identity, struct span bytes)
{
    struct person *person = malloc(sizeof(*person) + identity.size);
    if (!person)
        return -ENOMEM;
    char *key = (char *)(person + 1);
    memcpy(key, identity.data, identity.size);
    *person = (struct person){.shard = shard, .key = span_from(key, identity.size), .next = ingest->fading};
    ingest->fading = person;
    bool changed = false;
    buffer_append_span(&person->before, bytes);
    int r = buffer_status(&person->before);
    r = r < 0 ? r : person_touches(ingest, person, buffer_span(&person->before), &ingest->touches[0]);
    r = r < 0 ? r : person_keep(ingest, person, &ingest->touches[0], &changed);
    if (r == 0 && changed)
        return 0;
    ingest->fading = person->next;
    buffer_deinit(&person->before);
    buffer_deinit(&person->after);
    free(person);
    return r == -EBADMSG ? 0 : r;
}

static int scan_reply(struct ingest *ingest, uint32_t shard, const struct reply *reply)
{
    const struct reply *found = reply_at(reply, 1);
    feed_user(ingest, shard)->fade_cursor = (uint64_t)reply_i64(reply_at(reply, 0), 0);
    for (size_t i = 0; i + 1 < found->n_elements; i += 2) {
        int r = record_fade(ingest, shard, reply_at(found, i)->text, reply_at(found, i + 1)->text);
        if (r < 0)
            return r;
    }
    if (ingest->fading)
        feed_user(ingest, shard)->fade_at_ms = ingest->now_ms - FADE_MS + FADE_AGAIN_MS;
    return 0;
}

int fade_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    uint32_t shard = flight.shard - user_feed(ingest, 0);
    if (flight.kind == FLIGHT_SCAN)
        return scan_reply(ingest, shard, reply);
    if (span_equal(reply_at(reply, 0)->text, span_of("lost")))
        ingest_lose(ingest, "the vector of user shard %u is gone", shard);
    return 0;
}
