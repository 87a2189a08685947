/*
 * DESIGN: a zone is an ascending list of transitions and, after the last of them, the footer's rule.
 *
 * Both are seen as stretches of one offset, and every question is answered by walking stretches forward. Only
 * the 64-bit block of the file is used; abbreviations are skipped. Work is done in seconds, because the edges
 * of old files lie beyond what milliseconds can say.
 *
 *     v1 header | v1 block | v2 header | times | type of each | types (offset, is_dst, name) | ... | \n rule
 * \n
 */
#include "lib/base/tz.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/buffer.h"
#include "lib/base/tz_rule.h"

enum {
    DAY_S = 86400,
    OFFSET_LEAST_S = -90000, /* both widened to full hours from RFC 8536 section 3.2 */
    OFFSET_MOST_S = 93600,
    TYPE_SIZE = 6,
};

#define FURTHEST_DATE INT64_C(100000000000) /* its first instant still fits milliseconds */

struct transition {
    int64_t at_s;
    int32_t offset_s; /* from then on */
};

struct tz {
    struct tz_rule rule;
    bool has_rule;
    int32_t first_offset_s; /* before the first transition */
    size_t n_transitions;
    struct transition transitions[];
};

struct block {
    uint8_t version;
    uint32_t n_leaps;
    uint32_t n_times;
    uint32_t n_types;
    struct span times;
    struct span type_of_each;
    struct span types;
};

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static bool block_read(struct reader *reader, size_t time_size, struct block *ret_block)
{
    struct block block;
    if (!span_equal(reader_bytes(reader, 4), span_of("TZif")))
        return false;
    block.version = reader_u8(reader);
    (void)reader_bytes(reader, 15);
    size_t n_ut = reader_u32(reader);
    size_t n_standard = reader_u32(reader);
    block.n_leaps = reader_u32(reader);
    block.n_times = reader_u32(reader);
    block.n_types = reader_u32(reader);
    size_t n_chars = reader_u32(reader);
    block.times = reader_bytes(reader, block.n_times * time_size);
    block.type_of_each = reader_bytes(reader, block.n_times);
    block.types = reader_bytes(reader, (size_t)block.n_types * TYPE_SIZE);
    (void)reader_bytes(reader, n_chars);
    (void)reader_bytes(reader, block.n_leaps * (time_size + 4));
    (void)reader_bytes(reader, n_standard);
    (void)reader_bytes(reader, n_ut);
    *ret_block = block;
    return !reader->failed;
}

static bool block_offset(const struct block *block, size_t type, int32_t *ret_offset_s)
{
    if (type >= block->n_types)
        return false;
    int32_t offset_s = (int32_t)read_u32(block->types.data + type * TYPE_SIZE);
    *ret_offset_s = offset_s;
    return offset_s >= OFFSET_LEAST_S && offset_s <= OFFSET_MOST_S;
}

static bool block_transitions(const struct block *block, struct tz *tz)
{
    if (!block_offset(block, 0, &tz->first_offset_s))
        return false;
    for (size_t i = 0; i < block->n_times; i++) {
        struct transition *transition = &tz->transitions[i];
        transition->at_s = read_i64(block->times.data + i * 8);
        if (i > 0 && transition->at_s <= transition[-1].at_s)
            return false;
        if (!block_offset(block, (uint8_t)block->type_of_each.data[i], &transition->offset_s))
            return false;
    }
    tz->n_transitions = block->n_times;
    return true;
}

/* A newline, the rule or nothing, a newline, and no more. */
static bool footer_read(struct span footer, struct tz *tz)
{
    if (footer.size < 2 || footer.data[0] != '\n' || footer.data[footer.size - 1] != '\n')
        return false;
    struct span text = {footer.data + 1, footer.size - 2};
    tz->has_rule = text.size > 0;
    return !tz->has_rule || tz_rule_parse(text, &tz->rule);
}

static void tz_freep(struct tz **tz)
{
    tz_free(*tz);
}

int tz_parse(struct span tzif, struct tz **ret_tz)
{
    struct reader reader = {.rest = tzif};
    struct block block;
    if (!block_read(&reader, 4, &block) || block.version < '2' || !block_read(&reader, 8, &block))
        return TZ_MALFORMED;
    if (block.version < '2' || block.n_leaps > 0)
        return TZ_MALFORMED;
    CLEANUP(tz_freep) struct tz *tz = calloc(1, sizeof(*tz) + block.n_times * sizeof(tz->transitions[0]));
    if (!tz)
        return -ENOMEM;
    if (!block_transitions(&block, tz) || !footer_read(reader.rest, tz))
        return TZ_MALFORMED;
    *ret_tz = STEAL(tz);
    return 0;
}

int tz_utc(struct tz **ret_tz)
{
    struct tz *tz = calloc(1, sizeof(*tz));
    if (!tz)
        return -ENOMEM;
    *ret_tz = tz;
    return 0;
}

void tz_free(struct tz *tz)
{
    free(tz);
}

static struct tz_stretch stretch_at(const struct tz *tz, int64_t at_s)
{
    size_t low = 0;
    size_t high = tz->n_transitions;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tz->transitions[middle].at_s <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == tz->n_transitions && tz->has_rule)
        return tz_rule_at(&tz->rule, at_s);
    return (struct tz_stretch){
        .offset_s = low == 0 ? tz->first_offset_s : tz->transitions[low - 1].offset_s,
        .until_s = low == tz->n_transitions ? INT64_MAX : tz->transitions[low].at_s,
    };
}

int32_t tz_offset_s(const struct tz *tz, int64_t instant_ms)
{
    return stretch_at(tz, floor_divide(instant_ms, 1000)).offset_s;
}

int64_t tz_date(const struct tz *tz, int64_t instant_ms)
{
    int64_t at_s = floor_divide(instant_ms, 1000);
    return floor_divide(at_s + stretch_at(tz, at_s).offset_s, DAY_S);
}

/*
 * The least instant whose local date is this one or later. Where the clock went back over midnight that is
 * the first of two midnights; where it went forward over one, or over a whole day, the instant of the change.
 */
int64_t tz_first_instant(const struct tz *tz, int64_t date)
{
    if (date > FURTHEST_DATE)
        date = FURTHEST_DATE;
    if (date < -FURTHEST_DATE)
        date = -FURTHEST_DATE;
    int64_t midnight_s = date * DAY_S;
    int64_t from_s = midnight_s - OFFSET_MOST_S;
    for (;;) {
        struct tz_stretch stretch = stretch_at(tz, from_s);
        int64_t first_s = midnight_s - stretch.offset_s;
        if (first_s < from_s)
            first_s = from_s;
        if (first_s < stretch.until_s)
            return first_s * 1000;
        from_s = stretch.until_s;
    }
}
