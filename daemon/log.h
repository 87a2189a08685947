/*
 * Logging: one line per failure that says what happened, what roiwatch does about it and what you can do.
 *
 * DESIGN
 *   Lines go to the journal with fields where stderr is the journal's (PRIORITY, CODE_FILE, CODE_LINE, CODE_FUNC,
 * and ROIWATCH_PART: the word before the first colon, such as redis or kafka), else to stderr as text, or as one
 * JSON object a line.
 *   Failures that come again and again are counted, not repeated: within a minute each place in the code says the
 * same text once and LOG_LINES_MOST lines at all; what was held back is told with its number when the minute is
 * over. Notices and answers to the operator are never held back.
 *   The log is the one thing of the process that is not in struct app: librdkafka's threads write to it too, and
 * everything that can fail would have to carry it. A lock keeps its lines whole.
 */
#ifndef ROIWATCH_DAEMON_LOG_H
#define ROIWATCH_DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/must.h"

/* As syslog numbers them. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6 };

/* X(enum, name) */
#define LOG_FORMATS(X)                                                                                       \
    X(LOG_FORMAT_AUTO, "auto")                                                                               \
    X(LOG_FORMAT_JOURNAL, "journal")                                                                         \
    X(LOG_FORMAT_TEXT, "text")                                                                               \
    X(LOG_FORMAT_JSON, "json")

#define LOG_FORMAT_ENUM(id, name) id,
enum log_format { LOG_FORMATS(LOG_FORMAT_ENUM) N_LOG_FORMATS };
#undef LOG_FORMAT_ENUM

enum { LOG_LINES_MOST = 20, LOG_HOLD_MS = 60000 };

/* Where in the code a line comes from: one static object a place. */
struct log_place {
    const char *file;
    int line;
    const char *function;
};

/* The format of that name. 0 or -EINVAL. */
MUST_CHECK int log_format_parse(const char *name, enum log_format *ret_format);
/* Before the first line, else it is LOG_FORMAT_AUTO: the journal where stderr is its, else text. */
void log_open(enum log_format format);
/* Whether lines are plain text on stderr. */
bool log_is_text(void);
/* Tells what was held back for long enough. */
void log_tick(void);
/* Tells all that was held back. */
void log_flush(void);

/* `always`: never held back. */
void log_write(const struct log_place *place, enum log_level level, bool always, const char *format, ...)
    PRINTF_LIKE(4, 5);

#define LOG_AT(level, always, ...)                                                                           \
    do {                                                                                                     \
        static const struct log_place log_place_ = {__FILE__, __LINE__, __func__};                           \
        log_write(&log_place_, level, always, __VA_ARGS__);                                                  \
    } while (0)
#define log_line(level, ...) LOG_AT(level, false, __VA_ARGS__)
/* An answer to what the operator has asked for just now. */
#define log_answer(level, ...) LOG_AT(level, true, __VA_ARGS__)

#endif
