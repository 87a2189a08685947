#include "lib/base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 64 };

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = BUFFER_INIT;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->error = 0;
}

int buffer_status(const struct buffer *buffer)
{
    return buffer->error;
}

static bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->error)
        return false;
    if (buffer->capacity - buffer->size >= more)
        return true;
    size_t wanted = buffer->capacity ? buffer->capacity * 2 : SMALLEST;
    while (wanted - buffer->size < more)
        wanted *= 2;
    char *grown = realloc(buffer->data, wanted);
    if (!grown) {
        buffer->error = -ENOMEM;
        return false;
    }
    buffer->data = grown;
    buffer->capacity = wanted;
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0 || !buffer_reserve(buffer, size))
        return;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

void buffer_append_span(struct buffer *buffer, struct span span)
{
    buffer_append(buffer, span.data, span.size);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_zeros(struct buffer *buffer, size_t size)
{
    if (size == 0 || !buffer_reserve(buffer, size))
        return;
    memset(buffer->data + buffer->size, 0, size);
    buffer->size += size;
}

void buffer_append_u8(struct buffer *buffer, uint8_t value)
{
    buffer_append(buffer, &value, 1);
}

void buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    uint16_t swapped = __builtin_bswap16(value);
    buffer_append(buffer, &swapped, sizeof(swapped));
}

void buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    uint32_t swapped = __builtin_bswap32(value);
    buffer_append(buffer, &swapped, sizeof(swapped));
}

void buffer_append_i64(struct buffer *buffer, int64_t value)
{
    uint64_t swapped = __builtin_bswap64((uint64_t)value);
    buffer_append(buffer, &swapped, sizeof(swapped));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size >= 0 && buffer_reserve(buffer, (size_t)size + 1)) {
        vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
}

struct span reader_bytes(struct reader *reader, size_t size)
{
    if (reader->failed || reader->rest.size < size) {
        reader->failed = true;
        return (struct span){0};
    }
    struct span bytes = {reader->rest.data, size};
    reader->rest.data += size;
    reader->rest.size -= size;
    return bytes;
}

uint8_t reader_u8(struct reader *reader)
{
    struct span bytes = reader_bytes(reader, 1);
    return bytes.size ? (uint8_t)bytes.data[0] : 0;
}

uint16_t reader_u16(struct reader *reader)
{
    struct span bytes = reader_bytes(reader, 2);
    return bytes.size ? read_u16(bytes.data) : 0;
}

uint32_t reader_u32(struct reader *reader)
{
    struct span bytes = reader_bytes(reader, 4);
    return bytes.size ? read_u32(bytes.data) : 0;
}

int64_t reader_i64(struct reader *reader)
{
    struct span bytes = reader_bytes(reader, 8);
    return bytes.size ? read_i64(bytes.data) : 0;
}
