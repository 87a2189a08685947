#include "lib/config/document.h"

#include <stdio.h>

#include "lib/config/troff.h"
#include "lib/config/value.h"

enum { LINE_MAX_COLUMNS = 100, PATH_SIZE = 256, SHAPES_MAX = 32 };

static bool is_scalar(const struct config_row *row)
{
    return row->type < CONFIG_RECORD;
}

/* The default as it would stand in a file. */
static void append_default(const struct config_row *row, struct buffer *buffer)
{
    bool optional = row->flags & CONFIG_OPTIONAL;
    if (row->flags & CONFIG_REQUIRED)
        buffer_append_text(buffer, row->example ? row->example : "");
    else if (!row->fallback)
        buffer_append_text(buffer, is_scalar(row) ? "~" : row->type == CONFIG_MAP ? "{}" : "[]");
    else if (row->type == CONFIG_TEXT && !(optional && strcmp(row->fallback, "~") == 0))
        value_write_text(row->fallback, false, buffer);
    else
        buffer_append_text(buffer, row->fallback);
}

static void append_words(const struct config_row *row, struct buffer *buffer)
{
    for (size_t i = 0; row->words && row->words[i]; i++)
        buffer_printf(buffer, "%s%s", i ? ", " : "", row->words[i]);
}

static void append_allowed(const struct config_row *row, struct buffer *buffer)
{
    char limits[64];
    config_limits_text(row, limits);
    append_words(row, buffer);
    buffer_append_text(buffer, limits);
    if (row->type == CONFIG_BOOL)
        buffer_append_text(buffer, "true, false");
}

/* Writes the words of text as comment lines. */
static void append_comment(struct span text, unsigned indent, struct buffer *buffer)
{
    size_t column = 0;
    for (size_t i = 0; i < text.size;) {
        const char *end = memchr(text.data + i, ' ', text.size - i);
        size_t size = end ? (size_t)(end - text.data) - i : text.size - i;
        if (column == 0 || column + 1 + size > LINE_MAX_COLUMNS) {
            buffer_printf(buffer, "%s%*s#", column ? "\n" : "", (int)indent, "");
            column = indent + 1;
        }
        buffer_printf(buffer, " %.*s", (int)size, text.data + i);
        column += 1 + size;
        i += size + 1;
    }
    buffer_append_text(buffer, "\n");
}

static void append_meaning(const struct config_row *row, unsigned indent, struct buffer *buffer)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer allowed = BUFFER_INIT;
    append_allowed(row, &allowed);
    buffer_append_text(&text, row->help);
    if (row->flags & CONFIG_REQUIRED)
        buffer_append_text(&text, " Required.");
    if (row->flags & CONFIG_NOT_YET)
        buffer_append_text(&text, " Not yet in this version: only the default is allowed.");
    else if (allowed.size)
        buffer_printf(&text, " Allowed: %.*s.", (int)allowed.size, allowed.data);
    if (row->type != CONFIG_RECORD)
        buffer_printf(&text, " A change: %s.", config_effect_name(row->effect));
    if (buffer_status(&text) < 0 || buffer_status(&allowed) < 0)
        buffer->error = buffer_status(&text) ? buffer_status(&text) : buffer_status(&allowed);
    append_comment(buffer_span(&text), indent, buffer);
}

static void append_sample(const struct config_shape *shape, unsigned indent, struct buffer *buffer)
{
    for (size_t i = 0; i < shape->n_rows; i++) {
        const struct config_row *row = &shape->rows[i];
        bool in_force = row->type == CONFIG_RECORD || (row->flags & CONFIG_REQUIRED);
        if (indent == 0)
            buffer_append_text(buffer, "\n");
        append_meaning(row, indent, buffer);
        buffer_printf(buffer, "%*s%s%s:", (int)indent, "", in_force ? "" : "#", row->key);
        if (row->type == CONFIG_RECORD) {
            buffer_append_text(buffer, "\n");
            append_sample(row->shape, indent + 2, buffer);
            continue;
        }
        buffer_append_text(buffer, " ");
        append_default(row, buffer);
        buffer_append_text(buffer, "\n");
    }
}

void config_document_sample(const struct config_shape *shape, struct buffer *buffer)
{
    append_sample(shape, 0, buffer);
}

/* Where the reference stands, and which shapes it has described. */
struct reference {
    struct buffer *buffer;
    bool manual; /* a man page, else Markdown */
    const struct config_shape *seen[SHAPES_MAX];
    char paths[SHAPES_MAX][PATH_SIZE];
    size_t n_seen;
};

static void append_table_row(const struct config_row *row, struct buffer *buffer)
{
    buffer_printf(buffer, "| `%s` | %s | ", row->key, config_type_name(row));
    if (row->flags & CONFIG_REQUIRED) {
        buffer_append_text(buffer, "required");
    } else if (row->fallback || is_scalar(row)) {
        buffer_append_text(buffer, "`");
        append_default(row, buffer);
        buffer_append_text(buffer, "`");
    }
    buffer_append_text(buffer, " | ");
    append_allowed(row, buffer);
    buffer_printf(buffer, " | %s | %s%s |\n",
                  row->type == CONFIG_RECORD ? "" : config_effect_name(row->effect), row->help,
                  row->flags & CONFIG_NOT_YET ? " *Not yet in this version.*" : "");
}

