/*
 * Slices: a campaign's cells of one tier in memory, in order of time.
 *
 * DESIGN
 *   Each row holds the sum of all cells up to its own, so that the sum over any range is one subtraction and
 * a window that rolls costs two look-ups, not its length. A change adds its difference to the rows after it:
 * those are few, as what changes is mostly now. Sums wrap like unsigned numbers do; differences stay exact.
 *   Rows end with the last column that is in use (of measures there are mostly none): they are most of the memory.
 */
#ifndef ROIWATCH_EVALUATE_SLICES_H
#define ROIWATCH_EVALUATE_SLICES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/must.h"
#include "lib/shard/columns.h"

struct slices {
    int64_t *rows; /* owned, by start: each its start in minutes, then the sum of all cells to this one */
    size_t n;
    size_t capacity;
    size_t n_columns;    /* of each row; the others are 0 */
    struct cell dropped; /* sum of what was dropped at the front */
};

/* n_columns: those of a cell that are in use. */
void slices_init(struct slices *slices, size_t n_columns);
void slices_deinit(struct slices *slices);

/* Adds a cell at the end without order, holding its own value: only before slices_sort, on an empty list. */
MUST_CHECK int slices_collect(struct slices *slices, uint32_t start_minutes, const struct cell *cell);
/* Ends a collection: orders and sums it up. Starts are all different. */
void slices_sort(struct slices *slices);

/* Sets or replaces one cell. */
MUST_CHECK int slices_set(struct slices *slices, uint32_t start_minutes, const struct cell *cell);
/* Index of the first row that starts at or after start_ms. */
size_t slices_find(const struct slices *slices, int64_t start_ms);
uint32_t slices_start_minutes(const struct slices *slices, size_t index);
int64_t slices_start_ms(const struct slices *slices, size_t index);
/* Sum of the rows [first, end). */
void slices_sum(const struct slices *slices, size_t first, size_t end, struct cell *ret_sum);
void slices_drop(struct slices *slices, size_t n);

#endif
