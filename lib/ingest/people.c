/*
 * People: the touches that user shards hold of each identity, as a batch reads and changes them.
 *
 * DESIGN
 *   A touch goes three repeatable ways: all identities of the batch are looked up, it is decided what is a repeat under any
 * of them, and the records are stored under a compare, together with the offsets that the user shards pass. Only then are
 * the batch's touches counted in campaign shards: who replays them finds each in its record, and judges the repeats as
 * before. An order that is decided looks up its identities with the same call: what it sees, and how far its shard is
 * complete, are of one moment.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/attribute.h"

int person_find(struct ingest *ingest, struct span identity, struct person **ret_person)
{
    struct person *person = table_get(&ingest->persons, identity);
    if (!person) {
        person = malloc(sizeof(*person) + identity.size);
        if (!person)
            return -ENOMEM;
        char *bytes = (char *)(person + 1);
        memcpy(bytes, identity.data, identity.size);
        *person = (struct person){
            .shard = layout_shard_of(&ingest->rules.layout, identity),
            .key = span_from(bytes, identity.size),
        };
        int r = table_put(&ingest->persons, identity, person);
        if (r < 0) {
            free(person);
            return r;
        }
    }
    *ret_person = person;
    return 0;
}

void persons_forget(struct ingest *ingest)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&ingest->persons, &cursor));) {
        struct person *person = entry->value;
        buffer_deinit(&person->before);
        buffer_deinit(&person->after);
        free(person);
    }
    table_deinit(&ingest->persons);
}

static int person_of(struct ingest *ingest, enum identity_kind kind, struct span id,
                     struct person **ret_person)
{
    buffer_clear(&ingest->scratch);
    identity_append(&ingest->rules.attribution.identities, kind, id, &ingest->scratch);
    int r = buffer_status(&ingest->scratch);
    return r < 0 ? r : person_find(ingest, buffer_span(&ingest->scratch), ret_person);
}

int touch_defer(struct ingest *ingest, const struct event *event, struct deferred *deferred, bool *ret_touch)
{
    bool click = event->type == EVENT_CLICK;
    bool view = event->type == EVENT_IMPRESSION && ingest->rules.attribution.touches.view_lookback_ms > 0;
    struct span click_id = click ? event->click_id : (struct span){0};
    *ret_touch = (click || view) && (event->user_id.size || click_id.size);
    if (!*ret_touch)
        return 0;
    deferred->is_touch = true;
    deferred->has_id = click && (event->event_id.size || click_id.size);
    if (deferred->has_id)
        touch_id_make(event->event_id.size ? TOUCH_ID_EVENT : TOUCH_ID_CLICK,
                      event->event_id.size ? event->event_id : click_id, deferred->id);
    int r = 0;
    if (event->user_id.size)
        r = person_of(ingest, IDENTITY_USER, event->user_id, &deferred->person[0]);
    if (r == 0 && click_id.size)
        r = person_of(ingest, IDENTITY_CLICK, click_id, &deferred->person[1]);
    return r;
}

static void user_keys(struct ingest *ingest, uint32_t feed, enum script script, struct call *call)
{
    static const char *const parts[] = {":vec", ":touches"};
    call_begin(call, script);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        buffer_clear(&ingest->scratch);
        feed_key(ingest, feed, parts[i], &ingest->scratch);
        call_key(call, buffer_span(&ingest->scratch));
    }
}

static uint32_t user_shard(const struct ingest *ingest, uint32_t feed)
{
    return feed - 2 * ingest->rules.layout.n_shards;
}

/* --- look ------------------------------------------------------------------------------------------------- */

int look_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    size_t first = ingest->n_asked, cursor = 0;
    user_keys(ingest, feed, SCRIPT_LOOK, call);
    for (struct table_entry *entry; (entry = table_next(&ingest->persons, &cursor));) {
        struct person *person = entry->value;
        if (person->shard != user_shard(ingest, feed) || person->asked)
            continue;
        int r = asked_push(ingest, person);
        if (r < 0)
            return r;
        person->asked = true;
        call_arg(call, person->key);
    }
    if (ingest->n_asked == first)
        return 0;
    int r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){FLIGHT_LOOK, feed, 0, first, ingest->n_asked - first},
                        ret_tag);
    return r < 0 ? r : 1;
}

