/*
 * Spans: bytes that somebody else owns.
 *
 * A span never owns and never ends in a NUL. An empty span has size 0; its data may be NULL.
 */
#ifndef ROIWATCH_BASE_SPAN_H
#define ROIWATCH_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *data;
    size_t size;
};

/* The bytes of a literal or of any NUL-terminated text; NULL gives the empty span. */
static inline struct span span_of(const char *text)
{
    return (struct span){text, text ? strlen(text) : 0};
}

static inline struct span span_from(const void *data, size_t size)
{
    return (struct span){(const char *)data, size};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Bytewise order, shorter first where one is a prefix of the other. */
static inline int span_compare(struct span a, struct span b)
{
    size_t n = a.size < b.size ? a.size : b.size;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

#endif
