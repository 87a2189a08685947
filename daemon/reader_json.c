#include "daemon/reader_json.h"

#include "lib/base/json.h"
#include "lib/base/number.h"

/* The value of a field; NULL where it is absent. */
static const struct reply *field_find(const struct reply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->n_elements; i += 2)
        if (span_equal(reply_at(fields, i)->text, span_of(name)))
            return reply_at(fields, i + 1);
    return NULL;
}

/* "name": and a number where the text is one, else a string. */
static void append_field(struct buffer *buffer, struct span name, struct span text)
{
    struct number number;
    json_append_text(buffer, name);
    buffer_append_u8(buffer, ':');
    if (number_scan(text, &number))
        buffer_append_span(buffer, text);
    else
        json_append_text(buffer, text);
}

/* Whether a field's name begins so; the rest of it then. */
static bool after_prefix(struct span name, const char *prefix, struct span *ret_rest)
{
    size_t size = strlen(prefix);
    if (name.size < size || memcmp(name.data, prefix, size) != 0)
        return false;
    *ret_rest = span_from(name.data + size, name.size - size);
    return true;
}

/* The fields whose name begins with prefix, as an object; raw where the values are JSON already. */
static void append_group(struct buffer *buffer, const struct reply *fields, const char *prefix, bool raw)
{
    const char *before = "";
    buffer_append_u8(buffer, '{');
    for (size_t i = 0; i + 1 < fields->n_elements; i += 2) {
        struct span name;
        if (!after_prefix(reply_at(fields, i)->text, prefix, &name))
            continue;
        buffer_append_text(buffer, before);
        before = ",";
        json_append_text(buffer, name);
        buffer_append_u8(buffer, ':');
        if (raw)
            buffer_append_span(buffer, reply_at(fields, i + 1)->text);
        else
            json_append_text(buffer, reply_at(fields, i + 1)->text);
    }
    buffer_append_u8(buffer, '}');
}

void campaign_json_begin(struct campaign_json *json, struct span id, const struct reply *fields)
{
    static const char *const plain[] = {"state", "currency", "as_of_ms", "rev"};
    json->any_window = false;
    buffer_append_text(json->buffer, "{\"campaign\":");
    json_append_text(json->buffer, id);
    for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
        const struct reply *value = field_find(fields, plain[i]);
        if (!value)
            continue;
        buffer_append_u8(json->buffer, ',');
        append_field(json->buffer, span_of(plain[i]), value->text);
    }
    buffer_append_text(json->buffer, ",\"labels\":");
    append_group(json->buffer, fields, "label:", false);
    buffer_append_text(json->buffer, ",\"goals\":");
    append_group(json->buffer, fields, "goal:", true);
    buffer_append_text(json->buffer, ",\"windows\":{");
}

void campaign_json_window(struct campaign_json *json, const char *window, const struct reply *fields)
{
    if (fields->n_elements == 0)
        return;
    if (json->any_window)
        buffer_append_u8(json->buffer, ',');
    json->any_window = true;
    json_append_text(json->buffer, span_of(window));
    buffer_append_text(json->buffer, ":{");
    for (size_t i = 0; i + 1 < fields->n_elements; i += 2) {
        if (i)
            buffer_append_u8(json->buffer, ',');
        append_field(json->buffer, reply_at(fields, i)->text, reply_at(fields, i + 1)->text);
    }
    buffer_append_u8(json->buffer, '}');
}

void campaign_json_end(struct campaign_json *json)
{
    buffer_append_text(json->buffer, "}}");
}

enum alert_value { ALERT_TEXT, ALERT_NUMBER, ALERT_JSON };

/* In the contract's order. */
static const struct {
    const char *name;
    enum alert_value value;
} alert_values[] = {
    {"id", ALERT_TEXT},
    {"campaign", ALERT_TEXT},
    {"goal", ALERT_TEXT},
    {"state", ALERT_TEXT},
    {"metric", ALERT_TEXT},
    {"target", ALERT_TEXT},
    {"window", ALERT_TEXT},
    {"value", ALERT_TEXT},
    {"low", ALERT_TEXT},
    {"high", ALERT_TEXT},
    {"maturity", ALERT_TEXT},
    {"cost_micros", ALERT_NUMBER},
    {"revenue_micros", ALERT_NUMBER},
    {"currency", ALERT_TEXT},
    {"excluded_micros", ALERT_NUMBER},
    {"since_ms", ALERT_NUMBER},
    {"at_ms", ALERT_NUMBER},
    {"as_of_ms", ALERT_NUMBER},
    {"summary", ALERT_TEXT},
    {"labels", ALERT_JSON},
};

void alert_json(struct buffer *buffer, const struct reply *fields)
{
    for (size_t i = 0; i < ARRAY_SIZE(alert_values); i++) {
        struct span name = span_of(alert_values[i].name);
        const struct reply *value = field_find(fields, alert_values[i].name);
        buffer_append_u8(buffer, i ? ',' : '{');
        if (value && alert_values[i].value == ALERT_NUMBER) {
            append_field(buffer, name, value->text);
            continue;
        }
        json_append_text(buffer, name);
        buffer_append_u8(buffer, ':');
        if (!value)
            buffer_append_text(buffer, "null");
        else if (alert_values[i].value == ALERT_JSON)
            buffer_append_span(buffer, value->text);
        else
            json_append_text(buffer, value->text);
    }
    buffer_append_u8(buffer, '}');
}
