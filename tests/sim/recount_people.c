/*
 * What user shards hold, from the log: an identity's touches that its shard has passed, without repeats, less what may
 * be forgotten by now.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

enum { IDENTITY_SIZE = SIM_ID_SIZE + 1 };

bool is_touch(const struct recount *recount, const struct sim_message *message)
{
    if (message->type == EVENT_CLICK)
        return message->user_id[0] || message->click_id[0];
    return message->type == EVENT_IMPRESSION && message->user_id[0] &&
           recount->attribution->touches.view_lookback_ms > 0;
}

static int64_t keep_ms(const struct recount *recount, bool click)
{
    const struct touch_rules *rules = &recount->attribution->touches;
    return (click ? rules->click_lookback_ms : rules->view_lookback_ms) + recount->attribution->order_hold_ms;
}

/* The keys of a touch's identities. How many it has. */
static size_t identities_of(const struct sim_message *message, char keys[2][IDENTITY_SIZE])
{
    size_t n = 0;
    if (message->user_id[0])
        snprintf(keys[n++], IDENTITY_SIZE, "u%s", message->user_id);
    if (message->click_id[0] && message->type == EVENT_CLICK)
        snprintf(keys[n++], IDENTITY_SIZE, "c%s", message->click_id);
    return n;
}

/* What a click is recognised by; false where by nothing. */
static bool click_id_of(const struct sim_message *message, char id[IDENTITY_SIZE])
{
    bool event = message->event_id[0] != '\0';
    snprintf(id, IDENTITY_SIZE, "%c%s", event ? 'e' : 'c', event ? message->event_id : message->click_id);
    return id[1] != '\0';
}

static bool share_an_identity(const struct sim_message *a, const struct sim_message *b)
{
    return (a->user_id[0] && strcmp(a->user_id, b->user_id) == 0) ||
           (a->click_id[0] && strcmp(a->click_id, b->click_id) == 0);
}

void click_judge(struct recount *recount, struct recount_lane *lane, struct sim_message *message)
{
    char id[IDENTITY_SIZE];
    if (!is_touch(recount, message) || !click_id_of(message, id))
        return;
    struct sim_message *before = table_get(&lane->clicks, span_of(id));
    for (const struct sim_message *other = before; other && !message->repeat; other = other->same_before)
        message->repeat = !other->repeat && share_an_identity(other, message) &&
                          message->ts_ms - other->ts_ms <= keep_ms(recount, true);
    recount->seen.repeats += message->repeat;
    message->same_before = before;
    if (table_put(&lane->clicks, span_of(id), message) < 0)
        abort();
}

static struct sim_person *person_of(struct recount *recount, struct span identity)
{
    struct sim_person *person = table_get(&recount->persons, identity);
    if (person)
        return person;
    person = calloc(1, sizeof(*person));
    if (!person || table_put(&recount->persons, identity, person) < 0)
        abort();
    snprintf(person->identity, sizeof(person->identity), "%.*s", (int)identity.size, identity.data);
    return person;
}

void touch_pass(struct recount *recount, uint32_t shard, size_t p, struct sim_message *message)
{
    char keys[2][IDENTITY_SIZE];
    size_t n = message->repeat ? 0 : identities_of(message, keys);
    for (size_t i = 0; i < n; i++) {
        if (shard_of(recount, span_of(keys[i])) != shard)
            continue;
        struct sim_person *person = person_of(recount, span_of(keys[i]));
        if (person->n == person->capacity) {
            person->capacity = person->capacity ? person->capacity * 2 : 16;
            person->traces = realloc(person->traces, person->capacity * sizeof(*person->traces));
            if (!person->traces)
                abort();
        }
        person->traces[person->n++] = (struct sim_trace){message, p, TRACE_WHOLE, false};
        if (!person->listed) {
            person->listed = true;
            person->next = recount->touched;
            recount->touched = person;
        }
    }
}

void touch_is_stored(struct recount *recount, size_t p, const struct sim_message *message)
{
    char keys[2][IDENTITY_SIZE];
    size_t n = is_touch(recount, message) ? identities_of(message, keys) : 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t view = 2 * recount->n_shards + shard_of(recount, span_of(keys[i]));
        if (recount->views[view].offset[p][TOUCHES] <= message->offset)
            fail(recount->failure, "the touch at offset %" PRId64 " was counted before %s has it",
                 message->offset, keys[i]);
    }
}

/* May the touch be no touch any more, as an identity has enough of newer ones that all partitions have passed? */
static bool may_be_let_go(const struct recount *recount, const struct sim_person *person,
                          const struct sim_message *message)
{
    size_t newer = 0;
    if (recount->passed_ms == NEVER || message->ts_ms >= recount->passed_ms)
        return false;
    for (size_t i = 0; i < person->n; i++) {
        const struct sim_message *other = person->traces[i].message;
        newer += other->type == message->type && other->ts_ms > message->ts_ms &&
                 other->ts_ms < recount->passed_ms;
    }
    return newer >= recount->attribution->touches.max_touches;
}

