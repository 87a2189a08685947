/*
 * A store in memory that answers the evaluator's calls as Redis and the scripts in lib/shard/lua would.
 *
 * Hashes and sets are lists of fields and values, streams lists of entries. Whatever the evaluator does not
 * use is not there; an unknown command ends the test.
 */
#ifndef ROIWATCH_TESTS_FAKE_STORE_H
#define ROIWATCH_TESTS_FAKE_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/shard/call.h"
#include "lib/shard/layout.h"

struct pair {
    struct buffer name;
    struct buffer value;
};

struct entry {
    char id[24];
    struct pair *fields;
    size_t n_fields;
};

struct value {
    struct value *next;
    struct buffer key;
    struct buffer text; /* a string's */
    struct pair *pairs; /* a hash's, a set's */
    size_t n_pairs;
    struct entry *entries; /* a stream's */
    size_t n_entries;
    bool foreign; /* of another type than expected */
};

struct chunk {
    struct chunk *next;
    struct reply replies[];
};

struct store {
    struct value *values;
    int64_t last_id;
    struct chunk *chunks; /* of the latest reply */
    size_t n_written;     /* reader keys */
    size_t n_published;   /* messages on the channel */
    size_t n_calls;
};

static struct reply *store_replies(struct store *store, size_t n)
{
    struct chunk *chunk = calloc(1, sizeof(*chunk) + (n + 1) * sizeof(struct reply));
    chunk->next = store->chunks;
    store->chunks = chunk;
    return chunk->replies;
}

static struct reply reply_text(struct span text)
{
    return (struct reply){.type = REPLY_TEXT, .text = text};
}

static struct reply reply_integer(int64_t integer)
{
    return (struct reply){.type = REPLY_INTEGER, .integer = integer};
}

static struct reply reply_array(struct reply *elements, size_t n)
{
    return (struct reply){.type = REPLY_ARRAY, .elements = elements, .n_elements = n};
}

static void store_forget_reply(struct store *store)
{
    while (store->chunks) {
        struct chunk *chunk = store->chunks;
        store->chunks = chunk->next;
        free(chunk);
    }
}

static struct value *store_find(struct store *store, struct span key)
{
    for (struct value *value = store->values; value; value = value->next)
        if (span_equal(buffer_span(&value->key), key))
            return value;
    return NULL;
}

static struct value *store_make(struct store *store, struct span key)
{
    struct value *value = store_find(store, key);
    if (!value) {
        value = calloc(1, sizeof(*value));
        buffer_append_span(&value->key, key);
        value->next = store->values;
        store->values = value;
    }
    return value;
}

static void free_pairs(struct pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buffer_deinit(&pairs[i].name);
        buffer_deinit(&pairs[i].value);
    }
    free(pairs);
}

static void value_clear(struct value *value)
{
    free_pairs(value->pairs, value->n_pairs);
    for (size_t i = 0; i < value->n_entries; i++)
        free_pairs(value->entries[i].fields, value->entries[i].n_fields);
    free(value->entries);
    buffer_deinit(&value->text);
    value->pairs = NULL;
    value->entries = NULL;
    value->n_pairs = value->n_entries = 0;
}

static void store_deinit(struct store *store)
{
    store_forget_reply(store);
    while (store->values) {
        struct value *value = store->values;
        store->values = value->next;
        value_clear(value);
        buffer_deinit(&value->key);
        free(value);
    }
}

static struct pair *pair_find(const struct value *value, struct span name)
{
    for (size_t i = 0; value && i < value->n_pairs; i++)
        if (span_equal(buffer_span(&value->pairs[i].name), name))
            return &value->pairs[i];
    return NULL;
}

static void pair_add(struct pair **pairs, size_t *n, struct span name, struct span value)
{
    *pairs = realloc(*pairs, (*n + 1) * sizeof(**pairs));
    (*pairs)[*n] = (struct pair){0};
    buffer_append_span(&(*pairs)[*n].name, name);
    buffer_append_span(&(*pairs)[*n].value, value);
    (*n)++;
}

static bool hash_set(struct value *value, struct span name, struct span content)
{
    struct pair *pair = pair_find(value, name);
    if (!pair) {
        pair_add(&value->pairs, &value->n_pairs, name, content);
        return true;
    }
    buffer_clear(&pair->value);
    buffer_append_span(&pair->value, content);
    return false;
}

static struct span hash_get(const struct value *value, struct span name)
{
    struct pair *pair = pair_find(value, name);
    return pair ? buffer_span(&pair->value) : (struct span){0};
}

static void hash_remove(struct value *value, struct span name)
{
    struct pair *pair = pair_find(value, name);
    if (!pair)
        return;
    buffer_deinit(&pair->name);
    buffer_deinit(&pair->value);
    *pair = value->pairs[--value->n_pairs];
}

static struct reply reply_pairs(struct store *store, const struct pair *pairs, size_t n)
{
    struct reply *elements = store_replies(store, 2 * n);
    for (size_t i = 0; i < n; i++) {
        elements[2 * i] = reply_text(buffer_span(&pairs[i].name));
        elements[2 * i + 1] = reply_text(buffer_span(&pairs[i].value));
    }
    return reply_array(elements, 2 * n);
}

static struct entry *stream_add(struct store *store, struct value *value)
{
    value->entries = realloc(value->entries, (value->n_entries + 1) * sizeof(*value->entries));
    struct entry *entry = &value->entries[value->n_entries++];
    *entry = (struct entry){0};
    snprintf(entry->id, sizeof(entry->id), "%ld-0", (long)++store->last_id);
    return entry;
}

static void stream_drop(struct value *value, size_t at)
{
    free_pairs(value->entries[at].fields, value->entries[at].n_fields);
    value->n_entries--;
    memmove(&value->entries[at], &value->entries[at + 1], (value->n_entries - at) * sizeof(*value->entries));
}

static struct reply reply_entries(struct store *store, const struct value *value, size_t first, size_t end)
{
    struct reply *entries = store_replies(store, end - first);
    for (size_t i = first; i < end; i++) {
        struct reply *two = store_replies(store, 2);
        two[0] = reply_text(span_of(value->entries[i].id));
        two[1] = reply_pairs(store, value->entries[i].fields, value->entries[i].n_fields);
        entries[i - first] = reply_array(two, 2);
    }
    return reply_array(entries, end - first);
}

#endif
