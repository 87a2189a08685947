/*
 * The model of decide.lua and expire.lua.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/store.h"

enum { LOOKED_AT_MOST = 100, FLAG_ORDER = 1 };

static void number_set(struct sim_object *object, struct span field, int64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, number);
    store_field_set(object, field, span_of(text));
}

static int64_t number_get(const struct sim_object *object, struct span field)
{
    struct reply text = reply_text(store_field(object, field));
    return reply_i64(&text, 0);
}

static int compare_ids(struct span a, struct span b)
{
    int r = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return r ? r : (a.size > b.size) - (a.size < b.size);
}

/* The oldest entry of the index after that (score, id), older than before_ms; false where there is none. */
static bool oldest_after(const struct sim_object *expiry, int64_t before_ms, int64_t score, struct span id,
                         int64_t *ret_score, struct span *ret_id)
{
    bool any = false;
    size_t cursor = 0;
    int64_t best_ms = 0;
    struct span best = {0};
    for (struct table_entry *entry; (entry = table_next(&expiry->fields, &cursor));) {
        struct span name = table_entry_key(entry);
        if (store_field(expiry, name).size == 0)
            continue; /* removed */
        int64_t at_ms = number_get(expiry, name);
        bool behind = at_ms > score || (at_ms == score && (!id.data || compare_ids(name, id) > 0));
        if (at_ms >= before_ms || !behind)
            continue;
        if (any && (at_ms > best_ms || (at_ms == best_ms && compare_ids(name, best) > 0)))
            continue;
        best_ms = at_ms;
        best = name;
        any = true;
    }
    *ret_score = best_ms;
    *ret_id = best;
    return any;
}

/* Forgets old orders; refunds without one are given out. */
static void sweep(struct sim_object *orders, struct sim_object *expiry, int64_t before_ms,
                  struct sim_answer *answer)
{
    struct reply *elements = answer_array(answer, 2 + 2 * LOOKED_AT_MOST);
    size_t n = 2;
    int64_t looked_at = 0, score = INT64_MIN;
    struct span id = {0};
    elements[0] = reply_text(span_of("ok"));
    while (looked_at < LOOKED_AT_MOST && oldest_after(expiry, before_ms, score, id, &score, &id)) {
        struct span record = store_field(orders, id);
        looked_at++;
        if (record.size > 1 && !(record.data[1] & FLAG_ORDER)) {
            elements[n++] = reply_text(id);
            elements[n++] = reply_text(record);
            continue;
        }
        store_field_set(orders, id, (struct span){0});
        store_field_set(expiry, id, (struct span){0});
    }
    elements[1] = (struct reply){.type = REPLY_INTEGER, .integer = looked_at};
    /* The store goes on, and what the answer points to may change: it is copied. */
    for (size_t i = 2; i < n; i++)
        buffer_append_span(&answer->text, elements[i].text);
    for (size_t i = 2, at = 0; i < n; at += elements[i++].text.size)
        elements[i].text.data = answer->text.data + at;
    answer->reply.n_elements = n;
}

void store_decide(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    struct sim_object *vec = store_find(store, call_get(call, 0));
    if (!vec) {
        answer_lost(answer);
        return;
    }
    struct span ranges = call_get(call, 3);
    if (!store_ranges_match(store, vec, ranges)) {
        answer_refused(answer, vec);
        return;
    }
    struct sim_object *orders = store_make(store, call_get(call, 1));
    struct sim_object *expiry = store_make(store, call_get(call, 2));
    for (size_t i = 5; i < call->n_args; i += 4) {
        if (store->fault != SIM_FAULT_DECIDE_UNCOMPARED &&
            !span_equal(store_field(orders, call_get(call, i)), call_get(call, i + 1))) {
            answer_array(answer, 1)[0] = reply_text(span_of("changed"));
            return;
        }
    }
    for (size_t i = 5; i < call->n_args; i += 4) {
        store_field_set(orders, call_get(call, i), call_get(call, i + 2));
        number_set(expiry, call_get(call, i), call_number(call, i + 3));
    }
    sweep(orders, expiry, call_number(call, 4), answer);
    store_ranges_set(vec, ranges);
}

void store_expire(struct sim_store *store, const struct call *call, struct sim_answer *answer)
{
    struct sim_object *orders = store_make(store, call_get(call, 0));
    struct sim_object *expiry = store_make(store, call_get(call, 1));
    struct sim_object *refused = store_make(store, call_get(call, 2));
    struct span id = call_get(call, 3);
    bool same = span_equal(store_field(orders, id), call_get(call, 4));
    answer->reply = (struct reply){.type = REPLY_INTEGER, .integer = same};
    if (!same)
        return;
    store_field_set(orders, id, (struct span){0});
    store_field_set(expiry, id, (struct span){0});
    for (size_t i = 5; i + 1 < call->n_args; i += 2)
        number_set(refused, call_get(call, i),
                   number_get(refused, call_get(call, i)) + call_number(call, i + 1));
}
