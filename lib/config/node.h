/*
 * Nodes: a YAML document as a tree in which every value knows its place.
 *
 * Nodes and their texts live in the arena that they were made in. Texts end in a NUL and hold none inside.
 */
#ifndef ROIWATCH_CONFIG_NODE_H
#define ROIWATCH_CONFIG_NODE_H

#include <stdbool.h>

#include "lib/base/table.h"
#include "lib/config/arena.h"
#include "lib/config/errors.h"

enum config_kind { CONFIG_SCALAR, CONFIG_SEQUENCE, CONFIG_MAPPING };

struct config_node {
    enum config_kind kind;
    bool plain;       /* a scalar without quotes: only such a one can be null */
    const char *text; /* of a scalar */
    const char *key;  /* in a mapping; else NULL */
    struct config_place place;
    struct config_place key_place;
    struct config_node *first; /* children, in the order of the file */
    struct config_node *last;
    struct config_node *next; /* sibling */
    size_t n_children;
};

/* ~, null or nothing. */
bool config_node_is_null(const struct config_node *node);
/* The child under key, or NULL; also where node is NULL or no mapping. */
struct config_node *config_node_child(const struct config_node *node, const char *key);
/* Same structure and same texts; mappings in the same order. */
bool config_node_equal(const struct config_node *a, const struct config_node *b);
void config_node_append(struct config_node *parent, struct config_node *child);

/*
 * Puts value under a dotted path ("http.listen"; a part with dots stands in double quotes) of a mapping, in
 * place of what was there; mappings on the way are made. An error is added where a part of the path is a
 * value, or the path is empty or broken. Returns 0 or -ENOMEM.
 */
MUST_CHECK int config_node_set(struct arena *arena, struct config_node *root, struct span path,
                               struct config_node *value, struct config_errors *errors);

/*
 * Adds what another file's root has under key, a mapping, to what root has there. Any other key of that file,
 * and an entry that both have, is an error. The nodes of `more` move. seen, empty before the first of several
 * merges, keeps the entries' names between them; the caller deinits it. Returns 0 or -ENOMEM.
 */
MUST_CHECK int config_node_merge(struct arena *arena, struct config_node *root, struct config_node *more,
                                 const char *key, struct table *seen, struct config_errors *errors);

#endif
