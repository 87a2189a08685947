#include "lib/event/judge.h"

#include "lib/base/money.h"
#include "lib/event/rates.h"
#include "lib/event/ts.h"

/* Before it, seconds were taken for milliseconds. */
static const int64_t year_2000_ms = INT64_C(946684800000);
/* The last instant that RFC 3339 can write; slices are numbered in 32 bits of minutes, which reach a little
 * further. */
static const int64_t year_9999_end_ms = INT64_C(253402300799999);

static int judge_type(const struct message *message, enum event_type topic_type, enum event_type *ret_type)
{
    const struct value *value = message_value(message, FIELD_TYPE);
    enum event_type type = topic_type;

    if (value) {
        if (value->kind != JSON_STRING)
            return REJECT_BAD_TYPE;
        type = event_type_find(value->text);
    }
    if (type == EVENT_NONE)
        return REJECT_UNKNOWN_TYPE;
    *ret_type = type;
    return 0;
}

static bool is_future(int64_t ts_ms, int64_t record_ts_ms, int64_t future_ms)
{
    int64_t latest_ms;

    if (record_ts_ms == NO_RECORD_TIME || __builtin_add_overflow(record_ts_ms, future_ms, &latest_ms))
        return false;
    return ts_ms > latest_ms;
}

static int judge_time(const struct value *value, int64_t *ret_ms)
{
    int64_t ms;
    bool read;

    if (value->kind == JSON_NUMBER)
        read = ts_from_number(&value->number, &ms);
    else if (value->kind == JSON_STRING)
        read = ts_from_text(value->text, &ms);
    else
        return REJECT_BAD_TYPE;
    if (!read || ms < year_2000_ms || ms > year_9999_end_ms)
        return REJECT_BAD_TIME;
    *ret_ms = ms;
    return 0;
}

static int judge_ts(const struct message *message, int64_t record_ts_ms, int64_t future_ms,
                    int64_t *ret_ts_ms)
{
    const struct value *value = message_value(message, FIELD_TS);
    int64_t ts_ms;
    int r;

    if (!value)
        return REJECT_MISSING_FIELD;
    r = judge_time(value, &ts_ms);
    if (r != 0)
        return r;
    if (is_future(ts_ms, record_ts_ms, future_ms))
        return REJECT_FUTURE;
    *ret_ts_ms = ts_ms;
    return 0;
}

/* The range of spend; one bound without the other is none. *ret_refused is the field at fault. */
static int judge_range(const struct message *message, struct event *event, enum field *ret_refused)
{
    const struct value *from = message_value(message, FIELD_FROM), *to = message_value(message, FIELD_TO);
    int r;

    if (!from && !to)
        return 0;
    *ret_refused = from ? FIELD_TO : FIELD_FROM;
    if (!from || !to)
        return REJECT_BAD_RANGE;
    *ret_refused = FIELD_FROM;
    r = judge_time(from, &event->from_ms);
    if (r != 0)
        return r;
    *ret_refused = FIELD_TO;
    r = judge_time(to, &event->to_ms);
    if (r != 0)
        return r;
    return event->from_ms < event->to_ms ? 0 : REJECT_BAD_RANGE;
}

/* When it was: spend may have a range, and then needs no ts. */
static int judge_when(const struct message *message, int64_t record_ts_ms, int64_t future_ms,
                      struct event *event, enum field *ret_refused)
{
    if (event->type == EVENT_SPEND) {
        int r = judge_range(message, event, ret_refused);
        if (r != 0 || (event->to_ms && !message_value(message, FIELD_TS)))
            return r;
    }
    *ret_refused = FIELD_TS;
    return judge_ts(message, record_ts_ms, future_ms, &event->ts_ms);
}

static int judge_id(const struct value *value, struct span *ret_id)
{
    bool integer = value->kind == JSON_NUMBER && value->number.integer;

    if (!integer && value->kind != JSON_STRING)
        return REJECT_BAD_TYPE;
    if (value->text.size > ID_BYTES_MAX || memchr(value->text.data, '\0', value->text.size))
        return REJECT_BAD_ID;
    *ret_id = value->text;
    return 0;
}

static int judge_campaign(const struct value *value, struct span *ret_id)
{
    struct span id;
    int r = judge_id(value, &id);

    if (r != 0)
        return r;
    if (span_equal(id, span_of(CAMPAIGN_UNATTRIBUTED)) || span_equal(id, span_of(CAMPAIGN_OVERFLOW)))
        return REJECT_RESERVED_ID;
    *ret_id = id;
    return 0;
}

