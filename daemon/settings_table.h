/*
 * The joined table: the rows of all modules, as one shape over struct settings.
 */
#ifndef ROIWATCH_DAEMON_SETTINGS_TABLE_H
#define ROIWATCH_DAEMON_SETTINGS_TABLE_H

#include "lib/config/schema.h"

enum { SETTINGS_ROWS_MAX = 24 };

struct settings_table {
    struct config_row rows[SETTINGS_ROWS_MAX];
    struct config_shape shape; /* points to rows: the table must not move */
};

void settings_table_init(struct settings_table *table);
/* Only the sections that decide how a message is read. */
void settings_table_counting(struct settings_table *table);

#endif
