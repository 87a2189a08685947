#include "daemon/http_url.h"

/* The text up to the first of that byte; *rest is what follows it. */
static struct span cut(struct span text, char at, struct span *rest)
{
    const char *found = text.size ? memchr(text.data, at, text.size) : NULL;
    if (!found) {
        *rest = (struct span){0};
        return text;
    }
    size_t size = (size_t)(found - text.data);
    *rest = span_from(found + 1, text.size - size - 1);
    return span_from(text.data, size);
}

struct url url_split(struct span target)
{
    struct url url;
    url.path = cut(target, '?', &url.query);
    return url;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool url_decode(struct span text, struct buffer *buffer)
{
    for (size_t i = 0; i < text.size; i++) {
        int byte = (unsigned char)text.data[i];
        if (byte == '%') {
            if (text.size - i < 3)
                return false;
            int high = hex_digit(text.data[i + 1]);
            int low = hex_digit(text.data[i + 2]);
            if (high < 0 || low < 0)
                return false;
            byte = high * 16 + low;
            i += 2;
        }
        if (byte == 0)
            return false;
        buffer_append_u8(buffer, (uint8_t)byte);
    }
    return true;
}

static int find(const struct url_parameters *parameters, struct span name)
{
    for (int i = 0; i < URL_PARAMETERS_MAX && parameters->names[i]; i++)
        if (span_equal(name, span_of(parameters->names[i])))
            return i;
    return -1;
}

int url_parameters_read(struct span query, struct url_parameters *parameters, struct span *ret_culprit)
{
    while (query.size) {
        struct span value;
        struct span pair = cut(query, '&', &query);
        if (pair.size == 0)
            continue;
        *ret_culprit = cut(pair, '=', &value);
        int number = find(parameters, *ret_culprit);
        if (number < 0)
            return URL_UNKNOWN;
        if (parameters->given[number])
            return URL_REPEATED;
        parameters->given[number] = true;
        if (!url_decode(value, &parameters->values[number]))
            return URL_MALFORMED;
        int r = buffer_status(&parameters->values[number]);
        if (r < 0)
            return r;
    }
    return 0;
}

void url_parameters_deinit(struct url_parameters *parameters)
{
    for (size_t i = 0; i < URL_PARAMETERS_MAX; i++)
        buffer_deinit(&parameters->values[i]);
}
