#include "lib/evaluate/slices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/window/window.h"

enum { FIRST_ROWS = 8 };

static int64_t wrapped_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrapped_subtract(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

void slices_init(struct slices *slices, size_t n_columns)
{
    *slices = (struct slices){.n_columns = n_columns};
}

void slices_deinit(struct slices *slices)
{
    free(slices->rows);
    slices_init(slices, slices->n_columns);
}

static size_t row_size(const struct slices *slices)
{
    return 1 + slices->n_columns;
}

static int64_t *row_start(const struct slices *slices, size_t index)
{
    return slices->rows + index * row_size(slices);
}

static int64_t *row_through(const struct slices *slices, size_t index)
{
    return row_start(slices, index) + 1;
}

static int make_room(struct slices *slices)
{
    if (slices->n < slices->capacity)
        return 0;
    size_t capacity = slices->capacity ? slices->capacity * 2 : FIRST_ROWS;
    int64_t *rows = realloc(slices->rows, capacity * row_size(slices) * sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    slices->rows = rows;
    slices->capacity = capacity;
    return 0;
}

static void fill_row(struct slices *slices, size_t index, uint32_t start_minutes, const int64_t *columns)
{
    *row_start(slices, index) = start_minutes;
    memcpy(row_through(slices, index), columns, slices->n_columns * sizeof(*columns));
}

int slices_collect(struct slices *slices, uint32_t start_minutes, const struct cell *cell)
{
    int r = make_room(slices);
    if (r < 0)
        return r;
    fill_row(slices, slices->n++, start_minutes, cell->column);
    return 0;
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void slices_sort(struct slices *slices)
{
    if (slices->n > 1)
        qsort(slices->rows, slices->n, row_size(slices) * sizeof(*slices->rows), compare_rows);
    for (size_t i = 1; i < slices->n; i++)
        for (size_t c = 0; c < slices->n_columns; c++)
            row_through(slices, i)[c] = wrapped_add(row_through(slices, i)[c], row_through(slices, i - 1)[c]);
}

static size_t find_minutes(const struct slices *slices, int64_t minutes)
{
    size_t low = 0;
    size_t high = slices->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (*row_start(slices, middle) < minutes)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const int64_t *before(const struct slices *slices, size_t index)
{
    return index ? row_through(slices, index - 1) : slices->dropped.column;
}

static int insert(struct slices *slices, size_t at, uint32_t start_minutes)
{
    int r = make_room(slices);
    if (r < 0)
        return r;
    size_t n_behind = (slices->n - at) * row_size(slices);
    memmove(row_start(slices, at + 1), row_start(slices, at), n_behind * sizeof(*slices->rows));
    fill_row(slices, at, start_minutes, before(slices, at));
    slices->n++;
    return 0;
}

int slices_set(struct slices *slices, uint32_t start_minutes, const struct cell *cell)
{
    size_t at = find_minutes(slices, start_minutes);
    if (at == slices->n || *row_start(slices, at) != start_minutes) {
        int r = insert(slices, at, start_minutes);
        if (r < 0)
            return r;
    }
    struct cell difference;
    for (size_t c = 0; c < slices->n_columns; c++) {
        int64_t through = wrapped_add(cell->column[c], before(slices, at)[c]);
        difference.column[c] = wrapped_subtract(through, row_through(slices, at)[c]);
    }
    for (size_t i = at; i < slices->n; i++)
        for (size_t c = 0; c < slices->n_columns; c++)
            row_through(slices, i)[c] = wrapped_add(row_through(slices, i)[c], difference.column[c]);
    return 0;
}

size_t slices_find(const struct slices *slices, int64_t start_ms)
{
    if (start_ms <= 0)
        return 0;
    return find_minutes(slices, (start_ms - 1) / MINUTE_MS + 1);
}

uint32_t slices_start_minutes(const struct slices *slices, size_t index)
{
    return (uint32_t)*row_start(slices, index);
}

int64_t slices_start_ms(const struct slices *slices, size_t index)
{
    return *row_start(slices, index) * MINUTE_MS;
}

void slices_sum(const struct slices *slices, size_t first, size_t end, struct cell *ret_sum)
{
    struct cell sum = {{0}};
    for (size_t c = 0; first < end && c < slices->n_columns; c++)
        sum.column[c] = wrapped_subtract(row_through(slices, end - 1)[c], before(slices, first)[c]);
    *ret_sum = sum;
}

void slices_drop(struct slices *slices, size_t n)
{
    if (n == 0)
        return;
    memcpy(slices->dropped.column, row_through(slices, n - 1), slices->n_columns * sizeof(int64_t));
    slices->n -= n;
    memmove(slices->rows, row_start(slices, n), slices->n * row_size(slices) * sizeof(*slices->rows));
}
