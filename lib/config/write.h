/*
 * Writing: a struct back to text by the rows of its shape, and the rows themselves as documentation.
 */
#ifndef ROIWATCH_CONFIG_WRITE_H
#define ROIWATCH_CONFIG_WRITE_H

#include "lib/config/schema.h"

/* The whole record as YAML, every key with its value, in the order of the rows: equal records give equal
 * bytes. */
void config_write_yaml(const struct config_shape *shape, const void *record, struct buffer *buffer);
/* The same as one JSON object on one line; values with units are texts, as in YAML. */
void config_write_json(const struct config_shape *shape, const void *record, struct buffer *buffer);

#endif