static bool may_be_gone(const struct recount *recount, const struct sim_person *person,
                        const struct sim_message *message)
{
    char id[IDENTITY_SIZE];
    bool click = message->type == EVENT_CLICK;
    if (recount->passed_ms != NEVER && message->ts_ms + keep_ms(recount, click) < recount->passed_ms)
        return true;
    return !(click && click_id_of(message, id)) && may_be_let_go(recount, person, message);
}

static bool is_stored_so(const struct recount *recount, const struct sim_stored_touch *stored,
                         const struct sim_message *message)
{
    char id[IDENTITY_SIZE];
    uint8_t hash[HASH_WIDE_SIZE];
    bool click = message->type == EVENT_CLICK, has_id = click && click_id_of(message, id);
    if (has_id)
        hash_bytes_wide(span_of(id + 1), (uint64_t)id[0], hash);
    return stored->is_click == click && stored->has_id == has_id && stored->ts_ms == message->ts_ms &&
           (!has_id || span_equal(stored->id, span_from(hash, sizeof(hash)))) &&
           (stored->bare ||
            span_equal(stored->campaign, span_of(recount->log->campaigns[message->campaign])));
}

static struct sim_trace *trace_find(const struct recount *recount, struct sim_person *person,
                                    const struct sim_stored_touch *stored)
{
    for (size_t i = 0; i < person->n; i++) {
        struct sim_trace *trace = &person->traces[i];
        if (2 * recount->lanes[trace->partition].index + TOUCHES == stored->place.lane &&
            trace->message->offset == stored->place.offset)
            return trace;
    }
    return NULL;
}

static void entry_compare(struct recount *recount, struct span identity, struct sim_person *person,
                          const struct sim_stored_touch *stored)
{
    struct sim_trace *trace = trace_find(recount, person, stored);
    enum sim_trace_state state = stored->bare ? TRACE_BARE : TRACE_WHOLE;
    if (!trace || trace->found || state < trace->state || !is_stored_so(recount, stored, trace->message))
        fail(recount->failure,
             "%.*s has a touch of lane %" PRIu32 ", offset %" PRId64
             ", where the recount says: none, another one, or gone before",
             (int)identity.size, identity.data, stored->place.lane, stored->place.offset);
    else if (stored->bare && !may_be_let_go(recount, person, trace->message))
        fail(recount->failure, "%.*s has let go of offset %" PRId64 ", where the recount says: too early",
             (int)identity.size, identity.data, stored->place.offset);
    if (!trace)
        return;
    trace->found = true;
    trace->state = state;
}

static void person_compare(struct recount *recount, struct span identity)
{
    struct sim_person *person = person_of(recount, identity);
    struct span bytes =
        store_field(shard_object(recount, 'u', shard_of(recount, identity), "touches"), identity);
    if (!stored_touches_begin(&bytes))
        fail(recount->failure, "the touches of %.*s are malformed", (int)identity.size, identity.data);
    for (size_t i = 0; i < person->n; i++)
        person->traces[i].found = false;
    while (bytes.size > 0 && !recount->failure->found) {
        struct sim_stored_touch stored;
        if (!stored_touch_take(&bytes, &stored))
            fail(recount->failure, "a touch of %.*s is malformed", (int)identity.size, identity.data);
        else
            entry_compare(recount, identity, person, &stored);
    }
    for (size_t i = 0; i < person->n; i++) {
        struct sim_trace *trace = &person->traces[i];
        if (trace->found)
            continue;
        if (trace->state != TRACE_GONE && !may_be_gone(recount, person, trace->message))
            fail(recount->failure,
                 "%.*s has no touch of partition %zu, offset %" PRId64 ", the recount says it must be there",
                 (int)identity.size, identity.data, trace->partition, trace->message->offset);
        trace->state = TRACE_GONE;
    }
}

void people_compare_named(struct recount *recount, const struct call *call)
{
    for (size_t i = call->n_keys + 1; i + 2 < call->n_args; i += 3)
        person_compare(recount, call_get(call, i));
    for (struct sim_person *person; (person = recount->touched);) {
        recount->touched = person->next;
        person->listed = false;
        person_compare(recount, span_of(person->identity));
    }
}

void people_compare_all(struct recount *recount)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->persons, &cursor));)
        person_compare(recount, table_entry_key(entry));
    cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->store->objects, &cursor));) {
        struct span key = table_entry_key(entry);
        const struct sim_object *object = entry->value;
        size_t fields = 0;
        if (key.size < 8 || memcmp(key.data + key.size - 8, ":touches", 8) != 0)
            continue;
        for (struct table_entry *field; (field = table_next(&object->fields, &fields));)
            if (!table_get(&recount->persons, table_entry_key(field)))
                fail(recount->failure, "%.*s has touches, the recount says none", (int)field->key_size,
                     field->key);
    }
}

void people_deinit(struct recount *recount)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->persons, &cursor));) {
        struct sim_person *person = entry->value;
        free(person->traces);
        free(person);
    }
    table_deinit(&recount->persons);
}
