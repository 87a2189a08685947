#include "lib/shard/columns.h"

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
