/*
 * UTF-8: whether bytes are it.
 */
#ifndef ROIWATCH_BASE_UTF8_H
#define ROIWATCH_BASE_UTF8_H

#include "lib/base/must.h"
#include "lib/base/span.h"

/* Shortest forms only, no surrogates, nothing beyond U+10FFFF. */
MUST_CHECK bool utf8_is_valid(struct span text);

#endif
