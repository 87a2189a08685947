/*
 * Logging: one line per failure, on stderr, that says what happened, what roiwatch does about it and what you
 * can do.
 */
#ifndef ROIWATCH_DAEMON_LOG_H
#define ROIWATCH_DAEMON_LOG_H

#include "lib/base/must.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6 };

void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
