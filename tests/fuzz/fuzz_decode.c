/*
 * Decoding of arbitrary bytes: no crash, and what must hold whatever the bytes are.
 *
 * A decoder that lives through all inputs must agree with one that has seen nothing else; white space behind
 * a text changes nothing; a closing bracket behind it leaves nothing that is JSON.
 */
#include <stdlib.h>

#include "lib/event/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

enum { MESSAGE_BYTES = 8192 };
static const struct decode_rules rules = {
    .future_ms = 300000, .message_bytes = MESSAGE_BYTES, .currency = "EUR"};
static const int64_t record_ts_ms = 1795306000000;
static struct decoder *old_decoder;

static void check_id(struct span id)
{
    MUST(id.size <= ID_BYTES_MAX);
    MUST(id.size == 0 || !memchr(id.data, '\0', id.size));
}

static void check_event(const struct event *event)
{
    bool order = event->type == EVENT_ORDER;

    MUST(event->type > EVENT_NONE && event->type < N_EVENT_TYPES);
    MUST(event->ts_ms >= 946684800000 && event->ts_ms <= record_ts_ms + rules.future_ms);
    check_id(event->campaign_id);
    check_id(event->event_id);
    check_id(event->click_id);
    check_id(event->user_id);
    check_id(event->order_id);
    check_id(event->kind);
    MUST(order ? event->order_id.size > 0 : event->campaign_id.size > 0);
    MUST(event->cost_micros >= 0 && event->revenue_micros >= 0);
    MUST(order ? event->cost_micros == 0 : event->revenue_micros == 0 && event->margin_micros == 0);
}

static bool same_event(const struct event *a, const struct event *b)
{
    return a->type == b->type && a->ts_ms == b->ts_ms && span_equal(a->campaign_id, b->campaign_id) &&
           span_equal(a->event_id, b->event_id) && span_equal(a->click_id, b->click_id) &&
           span_equal(a->user_id, b->user_id) && span_equal(a->order_id, b->order_id) &&
           span_equal(a->kind, b->kind) && a->cost_micros == b->cost_micros &&
           a->revenue_micros == b->revenue_micros && a->margin_micros == b->margin_micros;
}

/* The result for the bytes with `tail` behind them. */
static int decode_with_tail(const uint8_t *data, size_t size, char tail)
{
    static char value[MESSAGE_BYTES + 1];
    struct event event;

    memcpy(value, data, size);
    value[size] = tail;
    return decode(old_decoder, span_from(value, size + 1), record_ts_ms, EVENT_CLICK, &event, NULL);
}

static void check_tails(const uint8_t *data, size_t size, int r)
{
    if (size == 0 || size >= MESSAGE_BYTES)
        return;
    MUST(decode_with_tail(data, size, '\n') == r);
    if (r != REJECT_NOT_JSON) {
        MUST(decode_with_tail(data, size, '}') == REJECT_NOT_JSON);
        MUST(decode_with_tail(data, size, ']') == REJECT_NOT_JSON);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event event = {0}, again = {0};
    struct decoder *decoder;
    const char *field;
    int r;

    if (!old_decoder)
        MUST(decoder_new(&rules, &old_decoder) == 0);
    MUST(decoder_new(&rules, &decoder) == 0);
    r = decode(decoder, span_from(data, size), record_ts_ms, EVENT_CLICK, &event, &field);
    MUST(r >= 0 && r < N_REJECT_REASONS);
    MUST(decode(old_decoder, span_from(data, size), record_ts_ms, EVENT_CLICK, &again, NULL) == r);
    if (r == 0) {
        MUST(*field == '\0');
        check_event(&event);
        MUST(same_event(&event, &again));
    }
    check_tails(data, size, r);
    decoder_free(decoder);
    return 0;
}
