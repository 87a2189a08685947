#include "lib/config/read.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/config/read_parts.h"
#include "lib/config/yaml.h"

enum { KEY_BYTES_MAX = 256 };

static bool read_value(struct config_run *run, const struct config_row *row, const struct config_node *node,
                       void *value);

static void *run_alloc(struct config_run *run, size_t size)
{
    void *memory = arena_alloc(run->arena, size);
    if (!memory)
        run->error = -ENOMEM;
    return memory;
}

static bool read_item(struct config_run *run, const struct config_row *row, const struct config_node *node,
                      void *item)
{
    return read_value(run, row->element, node, (char *)item + row->element->offset);
}

static bool read_list(struct config_run *run, const struct config_row *row, const struct config_node *node,
                      struct config_list *ret_list)
{
    bool single = node->kind != CONFIG_SEQUENCE && (row->flags & CONFIG_ONE_OR_LIST);
    if (!single && node->kind != CONFIG_SEQUENCE) {
        config_fail(run, node, "must be a list, such as [a, b]");
        return false;
    }
    size_t n = single ? 1 : node->n_children, size = run->path_size;
    char *items = run_alloc(run, n * row->item_size);
    if (!items || !config_within_limits(run, row, node, (int64_t)n))
        return false;
    bool ok = true;
    const struct config_node *child = single ? node : node->first;
    for (size_t i = 0; i < n; i++, child = child->next) {
        if (!single)
            config_path_add(run, "[%zu]", i);
        ok &= read_item(run, row, child, items + i * row->item_size);
        config_path_cut(run, size);
    }
    *ret_list = (struct config_list){n ? items : NULL, n};
    return ok;
}

/* A map's entry on its way to the order of keys. */
struct entry {
    const struct config_node *node;
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->node->key, ((const struct entry *)b)->node->key);
}

/* False after an error, where the map has other keys only. */
static bool is_map_key(struct config_run *run, const struct config_row *row, const struct config_node *node)
{
    struct config_node key = {.kind = CONFIG_SCALAR, .text = node->key, .place = node->key_place};
    for (size_t i = 0; row->words[i]; i++)
        if (strcmp(row->words[i], node->key) == 0)
            return true;
    config_fail_word(run, &key, row->words);
    return false;
}

static bool read_map_item(struct config_run *run, const struct config_row *row,
                          const struct config_node *node, void *item)
{
    size_t size = run->path_size;
    config_path_add_key(run, node->key);
    bool ok = strlen(node->key) > 0 && strlen(node->key) <= KEY_BYTES_MAX;
    if (!ok)
        config_error_add(run->errors, node->key_place, run->path, "a name has %zu bytes; allowed are 1 to %d",
                         strlen(node->key), KEY_BYTES_MAX);
    if (ok && row->words)
        ok = is_map_key(run, row, node);
    *(const char **)item = node->key;
    ok = ok && read_item(run, row, node, item);
    config_path_cut(run, size);
    return ok;
}

static bool read_map(struct config_run *run, const struct config_row *row, const struct config_node *node,
                     struct config_list *ret_list)
{
    if (node->kind != CONFIG_MAPPING) {
        config_fail(run, node, "must be a map, such as {name: value}");
        return false;
    }
    size_t n = node->n_children, i = 0;
    char *items = run_alloc(run, n * row->item_size);
    struct entry *sorted = run_alloc(run, n * sizeof(*sorted));
    if (!items || !sorted || !config_within_limits(run, row, node, (int64_t)n))
        return false;
    for (const struct config_node *child = node->first; child; child = child->next)
        sorted[i++].node = child;
    qsort(sorted, n, sizeof(*sorted), compare_keys);
    bool ok = true;
    for (i = 0; i < n; i++)
        ok &= read_map_item(run, row, sorted[i].node, items + i * row->item_size);
    *ret_list = (struct config_list){n ? items : NULL, n};
    return ok;
}

