#include "lib/event/query.h"

#include "lib/base/utf8.h"

struct query query_of(struct span url)
{
    const char *hash = url.size ? memchr(url.data, '#', url.size) : NULL;
    const char *mark;

    if (hash)
        url.size = (size_t)(hash - url.data);
    mark = url.size ? memchr(url.data, '?', url.size) : NULL;
    if (mark)
        url = span_from(mark + 1, (size_t)(url.data + url.size - mark) - 1);
    return (struct query){url};
}

/* Takes what stands before the first `c` off, and it too; all of it where there is none. */
static struct span take_until(struct span *rest, char c)
{
    const char *at = rest->size ? memchr(rest->data, c, rest->size) : NULL;
    struct span taken = *rest;

    if (at) {
        taken.size = (size_t)(at - rest->data);
        *rest = span_from(at + 1, rest->size - taken.size - 1);
    } else {
        *rest = span_from(rest->data + rest->size, 0);
    }
    return taken;
}

bool query_next(struct query *query, struct span *ret_name, struct span *ret_value)
{
    while (query->rest.size) {
        struct span part = take_until(&query->rest, '&');
        struct span name = take_until(&part, '=');

        if (name.size == 0)
            continue;
        *ret_name = name;
        *ret_value = part;
        return true;
    }
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character at *i, which is moved past it; -1 at a broken %. */
static int decoded_at(struct span written, size_t *i)
{
    char c = written.data[(*i)++];
    int high, low;

    if (c == '+')
        return ' ';
    if (c != '%')
        return (unsigned char)c;
    if (written.size - *i < 2)
        return -1;
    high = hex_digit(written.data[*i]);
    low = hex_digit(written.data[*i + 1]);
    *i += 2;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool query_name_is(struct span written, struct span name)
{
    size_t i = 0, n = 0;

    while (i < written.size) {
        int c = decoded_at(written, &i);
        if (c < 0 || n == name.size || c != (unsigned char)name.data[n++])
            return false;
    }
    return n == name.size;
}

struct span query_decode(struct span written, char *ret_text)
{
    size_t i = 0, n = 0;

    while (i < written.size) {
        int c = decoded_at(written, &i);
        if (c < 0)
            return written;
        ret_text[n++] = (char)c;
    }
    return utf8_is_valid(span_from(ret_text, n)) ? span_from(ret_text, n) : written;
}
