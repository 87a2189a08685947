/*
 * Reading: a tree of nodes into a struct, by the rows of its shape.
 *
 * All errors are collected, each with place, full path of the key and nearest match; what was in error stays
 * 0.
 */
#ifndef ROIWATCH_CONFIG_READ_H
#define ROIWATCH_CONFIG_READ_H

#include "lib/config/nearest.h"
#include "lib/config/schema.h"

enum { CONFIG_PATH_MAX = 512 };

struct config_run {
    struct arena *arena; /* where records and texts go */
    struct config_errors *errors;
    struct config_place place;  /* of the record that is being read: where what it lacks is missed */
    char path[CONFIG_PATH_MAX]; /* of the value that is being read */
    size_t path_size;
    int error; /* 0 or -ENOMEM */
};

/*
 * Fills record (zeroed, of the shape's size) from root. Texts and items live in the arena, as do the nodes
 * that it reads from. Returns 0, with errors perhaps added to the list, or -ENOMEM.
 */
MUST_CHECK int config_read(struct arena *arena, const struct config_shape *shape,
                           const struct config_node *root, void *record, struct config_errors *errors);

/* For checks and custom types: adds an error at the node (NULL: at the record) under the current path. */
void config_fail(struct config_run *run, const struct config_node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same for a key of the record whose node is given; record may be NULL. */
void config_fail_key(struct config_run *run, const struct config_node *record, const char *key,
                     const char *format, ...) PRINTF_LIKE(4, 5);
/* The same for item i, from 0, of a list under a key of the record. */
void config_fail_item(struct config_run *run, const struct config_node *record, const char *key, size_t i,
                      const char *format, ...) PRINTF_LIKE(5, 6);
/* The text of a scalar that is not null, or NULL after an error "must be …". */
const char *config_scalar(struct config_run *run, const struct config_node *node, const char *what);
/* Adds `"text" is not allowed; allowed are …; did you mean …?`. words ends in NULL. */
void config_fail_word(struct config_run *run, const struct config_node *node, const char *const *words);

#endif
