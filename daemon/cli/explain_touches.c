#include "daemon/cli/explain_touches.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/kafka.h"
#include "daemon/kafka_source.h"
#include "lib/event/decode.h"

enum { NAME_SIZE = 300 };

void seen_touches_deinit(struct seen_touches *seen)
{
    free(seen->touches);
    free(seen->fates);
    free(seen->revenue_micros);
    for (int i = 0; i < IDENTITIES_MOST; i++)
        reply_free(&seen->records[i]);
    reply_free(&seen->registry);
    *seen = (struct seen_touches){0};
}

static int registry_read(struct store *store, struct seen_touches *seen)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_common_key(&store->layout, "lanes", &key);
    store_begin(store, "HGETALL");
    call_arg(&store->call, buffer_span(&key));
    return store_run(store, STORE_ARRAY, &seen->registry);
}

/* TOPIC:PARTITION of a lane; an empty span where the registry does not know it. */
static struct span lane_name(const struct seen_touches *seen, uint32_t lane)
{
    for (size_t i = 0; i + 1 < seen->registry->elements; i += 2)
        if (strtoul(seen->registry->element[i + 1]->str, NULL, 10) == lane / LANES_PER_PARTITION)
            return reply_span(seen->registry->element[i]);
    return (struct span){0};
}

static bool place_of(struct span name, struct span *ret_topic, int32_t *ret_partition)
{
    const char *colon = name.size ? memrchr(name.data, ':', name.size) : NULL;
    if (!colon)
        return false;
    *ret_topic = span_from(name.data, (size_t)(colon - name.data));
    *ret_partition = (int32_t)strtol(colon + 1, NULL, 10);
    return true;
}

/* --- the order's message -------------------------------------------------------------------------------- */

static void message_release(rd_kafka_message_t **message)
{
    if (*message)
        rd_kafka_message_destroy(*message);
}

static void list_release(rd_kafka_topic_partition_list_t **list)
{
    rd_kafka_topic_partition_list_destroy(*list);
}

static int message_read(const char *topic, int32_t partition, int64_t offset, rd_kafka_t *client,
                        rd_kafka_message_t **ret_message)
{
    CLEANUP(list_release) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_resp_err_t error = rd_kafka_assign(client, list);
    for (int turn = 0; !error && turn < KAFKA_TIMEOUT_MS / 100; turn++) {
        CLEANUP(message_release) rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 100);
        if (!message)
            continue;
        if (!message->err && message->offset == offset) {
            *ret_message = STEAL(message);
            return CLI_OK;
        }
        if (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
            message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
            break; /* it is not there any more */
    }
    return CLI_FAILED;
}

