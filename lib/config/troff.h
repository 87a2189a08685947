/*
 * Text for man pages: what troff gives a meaning to is taken out of it.
 */
#ifndef ROIWATCH_CONFIG_TROFF_H
#define ROIWATCH_CONFIG_TROFF_H

#include "lib/base/buffer.h"

/* Appends text so that troff shows it as it is: hyphens that can be copied, no escapes, no request at a line's begin. */
void troff_append(struct span text, struct buffer *buffer);

#endif