static int judge_money(const struct value *value, bool may_be_negative, int64_t *ret_micros)
{
    int64_t micros;
    bool negative;
    int r;

    if (value->kind == JSON_NUMBER)
        r = money_of_number(&value->number, &micros, &negative);
    else if (value->kind == JSON_STRING)
        r = money_parse(value->text, &micros, &negative);
    else
        return REJECT_BAD_TYPE;
    if (r != 0)
        return r == MONEY_OUT_OF_RANGE ? REJECT_MONEY_RANGE : REJECT_BAD_MONEY;
    if (negative && !may_be_negative)
        return REJECT_NEGATIVE_MONEY;
    *ret_micros = micros;
    return 0;
}

enum shape { SHAPE_ID, SHAPE_CAMPAIGN, SHAPE_MONEY, SHAPE_SIGNED_MONEY };

enum {
    IN_IMPRESSION = 1 << EVENT_IMPRESSION,
    IN_CLICK = 1 << EVENT_CLICK,
    IN_ORDER = 1 << EVENT_ORDER,
    IN_REFUND = 1 << EVENT_REFUND,
    IN_ENGAGEMENT = 1 << EVENT_ENGAGEMENT,
    IN_SPEND = 1 << EVENT_SPEND,
    IN_SEEN = IN_IMPRESSION | IN_CLICK | IN_ENGAGEMENT, /* what people do with an ad */
};

/*
 * Which fields the types have beside times and currency; a field of another type is not looked at.
 * X(arg, field, shape, IN_… that have it, those of them that need it, the member of struct event it goes to)
 */
#define FIELD_RULES(X, arg)                                                                                  \
    X(arg, FIELD_CAMPAIGN_ID, SHAPE_CAMPAIGN, IN_SEEN | IN_ORDER | IN_SPEND, IN_SEEN | IN_SPEND,             \
      campaign_id)                                                                                           \
    X(arg, FIELD_EVENT_ID, SHAPE_ID, IN_SEEN, 0, event_id)                                                   \
    X(arg, FIELD_CLICK_ID, SHAPE_ID, IN_CLICK | IN_ORDER, 0, click_id)                                       \
    X(arg, FIELD_USER_ID, SHAPE_ID, IN_SEEN | IN_ORDER, 0, user_id)                                          \
    X(arg, FIELD_ORDER_ID, SHAPE_ID, IN_ORDER | IN_REFUND, IN_ORDER | IN_REFUND, order_id)                   \
    X(arg, FIELD_KIND, SHAPE_ID, IN_ORDER, 0, kind)                                                          \
    X(arg, FIELD_COST, SHAPE_MONEY, IN_SEEN, 0, cost_micros)                                                 \
    X(arg, FIELD_REVENUE, SHAPE_MONEY, IN_ORDER, IN_ORDER, revenue_micros)                                   \
    X(arg, FIELD_MARGIN, SHAPE_SIGNED_MONEY, IN_ORDER, 0, margin_micros)                                     \
    X(arg, FIELD_ACTION, SHAPE_ID, IN_ENGAGEMENT, IN_ENGAGEMENT, action)                                     \
    X(arg, FIELD_REFUND_ID, SHAPE_ID, IN_REFUND, 0, refund_id)                                               \
    X(arg, FIELD_SPEND_ID, SHAPE_ID, IN_SPEND, 0, spend_id)                                                  \
    X(arg, FIELD_AMOUNT, SHAPE_MONEY, IN_REFUND | IN_SPEND, IN_SPEND, amount_micros)

static const struct field_rule {
    enum shape shape;
    size_t offset; /* in struct event */
} field_rules[N_FIELDS] = {
#define RULE(arg, field, shape, types, required, member) [field] = {shape, offsetof(struct event, member)},
    FIELD_RULES(RULE, )
#undef RULE
};

/* The fields that a type has, and those that it needs, as bits. */
static const struct field_set {
    uint32_t all;
    uint32_t required;
} fields_of[N_EVENT_TYPES] = {
#define BIT(type, field, shape, types, required, member) | ((types)&1 << (type) ? UINT32_C(1) << (field) : 0)
#define NEED(type, field, shape, types, required, member)                                                    \
    | ((required)&1 << (type) ? UINT32_C(1) << (field) : 0)
#define SET(type, text, topic_key) [type] = {0 FIELD_RULES(BIT, type), 0 FIELD_RULES(NEED, type)},
    EVENT_TYPES(SET)
#undef SET
#undef NEED
#undef BIT
};

static bool holds_money(enum shape shape)
{
    return shape == SHAPE_MONEY || shape == SHAPE_SIGNED_MONEY;
}

static int judge_field(const struct field_rule *rule, const struct value *value, struct event *event)
{
    void *member = (char *)event + rule->offset;

    switch (rule->shape) {
    case SHAPE_ID:
        return judge_id(value, member);
    case SHAPE_CAMPAIGN:
        return judge_campaign(value, member);
    default:
        return judge_money(value, rule->shape == SHAPE_SIGNED_MONEY, member);
    }
}

/* An id that is empty is absent; of money there is no such thing. */
static bool is_absent(const struct field_rule *rule, const struct value *value)
{
    return !value || (!holds_money(rule->shape) && value->kind == JSON_STRING && value->text.size == 0);
}