/* The decoder's spans hold until it reads again. */
static bool order_decode(const struct settings *settings, struct decoder *decoder, const char *topic,
                         const rd_kafka_message_t *message, struct event *ret_event)
{
    const struct source_message source = {.record = message};
    struct decode_header headers[SOURCE_HEADERS_MAX];
    rd_kafka_timestamp_type_t kind;
    struct decode_input input = {
        .value = span_from(message->payload, message->len),
        .record_ts_ms = rd_kafka_message_timestamp(message, &kind),
        .mapping = mapping_of(&settings->mapping, topic),
        .headers = headers,
        .n_headers = source_message_headers(&source, headers),
    };
    for (size_t i = 0; i < settings->kafka.n_topics; i++)
        if (strcmp(settings->kafka.topics[i].name, topic) == 0)
            input.topic_type = settings->kafka.topics[i].type;
    if (kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
        input.record_ts_ms = NO_RECORD_TIME;
    return decode_input(decoder, &input, ret_event, NULL) == 0 && ret_event->type == EVENT_ORDER;
}

/* --- touches -------------------------------------------------------------------------------------------- */

static int record_read(const struct settings *settings, struct store *store, enum identity_kind kind,
                       struct span id, redisReply **ret_reply)
{
    CLEANUP(buffer_deinit) struct buffer identity = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    if (id.size == 0)
        return CLI_OK;
    identity_append(&settings->identities, kind, id, &identity);
    layout_shard_key(&store->layout, SHARD_USER, layout_shard_of(&store->layout, buffer_span(&identity)),
                     ":touches", &key);
    store_begin(store, "HGET");
    call_arg(&store->call, buffer_span(&key));
    call_arg(&store->call, buffer_span(&identity));
    return store_run(store, STORE_TEXT | STORE_NIL, ret_reply);
}

static bool touches_add(struct seen_touches *seen, const struct touch_record *record)
{
    size_t most = seen->n + record->n;
    struct touch *touches = realloc(seen->touches, (most + 1) * sizeof(*touches));
    if (!touches)
        return false;
    seen->touches = touches;
    for (size_t i = 0; i < record->n; i++) {
        const struct touch_entry *entry = &record->entries[i];
        struct touch touch = {.ts_ms = entry->ts_ms,
                              .is_click = entry->is_click,
                              .campaign = entry->campaign,
                              .offset = entry->offset};
        if (!entry->bare && place_of(lane_name(seen, entry->lane), &touch.topic, &touch.partition))
            touches[seen->n++] = touch;
    }
    return true;
}

/* What the ledger gave to each touch that counts: its shares are in the order of touches, those of nothing left out. */
static void revenue_find(const struct ledger *ledger, struct seen_touches *seen)
{
    size_t share = 0;
    for (size_t i = 0; i < seen->n; i++) {
        if (share == ledger->n_shares || seen->fates[i] != TOUCH_COUNTS ||
            seen->touches[i].ts_ms != ledger->shares[share].touch_ms ||
            !span_equal(seen->touches[i].campaign, ledger->shares[share].campaign))
            continue;
        seen->revenue_micros[i] = ledger->shares[share++].revenue_micros;
    }
}

static int touches_judged(const struct settings *settings, const struct ledger *ledger,
                          struct seen_touches *seen)
{
    struct attribution_rules rules;
    attribution_rules_make(&settings->attribution, &settings->identities, &rules);
    for (int i = 0; i < IDENTITIES_MOST; i++) {
        CLEANUP(touch_record_deinit) struct touch_record record = {0};
        struct span bytes = seen->records[i] && seen->records[i]->type == REDIS_REPLY_STRING
                                ? reply_span(seen->records[i])
                                : (struct span){0};
        if (touch_record_unpack(&record, bytes) < 0 || !touches_add(seen, &record)) {
            seen->unknown = "the touches in Redis were not written by this version of roiwatch";
            seen->n = 0;
            return CLI_OK;
        }
    }
    seen->fates = calloc(seen->n + 1, sizeof(*seen->fates));
    seen->revenue_micros = calloc(seen->n + 1, sizeof(*seen->revenue_micros));
    if (!seen->fates || !seen->revenue_micros)
        return CLI_FAILED;
    (void)touches_judge(&rules.touches, ledger->order.ts_ms, seen->touches, seen->n, seen->fates);
    revenue_find(ledger, seen);
    return CLI_OK;
}

static int touches_of_message(const struct settings *settings, struct store *store,
                              const struct ledger *ledger, const char *topic, int32_t partition,
                              struct seen_touches *seen)
{
    CLEANUP(kafka_release) rd_kafka_t *client = NULL;
    CLEANUP(message_release) rd_kafka_message_t *message = NULL;
    struct decode_rules rules = {.future_ms = settings->lateness.future_ms,
                                 .message_bytes = settings->limits.message_bytes,
                                 .rates = settings->account_rates};
    struct decoder *decoder = NULL;
    struct event event = {0};
    snprintf(rules.currency, sizeof(rules.currency), "%s", settings->account.currency);
    int r = kafka_client(settings, RD_KAFKA_CONSUMER, NULL, &client);
    if (!r)
        r = message_read(topic, partition, ledger->order.place.offset, client, &message);
    if (r) {
        snprintf(seen->why, sizeof(seen->why),
                 "Kafka does not give its message (%s:%" PRId32 ", offset %" PRId64 ")", topic, partition,
                 ledger->order.place.offset);
        seen->unknown = seen->why;
        return CLI_OK;
    }
    if (decoder_new(&rules, &decoder) < 0)
        return CLI_FAILED;
    if (!order_decode(settings, decoder, topic, message, &event))
        seen->unknown = "its message is read otherwise by the configuration of today";
    bool trusted = settings->attribution.trust_order_campaign && event.campaign_id.size;
    if (!seen->unknown && !trusted) {
        r = record_read(settings, store, IDENTITY_USER, event.user_id, &seen->records[0]);
        r = r ? r : record_read(settings, store, IDENTITY_CLICK, event.click_id, &seen->records[1]);
    }
    decoder_free(decoder);
    return r || seen->unknown ? r : touches_judged(settings, ledger, seen);
}

int seen_touches_read(const struct settings *settings, struct store *store, const struct ledger *ledger,
                      struct seen_touches *seen)
{
    char topic[NAME_SIZE];
    struct span name;
    int32_t partition;
    if (!ledger->has_order)
        return CLI_OK;
    int r = registry_read(store, seen);
    if (r)
        return r;
    if (!place_of(lane_name(seen, ledger->order.place.lane), &name, &partition)) {
        seen->unknown = "the registry does not know its partition any more";
        return CLI_OK;
    }
    snprintf(topic, sizeof(topic), "%.*s", (int)name.size, name.data);
    return touches_of_message(settings, store, ledger, topic, partition, seen);
}
