/*
 * For tests of what happens where memory ends: an allocator that fails when the script says so.
 *
 * A test includes this, then says `#define malloc scripted_malloc` and the like around the units that it compiles in
 * (whatever else it links keeps the real allocator), or wraps the linker's.
 */
#ifndef ROIWATCH_TESTS_LIB_SCRIPTED_ALLOCATOR_H
#define ROIWATCH_TESTS_LIB_SCRIPTED_ALLOCATOR_H

#include <stdbool.h>
#include <stdlib.h>

static bool armed; /* else all allocations succeed */
static long n_until_failure =
    -1; /* allocations that still succeed; negative: all, also after the one that failed */

static inline bool allocation_fails(void)
{
    return armed && n_until_failure >= 0 && n_until_failure-- == 0;
}

static inline void *scripted_malloc(size_t size)
{
    return allocation_fails() ? NULL : malloc(size);
}

static inline void *scripted_calloc(size_t n, size_t size)
{
    return allocation_fails() ? NULL : calloc(n, size);
}

static inline void *scripted_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : realloc(memory, size);
}

#endif
