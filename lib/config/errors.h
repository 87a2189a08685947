/*
 * Errors of a configuration, as data: all of them, in the order in which they were found.
 *
 * The list owns its texts, so it outlives the configuration that was refused. It keeps CONFIG_ERRORS_MAX
 * errors and as many warnings, and counts the rest.
 */
#ifndef ROIWATCH_CONFIG_ERRORS_H
#define ROIWATCH_CONFIG_ERRORS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/config/arena.h"

enum { CONFIG_ERRORS_MAX = 200 };

/* Where a value stands. */
struct config_place {
    const char *file; /* a path as given, or "--set KEY" */
    uint32_t line;    /* from 1; 0 where there is none */
    uint32_t column;
};

struct config_error {
    struct config_place place;
    const char *key;  /* full path of the key; "" where no key is concerned */
    const char *text; /* what is wrong, what is allowed, nearest match */
    bool warning;
};

struct config_errors {
    struct config_error *items; /* owned */
    size_t n_items;             /* kept */
    size_t n_errors;            /* found */
    size_t n_warnings;          /* found */
    struct arena texts;
    bool no_memory; /* an error could not be kept */
};

#define CONFIG_ERRORS_INIT ((struct config_errors){0})

void config_errors_deinit(struct config_errors *errors);

/* Adds one; never fails, but sets no_memory (an error is counted all the same). */
void config_error_add(struct config_errors *errors, struct config_place place, const char *key,
                      const char *format, ...) PRINTF_LIKE(4, 5);
void config_warning_add(struct config_errors *errors, struct config_place place, const char *key,
                        const char *format, ...) PRINTF_LIKE(4, 5);

/* Appends `file:line:col: key: text` without a line end; a warning has "warning: " before its text. */
void config_error_text(const struct config_error *error, struct buffer *buffer);

#endif