static void append_table(const struct config_shape *shape, struct buffer *buffer)
{
    buffer_append_text(
        buffer, "| key | type | default | allowed | a change | meaning |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < shape->n_rows; i++)
        append_table_row(&shape->rows[i], buffer);
}

/* One row of a man page: the key with type and default, then what it means. */
static void append_manual_row(const struct config_row *row, struct buffer *buffer)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer allowed = BUFFER_INIT;
    append_allowed(row, &allowed);
    buffer_printf(&text, "%s%s", config_type_name(row), row->flags & CONFIG_REQUIRED ? ", required" : "");
    if (!(row->flags & CONFIG_REQUIRED) && (row->fallback || is_scalar(row))) {
        buffer_append_text(&text, ", default ");
        append_default(row, &text);
    }
    buffer_append_text(buffer, ".TP\n\\fB");
    troff_append(span_of(row->key), buffer);
    buffer_append_text(buffer, "\\fR (");
    troff_append(buffer_span(&text), buffer);
    buffer_append_text(buffer, ")\n");
    buffer_clear(&text);
    buffer_append_text(&text, row->help);
    if (row->flags & CONFIG_NOT_YET)
        buffer_append_text(&text, " Not yet in this version: only the default is allowed.");
    else if (allowed.size)
        buffer_printf(&text, " Allowed: %.*s.", (int)allowed.size, allowed.data);
    if (row->type != CONFIG_RECORD)
        buffer_printf(&text, " A change: %s.", config_effect_name(row->effect));
    troff_append(buffer_span(&text), buffer);
    buffer_append_text(buffer, "\n");
    if (buffer_status(&text) < 0 || buffer_status(&allowed) < 0)
        buffer->error = buffer_status(&text) ? buffer_status(&text) : buffer_status(&allowed);
}

static void append_manual_rows(const struct config_shape *shape, struct buffer *buffer)
{
    for (size_t i = 0; i < shape->n_rows; i++)
        append_manual_row(&shape->rows[i], buffer);
}

/* True, with a pointer to the first place, where the shape was described before. */
static bool seen_before(struct reference *reference, const struct config_shape *shape, const char *path)
{
    for (size_t i = 0; i < reference->n_seen; i++)
        if (reference->seen[i] == shape) {
            buffer_printf(reference->buffer,
                          reference->manual ? ".SS %s\nAs \\fB%s\\fR.\n" : "\n### %s\n\nAs `%s`.\n", path,
                          reference->paths[i]);
            return true;
        }
    if (reference->n_seen < SHAPES_MAX) {
        reference->seen[reference->n_seen] = shape;
        snprintf(reference->paths[reference->n_seen++], PATH_SIZE, "%s", path);
    }
    return false;
}

static void append_part(struct reference *reference, const struct config_shape *shape, const char *path);

/* The parts below each row: its own record, or that of its items. */
static void append_parts_below(struct reference *reference, const struct config_shape *shape,
                               const char *path)
{
    for (size_t i = 0; i < shape->n_rows; i++) {
        const struct config_row *row = &shape->rows[i];
        char below[PATH_SIZE];
        int n = snprintf(below, sizeof(below), "%s%s%s", path, path[0] ? "." : "", row->key);
        if (row->type == CONFIG_RECORD)
            append_part(reference, row->shape, below);
        if (!row->element || row->element->type != CONFIG_RECORD || n < 0 || (size_t)n >= sizeof(below))
            continue;
        snprintf(below + n, sizeof(below) - (size_t)n, row->type == CONFIG_MAP ? ".%s" : "[]",
                 row->item ? row->item : "");
        append_part(reference, row->element->shape, below);
    }
}

static void append_part(struct reference *reference, const struct config_shape *shape, const char *path)
{
    if (seen_before(reference, shape, path))
        return;
    if (reference->manual) {
        buffer_printf(reference->buffer, ".SS %s\n", path);
        append_manual_rows(shape, reference->buffer);
    } else {
        buffer_printf(reference->buffer, "\n### %s\n\n", path);
        append_table(shape, reference->buffer);
    }
    append_parts_below(reference, shape, path);
}

void config_document_reference(const struct config_shape *shape, struct buffer *buffer)
{
    struct reference reference = {.buffer = buffer};
    buffer_append_text(buffer, "\n### Top level\n\n");
    append_table(shape, buffer);
    append_parts_below(&reference, shape, "");
}

void config_document_manual(const struct config_shape *shape, struct buffer *buffer)
{
    struct reference reference = {.buffer = buffer, .manual = true};
    buffer_append_text(buffer, ".SS Top level\n");
    append_manual_rows(shape, buffer);
    append_parts_below(&reference, shape, "");
}

static void append_keys(const struct config_shape *shape, const char *path, struct buffer *buffer)
{
    for (size_t i = 0; i < shape->n_rows; i++) {
        const struct config_row *row = &shape->rows[i];
        char below[PATH_SIZE];
        int n = snprintf(below, sizeof(below), "%s%s%s", path, path[0] ? "." : "", row->key);
        if (n < 0 || (size_t)n >= sizeof(below) || (row->flags & CONFIG_NOT_YET))
            continue;
        if (row->type == CONFIG_RECORD)
            append_keys(row->shape, below, buffer);
        else if (is_scalar(row))
            buffer_printf(buffer, "%s\n", below);
    }
}

void config_document_keys(const struct config_shape *shape, struct buffer *buffer)
{
    append_keys(shape, "", buffer);
}
