/*
 * Alerts: what is said about a goal, from one table of fields: the entry of the stream, the JSON object, and
 * the object goal:NAME of the campaign's key.
 */
#ifndef ROIWATCH_GOAL_ALERT_H
#define ROIWATCH_GOAL_ALERT_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/goal/judge.h"
#include "lib/goal/rules.h"

/* X(enum, name, also in goal:NAME) in the contract's order. */
#define ALERT_FIELDS(X)                                                                                      \
    X(ALERT_ID, "id", false)                                                                                 \
    X(ALERT_CAMPAIGN, "campaign", false)                                                                     \
    X(ALERT_GOAL, "goal", true)                                                                              \
    X(ALERT_STATE, "state", true)                                                                            \
    X(ALERT_METRIC, "metric", true)                                                                          \
    X(ALERT_TARGET, "target", true)                                                                          \
    X(ALERT_WINDOW, "window", true)                                                                          \
    X(ALERT_VALUE, "value", true)                                                                            \
    X(ALERT_LOW, "low", true)                                                                                \
    X(ALERT_HIGH, "high", true)                                                                              \
    X(ALERT_MATURITY, "maturity", true)                                                                      \
    X(ALERT_COST, "cost_micros", true)                                                                       \
    X(ALERT_REVENUE, "revenue_micros", true)                                                                 \
    X(ALERT_CURRENCY, "currency", true)                                                                      \
    X(ALERT_EXCLUDED, "excluded_micros", true)                                                               \
    X(ALERT_SINCE, "since_ms", true)                                                                         \
    X(ALERT_AT, "at_ms", true)                                                                               \
    X(ALERT_AS_OF, "as_of_ms", false)                                                                        \
    X(ALERT_SUMMARY, "summary", false)                                                                       \
    X(ALERT_REASON, "reason", true)                                                                          \
    X(ALERT_LABELS, "labels", false)

#define ALERT_FIELD_ENUM(name, text, in_goal) name,
enum alert_field { ALERT_FIELDS(ALERT_FIELD_ENUM) N_ALERT_FIELDS };
#undef ALERT_FIELD_ENUM

/* What there is to say. Everything is the caller's. */
struct alert {
    struct span campaign; /* empty: the pipeline's own */
    const char *goal;
    enum goal_state state; /* of an alert: GOAL_FIRING, anything else is said as resolved */
    enum goal_verdict verdict;
    const struct goal_spec *spec;       /* NULL: the pipeline's own, or a goal that is no longer configured */
    const struct snapshot *snapshot;    /* NULL: no numbers */
    const struct campaign_rules *rules; /* for labels; NULL: none */
    const char *currency;
    int64_t since_ms; /* NEVER is null */
    int64_t at_ms;
    int64_t fired_ms; /* what the id is made of */
    int64_t as_of_ms;
};

enum { ALERT_ID_SIZE = 17 };
/* 16 hex digits: the same for a firing and its resolve. */
void alert_id(struct span campaign, const char *goal, int64_t fired_ms, char ret_id[ALERT_ID_SIZE]);

/* The alert as one JSON object, and as fields and values (null fields left out, labels as JSON). */
void alert_append_json(const struct alert *alert, struct buffer *buffer);
MUST_CHECK int alert_fields(const struct alert *alert,
                            void (*emit)(void *context, const char *name, struct span value), void *context);

/* The object goal:NAME. */
void goal_append_json(const struct alert *alert, struct buffer *buffer);

#endif
