#include "lib/config/write.h"

#include <stdio.h>

#include "lib/config/value.h"

struct writer {
    struct buffer *buffer;
    bool json;
    bool continued; /* YAML: the next record's first key stands on the line that was begun */
};

static void write_value(struct writer writer, const struct config_row *row, const void *value,
                        unsigned indent);

static bool is_shown(const struct config_row *row, const void *record)
{
    return !(row->flags & CONFIG_MARKED) || *(const bool *)((const char *)record + row->mark_offset);
}

static void start_line(struct writer writer, unsigned indent)
{
    buffer_printf(writer.buffer, "\n%*s", (int)indent, "");
}

/* `key: ` of a map's entry, behind a comma or on a line of its own. */
static void write_key(struct writer writer, const char *key, bool first, unsigned indent)
{
    if (writer.json)
        buffer_append_text(writer.buffer, first ? "" : ",");
    else if (!first || !writer.continued)
        start_line(writer, indent);
    value_write_text(key, writer.json, writer.buffer);
    buffer_append_text(writer.buffer, ":");
}

static bool is_block(const struct config_row *row, const void *value)
{
    const struct config_list *list = value;
    if (row->type == CONFIG_RECORD)
        return true;
    if (row->type == CONFIG_LIST && (row->flags & CONFIG_ONE_OR_LIST) && list->n == 1)
        return is_block(row->element, (const char *)list->items + row->element->offset);
    return (row->type == CONFIG_LIST || row->type == CONFIG_MAP) && list->n > 0;
}

/* A value behind its key: on the same line, or a block below. */
static void write_entry(struct writer writer, const struct config_row *row, const void *value,
                        unsigned indent)
{
    if (!writer.json && !is_block(row, value))
        buffer_append_text(writer.buffer, " ");
    writer.continued = false;
    write_value(writer, row, value, indent + 2);
}

static void write_record(struct writer writer, const struct config_shape *shape, const void *record,
                         unsigned indent)
{
    bool first = true;
    if (writer.json)
        buffer_append_text(writer.buffer, "{");
    for (size_t i = 0; i < shape->n_rows; i++) {
        const struct config_row *row = &shape->rows[i];
        if (!is_shown(row, record))
            continue;
        write_key(writer, row->key, first, indent);
        write_entry(writer, row, (const char *)record + row->offset, indent);
        first = false;
    }
    if (writer.json)
        buffer_append_text(writer.buffer, "}");
    else if (first)
        buffer_append_text(writer.buffer, " {}");
}

static void write_list(struct writer writer, const struct config_row *row, const struct config_list *list,
                       unsigned indent)
{
    const struct config_row *element = row->element;
    const char *item = (const char *)list->items + element->offset;
    if (list->n == 1 && (row->flags & CONFIG_ONE_OR_LIST)) {
        write_value(writer, element, item, indent);
        return;
    }
    if (writer.json || list->n == 0)
        buffer_append_text(writer.buffer, "[");
    for (size_t i = 0; i < list->n; i++, item += row->item_size) {
        if (writer.json) {
            buffer_append_text(writer.buffer, i ? "," : "");
        } else {
            start_line(writer, indent);
            buffer_append_text(writer.buffer, "- ");
            writer.continued = element->type == CONFIG_RECORD;
        }
        write_value(writer, element, item, indent + 2);
    }
    if (writer.json || list->n == 0)
        buffer_append_text(writer.buffer, "]");
}

static void write_map(struct writer writer, const struct config_row *row, const struct config_list *map,
                      unsigned indent)
{
    const char *item = map->items;
    if (writer.json || map->n == 0)
        buffer_append_text(writer.buffer, "{");
    for (size_t i = 0; i < map->n; i++, item += row->item_size) {
        write_key(writer, *(const char *const *)item, i == 0, indent);
        write_entry(writer, row->element, item + row->element->offset, indent);
    }
    if (writer.json || map->n == 0)
        buffer_append_text(writer.buffer, "}");
}

static void write_value(struct writer writer, const struct config_row *row, const void *value,
                        unsigned indent)
{
    switch (row->type) {
    case CONFIG_RECORD:
        write_record(writer, row->shape, value, indent);
        break;
    case CONFIG_LIST:
        write_list(writer, row, value, indent);
        break;
    case CONFIG_MAP:
        write_map(writer, row, value, indent);
        break;
    case CONFIG_LATER: /* only its default is accepted */
        buffer_append_text(writer.buffer,
                           writer.json && strcmp(row->fallback, "~") == 0 ? "null" : row->fallback);
        break;
    default:
        config_write_scalar(row, value, writer.json, writer.buffer);
        break;
    }
}

void config_write_yaml(const struct config_shape *shape, const void *record, struct buffer *buffer)
{
    write_record((struct writer){.buffer = buffer, .continued = true}, shape, record, 0);
    buffer_append_text(buffer, "\n");
}

void config_write_json(const struct config_shape *shape, const void *record, struct buffer *buffer)
{
    write_record((struct writer){.buffer = buffer, .json = true}, shape, record, 0);
    buffer_append_text(buffer, "\n");
}
