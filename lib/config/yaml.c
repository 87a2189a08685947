/*
 * DESIGN: libyaml's events are turned into nodes with a stack of open collections, no recursion, so that
 * hostile nesting costs nothing but an error. Anything that would make one text stand for another (aliases,
 * tags, merge keys) is refused: a place in the file then always is the place of the value.
 */
#include "lib/config/yaml.h"

#include <assert.h>
#include <errno.h>
#include <yaml.h>

#include "lib/base/buffer.h"
#include "lib/base/table.h"

/* Editors of Windows write it before UTF-8; libyaml would take it for a character of the first key. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct yaml_reader {
    struct arena *arena;
    struct config_errors *errors;
    const char *file;
    bool numbered;
    bool stopped; /* an error after which the rest would only confuse */
    int error;
    struct config_node *root;
    struct config_node *open[YAML_DEPTH_MAX];
    size_t depth;
    size_t n_nodes;
    size_t n_documents;
    const char *key; /* read, its value is still to come */
    struct config_place key_place;
};

static struct config_place place_of(const struct yaml_reader *reader, yaml_mark_t mark)
{
    struct config_place place = {.file = reader->file};
    if (reader->numbered) {
        place.line = (uint32_t)mark.line + 1;
        place.column = (uint32_t)mark.column + 1;
    }
    return place;
}

static void reader_stop(struct yaml_reader *reader, yaml_mark_t mark, const char *text)
{
    config_error_add(reader->errors, place_of(reader, mark), "", "%s", text);
    reader->stopped = true;
}

static bool awaits_key(const struct yaml_reader *reader)
{
    return reader->depth && reader->open[reader->depth - 1]->kind == CONFIG_MAPPING && !reader->key;
}

/* Makes the node and hangs it into the open collection. */
static struct config_node *reader_add(struct yaml_reader *reader, enum config_kind kind, yaml_mark_t mark)
{
    if (++reader->n_nodes > YAML_NODES_MAX) {
        reader_stop(reader, mark, "more than 4000000 values");
        return NULL;
    }
    struct config_node *node = arena_alloc(reader->arena, sizeof(*node));
    if (!node) {
        reader->error = -ENOMEM;
        return NULL;
    }
    *node = (struct config_node){.kind = kind, .place = place_of(reader, mark), .key = reader->key};
    node->key_place = reader->key ? reader->key_place : node->place;
    reader->key = NULL;
    if (reader->depth)
        config_node_append(reader->open[reader->depth - 1], node);
    else
        reader->root = node;
    return node;
}

static void reader_refuse_extras(struct yaml_reader *reader, yaml_mark_t mark, const void *anchor,
                                 const void *tag)
{
    if (anchor)
        config_error_add(reader->errors, place_of(reader, mark), "",
                         "anchors (&) are not allowed: write the value out");
    if (tag)
        config_error_add(reader->errors, place_of(reader, mark), "",
                         "tags (!) are not allowed: leave them out");
}

