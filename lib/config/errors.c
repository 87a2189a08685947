#include "lib/config/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ERROR_TEXT_MAX = 1024 };

void config_errors_deinit(struct config_errors *errors)
{
    arena_deinit(&errors->texts);
    free(errors->items);
    *errors = CONFIG_ERRORS_INIT;
}

/* Bytes of the UTF-8 sequence at p that are there and right; 0 where there is none. */
static size_t sequence_size(const unsigned char *p)
{
    size_t size = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

/* Quoted texts may have been cut within a character, or hold what a terminal would obey. */
static char *make_printable(char *text)
{
    for (unsigned char *p = (unsigned char *)text; p && *p;) {
        size_t size = sequence_size(p);
        if (size == 0 || *p < 0x20 || *p == 0x7f) {
            *p++ = '?';
            continue;
        }
        p += size;
    }
    return text;
}

static bool errors_keep(struct config_errors *errors, struct config_error error)
{
    struct config_error *items = reallocarray(errors->items, errors->n_items + 1, sizeof(*items));
    if (!items)
        return false;
    errors->items = items;
    error.key = make_printable(arena_text(&errors->texts, span_of(error.key)));
    error.text = make_printable(arena_text(&errors->texts, span_of(error.text)));
    error.place.file = make_printable(arena_text(&errors->texts, span_of(error.place.file)));
    if (!error.key || !error.text || !error.place.file)
        return false;
    errors->items[errors->n_items++] = error;
    return true;
}

static void errors_add(struct config_errors *errors, struct config_error error, const char *format,
                       va_list arguments)
{
    size_t n_found = error.warning ? errors->n_warnings++ : errors->n_errors++;
    if (n_found >= CONFIG_ERRORS_MAX)
        return;
    char text[ERROR_TEXT_MAX];
    vsnprintf(text, sizeof(text), format, arguments);
    error.text = text;
    if (!errors_keep(errors, error))
        errors->no_memory = true;
}

void config_error_add(struct config_errors *errors, struct config_place place, const char *key,
                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    errors_add(errors, (struct config_error){.place = place, .key = key}, format, arguments);
    va_end(arguments);
}

void config_warning_add(struct config_errors *errors, struct config_place place, const char *key,
                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    errors_add(errors, (struct config_error){.place = place, .key = key, .warning = true}, format, arguments);
    va_end(arguments);
}

void config_error_text(const struct config_error *error, struct buffer *buffer)
{
    buffer_append_text(buffer, error->place.file);
    if (error->place.line)
        buffer_printf(buffer, ":%u:%u", error->place.line, error->place.column);
    buffer_append_text(buffer, ": ");
    if (error->key[0]) {
        buffer_append_text(buffer, error->key);
        buffer_append_text(buffer, ": ");
    }
    if (error->warning)
        buffer_append_text(buffer, "warning: ");
    buffer_append_text(buffer, error->text);
}
