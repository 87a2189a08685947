#include "daemon/cli/map_input.h"

enum { HEADER_SIZE = 5 };

/* The size of the object or array at the start of text; all of it where it has no end. */
static size_t bracketed_size(struct span text)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && --depth == 0)
            return i + 1;
    }
    return text.size;
}

bool map_input_next(struct span *rest, struct span *ret_value)
{
    const char *at = rest->data, *end = rest->data + rest->size;
    size_t header = 0, size;

    while (at < end && memchr(" \t\r\n", *at, 4))
        at++;
    if (at == end)
        return false;
    size = (size_t)(end - at);
    if (*at == '\0')
        header = size < HEADER_SIZE ? size : HEADER_SIZE;
    if (header < size && (at[header] == '{' || at[header] == '[')) {
        size = header + bracketed_size(span_from(at + header, size - header));
    } else {
        const char *line = memchr(at, '\n', size);
        size = line ? (size_t)(line - at) : size;
    }
    *ret_value = span_from(at, size);
    *rest = span_from(at + size, (size_t)(end - at) - size);
    return true;
}
