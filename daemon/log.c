#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Under systemd a line begins with <LEVEL>, which the journal reads; elsewhere with its name. */
void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {[LOG_LEVEL_ERROR] = "error",
                                        [LOG_LEVEL_WARNING] = "warning",
                                        [LOG_LEVEL_NOTICE] = "notice",
                                        [LOG_LEVEL_INFO] = "info"};
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (getenv("JOURNAL_STREAM"))
        fprintf(stderr, "<%d>%s\n", level, text);
    else
        fprintf(stderr, "roiwatchd: %s: %s\n", names[level], text);
}