static void fail_unknown_key(struct config_run *run, const struct config_shape *shape,
                             const struct config_node *child)
{
    CLEANUP(buffer_deinit) struct buffer allowed = BUFFER_INIT;
    struct nearest nearest;
    nearest_start(&nearest, span_of(child->key));
    for (size_t i = 0; i < shape->n_rows; i++) {
        nearest_offer(&nearest, shape->rows[i].key);
        buffer_printf(&allowed, "%s%s", i ? ", " : "", shape->rows[i].key);
    }
    size_t size = run->path_size;
    config_path_add_key(run, child->key);
    if (buffer_status(&allowed) < 0)
        run->error = -ENOMEM;
    else if (nearest.best)
        config_error_add(run->errors, child->key_place, run->path, "unknown key; did you mean \"%s\"?",
                         nearest.best);
    else
        config_error_add(run->errors, child->key_place, run->path, "unknown key; allowed are %.*s",
                         (int)allowed.size, allowed.data);
    config_path_cut(run, size);
}

static bool refuse_unknown_keys(struct config_run *run, const struct config_shape *shape,
                                const struct config_node *node)
{
    bool ok = true;
    for (const struct config_node *child = node->first; child; child = child->next) {
        size_t i = 0;
        while (i < shape->n_rows && strcmp(shape->rows[i].key, child->key) != 0)
            i++;
        if (i == shape->n_rows) {
            fail_unknown_key(run, shape, child);
            ok = false;
        }
    }
    return ok;
}

static bool is_collection(const struct config_row *row)
{
    return row->type == CONFIG_RECORD || row->type == CONFIG_LIST || row->type == CONFIG_MAP;
}

/* The node of a default: a scalar needs no parser, which matters with many campaigns. */
static const struct config_node *fallback_node(struct config_run *run, const struct config_row *row,
                                               struct config_node *scalar)
{
    if (!is_collection(row) && row->type != CONFIG_LATER) {
        *scalar = (struct config_node){
            .kind = CONFIG_SCALAR, .plain = true, .text = row->fallback, .place = run->place};
        return scalar;
    }
    struct config_node *node = NULL;
    int r = yaml_parse(run->arena, span_of(row->fallback), "default", false, run->errors, &node);
    if (r < 0)
        run->error = r;
    return node;
}

static bool read_fallback(struct config_run *run, const struct config_row *row, void *value)
{
    struct config_node scalar;
    if (row->type == CONFIG_RECORD)
        return read_value(run, row, NULL, value);
    if (row->type == CONFIG_LATER || !row->fallback)
        return true;
    if (strcmp(row->fallback, "[]") == 0 || strcmp(row->fallback, "{}") == 0 ||
        strcmp(row->fallback, "~") == 0)
        return true;
    const struct config_node *node = fallback_node(run, row, &scalar);
    return node && read_value(run, row, node, value);
}

static void fail_not_yet(struct config_run *run, const struct config_row *row, const struct config_node *node)
{
    config_fail(run, node, "not yet in this version; allowed is only the default, %s",
                row->fallback ? row->fallback : "none");
}

static bool later_equals_default(struct config_run *run, const struct config_row *row,
                                 const struct config_node *node)
{
    struct config_node scalar;
    const struct config_node *standard = fallback_node(run, row, &scalar);
    if (standard && (config_node_is_null(node) || config_node_equal(node, standard)))
        return true;
    fail_not_yet(run, row, node);
    return false;
}

/* Compares canonical texts, so that 168h is the default 7d. */
static bool scalar_equals_default(struct config_run *run, const struct config_row *row, const void *value)
{
    CLEANUP(buffer_deinit) struct buffer given = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer standard = BUFFER_INIT;
    void *fallback = run_alloc(run, row->type == CONFIG_CUSTOM ? row->custom->size : sizeof(int64_t));
    if (!fallback || !read_fallback(run, row, fallback))
        return false;
    config_write_scalar(row, value, true, &given);
    config_write_scalar(row, fallback, true, &standard);
    if (buffer_status(&given) < 0 || buffer_status(&standard) < 0)
        run->error = -ENOMEM;
    return span_equal(buffer_span(&given), buffer_span(&standard));
}

