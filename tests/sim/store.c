#include "tests/sim/store.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RANGE_SIZE = 28, ENTRY_SIZE = 16, TERM_BITS = 16 };

void store_init(struct sim_store *store, enum sim_fault fault, struct failure *failure)
{
    *store = (struct sim_store){.fault = fault, .failure = failure};
}

static void object_free(struct sim_object *object)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&object->fields, &cursor));) {
        buffer_deinit(entry->value);
        free(entry->value);
    }
    table_deinit(&object->fields);
    buffer_deinit(&object->text);
    free(object);
}

void store_deinit(struct sim_store *store)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&store->objects, &cursor));)
        object_free(entry->value);
    table_deinit(&store->objects);
}

void answer_deinit(struct sim_answer *answer)
{
    free(answer->elements);
    buffer_deinit(&answer->text);
    *answer = (struct sim_answer){0};
}

int64_t bytes_i64(struct span bytes, size_t at)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | (at + i < bytes.size ? (unsigned char)bytes.data[at + i] : 0);
    return (int64_t)value;
}

uint32_t bytes_u32(struct span bytes, size_t at)
{
    return (uint32_t)((uint64_t)bytes_i64(bytes, at) >> 32);
}

struct sim_object *store_find(const struct sim_store *store, struct span key)
{
    return table_get(&store->objects, key);
}

struct sim_object *store_make(struct sim_store *store, struct span key)
{
    struct sim_object *object = store_find(store, key);
    if (object)
        return object;
    object = calloc(1, sizeof(*object));
    if (!object || table_put(&store->objects, key, object) < 0)
        abort();
    return object;
}

struct span store_field(const struct sim_object *object, struct span field)
{
    const struct buffer *value = object ? table_get(&object->fields, field) : NULL;
    return value ? buffer_span(value) : (struct span){0};
}

void store_field_set(struct sim_object *object, struct span field, struct span value)
{
    struct buffer *stored = table_get(&object->fields, field);
    if (!stored) {
        stored = calloc(1, sizeof(*stored));
        if (!stored || table_put(&object->fields, field, stored) < 0)
            abort();
    }
    buffer_clear(stored);
    buffer_append_span(stored, value);
}

struct reply *answer_array(struct sim_answer *answer, size_t n)
{
    answer->elements = calloc(n, sizeof(*answer->elements));
    if (!answer->elements)
        abort();
    answer->reply = (struct reply){.type = REPLY_ARRAY, .elements = answer->elements, .n_elements = n};
    return answer->elements;
}

struct reply reply_text(struct span text)
{
    return (struct reply){.type = REPLY_TEXT, .text = text};
}

static void answer_text(struct sim_answer *answer, struct span text)
{
    buffer_append_span(&answer->text, text);
    answer->reply = reply_text(buffer_span(&answer->text));
}

static void answer_integer(struct sim_answer *answer, int64_t integer)
{
    answer->reply = (struct reply){.type = REPLY_INTEGER, .integer = integer};
}

void answer_refused(struct sim_answer *answer, const struct sim_object *vec)
{
    struct reply *elements = answer_array(answer, 2);
    buffer_append_span(&answer->text, buffer_span(&vec->text));
    elements[0] = reply_text(span_of("refused"));
    elements[1] = reply_text(buffer_span(&answer->text));
}

void answer_lost(struct sim_answer *answer)
{
    answer_array(answer, 1)[0] = reply_text(span_of("lost"));
}

int64_t call_number(const struct call *call, size_t index)
{
    struct reply text = reply_text(call_get(call, index));
    return reply_i64(&text, INT64_MIN);
}

static void string_set_range(struct buffer *text, size_t at, struct span bytes)
{
    if (at + bytes.size > text->size)
        buffer_append_zeros(text, at + bytes.size - text->size);
    memcpy(text->data + at, bytes.data, bytes.size);
}

bool store_ranges_match(struct sim_store *store, const struct sim_object *vec, struct span ranges)
{
    if (ranges.size % RANGE_SIZE)
        fail(store->failure, "ranges of %zu bytes", ranges.size);
    for (size_t i = 0; i + RANGE_SIZE <= ranges.size; i += RANGE_SIZE) {
        size_t at = (size_t)bytes_u32(ranges, i) * ENTRY_SIZE;
        if (at + 8 > vec->text.size)
            return false;
        int64_t stands = bytes_i64(buffer_span(&vec->text), at);
        int64_t from = bytes_i64(ranges, i + 4);
        bool fits = store->fault == SIM_FAULT_APPLY_AT_OR_AFTER ? stands >= from
                    : store->fault == SIM_FAULT_TERMS_IGNORED   ? (uint64_t)(stands ^ from) << TERM_BITS == 0
                                                                : stands == from;
        if (!fits)
            return false;
    }
    return true;
}

void store_ranges_set(struct sim_object *vec, struct span ranges)
{
    for (size_t i = 0; i + RANGE_SIZE <= ranges.size; i += RANGE_SIZE)
        string_set_range(&vec->text, (size_t)bytes_u32(ranges, i) * ENTRY_SIZE,
                         span_from(ranges.data + i + 12, 16));
}

