#include "lib/base/table.h"

#include <errno.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_SLOTS = 16 };

uint64_t hash_bytes(struct span bytes)
{
    return XXH3_64bits(bytes.data, bytes.size);
}

void hash_bytes_wide(struct span bytes, uint64_t seed, uint8_t ret_hash[HASH_WIDE_SIZE])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(bytes.data, bytes.size, seed));
    memcpy(ret_hash, canonical.digest, HASH_WIDE_SIZE);
}

void table_deinit(struct table *table)
{
    for (size_t i = 0; i < table->n_slots; i++)
        free(table->slots[i]);
    free(table->slots);
    *table = (struct table){0};
}

/* The slot that holds key, or the free one where it belongs; the table is never full. */
static struct table_entry **table_slot(const struct table *table, struct span key, uint64_t hash)
{
    size_t mask = table->n_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct table_entry *entry = table->slots[i];
        if (!entry || (entry->hash == hash && span_equal(table_entry_key(entry), key)))
            return &table->slots[i];
    }
}

void *table_get_hashed(const struct table *table, struct span key, uint64_t hash)
{
    if (table->n_slots == 0)
        return NULL;
    struct table_entry *entry = *table_slot(table, key, hash);
    return entry ? entry->value : NULL;
}

void *table_get(const struct table *table, struct span key)
{
    return table_get_hashed(table, key, hash_bytes(key));
}

static int table_grow(struct table *table)
{
    struct table grown = {.n_slots = table->n_slots ? table->n_slots * 2 : FIRST_SLOTS,
                          .count = table->count};
    grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
    if (!grown.slots)
        return -ENOMEM;
    for (size_t i = 0; i < table->n_slots; i++) {
        struct table_entry *entry = table->slots[i];
        if (entry)
            *table_slot(&grown, table_entry_key(entry), entry->hash) = entry;
    }
    free(table->slots);
    *table = grown;
    return 0;
}

int table_put(struct table *table, struct span key, void *value)
{
    if ((table->count + 1) * 2 > table->n_slots) {
        int r = table_grow(table);
        if (r < 0)
            return r;
    }
    uint64_t hash = hash_bytes(key);
    struct table_entry **slot = table_slot(table, key, hash);
    if (*slot) {
        (*slot)->value = value;
        return 0;
    }
    struct table_entry *entry = malloc(sizeof(*entry) + key.size);
    if (!entry)
        return -ENOMEM;
    *entry = (struct table_entry){.hash = hash, .value = value, .key_size = (uint32_t)key.size};
    if (key.size)
        memcpy(entry->key, key.data, key.size);
    *slot = entry;
    table->count++;
    return 0;
}

struct table_entry *table_next(const struct table *table, size_t *cursor)
{
    while (*cursor < table->n_slots) {
        struct table_entry *entry = table->slots[(*cursor)++];
        if (entry)
            return entry;
    }
    return NULL;
}
