#include "lib/event/message.h"

#define FIELD_NAME(name, text, first, last) [name] = {text, sizeof(text) - 1},
static const struct span field_names[] = {[FIELD_NONE] = {"", 0}, FIELDS(FIELD_NAME)};
#undef FIELD_NAME

/* A perfect hash: a collision is a warning (-Woverride-init), and a test finds every name. */
#define FIELD_SLOT(first, last, size) (((unsigned char)(first) + (unsigned char)(last) + (size)*27) % 64)
#define FIELD_HASHED(name, text, first, last) [FIELD_SLOT(first, last, sizeof(text) - 1)] = name,
static const uint8_t field_slots[64] = {FIELDS(FIELD_HASHED)};
#undef FIELD_HASHED

const char *field_name(enum field field)
{
    return field_names[field].data;
}

void message_reset(struct message *message, uint8_t *nesting)
{
    message->nesting = nesting;
    message->seen = 0;
    message->repeated = FIELD_NONE;
}

static enum field field_find(struct span name)
{
    enum field field;

    if (name.size == 0)
        return FIELD_NONE;
    field = field_slots[FIELD_SLOT(name.data[0], name.data[name.size - 1], name.size)];
    return span_equal(name, field_names[field]) ? field : FIELD_NONE;
}

/* Resolves escapes where the text stands. */
static bool unescape_in_place(struct span *text)
{
    if (!memchr(text->data, '\\', text->size))
        return true;
    return json_unescape(*text, (char *)text->data, &text->size);
}

static bool read_value(const struct message *message, struct span raw, struct value *value)
{
    value->text = raw;
    if (!json_kind_of(raw, &value->kind, &value->number))
        return false;
    if (value->kind == JSON_STRING) {
        value->text = span_from(raw.data + 1, raw.size - 2);
        return unescape_in_place(&value->text);
    }
    return value->kind != JSON_ARRAY_OR_OBJECT || json_check(raw, message->nesting, &value->text.size);
}

bool message_on_member(void *context, struct span name, struct span raw)
{
    struct message *message = context;
    enum field field = field_find(name);
    uint32_t bit;

    if (field == FIELD_NONE) {
        if (!unescape_in_place(&name))
            return false;
        field = field_find(name);
        if (field == FIELD_NONE)
            return json_skippable(raw, message->nesting);
    }
    bit = UINT32_C(1) << field;
    if (message->seen & bit && message->repeated == FIELD_NONE)
        message->repeated = field;
    message->seen |= bit;
    return read_value(message, raw, &message->values[field]);
}
