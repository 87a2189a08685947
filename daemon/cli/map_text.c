#include "daemon/cli/map_text.h"

#include <inttypes.h>

#include "daemon/cli/text.h"
#include "lib/base/money.h"
#include "lib/config/value.h"
#include "lib/event/judge.h"

enum { FIELD_COLUMNS = 12, VALUE_COLUMNS = 38, VALUE_BYTES_MAX = 60 };

/* Where an event keeps what a field says. */
enum member_kind { MEMBER_NONE, MEMBER_ID, MEMBER_MONEY, MEMBER_TIME };

static const struct member {
    enum member_kind kind;
    size_t offset; /* in struct event */
} members[N_FIELDS] = {
    [FIELD_TS] = {MEMBER_TIME, offsetof(struct event, ts_ms)},
    [FIELD_CAMPAIGN_ID] = {MEMBER_ID, offsetof(struct event, campaign_id)},
    [FIELD_AD_ID] = {MEMBER_ID, offsetof(struct event, ad_id)},
    [FIELD_EVENT_ID] = {MEMBER_ID, offsetof(struct event, event_id)},
    [FIELD_CLICK_ID] = {MEMBER_ID, offsetof(struct event, click_id)},
    [FIELD_USER_ID] = {MEMBER_ID, offsetof(struct event, user_id)},
    [FIELD_ORDER_ID] = {MEMBER_ID, offsetof(struct event, order_id)},
    [FIELD_REVENUE] = {MEMBER_MONEY, offsetof(struct event, revenue_micros)},
    [FIELD_COST] = {MEMBER_MONEY, offsetof(struct event, cost_micros)},
    [FIELD_MARGIN] = {MEMBER_MONEY, offsetof(struct event, margin_micros)},
    [FIELD_KIND] = {MEMBER_ID, offsetof(struct event, kind)},
    [FIELD_REFUND_ID] = {MEMBER_ID, offsetof(struct event, refund_id)},
    [FIELD_AMOUNT] = {MEMBER_MONEY, offsetof(struct event, amount_micros)},
    [FIELD_ACTION] = {MEMBER_ID, offsetof(struct event, action)},
    [FIELD_SPEND_ID] = {MEMBER_ID, offsetof(struct event, spend_id)},
    [FIELD_FROM] = {MEMBER_TIME, offsetof(struct event, from_ms)},
    [FIELD_TO] = {MEMBER_TIME, offsetof(struct event, to_ms)},
};

/* Whether the campaign is that of an ad. */
static bool is_looked_up(const struct map_result *result)
{
    return result->reason == REJECT_NONE && result->event.ad_id.size && result->event.campaign_id.size;
}

/* Whether the message had the field and events of its type read it. */
static bool is_read(const struct map_result *result, enum event_type type, enum field field)
{
    if (field == FIELD_CAMPAIGN_ID && is_looked_up(result))
        return true;
    if (field == FIELD_AD_ID && result->reason == REJECT_NONE && result->event.ad_id.size == 0)
        return false;
    return (type == EVENT_NONE || event_type_reads(type, field)) &&
           decode_trace(result->decoder, field).value;
}

static void append_member(const struct event *event, enum field field, struct buffer *buffer)
{
    static const char *const endings[] = {
        [MEMBER_NONE] = "", [MEMBER_ID] = "", [MEMBER_MONEY] = "_micros", [MEMBER_TIME] = "_ms"};
    const struct member *member = &members[field];
    const void *at = (const char *)event + member->offset;

    if (member->kind == MEMBER_ID && ((const struct span *)at)->size == 0)
        return;
    buffer_printf(buffer, ",\"%s%s\":", field_name(field), endings[member->kind]);
    if (member->kind == MEMBER_ID)
        json_append_text(buffer, *(const struct span *)at);
    else
        buffer_printf(buffer, "%" PRId64, *(const int64_t *)at);
}

void map_append_json(const struct map_result *result, struct buffer *buffer)
{
    const struct event *event = &result->event;

    if (result->reason != REJECT_NONE) {
        buffer_printf(buffer, "{\"accepted\":false,\"reason\":\"%s\",\"field\":\"%s\"}\n",
                      reject_reason_name(result->reason), result->field);
        return;
    }
    buffer_printf(buffer, "{\"accepted\":true,\"type\":\"%s\"", event_type_name(event->type));
    for (enum field field = FIELD_TS; field < N_FIELDS; field++)
        if (members[field].kind != MEMBER_NONE && is_read(result, event->type, field))
            append_member(event, field, buffer);
    if (event->currency[0])
        buffer_printf(buffer, ",\"currency\":\"%s\"", event->currency);
    buffer_append_text(buffer, "}\n");
}

/* What an amount comes to; a refund's stays in its own currency. */
static void append_money(const struct map_result *result, int64_t micros, struct buffer *buffer)
{
    const struct event *event = &result->event;
    const char *currency = event->type == EVENT_REFUND ? event->currency : result->account_currency;
    char text[MICROS_TEXT_SIZE];

    micros_text(micros, text);
    buffer_printf(buffer, " = %s %s", text, *currency ? currency : "in its order's currency");
}

