#include "lib/config/schema.h"

#include <stdio.h>

#include "lib/config/value.h"

const char *config_effect_name(enum config_effect effect)
{
    static const char *const names[] = {
#define CONFIG_EFFECT_TEXT(name, text) [name] = (text),
        CONFIG_EFFECTS(CONFIG_EFFECT_TEXT)
#undef CONFIG_EFFECT_TEXT
    };
    return names[effect];
}

const char *config_type_name(const struct config_row *row)
{
    static const char *const names[] = {
        [CONFIG_BOOL] = "true or false",
        [CONFIG_INT] = "number",
        [CONFIG_DURATION] = "duration",
        [CONFIG_SIZE] = "size",
        [CONFIG_MONEY] = "money",
        [CONFIG_DECIMAL] = "decimal",
        [CONFIG_DATE] = "date",
        [CONFIG_TEXT] = "text",
        [CONFIG_WORD] = "word",
        [CONFIG_RECORD] = "map",
        [CONFIG_LIST] = "list",
        [CONFIG_MAP] = "map",
        [CONFIG_LATER] = "",
    };
    return row->type == CONFIG_CUSTOM ? row->custom->name : names[row->type];
}

static void write_number(const struct config_row *row, int64_t value, struct buffer *buffer)
{
    switch (row->type) {
    case CONFIG_DURATION:
        value_write_duration(value, buffer);
        break;
    case CONFIG_SIZE:
        value_write_size(value, buffer);
        break;
    case CONFIG_MONEY:
    case CONFIG_DECIMAL:
        value_write_decimal(value, buffer);
        break;
    case CONFIG_DATE:
        value_write_date(value, buffer);
        break;
    default:
        buffer_printf(buffer, "%lld", (long long)value);
        break;
    }
}

void config_limits_text(const struct config_row *row, char ret_text[64])
{
    CLEANUP(buffer_deinit) struct buffer buffer = BUFFER_INIT;
    ret_text[0] = '\0';
    if (row->least == 0 && row->most == 0)
        return;
    bool counted = row->type == CONFIG_LIST || row->type == CONFIG_MAP;
    if (counted && row->least == 0) {
        buffer_append_text(&buffer, "at most ");
        write_number(row, row->most, &buffer);
    } else if (row->most == INT64_MAX) {
        buffer_append_text(&buffer, "at least ");
        write_number(row, row->least, &buffer);
    } else {
        write_number(row, row->least, &buffer);
        buffer_append_text(&buffer, " to ");
        write_number(row, row->most, &buffer);
    }
    if (row->type == CONFIG_TEXT)
        buffer_append_text(&buffer, " bytes");
    if (counted)
        buffer_append_text(&buffer, " items");
    if (buffer_status(&buffer) == 0)
        snprintf(ret_text, 64, "%.*s", (int)buffer.size, buffer.data);
}

/* Numbers that JSON has as well stand bare; what has a unit is a text there. */
static void write_int64(const struct config_row *row, int64_t value, bool json, struct buffer *buffer)
{
    bool quoted =
        json && (row->type == CONFIG_DURATION || row->type == CONFIG_SIZE || row->type == CONFIG_DATE);
    if (quoted)
        buffer_append_text(buffer, "\"");
    write_number(row, value, buffer);
    if (quoted)
        buffer_append_text(buffer, "\"");
}

void config_write_scalar(const struct config_row *row, const void *value, bool json, struct buffer *buffer)
{
    const char *text;
    switch (row->type) {
    case CONFIG_BOOL:
        buffer_append_text(buffer, *(const bool *)value ? "true" : "false");
        break;
    case CONFIG_TEXT:
        text = *(const char *const *)value;
        if (text)
            value_write_text(text, json, buffer);
        else
            buffer_append_text(buffer, json ? "null" : "~");
        break;
    case CONFIG_WORD:
        value_write_text(row->words[*(const unsigned *)value], json, buffer);
        break;
    case CONFIG_CUSTOM:
        row->custom->write(value, json, buffer);
        break;
    default:
        write_int64(row, *(const int64_t *)value, json, buffer);
        break;
    }
}
