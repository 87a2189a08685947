#include "daemon/redis_tree.h"

#include <errno.h>
#include <stdlib.h>

static size_t count_nodes(const redisReply *reply)
{
    size_t n = 1;
    for (size_t i = 0; i < reply->elements; i++)
        n += count_nodes(reply->element[i]);
    return n;
}

/* Fills node; its children are taken from *next, which moves on. */
static void convert(const redisReply *reply, struct reply *node, struct reply **next)
{
    *node = (struct reply){.type = REPLY_NIL};
    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        node->type = REPLY_INTEGER;
        node->integer = reply->integer;
        break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        node->type = REPLY_TEXT;
        node->text = span_from(reply->str, (size_t)reply->len);
        break;
    case REDIS_REPLY_ERROR:
        node->type = REPLY_ERROR;
        node->text = span_from(reply->str, (size_t)reply->len);
        break;
    case REDIS_REPLY_ARRAY: {
        struct reply *children = *next;
        *next += reply->elements;
        node->type = REPLY_ARRAY;
        node->elements = children;
        node->n_elements = reply->elements;
        for (size_t i = 0; i < reply->elements; i++)
            convert(reply->element[i], &children[i], next);
        break;
    }
    default:
        break;
    }
}

int redis_tree_convert(struct redis_tree *tree, const redisReply *reply)
{
    struct reply *nodes = calloc(count_nodes(reply), sizeof(*nodes));
    if (!nodes)
        return -ENOMEM;
    struct reply *next = nodes + 1;
    convert(reply, nodes, &next);
    tree->nodes = nodes;
    tree->root = nodes;
    return 0;
}

void redis_tree_deinit(struct redis_tree *tree)
{
    free(tree->nodes);
    *tree = (struct redis_tree){0};
}
