/*
 * One message, walked but not yet judged: the values of all names that any type of event knows.
 *
 * A value here is JSON, checked in full; whether it may be what it is depends on the type (judge.h).
 */
#ifndef ROIWATCH_EVENT_MESSAGE_H
#define ROIWATCH_EVENT_MESSAGE_H

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/base/span.h"
#include "lib/event/json_text.h"

/* All names of the contract. X(enum name, name, its first and last character for the hash) */
#define FIELDS(X)                                                                                            \
    X(FIELD_TYPE, "type", 't', 'e')                                                                          \
    X(FIELD_TS, "ts", 't', 's')                                                                              \
    X(FIELD_CAMPAIGN_ID, "campaign_id", 'c', 'd')                                                            \
    X(FIELD_AD_ID, "ad_id", 'a', 'd')                                                                        \
    X(FIELD_EVENT_ID, "event_id", 'e', 'd')                                                                  \
    X(FIELD_CLICK_ID, "click_id", 'c', 'd')                                                                  \
    X(FIELD_USER_ID, "user_id", 'u', 'd')                                                                    \
    X(FIELD_ORDER_ID, "order_id", 'o', 'd')                                                                  \
    X(FIELD_REVENUE, "revenue", 'r', 'e')                                                                    \
    X(FIELD_COST, "cost", 'c', 't')                                                                          \
    X(FIELD_CURRENCY, "currency", 'c', 'y')                                                                  \
    X(FIELD_MARGIN, "margin", 'm', 'n')                                                                      \
    X(FIELD_KIND, "kind", 'k', 'd')                                                                          \
    X(FIELD_REFUND_ID, "refund_id", 'r', 'd')                                                                \
    X(FIELD_AMOUNT, "amount", 'a', 't')                                                                      \
    X(FIELD_ACTION, "action", 'a', 'n')                                                                      \
    X(FIELD_SPEND_ID, "spend_id", 's', 'd')                                                                  \
    X(FIELD_FROM, "from", 'f', 'm')                                                                          \
    X(FIELD_TO, "to", 't', 'o')

#define FIELD_ENUM(name, text, first, last) name,
enum field { FIELD_NONE, FIELDS(FIELD_ENUM) N_FIELDS };
#undef FIELD_ENUM

struct value {
    enum json_kind kind;
    struct span text;     /* its characters; a string's without its quotes, unescaped */
    struct number number; /* where it is one */
};

struct message {
    uint8_t *nesting;              /* the decoder's scratch for json_text */
    uint32_t seen;                 /* a bit for each field that was there, also where null */
    enum field repeated;           /* the first name that came again; FIELD_NONE */
    struct value values[N_FIELDS]; /* of the fields that were seen */
};

/* "campaign_id" …, static; FIELD_NONE: "". */
const char *field_name(enum field field);

/* Empties the message for the next walk; nesting has json_nesting_size() bytes for its text. */
void message_reset(struct message *message, uint8_t *nesting);

/*
 * Takes a member in, as json_walk gives it; the context is the message. False where a name or a value that is
 * read is not JSON, or another cannot be skipped. Escapes are resolved where they stand.
 */
MUST_CHECK bool message_on_member(void *context, struct span name, struct span raw);

/* The field's value, or NULL where it is absent or null. */
static inline const struct value *message_value(const struct message *message, enum field field)
{
    bool seen = message->seen & UINT32_C(1) << field;
    return seen && message->values[field].kind != JSON_NULL ? &message->values[field] : NULL;
}

#endif
