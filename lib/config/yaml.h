/*
 * YAML: bytes to nodes, by the events of libyaml.
 *
 * One document of scalars, sequences and mappings. Aliases, anchors, tags and a second document are errors,
 * as are repeated keys; so is whatever passes the caps below.
 */
#ifndef ROIWATCH_CONFIG_YAML_H
#define ROIWATCH_CONFIG_YAML_H

#include "lib/config/node.h"

enum { YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 4 * 1000 * 1000, YAML_BYTES_MAX = 64 * 1024 * 1024 };

/*
 * Reads one document; an empty one gives an empty mapping. file is what errors name; it must live as long as
 * the nodes. numbered false leaves lines out of all places (for text that is not a file's). On errors, which
 * are added to the list, *ret_root may be NULL. Returns 0 or -ENOMEM.
 */
MUST_CHECK int yaml_parse(struct arena *arena, struct span bytes, const char *file, bool numbered,
                          struct config_errors *errors, struct config_node **ret_root);

#endif
