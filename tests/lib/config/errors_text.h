/*
 * For tests: all errors of a list as one text, a line for each.
 */
#ifndef ROIWATCH_TESTS_LIB_CONFIG_ERRORS_TEXT_H
#define ROIWATCH_TESTS_LIB_CONFIG_ERRORS_TEXT_H

#include "lib/config/errors.h"

/* The caller frees it. */
static inline char *errors_text(const struct config_errors *errors)
{
    struct buffer buffer = BUFFER_INIT;
    for (size_t i = 0; i < errors->n_items; i++) {
        config_error_text(&errors->items[i], &buffer);
        buffer_append_text(&buffer, "\n");
    }
    buffer_append_zeros(&buffer, 1);
    return buffer.data;
}

#endif
