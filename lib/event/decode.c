/*
 * DESIGN. Which fields matter depends on `type`, and `type` may come last. So a message is read in two steps:
 * the walk collects the values of all names that any type knows, checked as JSON and no further; then the
 * type's rows of `field_rules` (judge.c) say which of them are read, and as what. Text is unescaped where it
 * stands, in the decoder's own copy of the message: it never grows, and the walk does not look between quotes
 * again.
 *
 * The order of reasons follows from that: what the walk refuses is not_json, a repeated name is remembered
 * while the walk goes on (the rest may still be broken), and the type is judged before the first field.
 */
#include "lib/event/decode.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/event/decode_trace.h"
#include "lib/event/json.h"
#include "lib/event/json_text.h"
#include "lib/event/judge.h"
#include "lib/event/mapped.h"
#include "lib/event/message.h"

enum { FIRST_CAPACITY = 4096, CONFLUENT_HEADER_SIZE = 5 };

struct decoder {
    struct decode_rules rules;
    struct json_reader *reader;
    char *text;       /* the message's copy: capacity + JSON_PADDING bytes */
    uint8_t *nesting; /* scratch of json_text for texts of that capacity */
    size_t capacity;
    struct message message; /* what the last walk found */
    bool is_mapped;         /* the last message */
    struct mapped *mapped;  /* NULL before the first that is mapped */
    char *scratch;          /* for it */
    size_t scratch_capacity;
};

static int decoder_reserve(struct decoder *decoder, size_t size)
{
    size_t capacity = decoder->capacity ? decoder->capacity : FIRST_CAPACITY;
    char *text;
    uint8_t *nesting;

    while (capacity < size)
        capacity *= 2;
    if (capacity == decoder->capacity)
        return 0;
    text = realloc(decoder->text, capacity + JSON_PADDING);
    if (!text)
        return -ENOMEM;
    decoder->text = text;
    nesting = realloc(decoder->nesting, json_nesting_size(capacity));
    if (!nesting)
        return -ENOMEM;
    decoder->nesting = nesting;
    if (json_reader_reserve(decoder->reader, capacity) < 0)
        return -ENOMEM;
    decoder->capacity = capacity;
    return 0;
}

static void decoder_cleanup(struct decoder **decoder)
{
    decoder_free(*decoder);
}

int decoder_new(const struct decode_rules *rules, struct decoder **ret_decoder)
{
    CLEANUP(decoder_cleanup) struct decoder *decoder = calloc(1, sizeof(*decoder));
    int r;

    if (!decoder)
        return -ENOMEM;
    decoder->rules = *rules;
    r = json_reader_new(&decoder->reader);
    if (r < 0)
        return r;
    r = decoder_reserve(decoder, FIRST_CAPACITY);
    if (r < 0)
        return r;
    *ret_decoder = STEAL(decoder);
    return 0;
}

void decoder_free(struct decoder *decoder)
{
    if (!decoder)
        return;
    free(decoder->scratch);
    free(decoder->mapped);
    free(decoder->nesting);
    free(decoder->text);
    json_reader_free(decoder->reader);
    free(decoder);
}

/* Whether the copied message, whose root is no object, is JSON all the same. */
static int judge_other_root(struct decoder *decoder, size_t size)
{
    size_t read;

    if (!json_check(span_from(decoder->text, size), decoder->nesting, &read))
        return REJECT_NOT_JSON;
    while (read < size && memchr(" \n\r\t", decoder->text[read], 4))
        read++;
    return read == size ? REJECT_NOT_OBJECT : REJECT_NOT_JSON;
}

static int walk(struct decoder *decoder, struct span value, json_member_fn on_member, void *context)
{
    int r = decoder_reserve(decoder, value.size);

    if (r < 0)
        return r;
    memcpy(decoder->text, value.data, value.size);
    memset(decoder->text + value.size, 0, JSON_PADDING);
    message_reset(&decoder->message, decoder->nesting);
    r = json_walk(decoder->reader, span_from(decoder->text, value.size), on_member, context);
    if (r == JSON_NOT_AN_OBJECT)
        return judge_other_root(decoder, value.size);
    return r == JSON_BROKEN ? REJECT_NOT_JSON : r;
}

