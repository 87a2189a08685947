#include "lib/config/node.h"

#include <errno.h>

bool config_node_is_null(const struct config_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != CONFIG_SCALAR || !node->plain)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
        if (strcmp(node->text, nulls[i]) == 0)
            return true;
    return false;
}

struct config_node *config_node_child(const struct config_node *node, const char *key)
{
    if (!node || node->kind != CONFIG_MAPPING)
        return NULL;
    for (struct config_node *child = node->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

bool config_node_equal(const struct config_node *a, const struct config_node *b)
{
    if (a->kind != b->kind || a->n_children != b->n_children)
        return false;
    if (a->kind == CONFIG_SCALAR)
        return (config_node_is_null(a) && config_node_is_null(b)) || strcmp(a->text, b->text) == 0;
    const struct config_node *left = a->first, *right = b->first;
    for (; left && right; left = left->next, right = right->next)
        if ((left->key && strcmp(left->key, right->key) != 0) || !config_node_equal(left, right))
            return false;
    return true;
}

void config_node_append(struct config_node *parent, struct config_node *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n_children++;
}

/* An empty mapping under key, at the place of the value for which it is made. */
static struct config_node *mapping_new(struct arena *arena, const char *key, struct config_place place)
{
    struct config_node *mapping = arena_alloc(arena, sizeof(*mapping));
    if (mapping)
        *mapping =
            (struct config_node){.kind = CONFIG_MAPPING, .key = key, .place = place, .key_place = place};
    return mapping;
}

/* Cuts the first part off a dotted path; false where the path is broken. */
static bool path_part(struct span *path, struct span *ret_part)
{
    bool quoted = path->size && path->data[0] == '"';
    size_t from = quoted ? 1 : 0;
    const char *end =
        path->size > from ? memchr(path->data + from, quoted ? '"' : '.', path->size - from) : NULL;
    if (quoted && !end)
        return false;
    size_t to = end ? (size_t)(end - path->data) : path->size;
    size_t next = quoted ? to + 1 : to;
    if (to == from || (next < path->size && (path->data[next] != '.' || next + 1 == path->size)))
        return false;
    *ret_part = span_from(path->data + from, to - from);
    next = next < path->size ? next + 1 : next;
    *path = span_from(path->data + next, path->size - next);
    return true;
}

static void node_become(struct config_node *node, const struct config_node *value)
{
    struct config_node *next = node->next;
    const char *key = node->key;
    *node = *value;
    node->next = next;
    node->key = key;
}

int config_node_set(struct arena *arena, struct config_node *root, struct span path,
                    struct config_node *value, struct config_errors *errors)
{
    struct span rest = path, part;
    struct config_node *node = root;
    do {
        if (!path_part(&rest, &part)) {
            config_error_add(errors, value->place, "",
                             "\"%.*s\" is no path of a key; allowed are names with dots between",
                             (int)path.size, path.data);
            return 0;
        }
        if (config_node_is_null(node))
            node_become(node, &(struct config_node){
                                  .kind = CONFIG_MAPPING, .place = value->place, .key_place = value->place});
        if (node->kind != CONFIG_MAPPING) {
            config_error_add(errors, value->place, "",
                             "\"%.*s\" cannot be set: a part of it is a value or a list", (int)path.size,
                             path.data);
            return 0;
        }
        const char *key = arena_text(arena, part);
        if (!key)
            return -ENOMEM;
        struct config_node *child = config_node_child(node, key);
        if (!child) {
            child = mapping_new(arena, key, value->place);
            if (!child)
                return -ENOMEM;
            config_node_append(node, child);
        }
        node = child;
    } while (rest.size);
    node_become(node, value);
    return 0;
}

static int fail_in_two_files(const struct config_node *child, const struct config_node *first,
                             const char *key, struct config_errors *errors)
{
    CLEANUP(buffer_deinit) struct buffer path = BUFFER_INIT;
    buffer_printf(&path, strchr(child->key, '.') ? "%s.\"%s\"" : "%s.%s", key, child->key);
    buffer_append_u8(&path, '\0');
    if (buffer_status(&path) < 0)
        return -ENOMEM;
    config_error_add(errors, child->key_place, path.data,
                     "stands in two files, first at %s:%u:%u; write it once", first->key_place.file,
                     first->key_place.line, first->key_place.column);
    return 0;
}

static int merge_children(struct config_node *into, struct config_node *from, const char *key,
                          struct table *seen, struct config_errors *errors)
{
    for (struct config_node *child = seen->count ? NULL : into->first; child; child = child->next) {
        int r = table_put(seen, span_of(child->key), child);
        if (r < 0)
            return r;
    }
    struct config_node *next;
    for (struct config_node *child = from->first; child; child = next) {
        next = child->next;
        const struct config_node *first = table_get(seen, span_of(child->key));
        int r = first ? fail_in_two_files(child, first, key, errors) : 0;
        if (first && r == 0)
            continue;
        r = r < 0 ? r : table_put(seen, span_of(child->key), child);
        if (r < 0)
            return r;
        child->next = NULL;
        config_node_append(into, child);
    }
    return 0;
}

int config_node_merge(struct arena *arena, struct config_node *root, struct config_node *more,
                      const char *key, struct table *seen, struct config_errors *errors)
{
    if (config_node_is_null(more))
        return 0;
    if (more->kind != CONFIG_MAPPING) {
        config_error_add(errors, more->place, "", "must be a map with the key %s", key);
        return 0;
    }
    for (const struct config_node *child = more->first; child; child = child->next)
        if (strcmp(child->key, key) != 0)
            config_error_add(errors, child->key_place, child->key,
                             "is not allowed in this file; allowed is only %s", key);
    struct config_node *from = config_node_child(more, key);
    if (!from || config_node_is_null(from))
        return 0;
    if (from->kind != CONFIG_MAPPING) {
        config_error_add(errors, from->place, key, "must be a map");
        return 0;
    }
    struct config_node *into = config_node_child(root, key);
    if (!into) {
        into = mapping_new(arena, key, from->place);
        if (!into)
            return -ENOMEM;
        config_node_append(root, into);
    }
    if (config_node_is_null(into))
        node_become(into, &(struct config_node){
                              .kind = CONFIG_MAPPING, .place = from->place, .key_place = into->key_place});
    return into->kind == CONFIG_MAPPING ? merge_children(into, from, key, seen, errors) : 0;
}