int look_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    uint32_t shard = user_shard(ingest, flight.shard);
    if (reply_at(reply, 0)->type != REPLY_TEXT) {
        ingest_lose(ingest, "the vector of user shard %u is gone", shard);
        return 0;
    }
    if (reply->n_elements != flight.n + 1) {
        ingest_break(ingest, "user shard %u gave an answer that is not understood", shard);
        return 0;
    }
    ingest->look_complete_ms[shard] =
        lanes_touches_complete(&ingest->complete.lanes, reply_at(reply, 0)->text);
    for (size_t i = 0; i < flight.n; i++) {
        struct person *person = ingest->asked[flight.first + i];
        struct span bytes = reply_at(reply, i + 1)->text;
        buffer_append_span(&person->before, bytes);
        buffer_append_span(&person->after, bytes);
        if (buffer_status(&person->before) < 0 || buffer_status(&person->after) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* --- store ------------------------------------------------------------------------------------------------ */

static struct touch_limits limits_of(const struct ingest *ingest)
{
    const struct attribution_rules *rules = &ingest->rules.attribution;
    return (struct touch_limits){
        .passed_ms = ingest->passed_ms,
        .click_keep_ms = rules->touches.click_lookback_ms + rules->order_hold_ms,
        .view_keep_ms = rules->touches.view_lookback_ms + rules->order_hold_ms,
        .max_touches = rules->touches.max_touches,
    };
}

int person_touches(struct ingest *ingest, const struct person *person, struct span bytes,
                   struct touch_record *record)
{
    int r = touch_record_unpack(record, bytes);
    if (r == -EBADMSG)
        ingest_break(ingest, "the touches of an identity in user shard %u are not ours", person->shard);
    return r;
}

int person_keep(struct ingest *ingest, struct person *person, struct touch_record *record, bool *ret_changed)
{
    const struct touch_limits limits = limits_of(ingest);
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    ingest->counts.touches_cut += (int64_t)touch_record_prune(record, &limits, ret_changed);
    touch_record_pack(record, &bytes);
    int r = buffer_status(&bytes);
    if (r < 0)
        return r;
    struct buffer before = person->after;
    person->after = bytes;
    bytes = before;
    return 0;
}

static struct touch_entry entry_of(const struct ingest *ingest, const struct deferred *deferred)
{
    struct touch_entry entry = {
        .ts_ms = deferred->ts_ms,
        .offset = deferred->offset,
        .lane = ingest->slots[deferred->slot].index * LANES_PER_PARTITION + LANE_TOUCH,
        .is_click = deferred->type == EVENT_CLICK,
        .has_id = deferred->has_id,
        .campaign = deferred->campaign->id,
    };
    memcpy(entry.id, deferred->id, sizeof(entry.id));
    return entry;
}

/* What all its persons know of a touch: once it was stored under one of them, it was no repeat. */
static int touch_seen(struct ingest *ingest, const struct deferred *deferred, const struct touch_entry *entry,
                      enum touch_seen seen[IDENTITIES_MOST], enum touch_seen *ret_seen)
{
    const struct attribution_rules *rules = &ingest->rules.attribution;
    int64_t remember_ms = rules->touches.click_lookback_ms + rules->order_hold_ms;
    *ret_seen = TOUCH_SEEN_NEVER;
    for (int i = 0; i < IDENTITIES_MOST; i++) {
        const struct person *person = deferred->person[i];
        if (!person)
            continue;
        int r = person_touches(ingest, person, buffer_span(&person->after), &ingest->touches[i]);
        if (r < 0)
            return r;
        seen[i] = touch_record_seen(&ingest->touches[i], entry, remember_ms);
        if (seen[i] == TOUCH_SEEN_HERE || (seen[i] == TOUCH_SEEN_BEFORE && *ret_seen == TOUCH_SEEN_NEVER))
            *ret_seen = seen[i];
    }
    return 0;
}

static int touch_store(struct ingest *ingest, struct deferred *deferred)
{
    struct touch_entry entry = entry_of(ingest, deferred);
    enum touch_seen seen[IDENTITIES_MOST] = {0}, all;
    int r = touch_seen(ingest, deferred, &entry, seen, &all);
    if (r < 0)
        return r;
    deferred->repeat = all == TOUCH_SEEN_BEFORE;
    for (int i = 0; i < IDENTITIES_MOST && !deferred->repeat; i++) {
        struct person *person = deferred->person[i];
        if (!person || seen[i] == TOUCH_SEEN_HERE)
            continue;
        /* A shard that has passed the message will not take anything of it any more. */
        size_t lane = slot_lane(deferred->slot, LANE_TOUCH);
        if (deferred->offset < feed_user(ingest, person->shard)->sent[lane])
            continue;
        bool pruned;
        r = touch_record_add(&ingest->touches[i], &entry);
        r = r < 0 ? r : person_keep(ingest, person, &ingest->touches[i], &pruned);
        if (r < 0)
            return r;
        person->changed = true;
    }
    return 0;
}

int touches_store(struct ingest *ingest)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ingest->n_deferred; i++)
        if (ingest->deferred[i].is_touch)
            r = touch_store(ingest, &ingest->deferred[i]);
    return r == -EBADMSG ? 0 : r; /* it was said, and the phase is BROKEN */
}

