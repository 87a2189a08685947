/*
 * Mapped messages of arbitrary bytes; the first says which mapping. No crash, and what must hold whatever the bytes
 * are: a decoder that lives through all inputs agrees with a new one, accepted events keep the contract, and a
 * mapping of every name to itself reads what decoding without a mapping reads.
 */
#include <stdlib.h>

#include "lib/config/read.h"
#include "lib/config/yaml.h"
#include "lib/event/decode.h"
#include "lib/event/mapping_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

/* The first maps every name to itself: one field is enough to go the way of mapped messages. */
static const char *const yamls[] = {
    "fields: {ts: ts}",
    "preset: segment",
    "preset: ga4",
    "preset: snowplow",
    "preset: cloudevents",
    "preset: openrtb",
    "confluent_header: true\n"
    "negative_orders: refund\n"
    "fields:\n"
    "  type: [{from: t, after_last: '.', values: {a: order, b: click, c: spend}}, {from: 'header:h'}, "
    "{value: order}]\n"
    "  ts: [{from: [s, a.b], unit: s}, {from: us, unit: us}, ts]\n"
    "  from: {from: f, unit: s}\n"
    "  to: {from: g, unit: us}\n"
    "  campaign_id: ['u?c', 'l[0].c', 'm[k=c].v', c]\n"
    "  user_id: ['u?c', 'u?d', 'n[1][0]', u]\n"
    "  order_id: [a, a.b, 'l[1]', o]\n"
    "  revenue: [{from: [r, a.r], unit: cents, sign: negate}, {from: q, unit: per_thousand}]\n"
    "  kind: {from: kind, for: order}\n",
};

enum { N_YAMLS = sizeof(yamls) / sizeof(yamls[0]), MESSAGE_BYTES = 8192 };

static const struct decode_rules rules = {
    .future_ms = 300000, .message_bytes = MESSAGE_BYTES, .currency = "EUR", .has_lookup = true};
static const int64_t record_ts_ms = 1795306000000;
static struct arena arena;
static struct mapping_settings settings[N_YAMLS];
static struct decoder *old_decoder;

static void prepare(void)
{
    struct config_errors errors = CONFIG_ERRORS_INIT;

    for (size_t i = 0; i < N_YAMLS; i++) {
        struct config_node *root = NULL;
        MUST(yaml_parse(&arena, span_of(yamls[i]), "f", true, &errors, &root) == 0 && root);
        MUST(config_read(&arena, mapping_row.shape, root, &settings[i], &errors) == 0);
        MUST(errors.n_errors == 0 && settings[i].all.mapping);
    }
    config_errors_deinit(&errors);
    MUST(decoder_new(&rules, &old_decoder) == 0);
}

static void check_id(struct span id)
{
    MUST(id.size <= ID_BYTES_MAX);
    MUST(id.size == 0 || !memchr(id.data, '\0', id.size));
}

static void check_event(const struct event *event)
{
    bool spend = event->type == EVENT_SPEND,
         order = event->type == EVENT_ORDER || event->type == EVENT_REFUND;

    MUST(event->type > EVENT_NONE && event->type < N_EVENT_TYPES);
    MUST((spend && event->ts_ms == 0) || event->ts_ms >= 946684800000);
    MUST(event->ts_ms <= record_ts_ms + rules.future_ms);
    MUST(event->from_ms <= event->to_ms && (spend || event->to_ms == 0));
    check_id(event->campaign_id);
    check_id(event->ad_id);
    check_id(event->event_id);
    check_id(event->click_id);
    check_id(event->user_id);
    check_id(event->order_id);
    check_id(event->kind);
    MUST(order ? event->order_id.size > 0 : event->campaign_id.size + event->ad_id.size > 0);
    MUST(event->cost_micros >= 0 && event->revenue_micros >= 0 && event->amount_micros >= 0);
}

static bool same_event(const struct event *a, const struct event *b)
{
    return a->type == b->type && a->ts_ms == b->ts_ms && a->from_ms == b->from_ms && a->to_ms == b->to_ms &&
           a->all_left == b->all_left && strcmp(a->currency, b->currency) == 0 &&
           span_equal(a->campaign_id, b->campaign_id) && span_equal(a->ad_id, b->ad_id) &&
           span_equal(a->event_id, b->event_id) && span_equal(a->click_id, b->click_id) &&
           span_equal(a->user_id, b->user_id) && span_equal(a->order_id, b->order_id) &&
           span_equal(a->kind, b->kind) && a->cost_micros == b->cost_micros &&
           a->revenue_micros == b->revenue_micros && a->margin_micros == b->margin_micros &&
           a->amount_micros == b->amount_micros;
}

static void check_same_as_unmapped(const struct decode_input *input, int r, const struct event *event,
                                   const char *field)
{
    struct event again = {0};
    const char *again_field;

    MUST(decode(old_decoder, input->value, input->record_ts_ms, input->topic_type, &again, &again_field) ==
         r);
    MUST(strcmp(field, again_field) == 0);
    MUST(r != 0 || same_event(event, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct decode_header header = {span_of("ce_type"), span_from(data, size < 8 ? size : 8)};
    struct decode_input input = {
        .record_ts_ms = record_ts_ms, .topic_type = EVENT_CLICK, .headers = &header, .n_headers = 1};
    struct event event = {0}, again = {0};
    struct decoder *decoder;
    const char *field;
    int r;

    if (!old_decoder)
        prepare();
    if (size == 0)
        return 0;
    input.value = span_from(data + 1, size - 1);
    input.mapping = settings[data[0] % N_YAMLS].all.mapping;
    MUST(decoder_new(&rules, &decoder) == 0);
    r = decode_input(decoder, &input, &event, &field);
    MUST(r >= 0 && r < N_REJECT_REASONS);
    MUST(decode_input(old_decoder, &input, &again, NULL) == r);
    if (r == 0) {
        check_event(&event);
        MUST(same_event(&event, &again));
    }
    if (data[0] % N_YAMLS == 0)
        check_same_as_unmapped(&input, r, &event, field);
    decoder_free(decoder);
    return 0;
}
