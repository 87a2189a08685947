#include "lib/shard/columns.h"

#include <assert.h>

static_assert(CELL_MEASURE_1 + MEASURES_MAX == N_CELL_COLUMNS, "each measure has a column, at the end");

#define COLUMN_NAME(name, text, what) text,
static const char *const cell_names[] = {CELL_COLUMNS(COLUMN_NAME)};
static const char *const lane_names[] = {LANE_COLUMNS(COLUMN_NAME)};

const char *cell_column_name(enum cell_column column)
{
    return cell_names[column];
}

const char *lane_column_name(enum lane_column column)
{
    return lane_names[column];
}

bool cell_accumulate(struct cell *sum, const struct cell *more)
{
    struct cell total;
    for (int i = 0; i < N_CELL_COLUMNS; i++)
        if (__builtin_add_overflow(sum->column[i], more->column[i], &total.column[i]))
            return false;
    *sum = total;
    return true;
}
