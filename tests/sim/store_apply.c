/*
 * The model of lib/shard/lua/apply.lua: check the ranges, add with overflow found before the first write,
 * write, set the offsets last. Beside it, what the script trusts ingest for is checked: that an increment
 * names the field that it is in, and that the journal names the same cells as the keys and fields do.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/store.h"

/* One apply call while it is worked on; fields of all groups stand one after the other. */
struct work {
    size_t n_groups;
    size_t n_fields;
    size_t n_columns;
    size_t *group_of;  /* of a field */
    size_t *column_at; /* of a field: its first column; one more at the end */
    int64_t *columns;
    bool *aside; /* of a group */
};

static void work_deinit(struct work *work)
{
    free(work->group_of);
    free(work->column_at);
    free(work->columns);
    free(work->aside);
}

static uint16_t bytes_u16(struct span bytes, size_t at)
{
    return (uint16_t)(bytes_u32(bytes, at) >> 16);
}

/* Loads what is stored. False where the call contradicts itself. */
static bool work_load(struct sim_store *store, const struct call *call, struct work *work)
{
    struct span groups = call_get(call, call->n_keys + 1);
    work->n_groups = call->n_keys - 3;
    work->n_fields = (size_t)call_number(call, call->n_keys + 3);
    work->group_of = calloc(work->n_fields + 1, sizeof(size_t));
    work->column_at = calloc(work->n_fields + 1, sizeof(size_t));
    work->aside = calloc(work->n_groups + 1, sizeof(bool));
    size_t field = 0;
    for (size_t g = 0; g < work->n_groups; g++) {
        for (size_t i = 0; i < bytes_u16(groups, 4 * g) && field < work->n_fields; i++, field++) {
            work->group_of[field] = g;
            work->column_at[field + 1] = work->column_at[field] + bytes_u16(groups, 4 * g + 2);
        }
    }
    if (groups.size != 4 * work->n_groups || field != work->n_fields)
        return false;
    work->n_columns = work->column_at[field];
    work->columns = calloc(work->n_columns + 1, sizeof(int64_t));
    for (size_t k = 0; k < work->n_fields; k++) {
        struct sim_object *cells = store_find(store, call_get(call, 3 + work->group_of[k]));
        struct span stored = store_field(cells, call_get(call, call->n_keys + 4 + k));
        for (size_t c = work->column_at[k]; c < work->column_at[k + 1]; c++)
            work->columns[c] = bytes_i64(stored, 8 * (c - work->column_at[k]));
    }
    return true;
}

static bool work_add(const struct call *call, struct work *work)
{
    size_t at = call->n_keys + 4 + work->n_fields;
    if ((call->n_args - at) % 3)
        return false;
    for (; at < call->n_args; at += 3) {
        struct span name = call_get(call, at);
        struct reply number = {.type = REPLY_TEXT, .text = {name.data + 1, name.size - 1}};
        size_t column = (size_t)reply_i64(&number, INT64_MAX);
        size_t field = (size_t)call_number(call, at + 2) - 1;
        if (name.data[0] != '#' || field >= work->n_fields || column < work->column_at[field] ||
            column >= work->column_at[field + 1])
            return false;
        int64_t *sum = &work->columns[column];
        if (__builtin_add_overflow(*sum, call_number(call, at + 1), sum))
            work->aside[work->group_of[field]] = true;
    }
    return true;
}

/* A record of spend is set: the value, then the field's name. */
static void spend_set(struct sim_object *spend, struct span field)
{
    store_field_set(spend, span_from(field.data + 24, field.size - 24), span_from(field.data, 24));
}

