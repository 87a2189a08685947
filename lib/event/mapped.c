#include "lib/event/mapped.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/money.h"
#include "lib/base/utf8.h"
#include "lib/event/query.h"

static bool slot_seen(const struct mapped *mapped, uint16_t slot)
{
    return mapped->seen[slot / 64] >> (slot % 64) & 1;
}

static void give_text(struct mapped *mapped, uint16_t slot, struct span text)
{
    if (slot_seen(mapped, slot))
        return;
    mapped->seen[slot / 64] |= UINT64_C(1) << (slot % 64);
    mapped->values[slot] = (struct value){.kind = JSON_STRING, .text = text};
}

static void take_header(struct mapped *mapped, uint16_t slot, const struct decode_header *headers,
                        size_t n_headers)
{
    struct span name = mapped->mapping->slots[slot].name;

    for (size_t i = 0; i < n_headers; i++)
        if (span_equal(headers[i].name, name) && headers[i].value.data && utf8_is_valid(headers[i].value)) {
            give_text(mapped, slot, headers[i].value);
            return;
        }
}

/* The parameters of the URL in a slot. Each byte of the message is in one URL at most, so scratch is enough. */
static void take_parameters(struct mapped *mapped, uint16_t url, char **scratch)
{
    const struct mapping *mapping = mapped->mapping;
    struct query query = query_of(mapped->values[url].text);
    struct span name, value;

    while (query_next(&query, &name, &value))
        for (uint16_t i = 0; i < mapping->n_slots; i++) {
            const struct mapping_slot *slot = &mapping->slots[i];
            if (slot->kind != SLOT_PARAMETER || slot->url != url || !query_name_is(name, slot->name))
                continue;
            give_text(mapped, i, query_decode(value, *scratch));
            *scratch += value.size;
        }
}

static void take_derived(struct mapped *mapped, const struct decode_header *headers, size_t n_headers)
{
    const struct mapping *mapping = mapped->mapping;
    char *scratch = mapped->scratch;
    uint64_t done[MAPPING_SLOTS_MAX / 64] = {0};

    for (uint16_t i = 0; i < mapping->n_slots; i++) {
        uint16_t url = mapping->slots[i].url;
        if (mapping->slots[i].kind == SLOT_HEADER)
            take_header(mapped, i, headers, n_headers);
        if (mapping->slots[i].kind != SLOT_PARAMETER || done[url / 64] >> (url % 64) & 1)
            continue;
        done[url / 64] |= UINT64_C(1) << (url % 64);
        if (slot_seen(mapped, url) && mapped->values[url].kind == JSON_STRING)
            take_parameters(mapped, url, &scratch);
    }
}

