#include "lib/evaluate/slices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/window/window.h"

enum { FIRST_ROWS = 8 };

static void cell_add(struct cell *cell, const struct cell *other)
{
    for (size_t i = 0; i < N_CELL_COLUMNS; i++)
        cell->column[i] = (int64_t)((uint64_t)cell->column[i] + (uint64_t)other->column[i]);
}

static void cell_subtract(struct cell *cell, const struct cell *other)
{
    for (size_t i = 0; i < N_CELL_COLUMNS; i++)
        cell->column[i] = (int64_t)((uint64_t)cell->column[i] - (uint64_t)other->column[i]);
}

void slices_deinit(struct slices *slices)
{
    free(slices->rows);
    *slices = (struct slices){0};
}

static int make_room(struct slices *slices)
{
    if (slices->n < slices->capacity)
        return 0;
    size_t capacity = slices->capacity ? slices->capacity * 2 : FIRST_ROWS;
    struct slice_row *rows = realloc(slices->rows, capacity * sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    slices->rows = rows;
    slices->capacity = capacity;
    return 0;
}

int slices_collect(struct slices *slices, uint32_t start_minutes, const struct cell *cell)
{
    int r = make_room(slices);
    if (r < 0)
        return r;
    slices->rows[slices->n++] = (struct slice_row){start_minutes, *cell};
    return 0;
}

static int compare_rows(const void *a, const void *b)
{
    uint32_t x = ((const struct slice_row *)a)->start_minutes;
    uint32_t y = ((const struct slice_row *)b)->start_minutes;
    return (x > y) - (x < y);
}

void slices_sort(struct slices *slices)
{
    if (slices->n > 1)
        qsort(slices->rows, slices->n, sizeof(*slices->rows), compare_rows);
    for (size_t i = 1; i < slices->n; i++)
        cell_add(&slices->rows[i].through, &slices->rows[i - 1].through);
}

static size_t find_minutes(const struct slices *slices, uint64_t minutes)
{
    size_t low = 0;
    size_t high = slices->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slices->rows[middle].start_minutes < minutes)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct cell *before(const struct slices *slices, size_t index)
{
    return index ? &slices->rows[index - 1].through : &slices->dropped;
}

static int insert(struct slices *slices, size_t at, uint32_t start_minutes)
{
    int r = make_room(slices);
    if (r < 0)
        return r;
    memmove(&slices->rows[at + 1], &slices->rows[at], (slices->n - at) * sizeof(*slices->rows));
    slices->rows[at] = (struct slice_row){start_minutes, *before(slices, at)};
    slices->n++;
    return 0;
}

int slices_set(struct slices *slices, uint32_t start_minutes, const struct cell *cell)
{
    size_t at = find_minutes(slices, start_minutes);
    if (at == slices->n || slices->rows[at].start_minutes != start_minutes) {
        int r = insert(slices, at, start_minutes);
        if (r < 0)
            return r;
    }
    struct cell difference = *cell;
    cell_add(&difference, before(slices, at));
    cell_subtract(&difference, &slices->rows[at].through);
    for (size_t i = at; i < slices->n; i++)
        cell_add(&slices->rows[i].through, &difference);
    return 0;
}

size_t slices_find(const struct slices *slices, int64_t start_ms)
{
    if (start_ms <= 0)
        return 0;
    return find_minutes(slices, (uint64_t)(start_ms - 1) / MINUTE_MS + 1);
}

int64_t slices_start_ms(const struct slices *slices, size_t index)
{
    return slices->rows[index].start_minutes * MINUTE_MS;
}

void slices_sum(const struct slices *slices, size_t first, size_t end, struct cell *ret_sum)
{
    struct cell sum = {{0}};
    if (first < end) {
        sum = slices->rows[end - 1].through;
        cell_subtract(&sum, before(slices, first));
    }
    *ret_sum = sum;
}

void slices_drop(struct slices *slices, size_t n)
{
    if (n == 0)
        return;
    slices->dropped = slices->rows[n - 1].through;
    slices->n -= n;
    memmove(slices->rows, slices->rows + n, slices->n * sizeof(*slices->rows));
}
