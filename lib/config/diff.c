#include "lib/config/diff.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/table.h"
#include "lib/config/read.h"
#include "lib/config/write.h"

struct diff {
    config_changed changed;
    void *context;
    struct buffer before; /* scratch */
    struct buffer after;
    size_t path_size;
    char path[CONFIG_PATH_MAX];
};

static void diff_deinit(struct diff *diff)
{
    buffer_deinit(&diff->before);
    buffer_deinit(&diff->after);
}

/* Appends to the path, cut where it grows too long; gives the size to go back to. */
static size_t path_push(struct diff *diff, const char *separator, const char *key)
{
    size_t size = diff->path_size;
    size_t room = sizeof(diff->path) - size;
    int n = snprintf(diff->path + size, room, "%s%s", size ? separator : "", key);
    diff->path_size = n < 0 || (size_t)n >= room ? sizeof(diff->path) - 1 : size + (size_t)n;
    return size;
}

static void path_pop(struct diff *diff, size_t size)
{
    diff->path_size = size;
    diff->path[size] = '\0';
}

/* said: whose effect a change of a scalar has, as the elements of lists and maps name none. */
static int diff_value(struct diff *diff, const struct config_row *row, const struct config_row *said,
                      const void *before, const void *after);

static bool is_shown(const struct config_row *row, const void *record)
{
    return !(row->flags & CONFIG_MARKED) || *(const bool *)((const char *)record + row->mark_offset);
}

static void say(struct diff *diff, const struct config_row *row)
{
    diff->changed(diff->context, diff->path, row->effect);
}

static int diff_record(struct diff *diff, const struct config_shape *shape, const void *before,
                       const void *after)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < shape->n_rows; i++) {
        const struct config_row *row = &shape->rows[i];
        bool was = is_shown(row, before), is = is_shown(row, after);
        size_t size = path_push(diff, ".", row->key);
        if (was && is)
            r = diff_value(diff, row, row, (const char *)before + row->offset,
                           (const char *)after + row->offset);
        else if (was != is)
            say(diff, row);
        path_pop(diff, size);
    }
    return r;
}

static int diff_list(struct diff *diff, const struct config_row *row, const struct config_list *before,
                     const struct config_list *after)
{
    if (before->n != after->n) {
        say(diff, row);
        return 0;
    }
    int r = 0;
    for (size_t i = 0; r == 0 && i < before->n; i++) {
        char index[24];
        snprintf(index, sizeof(index), "[%zu]", i);
        size_t size = path_push(diff, "", index);
        size_t at = i * row->item_size + row->element->offset;
        r = diff_value(diff, row->element, row, (const char *)before->items + at,
                       (const char *)after->items + at);
        path_pop(diff, size);
    }
    return r;
}

static struct span item_key(const char *item)
{
    return span_of(*(const char *const *)item);
}

/* Entries of `from` that `other` does not have; both are known by key. */
static void say_missing(struct diff *diff, const struct config_row *row, const struct config_list *from,
                        const struct table *other)
{
    const char *item = from->items;
    for (size_t i = 0; i < from->n; i++, item += row->item_size) {
        if (table_get(other, item_key(item)))
            continue;
        size_t size = path_push(diff, ".", *(const char *const *)item);
        say(diff, row);
        path_pop(diff, size);
    }
}

static int index_map(const struct config_row *row, const struct config_list *map, struct table *table)
{
    char *item = map->items;
    int r = 0;
    for (size_t i = 0; r == 0 && i < map->n; i++, item += row->item_size)
        r = table_put(table, item_key(item), item);
    return r;
}

static int diff_map(struct diff *diff, const struct config_row *row, const struct config_list *before,
                    const struct config_list *after)
{
    CLEANUP(table_deinit) struct table old = {0};
    CLEANUP(table_deinit) struct table fresh = {0};
    int r = index_map(row, before, &old);
    r = r < 0 ? r : index_map(row, after, &fresh);
    if (r < 0)
        return r;
    say_missing(diff, row, before, &fresh);
    const char *item = after->items;
    for (size_t i = 0; r == 0 && i < after->n; i++, item += row->item_size) {
        const char *was = table_get(&old, item_key(item));
        if (!was)
            continue;
        size_t size = path_push(diff, ".", *(const char *const *)item);
        r = diff_value(diff, row->element, row, was + row->element->offset, item + row->element->offset);
        path_pop(diff, size);
    }
    say_missing(diff, row, after, &old);
    return r;
}

static int diff_scalar(struct diff *diff, const struct config_row *row, const struct config_row *said,
                       const void *before, const void *after)
{
    buffer_clear(&diff->before);
    buffer_clear(&diff->after);
    config_write_scalar(row, before, true, &diff->before);
    config_write_scalar(row, after, true, &diff->after);
    if (buffer_status(&diff->before) < 0 || buffer_status(&diff->after) < 0)
        return -ENOMEM;
    if (!span_equal(buffer_span(&diff->before), buffer_span(&diff->after)))
        say(diff, said);
    return 0;
}

static int diff_value(struct diff *diff, const struct config_row *row, const struct config_row *said,
                      const void *before, const void *after)
{
    switch (row->type) {
    case CONFIG_RECORD:
        return diff_record(diff, row->shape, before, after);
    case CONFIG_LIST:
        return diff_list(diff, row, before, after);
    case CONFIG_MAP:
        return diff_map(diff, row, before, after);
    case CONFIG_LATER: /* only its default is accepted */
        return 0;
    default:
        return diff_scalar(diff, row, said, before, after);
    }
}

int config_diff(const struct config_shape *shape, const void *before, const void *after,
                config_changed changed, void *context)
{
    CLEANUP(diff_deinit) struct diff diff = {.changed = changed, .context = context};
    return diff_record(&diff, shape, before, after);
}