static bool allowed_by_now(struct config_run *run, const struct config_row *row,
                           const struct config_node *node, const void *value)
{
    bool is_default = is_collection(row) ? ((const struct config_list *)value)->n == 0
                                         : scalar_equals_default(run, row, value);
    if (!is_default)
        fail_not_yet(run, row, node);
    return is_default;
}

static bool read_given(struct config_run *run, const struct config_row *row, const struct config_node *node,
                       void *record)
{
    void *value = (char *)record + row->offset;
    if (row->type == CONFIG_LATER)
        return later_equals_default(run, row, node);
    if (config_node_is_null(node) && (row->flags & CONFIG_OPTIONAL))
        return true;
    if (config_node_is_null(node) && is_collection(row))
        return read_fallback(run, row, value);
    if (!read_value(run, row, node, value))
        return false;
    if ((row->flags & CONFIG_NOT_YET) && !allowed_by_now(run, row, node, value))
        return false;
    if (row->flags & CONFIG_MARKED)
        *(bool *)((char *)record + row->mark_offset) = true;
    return true;
}

static bool read_row(struct config_run *run, const struct config_row *row,
                     const struct config_node *record_node, void *record)
{
    const struct config_node *node = config_node_child(record_node, row->key);
    size_t size = run->path_size;
    bool ok;
    config_path_add_key(run, row->key);
    if (node) {
        ok = read_given(run, row, node, record);
    } else if (row->flags & CONFIG_REQUIRED) {
        config_fail(run, NULL, "is required. %s", row->help);
        ok = false;
    } else {
        ok = read_fallback(run, row, (char *)record + row->offset);
    }
    config_path_cut(run, size);
    return ok;
}

/* node NULL: nothing of the record was given. */
static bool read_record(struct config_run *run, const struct config_shape *shape,
                        const struct config_node *node, void *record)
{
    if (node && config_node_is_null(node))
        node = NULL;
    if (node && node->kind != CONFIG_MAPPING) {
        config_fail(run, node, "must be a map with keys, not a %s",
                    node->kind == CONFIG_SCALAR ? "value" : "list");
        return false;
    }
    struct config_place outer = run->place;
    if (node)
        run->place = node->key ? node->key_place : node->place;
    size_t n_errors = run->errors->n_errors;
    if (node)
        (void)refuse_unknown_keys(run, shape, node);
    for (size_t i = 0; i < shape->n_rows; i++)
        (void)read_row(run, &shape->rows[i], node, record);
    if (shape->check)
        shape->check(run, node, record);
    run->place = outer;
    return run->errors->n_errors == n_errors && run->error == 0;
}

static bool read_value(struct config_run *run, const struct config_row *row, const struct config_node *node,
                       void *value)
{
    switch (row->type) {
    case CONFIG_RECORD:
        return read_record(run, row->shape, node, value);
    case CONFIG_LIST:
        return read_list(run, row, node, value);
    case CONFIG_MAP:
        return read_map(run, row, node, value);
    case CONFIG_LATER:
        return true;
    default:
        return config_read_scalar(run, row, node, value);
    }
}

static int read_root(struct config_run *run, const struct config_shape *shape, const struct config_node *root,
                     void *record)
{
    run->place = root->place;
    (void)read_record(run, shape, root, record);
    return run->errors->no_memory ? -ENOMEM : run->error;
}

int config_read(struct arena *arena, const struct config_shape *shape, const struct config_node *root,
                void *record, struct config_errors *errors)
{
    struct config_run run = {.arena = arena, .errors = errors};
    return read_root(&run, shape, root, record);
}
