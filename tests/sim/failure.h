/*
 * What a run found wrong: the first finding is kept, the rest follows from it.
 */
#ifndef ROIWATCH_TESTS_SIM_FAILURE_H
#define ROIWATCH_TESTS_SIM_FAILURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/base/must.h"

struct failure {
    bool found;
    char text[600];
};

static inline void PRINTF_LIKE(2, 3) fail(struct failure *failure, const char *format, ...)
{
    if (failure->found)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(failure->text, sizeof(failure->text), format, args);
    va_end(args);
    failure->found = true;
}

#endif