/* The digits before the point of number * 10^power, as an integer. False where it does not fit int64. */
static bool scale_to_integer(const struct number *number, int power, int64_t *ret_value)
{
    size_t n_digits = number->whole.size + number->fraction.size;
    int64_t n_kept = (int64_t)number->whole.size + number->exponent + power, value = 0;

    for (int64_t i = 0; i < n_kept; i++) {
        size_t at = (size_t)i;
        int digit = 0;
        if (at < number->whole.size)
            digit = number->whole.data[at] - '0';
        else if (at < n_digits)
            digit = number->fraction.data[at - number->whole.size] - '0';
        else if (value == 0)
            break;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret_value = number->negative ? -value : value;
    return true;
}

/* A number, also as text, in a unit of time becomes ms; text that is none is left to be judged as RFC 3339. */
static void convert_time(struct mapped *mapped, int power, struct value *value)
{
    char *text = mapped->times[mapped->n_times];
    int64_t ms;

    if (value->kind != JSON_NUMBER &&
        (value->kind != JSON_STRING || !number_scan(value->text, &value->number)))
        return;
    value->kind = JSON_NUMBER;
    value->number.integer = scale_to_integer(&value->number, power, &ms); /* else it is bad_time */
    if (!value->number.integer)
        return;
    (void)snprintf(text, MAPPED_TIME_SIZE, "%" PRId64, ms);
    mapped->n_times++;
    value->text = span_of(text);
    value->number = (struct number){.whole = span_of(text + (ms < 0)), .negative = ms < 0, .integer = true};
}

/* The unit of money is a matter of the exponent, so that nothing is rounded. What is no number stays as it is. */
static void convert_money(int power, enum mapping_sign sign, struct value *value)
{
    if (value->kind != JSON_NUMBER &&
        (value->kind != JSON_STRING || !number_scan(value->text, &value->number)))
        return;
    value->kind = JSON_NUMBER;
    value->number.exponent += power;
    if (sign == SIGN_DROP)
        value->number.negative = false;
    else if (sign == SIGN_NEGATE)
        value->number.negative = !value->number.negative;
}

static void convert_words(const struct mapping_source *source, struct value *value)
{
    if (source->after_last && value->kind == JSON_STRING && value->text.size) {
        const char *last = memrchr(value->text.data, source->after_last[0], value->text.size);
        if (last)
            value->text = span_from(last + 1, (size_t)(value->text.data + value->text.size - last) - 1);
    }
    for (size_t i = 0; value->kind != JSON_ARRAY_OR_OBJECT && i < source->n_words; i++)
        if (span_equal(value->text, span_of(source->words[i].written))) {
            *value = (struct value){.kind = JSON_STRING, .text = span_of(source->words[i].means)};
            return;
        }
}

static void give_field(struct mapped *mapped, enum field field, const struct alternative *alternative)
{
#define UNIT_OF_TIME(name, text, is_time, power) [name] = is_time,
#define UNIT_POWER(name, text, is_time, power) [name] = power,
    static const bool of_times[] = {MAPPING_UNITS(UNIT_OF_TIME)};
    static const int powers[] = {MAPPING_UNITS(UNIT_POWER)};
#undef UNIT_OF_TIME
#undef UNIT_POWER
    const struct mapping_source *source = alternative->source;
    struct value *value = &mapped->message->values[field];

    if (alternative->slot == MAPPING_NONE)
        *value = (struct value){.kind = JSON_STRING, .text = span_of(alternative->from)};
    else
        *value = mapped->values[alternative->slot];
    convert_words(source, value);
    if (of_times[source->unit])
        convert_time(mapped, powers[source->unit], value);
    else if (source->unit || source->sign)
        convert_money(powers[source->unit], source->sign, value);
    mapped->message->seen |= UINT32_C(1) << field;
    mapped->taken[field] = alternative;
}

/* The first alternative that has something; else the first that is there, be it an empty text. */
static const struct alternative *choose(const struct mapped *mapped, enum field field, enum event_type type)
{
    const struct mapping *mapping = mapped->mapping;
    const struct alternative *at = &mapping->alternatives[mapping->first[field]], *empty = NULL;

    for (uint16_t i = 0; i < mapping->n[field]; i++, at++) {
        const struct value *value = &mapped->values[at->slot % MAPPING_SLOTS_MAX];
        if (at->source->types && !(at->source->types & 1u << type))
            continue;
        if (at->slot == MAPPING_NONE)
            return at;
        if (!slot_seen(mapped, at->slot) || value->kind == JSON_NULL)
            continue;
        if (value->kind != JSON_STRING || value->text.size)
            return at;
        empty = empty ? empty : at;
    }
    return empty;
}

static enum event_type type_of(const struct message *message, enum event_type topic_type)
{
    const struct value *value = message_value(message, FIELD_TYPE);

    if (!value)
        return topic_type;
    return value->kind == JSON_STRING ? event_type_find(value->text) : EVENT_NONE;
}

/* An order below zero takes back: it becomes a refund of that amount. */
static void turn_to_refund(struct mapped *mapped)
{
    struct message *message = mapped->message;
    struct value revenue;
    int64_t micros;
    bool negative = true;

    if (!message_value(message, FIELD_REVENUE))
        return;
    revenue = message->values[FIELD_REVENUE];
    convert_money(0, SIGN_KEEP, &revenue);
    if (revenue.kind != JSON_NUMBER || !revenue.number.negative)
        return;
    if (money_of_number(&revenue.number, &micros, &negative) == 0 && !negative)
        return; /* -0 */
    revenue.number.negative = false;
    message->values[FIELD_AMOUNT] = revenue;
    message->values[FIELD_TYPE] =
        (struct value){.kind = JSON_STRING, .text = span_of(event_type_name(EVENT_REFUND))};
    message->seen |= UINT32_C(1) << FIELD_AMOUNT | UINT32_C(1) << FIELD_TYPE;
    mapped->taken[FIELD_AMOUNT] = mapped->taken[FIELD_REVENUE];
}

void mapped_finish(struct mapped *mapped, const struct decode_header *headers, size_t n_headers,
                   enum event_type topic_type)
{
    enum event_type type = EVENT_NONE;

    take_derived(mapped, headers, n_headers);
    for (enum field field = FIELD_TYPE; field < N_FIELDS; field++) {
        const struct alternative *chosen = choose(mapped, field, type);
        if (chosen)
            give_field(mapped, field, chosen);
        if (field == FIELD_TYPE)
            type = type_of(mapped->message, topic_type);
    }
    if (mapped->mapping->negative_orders == NEGATIVE_ORDERS_REFUND && type == EVENT_ORDER)
        turn_to_refund(mapped);
}