/* --- keep ------------------------------------------------------------------------------------------------- */

/* Marks the slots with touches that this user shard has not passed. How many there are. */
static size_t touch_unpassed(struct ingest *ingest, uint32_t feed)
{
    struct shard_feed *user = &ingest->feeds[feed];
    size_t n = 0;
    for (size_t i = 0; i < ingest->n_deferred; i++) {
        const struct deferred *deferred = &ingest->deferred[i];
        for (int k = 0; k < IDENTITIES_MOST && deferred->is_touch; k++) {
            const struct person *person = deferred->person[k];
            if (!person || person->shard != user_shard(ingest, feed) ||
                deferred->offset < user->sent[slot_lane(deferred->slot, LANE_TOUCH)])
                continue;
            user->touched[deferred->slot] = true;
            n++;
        }
    }
    return n;
}

static int keep_send(struct ingest *ingest, struct flight flight, struct call *call, uint64_t *ret_tag)
{
    int r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, flight, ret_tag);
    return r < 0 ? r : 1;
}

void keep_empty(struct ingest *ingest, uint32_t feed, struct span ranges, struct call *call)
{
    user_keys(ingest, feed, SCRIPT_KEEP, call);
    call_arg(call, ranges);
}

static int keep_begin(struct ingest *ingest, uint32_t feed, bool all, struct call *call)
{
    CLEANUP(buffer_deinit) struct buffer ranges = BUFFER_INIT;
    (void)ranges_append(ingest, &ingest->feeds[feed], all, &ranges);
    keep_empty(ingest, feed, buffer_span(&ranges), call);
    return buffer_status(&ranges);
}

void person_arguments(const struct person *person, struct call *call)
{
    call_arg(call, person->key);
    call_arg(call, buffer_span(&person->before));
    call_arg(call, buffer_span(&person->after));
}

int keep_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    size_t n = touch_unpassed(ingest, feed), cursor = 0;
    if (n == 0)
        return 0;
    int r = keep_begin(ingest, feed, false, call);
    for (struct table_entry *entry; r == 0 && (entry = table_next(&ingest->persons, &cursor));) {
        const struct person *person = entry->value;
        if (person->changed && person->shard == user_shard(ingest, feed))
            person_arguments(person, call);
    }
    if (r == 0)
        r = keep_send(ingest, (struct flight){.kind = FLIGHT_KEEP, .shard = feed, .n = n}, call, ret_tag);
    if (r == 1)
        ranges_sent(ingest, &ingest->feeds[feed], false);
    return r;
}

int keep_watermarks(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag)
{
    int r = keep_begin(ingest, feed, true, call);
    if (r == 0)
        r = keep_send(ingest, (struct flight){.kind = FLIGHT_KEEP, .shard = feed}, call, ret_tag);
    if (r < 0)
        return r;
    ranges_sent(ingest, &ingest->feeds[feed], true);
    ingest->feeds[feed].in_flight = true;
    return 1;
}

void keep_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    struct span verdict = reply_at(reply, 0)->text;
    if (span_equal(verdict, span_of("ok"))) {
        ranges_counted(ingest, &ingest->feeds[flight.shard]);
    } else if (span_equal(verdict, span_of("lost"))) {
        ingest_lose(ingest, "the vector of user shard %u is gone", user_shard(ingest, flight.shard));
    } else {
        /* Somebody else has passed these offsets, or has changed one of the records. */
        ingest->counts.refused++;
        ingest_start_over(ingest, INGEST_REGISTERING);
    }
}