static void store_admit(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    struct sim_object *campaigns = store_make(store, call_get(call, 0));
    size_t n = (call->n_args - 2) / 2;
    struct reply *elements = answer_array(answer, n);
    for (size_t i = 0; i < n; i++) {
        struct span id = call_get(call, 2 + 2 * i);
        bool configured = span_equal(call_get(call, 3 + 2 * i), span_of("1"));
        bool known = store_field(campaigns, id).size > 0;
        bool room = configured || (int64_t)campaigns->fields.count < call_number(call, 1);
        if (!known && room)
            store_field_set(campaigns, id, span_of("1"));
        elements[i] = (struct reply){.type = REPLY_INTEGER, .integer = known || room};
    }
}

static void store_register(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    struct sim_object *lanes = store_make(store, call_get(call, 0));
    struct span known = store_field(lanes, call_get(call, 1));
    struct span start = call_get(call, 2), rules = call_get(call, 3);
    if (!known.size) {
        char entry[600];
        snprintf(entry, sizeof(entry), "%zu %.*s new %.*s", lanes->fields.count, (int)start.size, start.data,
                 (int)rules.size, rules.data);
        store_field_set(lanes, call_get(call, 1), span_of(entry));
        known = store_field(lanes, call_get(call, 1));
    }
    answer_text(answer, known);
}

/* Leaves only the last of the entry's rules. */
static void rules_forget(struct sim_object *lanes, struct span name, struct span entry)
{
    const char *colon = memrchr(entry.data, ':', entry.size);
    const char *ready = memmem(entry.data, entry.size, "ready ", 6);
    if (!colon || !ready)
        return;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    buffer_append_span(&text, span_from(entry.data, (size_t)(ready + 6 - entry.data)));
    buffer_append_span(&text, span_from(colon + 1, (size_t)(entry.data + entry.size - colon - 1)));
    store_field_set(lanes, name, buffer_span(&text));
}

static void store_set_lane(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    struct sim_object *lanes = store_make(store, call_get(call, 0));
    bool same = span_equal(store_field(lanes, call_get(call, 1)), call_get(call, 2));
    if (same)
        store_field_set(lanes, call_get(call, 1), call_get(call, 3));
    if (same && store->fault == SIM_FAULT_RULES_AT_ONCE)
        rules_forget(lanes, call_get(call, 1), call_get(call, 3));
    answer_integer(answer, same);
}

static void store_open_lane(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    static const char unset[ENTRY_SIZE] = {-1, -1, -1, -1, -1, -1, -1, -1};
    struct sim_object *vec = store_make(store, call_get(call, 0));
    size_t at = (size_t)call_number(call, 2) * ENTRY_SIZE;
    while (vec->text.size < at)
        string_set_range(&vec->text, vec->text.size, span_from(unset, sizeof(unset)));
    bool known = vec->text.size >= at + 8 && memcmp(vec->text.data + at, unset, 8) != 0;
    if (!known)
        string_set_range(&vec->text, at, call_get(call, 3));
    answer_integer(answer, !known);
}

/* Two passes, as the text may move while it grows. */
static void store_hmget(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    const struct sim_object *object = store_find(store, call_get(call, 1));
    size_t n = call->n_args - 2, at = 0;
    struct reply *elements = answer_array(answer, n);
    for (size_t i = 0; object && i < n; i++)
        buffer_append_span(&answer->text, store_field(object, call_get(call, 2 + i)));
    for (size_t i = 0; i < n; i++) {
        struct span value = object ? store_field(object, call_get(call, 2 + i)) : (struct span){0};
        elements[i] = value.size ? reply_text(span_from(answer->text.data + at, value.size))
                                 : (struct reply){.type = REPLY_NIL};
        at += value.size;
    }
}

static void store_command(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    struct span name = call_get(call, 0);
    if (span_equal(name, span_of("GET"))) {
        struct sim_object *object = store_find(store, call_get(call, 1));
        if (object)
            answer_text(answer, buffer_span(&object->text));
    } else if (span_equal(name, span_of("HMGET"))) {
        store_hmget(store, call, answer);
    } else if (span_equal(name, span_of("HSCAN"))) {
        store_hscan(store, call, answer);
    } else {
        fail(store->failure, "unknown command %.*s", (int)name.size, name.data);
    }
}

void store_execute(struct sim_store *store, const struct call *call, bool half, struct sim_answer *ret_answer)
{
    *ret_answer = (struct sim_answer){0};
    switch (call->script) {
    case SCRIPT_APPLY:
        store_apply(store, call, half, ret_answer);
        break;
    case SCRIPT_DECIDE:
        store_decide(store, call, ret_answer);
        break;
    case SCRIPT_EXPIRE:
        store_expire(store, call, ret_answer);
        break;
    case SCRIPT_KEEP:
        store_keep(store, call, ret_answer);
        break;
    case SCRIPT_LOOK:
        store_look(store, call, ret_answer);
        break;
    case SCRIPT_ADMIT:
        store_admit(store, call, ret_answer);
        break;
    case SCRIPT_REGISTER:
        store_register(store, call, ret_answer);
        break;
    case SCRIPT_SET_LANE:
        store_set_lane(store, call, ret_answer);
        break;
    case SCRIPT_OPEN_LANE:
        store_open_lane(store, call, ret_answer);
        break;
    case SCRIPT_NONE:
        store_command(store, call, ret_answer);
        break;
    default:
        fail(store->failure, "unknown script %s", script_name(call->script));
        break;
    }
}
