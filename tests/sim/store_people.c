/*
 * The model of keep.lua and look.lua, and of the scan that finds old touches.
 */
#include <stdlib.h>

#include "tests/sim/store.h"

static struct sim_object *before_last(struct sim_store *store, struct span touches)
{
    char key[100];
    int size = snprintf(key, sizeof(key), "before the last keep: %.*s", (int)touches.size, touches.data);
    return store_make(store, span_from(key, (size_t)size));
}

void store_keep(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    struct sim_object *vec = store_find(store, call_get(call, 0));
    if (!vec) {
        answer_lost(answer);
        return;
    }
    struct span ranges = call_get(call, 2);
    if (!store_ranges_match(store, vec, ranges)) {
        answer_refused(answer, vec);
        return;
    }
    struct sim_object *touches = store_make(store, call_get(call, 1));
    bool same = true;
    for (size_t i = 3; store->fault != SIM_FAULT_KEEP_UNCOMPARED && i < call->n_args; i += 3)
        same = same && span_equal(store_field(touches, call_get(call, i)), call_get(call, i + 1));
    for (size_t i = 3; same && i < call->n_args; i += 3) {
        if (store->fault == SIM_FAULT_LOOK_STALE)
            store_field_set(before_last(store, call_get(call, 1)), call_get(call, i), call_get(call, i + 1));
        store_field_set(touches, call_get(call, i), call_get(call, i + 2));
    }
    answer_array(answer, 1)[0] = reply_text(span_of(same ? "ok" : "changed"));
    if (same)
        store_ranges_set(vec, ranges);
}

/* The vector, then a record each. */
void store_look(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    const struct sim_object *vec = store_find(store, call_get(call, 0));
    const struct sim_object *touches = store_find(store, call_get(call, 1));
    size_t at = 0;
    if (store->fault == SIM_FAULT_LOOK_STALE && ++store->n_looks % 4 == 0)
        touches = before_last(store, call_get(call, 1));
    struct reply *elements = answer_array(answer, call->n_args - 1);
    elements[0] = (struct reply){.type = REPLY_NIL};
    for (size_t pass = 0; vec && pass < 2; pass++) { /* the text may move while it grows */
        for (size_t i = 0; i + 1 < call->n_args; i++) {
            struct span value =
                i == 0 ? buffer_span(&vec->text) : store_field(touches, call_get(call, i + 1));
            if (pass == 0)
                buffer_append_span(&answer->text, value);
            else
                elements[i] = value.size ? reply_text(span_from(answer->text.data + at, value.size))
                                         : (struct reply){.type = REPLY_NIL};
            at += pass * value.size;
        }
    }
}

/* All fields at once: Redis may do so too. Those that were removed are empty. */
void store_hscan(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    const struct sim_object *object = store_find(store, call_get(call, 1));
    size_t n = object ? object->fields.count : 0, i = 0, at = 0, cursor = 0;
    struct reply *elements = answer_array(answer, 2 + 2 * n);
    answer->reply.n_elements = 2;
    elements[0] = reply_text(span_of("0"));
    for (struct table_entry *entry; object && (entry = table_next(&object->fields, &cursor));) {
        struct span value = buffer_span(entry->value);
        if (value.size == 0)
            continue;
        elements[2 + i++].text.size = table_entry_key(entry).size;
        elements[2 + i++].text.size = value.size;
        buffer_append_span(&answer->text, table_entry_key(entry));
        buffer_append_span(&answer->text, value);
    }
    elements[1] = (struct reply){.type = REPLY_ARRAY, .elements = elements + 2, .n_elements = i};
    for (n = i, i = 0; i < n; at += elements[2 + i++].text.size) /* now the text moves no more */
        elements[2 + i] = reply_text(span_from(answer->text.data + at, elements[2 + i].text.size));
}