int decode(struct decoder *decoder, struct span value, int64_t record_ts_ms, enum event_type topic_type,
           struct event *ret_event, const char **ret_field)
{
    enum field refused = FIELD_NONE;
    int r;

    if (value.size > (uint64_t)decoder->rules.message_bytes)
        r = REJECT_TOO_LARGE;
    else if (!value.data || value.size == 0)
        r = REJECT_EMPTY;
    else
        r = walk(decoder, value, message_on_member, &decoder->message);
    if (r == 0)
        r = message_judge(&decoder->message, &decoder->rules, record_ts_ms, topic_type, ret_event, &refused);
    if (ret_field)
        *ret_field = field_name(refused);
    decoder->is_mapped = false;
    return r;
}

/* Makes room for a mapped message of that size, and empties what the last one left. */
static int prepare_mapped(struct decoder *decoder, size_t size, const struct mapping *mapping)
{
    int r = decoder_reserve(decoder, size);

    if (r == 0 && !decoder->mapped)
        decoder->mapped = calloc(1, sizeof(*decoder->mapped));
    if (r == 0 && decoder->scratch_capacity < decoder->capacity) {
        char *scratch = realloc(decoder->scratch, decoder->capacity);
        if (!scratch)
            return -ENOMEM;
        decoder->scratch = scratch;
        decoder->scratch_capacity = decoder->capacity;
    }
    if (r < 0 || !decoder->mapped)
        return -ENOMEM;
    mapped_reset(decoder->mapped, mapping, &decoder->message, decoder->nesting, decoder->scratch);
    return 0;
}

/* JSON never begins with a NUL. */
static struct span without_header(struct span value)
{
    if (value.size < CONFLUENT_HEADER_SIZE || value.data[0] != '\0')
        return value;
    return span_from(value.data + CONFLUENT_HEADER_SIZE, value.size - CONFLUENT_HEADER_SIZE);
}

static int walk_mapped(struct decoder *decoder, const struct decode_input *input)
{
    struct span value = input->value;
    int r;

    if (input->mapping->confluent_header)
        value = without_header(value);
    if (value.size == 0)
        return REJECT_EMPTY;
    r = prepare_mapped(decoder, value.size, input->mapping);
    if (r == 0)
        r = walk(decoder, value, mapped_on_member, decoder->mapped);
    if (r == 0)
        mapped_finish(decoder->mapped, input->headers, input->n_headers, input->topic_type);
    return r;
}

int decode_input(struct decoder *decoder, const struct decode_input *input, struct event *ret_event,
                 const char **ret_field)
{
    enum field refused = FIELD_NONE;
    int r;

    if (!input->mapping)
        return decode(decoder, input->value, input->record_ts_ms, input->topic_type, ret_event, ret_field);
    if (input->value.size > (uint64_t)decoder->rules.message_bytes)
        r = REJECT_TOO_LARGE;
    else if (!input->value.data || input->value.size == 0)
        r = REJECT_EMPTY;
    else
        r = walk_mapped(decoder, input);
    if (r == 0)
        r = message_judge(&decoder->message, &decoder->rules, input->record_ts_ms, input->topic_type,
                          ret_event, &refused);
    if (ret_field)
        *ret_field = field_name(refused);
    decoder->is_mapped = true;
    return r;
}

struct decode_trace decode_trace(const struct decoder *decoder, enum field field)
{
    const struct value *value = message_value(&decoder->message, field);
    const struct alternative *taken = decoder->is_mapped ? decoder->mapped->taken[field] : NULL;

    if (!value || (decoder->is_mapped && !taken))
        return (struct decode_trace){value, "", false};
    if (!taken)
        return (struct decode_trace){value, field_name(field), false};
    return (struct decode_trace){value, taken->from, taken->slot == MAPPING_NONE};
}
