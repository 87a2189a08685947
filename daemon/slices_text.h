/*
 * Slices as text: what PREFIX~meta says of the slices that are stored, of what decides lateness, and of what the
 * measures' columns hold. Windows that need more than that need a recount, and so do other measures.
 */
#ifndef ROIWATCH_DAEMON_SLICES_TEXT_H
#define ROIWATCH_DAEMON_SLICES_TEXT_H

#include "daemon/settings.h"

void slices_text(const struct settings *settings, struct buffer *buffer);
/* Is everything that the configured windows need among what is stored? */
bool slices_cover(const struct settings *settings, struct span stored);

#endif
