#include "lib/shard/layout.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/base/table.h"

enum { GENERATION_SHIFT = 40, TERM_SHIFT = 48 };

uint32_t layout_shard_of(const struct layout *layout, struct span id)
{
    return (uint32_t)(hash_bytes(id) % layout->n_shards);
}

void layout_shard_key(const struct layout *layout, enum shard_family family, uint32_t shard, const char *part,
                      struct buffer *buffer)
{
    buffer_append_span(buffer, layout->prefix);
    buffer_printf(buffer, "~{%c%" PRIu32 ".%" PRId64 "}%s", family, shard, layout->generation, part);
}

void layout_cells_key(const struct layout *layout, uint32_t shard, uint32_t slice_minutes,
                      struct span campaign, struct buffer *buffer)
{
    layout_shard_key(layout, SHARD_CAMPAIGN, shard, ":s:", buffer);
    buffer_printf(buffer, "%" PRIu32 ":", slice_minutes);
    buffer_append_span(buffer, campaign);
}

void layout_spend_key(const struct layout *layout, uint32_t shard, struct span campaign,
                      struct buffer *buffer)
{
    layout_shard_key(layout, SHARD_CAMPAIGN, shard, ":spend:", buffer);
    buffer_append_span(buffer, campaign);
}

void layout_common_key(const struct layout *layout, const char *name, struct buffer *buffer)
{
    buffer_append_span(buffer, layout->prefix);
    buffer_printf(buffer, "~%s.%" PRId64, name, layout->generation);
}

void layout_lags_key(const struct layout *layout, uint32_t shard, struct span campaign, struct buffer *buffer)
{
    layout_shard_key(layout, SHARD_CAMPAIGN, shard, ":lags:", buffer);
    buffer_append_span(buffer, campaign);
}

void layout_root_key(const struct layout *layout, const char *name, struct buffer *buffer)
{
    buffer_append_span(buffer, layout->prefix);
    buffer_append_text(buffer, name);
}

void layout_reader_key(const struct layout *layout, struct span campaign, const char *window,
                       struct buffer *buffer)
{
    buffer_append_span(buffer, layout->prefix);
    buffer_append_u8(buffer, '{');
    for (size_t i = 0; i < campaign.size; i++) {
        unsigned char byte = (unsigned char)campaign.data[i];
        if (byte == '%' || byte == '{' || byte == '}' || byte < 0x20 || byte == 0x7f)
            buffer_printf(buffer, "%%%02X", byte);
        else
            buffer_append_u8(buffer, byte);
    }
    buffer_append_u8(buffer, '}');
    if (window) {
        buffer_append_u8(buffer, ':');
        buffer_append_text(buffer, window);
    }
}

struct lane_mark vector_get(struct span vector, uint32_t lane)
{
    size_t at = (size_t)lane * VECTOR_ENTRY_SIZE;
    if (vector.size < at + VECTOR_ENTRY_SIZE)
        return (struct lane_mark){LANE_UNSET, NEVER};
    int64_t position = read_i64(vector.data + at);
    int64_t offset = position < 0 ? LANE_UNSET : position & ((INT64_C(1) << TERM_SHIFT) - 1);
    return (struct lane_mark){offset, read_i64(vector.data + at + 8)};
}

int64_t vector_term(struct span vector, uint32_t lane)
{
    size_t at = (size_t)lane * VECTOR_ENTRY_SIZE;
    int64_t position = vector.size < at + VECTOR_ENTRY_SIZE ? LANE_UNSET : read_i64(vector.data + at);
    return position < 0 ? 0 : position >> TERM_SHIFT;
}

int64_t lane_position(int64_t term, int64_t offset)
{
    return term << TERM_SHIFT | offset;
}

void vector_append(struct buffer *buffer, struct lane_mark mark)
{
    buffer_append_i64(buffer, mark.offset);
    buffer_append_i64(buffer, mark.newest_ms);
}

void cell_append(struct buffer *buffer, const int64_t *columns, size_t n_columns)
{
    size_t start = buffer->size;
    for (size_t i = 0; i < n_columns; i++)
        buffer_append_i64(buffer, columns[i]);
    while (buffer->size > start && buffer->data[buffer->size - 1] == '\0')
        buffer->size--;
}

void cell_unpack(struct span bytes, int64_t *ret_columns, size_t n_columns)
{
    for (size_t i = 0; i < n_columns; i++) {
        size_t at = i * 8;
        char whole[8] = {0};
        size_t have = bytes.size > at ? bytes.size - at : 0;
        if (have)
            memcpy(whole, bytes.data + at, have < 8 ? have : 8);
        ret_columns[i] = read_i64(whole);
    }
}

int64_t layout_rev(const struct layout *layout, int64_t counter)
{
    return layout->generation * (INT64_C(1) << GENERATION_SHIFT) + counter;
}

void journal_append_group(struct buffer *buffer, struct span campaign, uint32_t slice_minutes,
                          size_t n_columns, const uint32_t *starts, size_t n_starts)
{
    buffer_append_u16(buffer, (uint16_t)campaign.size);
    buffer_append_span(buffer, campaign);
    buffer_append_u16(buffer, (uint16_t)slice_minutes);
    buffer_append_u16(buffer, (uint16_t)n_columns);
    buffer_append_u16(buffer, (uint16_t)n_starts);
    for (size_t i = 0; i < n_starts; i++)
        buffer_append_u32(buffer, starts[i]);
}

void journal_append_spend(struct buffer *buffer, struct span campaign)
{
    journal_append_group(buffer, campaign, 0, 0, NULL, 0);
}

/* The cells of one group. */
static int journal_decode_group(struct reader *names, struct reader *values, journal_visit visit,
                                void *context)
{
    struct span campaign = reader_bytes(names, reader_u16(names));
    uint32_t slice_minutes = reader_u16(names);
    size_t n_columns = reader_u16(names), n = reader_u16(names);
    if (names->failed)
        return -EBADMSG;
    if (n_columns == 0)
        return n ? -EBADMSG : visit(context, campaign, 0, 0, NULL);
    for (size_t i = 0; i < n; i++) {
        uint32_t start = reader_u32(names);
        struct span bytes = reader_bytes(values, n_columns * 8);
        if (names->failed || values->failed)
            return -EBADMSG;
        struct cell cell;
        cell_unpack(bytes, cell.column, N_CELL_COLUMNS);
        int r = visit(context, campaign, slice_minutes, start, &cell);
        if (r)
            return r;
    }
    return 0;
}

int journal_decode(struct span c, struct span v, journal_visit visit, void *context)
{
    struct reader names = {.rest = c};
    struct reader values = {.rest = v};
    int r = 0;
    while (r == 0 && names.rest.size)
        r = journal_decode_group(&names, &values, visit, context);
    return r;
}
