/*
 * A hiredis reply as the core's reply tree. Texts stay hiredis' own; the nodes are this tree's.
 */
#ifndef ROIWATCH_DAEMON_REDIS_TREE_H
#define ROIWATCH_DAEMON_REDIS_TREE_H

#include <hiredis/hiredis.h>

#include "lib/shard/call.h"

struct redis_tree {
    struct reply *nodes; /* owned */
    const struct reply *root;
};

/* Holds as long as the hiredis reply and until redis_tree_deinit. -ENOMEM. */
MUST_CHECK int redis_tree_convert(struct redis_tree *tree, const redisReply *reply);
void redis_tree_deinit(struct redis_tree *tree);

#endif