static void work_write(struct sim_store *store, const struct call *call, const struct work *work)
{
    for (size_t k = 0; k < work->n_fields; k++) {
        CLEANUP(buffer_deinit) struct buffer packed = BUFFER_INIT;
        if (work->aside[work->group_of[k]])
            continue;
        for (size_t c = work->column_at[k]; c < work->column_at[k + 1]; c++)
            for (int shift = 56; shift >= 0; shift -= 8)
                buffer_append_u8(&packed, (uint8_t)((uint64_t)work->columns[c] >> shift));
        while (packed.size && packed.data[packed.size - 1] == 0)
            packed.size--;
        struct sim_object *cells = store_make(store, call_get(call, 3 + work->group_of[k]));
        if (work->column_at[k] == work->column_at[k + 1]) {
            spend_set(cells, call_get(call, call->n_keys + 4 + k));
            continue;
        }
        store_field_set(cells, call_get(call, call->n_keys + 4 + k), buffer_span(&packed));
    }
}

static bool ends_with(struct span text, struct span end)
{
    return text.size >= end.size && memcmp(text.data + text.size - end.size, end.data, end.size) == 0;
}

/* The journal's field c names each group that holds cells of a campaign, in the order of the keys. */
static bool journal_matches(const struct call *call, const struct work *work)
{
    struct span c = call_get(call, call->n_keys + 2);
    size_t at = 0, field = 0;
    for (size_t g = 0; g < work->n_groups; g++) {
        struct span key = call_get(call, 3 + g);
        size_t n = bytes_u16(call_get(call, call->n_keys + 1), 4 * g);
        bool lags = memmem(key.data, key.size, "}:lags:", strlen("}:lags:")) != NULL;
        if (lags || ends_with(key, span_of(":lanes"))) {
            field += n;
            continue;
        }
        char suffix[64];
        size_t size = bytes_u16(c, at);
        size_t minutes_at = at + 2 + size;
        uint16_t columns = bytes_u16(call_get(call, call->n_keys + 1), 4 * g + 2);
        size_t n_named = columns ? n : 0;
        if (minutes_at + 6 + 4 * n_named > c.size || bytes_u16(c, minutes_at + 2) != columns ||
            bytes_u16(c, minutes_at + 4) != n_named)
            return false;
        if (columns)
            snprintf(suffix, sizeof(suffix), ":s:%u:%.*s", bytes_u16(c, minutes_at), (int)size,
                     c.data + at + 2);
        else
            snprintf(suffix, sizeof(suffix), ":spend:%.*s", (int)size, c.data + at + 2);
        if (!ends_with(key, span_of(suffix)) ||
            memcmp(key.data, call_get(call, 0).data, key.size - strlen(suffix)) != 0)
            return false;
        for (size_t i = 0; i < n_named; i++)
            if (!span_equal(call_get(call, call->n_keys + 4 + field + i),
                            span_from(c.data + minutes_at + 6 + 4 * i, 4)))
                return false;
        field += n;
        at = minutes_at + 6 + 4 * n_named;
    }
    return at == c.size;
}

void store_apply(struct sim_store *store, const struct call *call, bool half, struct sim_answer *answer)
{
    CLEANUP(work_deinit) struct work work = {0};
    struct sim_object *vec = store_find(store, call_get(call, 0));
    if (!vec) {
        answer_lost(answer);
        return;
    }
    struct span ranges = call_get(call, call->n_keys);
    if (!store_ranges_match(store, vec, ranges)) {
        answer_refused(answer, vec);
        return;
    }
    if (!work_load(store, call, &work) || !work_add(call, &work) || !journal_matches(call, &work)) {
        fail(store->failure, "an apply call contradicts itself");
        return;
    }
    if (!half || store->fault != SIM_FAULT_OFFSETS_FIRST)
        work_write(store, call, &work);
    store_ranges_set(vec, ranges);
    struct reply *elements = answer_array(answer, work.n_groups + 1);
    elements[0] = (struct reply){.type = REPLY_TEXT, .text = span_of("ok")};
    size_t n = 1;
    for (size_t g = 0; g < work.n_groups; g++)
        if (work.aside[g])
            elements[n++] = (struct reply){.type = REPLY_TEXT, .text = call_get(call, 3 + g)};
    answer->reply.n_elements = n;
}