/* The characters, cut where there are many. */
static void append_characters(struct span text, struct buffer *buffer)
{
    bool cut = text.size > VALUE_BYTES_MAX;

    if (cut)
        text.size = VALUE_BYTES_MAX;
    while (cut && text.size && ((unsigned char)text.data[text.size] & 0xC0) == 0x80)
        text.size--; /* in the middle of a character */
    text_safe(buffer, text);
    buffer_append_text(buffer, cut ? "…" : "");
}

/* The value as it was read, and what it means where it was accepted. */
static void append_value(const struct map_result *result, enum field field, const struct value *value,
                         struct buffer *buffer)
{
    CLEANUP(buffer_deinit) struct buffer cell = BUFFER_INIT;
    enum member_kind kind = result->reason == REJECT_NONE ? members[field].kind : MEMBER_NONE;
    const void *member = (const char *)&result->event + members[field].offset;

    if (kind == MEMBER_TIME)
        value_write_time(*(const int64_t *)member, &cell);
    else
        append_characters(value->text, &cell);
    if (kind == MEMBER_MONEY)
        append_money(result, *(const int64_t *)member, &cell);
    if (buffer_status(&cell) < 0)
        buffer->error = buffer_status(&cell);
    buffer_append_span(buffer, buffer_span(&cell));
    for (size_t i = text_columns(buffer_span(&cell)); i < VALUE_COLUMNS; i++)
        buffer_append_u8(buffer, ' ');
}

static void append_field(const struct map_result *result, enum field field, struct buffer *buffer)
{
    struct decode_trace trace = decode_trace(result->decoder, field);
    const struct value found = {.text = result->event.campaign_id};

    if (field == FIELD_CAMPAIGN_ID && is_looked_up(result))
        trace = (struct decode_trace){&found, "the lookup", false};
    buffer_printf(buffer, "  %-*s ", FIELD_COLUMNS, field_name(field));
    append_value(result, field, trace.value, buffer);
    if (trace.constant)
        buffer_append_text(buffer, "  constant");
    else if (*trace.from)
        buffer_printf(buffer, "  from %s", trace.from);
    buffer_append_text(buffer, "\n");
}

/* Where a field that is missing was looked for. */
static void append_places(const struct map_result *result, enum field field, struct buffer *buffer)
{
    const struct mapping *mapping = result->mapping;

    if (mapping->n[field] == 0) {
        buffer_printf(buffer, "  %s is not mapped: name where it stands in mapping.fields\n", result->field);
        return;
    }
    buffer_printf(buffer, "  %s was looked for in", result->field);
    for (uint16_t i = 0; i < mapping->n[field]; i++)
        buffer_printf(buffer, "%s %s", i ? "," : "", mapping->alternatives[mapping->first[field] + i].from);
    buffer_append_text(buffer, "\n");
}

/* The type by which a refused event was read; EVENT_NONE where that is not known. */
static enum event_type type_of(const struct map_result *result)
{
    const struct value *value = decode_trace(result->decoder, FIELD_TYPE).value;

    if (result->reason == REJECT_NONE)
        return result->event.type;
    if (!value)
        return result->topic_type;
    return value->kind == JSON_STRING ? event_type_find(value->text) : EVENT_NONE;
}

static void append_verdict(const struct map_result *result, struct buffer *buffer)
{
    if (result->reason == REJECT_NONE) {
        buffer_printf(buffer, "accepted: %s\n", event_type_name(result->event.type));
        return;
    }
    buffer_printf(buffer, "refused: %s", reject_reason_name(result->reason));
    if (*result->field)
        buffer_printf(buffer, " at %s", result->field);
    buffer_printf(buffer, ": %s\n", reject_reason_meaning(result->reason));
}

void map_append_text(const struct map_result *result, struct buffer *buffer)
{
    bool walked = result->reason == REJECT_NONE ||
                  (result->reason >= REJECT_UNKNOWN_TYPE && result->reason != REJECT_TOO_LARGE);

    append_verdict(result, buffer);
    for (enum field field = FIELD_TYPE; walked && field < N_FIELDS; field++)
        if (is_read(result, type_of(result), field))
            append_field(result, field, buffer);
    for (enum field field = FIELD_TYPE; result->mapping && walked && field < N_FIELDS; field++)
        if (strcmp(result->field, field_name(field)) == 0 && !decode_trace(result->decoder, field).value)
            append_places(result, field, buffer);
    if (result->reason == REJECT_NONE && result->event.ad_id.size && !result->event.campaign_id.size)
        buffer_append_text(buffer, "  campaign_id  is looked up in Redis when the event is counted\n");
    if (result->event.all_left)
        buffer_append_text(buffer, "  amount       all that is left of the order\n");
}
