/*
 * JSON out: the one place that escapes text.
 */
#ifndef ROIWATCH_BASE_JSON_H
#define ROIWATCH_BASE_JSON_H

#include "lib/base/buffer.h"
#include "lib/base/span.h"

/* Appends the text in quotes; quotes, backslashes and control bytes are escaped, other bytes stand as they
 * are. */
void json_append_text(struct buffer *buffer, struct span text);

#endif
