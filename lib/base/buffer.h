/*
 * A growing byte buffer: what encoders write to.
 *
 * The buffer remembers the first failed allocation: writes after it do nothing, so that an encoder checks
 * once, at its end, with buffer_status(). Integers are written big endian, so that encoded keys sort as
 * numbers do.
 */
#ifndef ROIWATCH_BASE_BUFFER_H
#define ROIWATCH_BASE_BUFFER_H

#include "lib/base/must.h"
#include "lib/base/span.h"

struct buffer {
    char *data;      /* owned; NULL while empty */
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
    int error;       /* 0 or -ENOMEM, sticky */
};

#define BUFFER_INIT ((struct buffer){0})

void buffer_deinit(struct buffer *buffer);
/* Forgets the content and any error, keeps the memory. */
void buffer_clear(struct buffer *buffer);
MUST_CHECK int buffer_status(const struct buffer *buffer);

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_span(struct buffer *buffer, struct span span);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_zeros(struct buffer *buffer, size_t size);
void buffer_append_u8(struct buffer *buffer, uint8_t value);
void buffer_append_u16(struct buffer *buffer, uint16_t value);
void buffer_append_u32(struct buffer *buffer, uint32_t value);
void buffer_append_i64(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct span buffer_span(const struct buffer *buffer)
{
    return (struct span){buffer->data, buffer->size};
}

/* Reads the same integers back; the caller has checked that the bytes are there. */
static inline uint16_t read_u16(const void *data)
{
    const unsigned char *p = data;
    return (uint16_t)((p[0] << 8) | p[1]);
}

static inline uint32_t read_u32(const void *data)
{
    uint32_t value;
    memcpy(&value, data, sizeof(value));
    return __builtin_bswap32(value);
}

static inline int64_t read_i64(const void *data)
{
    uint64_t value;
    memcpy(&value, data, sizeof(value));
    return (int64_t)__builtin_bswap64(value);
}

/* A cursor over encoded bytes; a read beyond the end sets `failed` and gives zeros. */
struct reader {
    struct span rest;
    bool failed;
};

struct span reader_bytes(struct reader *reader, size_t size);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
int64_t reader_i64(struct reader *reader);

#endif
