/*
 * A hash table from byte strings to pointers, insertion only between clears.
 *
 * Keys are copied into the table's entry; values are the caller's and are never freed here. There is no
 * removal of single keys: users of it keep registries that only grow, or are rebuilt whole.
 */
#ifndef ROIWATCH_BASE_TABLE_H
#define ROIWATCH_BASE_TABLE_H

#include "lib/base/must.h"
#include "lib/base/span.h"

struct table_entry {
    uint64_t hash;
    void *value; /* the caller's; never NULL once set */
    uint32_t key_size;
    char key[]; /* key_size bytes */
};

struct table {
    struct table_entry **slots; /* owned, a power of two of them; NULL slots are free */
    size_t n_slots;
    size_t count;
};

/* The house's one hash of identities (XXH3, seed 0): also what spreads ids over shards. */
uint64_t hash_bytes(struct span bytes);
/* 128 bits of the same family, for what must not collide by chance. */
enum { HASH_WIDE_SIZE = 16 };
void hash_bytes_wide(struct span bytes, uint64_t seed, uint8_t ret_hash[HASH_WIDE_SIZE]);

void table_deinit(struct table *table);
/* The value under key, or NULL. */
void *table_get(const struct table *table, struct span key);
/* Same, with hash_bytes(key) already known. */
void *table_get_hashed(const struct table *table, struct span key, uint64_t hash);
/* Sets or replaces the value under key. -ENOMEM leaves the table as it was. */
MUST_CHECK int table_put(struct table *table, struct span key, void *value);
/* Next entry at or after *cursor (start at 0), in no particular order; NULL at the end. */
struct table_entry *table_next(const struct table *table, size_t *cursor);

static inline struct span table_entry_key(const struct table_entry *entry)
{
    return (struct span){entry->key, entry->key_size};
}

#endif
