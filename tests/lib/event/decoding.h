/*
 * What the tests of decoding share: a decoder as the group's state, and whole events to add a member to.
 */
#ifndef ROIWATCH_TESTS_DECODING_H
#define ROIWATCH_TESTS_DECODING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/must.h"
#include "lib/event/decode.h"

static const struct decode_rules rules = {.future_ms = 300000, .message_bytes = 65536, .currency = "EUR"};
static const int64_t record_ts_ms = 1795306000000;

/* Members that make a whole event with what the row adds. */
#define CLICK "\"type\":\"click\",\"ts\":1795306000000,\"campaign_id\":\"c\""
#define ORDER "\"type\":\"order\",\"ts\":1795306000000,\"order_id\":\"o\""
#define TIMED "\"type\":\"click\",\"campaign_id\":\"c\""

static inline int with_decoder(void **state)
{
    struct decoder *decoder = NULL;

    if (decoder_new(&rules, &decoder) != 0)
        return -1;
    *state = decoder;
    return 0;
}

static inline int without_decoder(void **state)
{
    decoder_free(*state);
    return 0;
}

static inline struct event accept_bytes(void **state, struct span value)
{
    struct event event = {0};
    const char *field = NULL;
    int r = decode(*state, value, record_ts_ms, EVENT_NONE, &event, &field);

    if (r != 0)
        fail_msg("%s: %s %s", value.data, reject_reason_name((enum reject_reason)r), field);
    assert_string_equal(field, "");
    return event;
}

static inline struct event accept(void **state, const char *value)
{
    return accept_bytes(state, span_of(value));
}

/* Refuses it, for that reason and field, and leaves *ret_event as it was. */
static inline void refuse_bytes(void **state, struct span value, enum reject_reason reason, const char *at)
{
    struct event event = {.ts_ms = -77};
    const char *field = NULL;
    int r = decode(*state, value, record_ts_ms, EVENT_NONE, &event, &field);

    if (r != (int)reason)
        fail_msg("%s: %s %s", value.data, reject_reason_name((enum reject_reason)r), field);
    if (at)
        assert_string_equal(field, at);
    assert_true(event.ts_ms == -77);
}

static inline void refuse(void **state, const char *value, enum reject_reason reason, const char *at)
{
    refuse_bytes(state, span_of(value), reason, at);
}

static inline void accept_all(void **state, const char *const *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)accept(state, values[i]);
}

static inline void refuse_all(void **state, const char *const *values, size_t n, enum reject_reason reason)
{
    for (size_t i = 0; i < n; i++)
        refuse(state, values[i], reason, NULL);
}

static inline void assert_span(struct span span, const char *text)
{
    assert_int_equal(span.size, strlen(text));
    assert_memory_equal(span.data, text, span.size);
}

#endif
