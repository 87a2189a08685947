/*
 * Arena: memory that is given out piece by piece and freed as a whole.
 *
 * A configuration is read once and lives until it is replaced: its nodes, texts and records all die together.
 */
#ifndef ROIWATCH_CONFIG_ARENA_H
#define ROIWATCH_CONFIG_ARENA_H

#include <stddef.h>

#include "lib/base/must.h"
#include "lib/base/span.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* owned; the newest first */
};

#define ARENA_INIT ((struct arena){0})

void arena_deinit(struct arena *arena);
/* Zeroed memory, aligned for any type; a size of 0 is allowed. NULL where there is no memory. */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t size);
/* A NUL-terminated copy. NULL where there is no memory. */
MUST_CHECK char *arena_text(struct arena *arena, struct span text);

#endif