static void reader_scalar(struct yaml_reader *reader, const yaml_event_t *event)
{
    struct span text = span_from(event->data.scalar.value, event->data.scalar.length);
    reader_refuse_extras(reader, event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
    if (memchr(text.data, 0, text.size)) {
        reader_stop(reader, event->start_mark, "a text holds a NUL character");
        return;
    }
    const char *copy = arena_text(reader->arena, text);
    if (!copy) {
        reader->error = -ENOMEM;
        return;
    }
    if (awaits_key(reader)) {
        reader->key = copy;
        reader->key_place = place_of(reader, event->start_mark);
        return;
    }
    struct config_node *node = reader_add(reader, CONFIG_SCALAR, event->start_mark);
    if (!node)
        return;
    node->text = copy;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static void reader_open(struct yaml_reader *reader, const yaml_event_t *event, enum config_kind kind)
{
    if (awaits_key(reader)) {
        reader_stop(reader, event->start_mark, "a key must be a text, not a list or a map");
        return;
    }
    if (reader->depth == YAML_DEPTH_MAX) {
        reader_stop(reader, event->start_mark, "nested more than 16 deep");
        return;
    }
    if (kind == CONFIG_MAPPING)
        reader_refuse_extras(reader, event->start_mark, event->data.mapping_start.anchor,
                             event->data.mapping_start.tag);
    else
        reader_refuse_extras(reader, event->start_mark, event->data.sequence_start.anchor,
                             event->data.sequence_start.tag);
    struct config_node *node = reader_add(reader, kind, event->start_mark);
    if (node)
        reader->open[reader->depth++] = node;
}

/* The path of a key of the innermost open collection, as errors name it: campaigns.a.goals[0].name. */
static void path_of(const struct yaml_reader *reader, const char *key, struct buffer *path)
{
    for (size_t i = 1; i <= reader->depth; i++) {
        bool in_list = i < reader->depth && reader->open[i - 1]->kind == CONFIG_SEQUENCE;
        const char *name = i < reader->depth ? reader->open[i]->key : key;
        if (in_list)
            buffer_printf(path, "[%zu]", reader->open[i - 1]->n_children - 1);
        else
            buffer_printf(path, strchr(name, '.') ? "%s\"%s\"" : "%s%s", path->size ? "." : "", name);
    }
    buffer_append_u8(path, '\0');
}

static int refuse_repeated_keys(struct yaml_reader *reader, const struct config_node *mapping)
{
    CLEANUP(table_deinit) struct table seen = {0};
    for (struct config_node *child = mapping->first; child; child = child->next) {
        const struct config_node *first = table_get(&seen, span_of(child->key));
        if (first) {
            CLEANUP(buffer_deinit) struct buffer path = BUFFER_INIT;
            path_of(reader, child->key, &path);
            if (buffer_status(&path) < 0)
                return -ENOMEM;
            config_error_add(reader->errors, child->key_place, path.data,
                             "stands twice, first in line %u; write it once", first->key_place.line);
            continue;
        }
        int r = table_put(&seen, span_of(child->key), child);
        if (r < 0)
            return r;
    }
    return 0;
}

static void reader_alias(struct yaml_reader *reader, const yaml_event_t *event)
{
    config_error_add(reader->errors, place_of(reader, event->start_mark), "",
                     "aliases (*) are not allowed: write the value out");
    if (awaits_key(reader)) {
        reader->stopped = true;
        return;
    }
    struct config_node *node = reader_add(reader, CONFIG_SCALAR, event->start_mark);
    if (node) {
        node->text = "";
        node->plain = true;
    }
}

static void reader_take(struct yaml_reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (reader->n_documents++)
            reader_stop(reader, event->start_mark, "a second document (---) is not allowed");
        break;
    case YAML_SCALAR_EVENT:
        reader_scalar(reader, event);
        break;
    case YAML_ALIAS_EVENT:
        reader_alias(reader, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        reader_open(reader, event, CONFIG_SEQUENCE);
        break;
    case YAML_MAPPING_START_EVENT:
        reader_open(reader, event, CONFIG_MAPPING);
        break;
    case YAML_MAPPING_END_EVENT:
        assert(reader->depth > 0); /* libyaml closes only what it opened */
        reader->error = refuse_repeated_keys(reader, reader->open[reader->depth - 1]);
        reader->depth--;
        break;
    case YAML_SEQUENCE_END_EVENT:
        reader->depth--;
        break;
    default:
        break;
    }
}

static void reader_problem(struct yaml_reader *reader, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        reader->error = -ENOMEM;
        return;
    }
    bool tab = parser->problem && strstr(parser->problem, "cannot start any token");
    yaml_mark_t mark = parser->error == YAML_READER_ERROR ? parser->mark : parser->problem_mark;
    config_error_add(reader->errors, place_of(reader, mark), "", "is no YAML: %s%s%s%s",
                     parser->context ? parser->context : "", parser->context ? ", " : "",
                     parser->problem ? parser->problem : "unreadable",
                     tab ? " (a tab? indent with spaces; quote texts that begin with @ ` or %)" : "");
    reader->stopped = true;
}

static void reader_run(struct yaml_reader *reader, yaml_parser_t *parser)
{
    bool ended = false;
    while (!ended && !reader->stopped && !reader->error) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            reader_problem(reader, parser);
            return;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        reader_take(reader, &event);
        yaml_event_delete(&event);
    }
}

static bool begins_with(struct span bytes, const char *text)
{
    return bytes.size >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}

int yaml_parse(struct arena *arena, struct span bytes, const char *file, bool numbered,
               struct config_errors *errors, struct config_node **ret_root)
{
    struct yaml_reader reader = {.arena = arena, .errors = errors, .file = file, .numbered = numbered};
    *ret_root = NULL;
    if (bytes.size > YAML_BYTES_MAX) {
        config_error_add(errors, (struct config_place){.file = file}, "", "is larger than 64 MiB");
        return 0;
    }
    if (begins_with(bytes, "\xff\xfe") || begins_with(bytes, "\xfe\xff")) {
        config_error_add(errors, (struct config_place){.file = file}, "", "is UTF-16; save it as UTF-8");
        return 0;
    }
    if (begins_with(bytes, BYTE_ORDER_MARK))
        bytes = span_from(bytes.data + strlen(BYTE_ORDER_MARK), bytes.size - strlen(BYTE_ORDER_MARK));
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &parser, bytes.size ? (const unsigned char *)bytes.data : (const unsigned char *)"", bytes.size);
    reader_run(&reader, &parser);
    if (!reader.error && !reader.stopped && !reader.root)
        (void)reader_add(&reader, CONFIG_MAPPING, (yaml_mark_t){0});
    yaml_parser_delete(&parser);
    if (reader.error)
        return reader.error;
    *ret_root = reader.stopped ? NULL : reader.root;
    return 0;
}
