/*
 * What the parts of reading share: the path of the value that is being read, limits, scalars. For lib/config
 * only.
 */
#ifndef ROIWATCH_CONFIG_READ_PARTS_H
#define ROIWATCH_CONFIG_READ_PARTS_H

#include "lib/base/must.h"
#include "lib/config/read.h"

/* The path grows by a text or a key, and is cut back to the size it had; what does not fit is left out. */
void config_path_add(struct config_run *run, const char *format, ...) PRINTF_LIKE(2, 3);
void config_path_add_key(struct config_run *run, const char *key);
void config_path_cut(struct config_run *run, size_t size);

/* False after an error, where the value (of a text its bytes, of a collection its items) is outside the row's
 * limits. */
MUST_CHECK bool config_within_limits(struct config_run *run, const struct config_row *row,
                                     const struct config_node *node, int64_t value);
/* Reads CONFIG_BOOL to CONFIG_CUSTOM. False after an error. */
MUST_CHECK bool config_read_scalar(struct config_run *run, const struct config_row *row,
                                   const struct config_node *node, void *ret_value);

#endif
