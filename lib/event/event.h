/*
 * Events: what one Kafka message says once it has been read, or why it was refused.
 */
#ifndef ROIWATCH_EVENT_EVENT_H
#define ROIWATCH_EVENT_EVENT_H

#include <stdbool.h>

#include "lib/base/ids.h"
#include "lib/base/span.h"

/* X(enum name, value of the field `type`, key of kafka.topics) */
#define EVENT_TYPES(X)                                                                                       \
    X(EVENT_IMPRESSION, "impression", "impressions")                                                         \
    X(EVENT_CLICK, "click", "clicks")                                                                        \
    X(EVENT_ORDER, "order", "orders")                                                                        \
    X(EVENT_REFUND, "refund", "refunds")                                                                     \
    X(EVENT_ENGAGEMENT, "engagement", "engagements")                                                         \
    X(EVENT_SPEND, "spend", "spend")

#define EVENT_TYPE_ENUM(name, text, topic_key) name,
enum event_type { EVENT_NONE, EVENT_TYPES(EVENT_TYPE_ENUM) N_EVENT_TYPES };
#undef EVENT_TYPE_ENUM

const char *event_type_name(enum event_type type);      /* "impression" …; EVENT_NONE: "none" */
const char *event_type_topic_key(enum event_type type); /* "impressions" …; EVENT_NONE: "mixed" */
enum event_type event_type_find(struct span name); /* the type of that name; EVENT_NONE where there is none */

/* The closed list of reasons, in the contract's order. X(enum name, text, what it means) */
#define REJECT_REASONS(X)                                                                                    \
    X(REJECT_EMPTY, "empty", "the message has no value")                                                     \
    X(REJECT_NOT_JSON, "not_json", "the value is not one JSON text in valid UTF-8")                          \
    X(REJECT_NOT_OBJECT, "not_object", "the value is JSON but not an object")                                \
    X(REJECT_REPEATED_NAME, "repeated_name", "a name that is read stands twice")                             \
    X(REJECT_UNKNOWN_TYPE, "unknown_type", "no type, or an unknown one")                                     \
    X(REJECT_MISSING_FIELD, "missing_field", "a required field is absent, null or empty")                    \
    X(REJECT_BAD_TYPE, "bad_type", "a field has the wrong JSON type")                                        \
    X(REJECT_BAD_TIME, "bad_time", "ts is no time, before the year 2000 or after the year 9999")             \
    X(REJECT_FUTURE, "future", "ts is later than the record's own time by more than lateness.future")        \
    X(REJECT_BAD_MONEY, "bad_money", "an amount is not a JSON number")                                       \
    X(REJECT_NEGATIVE_MONEY, "negative_money", "an amount is below zero")                                    \
    X(REJECT_MONEY_RANGE, "money_range", "an amount does not fit 64 bits of micro-units")                    \
    X(REJECT_BAD_ID, "bad_id", "an id is longer than 256 bytes or holds a NUL")                              \
    X(REJECT_RESERVED_ID, "reserved_id", "the campaign has a name that roiwatch uses itself")                \
    X(REJECT_UNKNOWN_CURRENCY, "unknown_currency", "no rate is configured for the currency")                 \
    X(REJECT_UNKNOWN_AD, "unknown_ad", "the ad is not in the lookup")                                        \
    X(REJECT_BAD_RANGE, "bad_range", "from and to are no range, or too many refunds for one order")          \
    X(REJECT_TOO_LARGE, "too_large", "the value is longer than limits.message_bytes")                        \
    X(REJECT_UNKNOWN_ORDER, "unknown_order", "a refund whose order never came")                              \
    X(REJECT_REFUND_AFTER_HORIZON, "refund_after_horizon", "a refund later than ledger.refund_horizon")

#define REJECT_REASON_ENUM(name, text, what) name,
enum reject_reason { REJECT_NONE, REJECT_REASONS(REJECT_REASON_ENUM) N_REJECT_REASONS };
#undef REJECT_REASON_ENUM

const char *reject_reason_name(enum reject_reason reason);
const char *reject_reason_meaning(enum reject_reason reason);

/*
 * One accepted event. Spans point into the decoder's own memory and hold until its next call; an absent id is
 * an empty span. Amounts are micro-units of the account's currency, but for a refund's; 0 where absent.
 */
struct event {
    enum event_type type;
    bool all_left;           /* of a refund without amount: it takes what is left of its order */
    char currency[4];        /* in which its money was written; of a refund "" is its order's */
    int64_t ts_ms;           /* ms since the epoch; 0: spend over a range, which has no time of its own */
    struct span campaign_id; /* may be empty for orders and refunds, and where ad_id stands for it */
    struct span ad_id;       /* read only where a lookup is configured and no campaign is named */
    struct span event_id;
    struct span click_id;
    struct span user_id;
    struct span order_id;
    union { /* by type: an event is copied per message, so what excludes each other shares room */
        struct span kind; /* of an order; empty is "sale" */
        struct span action;
        struct span refund_id;
        struct span spend_id;
    };
    int64_t cost_micros;
    int64_t revenue_micros;
    int64_t margin_micros; /* may be negative; 0 where absent */
    int64_t amount_micros; /* spend; of a refund as written: converted at its order's time (rates.h) */
    int64_t from_ms;       /* of spend over a range: [from, to); both 0 without one */
    int64_t to_ms;
};

#endif
