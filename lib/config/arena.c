#include "lib/config/arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 16 * 1024, ALIGNMENT = _Alignof(max_align_t) };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t capacity;
    _Alignas(max_align_t) char data[];
};

void arena_deinit(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}

/* A block of its own for what is large, so that the rest of the current one stays in use. */
static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
    size_t capacity = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
    struct arena_block *block = calloc(1, sizeof(*block) + capacity);
    if (!block)
        return NULL;
    block->capacity = capacity;
    if (capacity == size && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    struct arena_block *block = arena->blocks;
    if (!block || block->capacity - block->used < size)
        block = arena_grow(arena, size);
    if (!block)
        return NULL;
    void *memory = block->data + block->used;
    block->used += size;
    return memory;
}

char *arena_text(struct arena *arena, struct span text)
{
    char *copy = arena_alloc(arena, text.size + 1);
    if (copy && text.size)
        memcpy(copy, text.data, text.size);
    return copy;
}