/* What stands for a campaign that is not named. */
static int judge_ad(const struct message *message, struct event *event, enum field *refused)
{
    const struct value *value = message_value(message, FIELD_AD_ID);

    if (!value || (value->kind == JSON_STRING && value->text.size == 0))
        return REJECT_MISSING_FIELD;
    *refused = FIELD_AD_ID;
    return judge_id(value, &event->ad_id);
}

/* The event's money in micro-units of the account's currency. */
static int convert_money(const struct rate *rate, struct event *event, enum field *refused)
{
    for (uint32_t left = fields_of[event->type].all; left; left &= left - 1) {
        enum field field = (enum field)__builtin_ctz(left);
        int64_t *micros = (int64_t *)((char *)event + field_rules[field].offset);

        *refused = field;
        if (holds_money(field_rules[field].shape) && !rate_convert(rate, *micros, micros))
            return REJECT_MONEY_RANGE;
    }
    return 0;
}

/* Only of events with money. A refund's rate is that of its order's time, which is not known here. */
static int judge_currency(const struct message *message, const struct decode_rules *rules,
                          struct event *event, enum field *refused)
{
    const struct value *value = message_value(message, FIELD_CURRENCY);
    const struct rate *rate;

    if (!value && event->type == EVENT_REFUND)
        return 0;
    if (!value || (value->kind == JSON_STRING && span_equal(value->text, span_of(rules->currency)))) {
        memcpy(event->currency, rules->currency, sizeof(event->currency));
        return 0;
    }
    *refused = FIELD_CURRENCY;
    if (value->kind != JSON_STRING)
        return REJECT_BAD_TYPE;
    if (value->text.size >= sizeof(event->currency) || memchr(value->text.data, '\0', value->text.size))
        return REJECT_UNKNOWN_CURRENCY;
    memcpy(event->currency, value->text.data, value->text.size);
    if (event->type == EVENT_REFUND)
        return rates_name(rules->rates, event->currency) ? 0 : REJECT_UNKNOWN_CURRENCY;
    rate = rates_at(rules->rates, event->currency, event->to_ms ? event->from_ms : event->ts_ms);
    return rate ? convert_money(rate, event, refused) : REJECT_UNKNOWN_CURRENCY;
}

/* Of the type's fields those that were there are looked at, and those that are needed. */
static int judge_fields(const struct message *message, const struct decode_rules *rules, struct event *event,
                        enum field *refused)
{
    const struct field_set *fields = &fields_of[event->type];
    bool with_money = false;

    for (uint32_t left = fields->all & (message->seen | fields->required); left; left &= left - 1) {
        enum field field = (enum field)__builtin_ctz(left);
        const struct field_rule *rule = &field_rules[field];
        const struct value *value = message_value(message, field);
        int r;

        *refused = field;
        if (!is_absent(rule, value))
            r = judge_field(rule, value, event);
        else if (!(fields->required >> field & 1))
            continue;
        else if (field == FIELD_CAMPAIGN_ID && rules->has_lookup)
            r = judge_ad(message, event, refused);
        else
            return REJECT_MISSING_FIELD;
        if (r != 0)
            return r;
        with_money |= holds_money(rule->shape);
    }
    event->all_left = event->type == EVENT_REFUND && !with_money;
    return with_money ? judge_currency(message, rules, event, refused) : 0;
}

bool event_type_reads(enum event_type type, enum field field)
{
    static const uint32_t ranges = UINT32_C(1) << FIELD_FROM | UINT32_C(1) << FIELD_TO;
    static const uint32_t every =
        UINT32_C(1) << FIELD_TYPE | UINT32_C(1) << FIELD_TS | UINT32_C(1) << FIELD_CURRENCY;
    uint32_t fields = fields_of[type].all | every;

    if (type == EVENT_SPEND)
        fields |= ranges;
    if (fields & fields_of[type].required & UINT32_C(1) << FIELD_CAMPAIGN_ID)
        fields |= UINT32_C(1) << FIELD_AD_ID;
    return fields >> field & 1;
}

int message_judge(const struct message *message, const struct decode_rules *rules, int64_t record_ts_ms,
                  enum event_type topic_type, struct event *ret_event, enum field *ret_refused)
{
    struct event event = {0};
    enum field refused = FIELD_TYPE;
    int r;

    if (message->repeated != FIELD_NONE) {
        *ret_refused = message->repeated;
        return REJECT_REPEATED_NAME;
    }
    r = judge_type(message, topic_type, &event.type);
    if (r == 0)
        r = judge_when(message, record_ts_ms, rules->future_ms, &event, &refused);
    if (r == 0)
        r = judge_fields(message, rules, &event, &refused);
    if (r == 0)
        *ret_event = event;
    else
        *ret_refused = refused;
    return r;
}
