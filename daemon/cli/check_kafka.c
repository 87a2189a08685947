/* check --live: do the topics exist, may we read them, how long are they kept? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/check_live.h"
#include "daemon/cli/kafka.h"
#include "daemon/cli/waiting.h"
#include "lib/config/value.h"

enum { CONSUME_TIMEOUT_MS = 3000, DESCRIBE_TIMEOUT_MS = 3000, ERROR_SIZE = 256 };

static void note_failed(struct live *live, const rd_kafka_t *client, int code)
{
    live_list(live, code, kafka_said(client));
}

/* May we read it? A consumer of its own at the end of the partition: the broker's answer to the first fetch
 * says so. */
static void check_read(struct live *live, rd_kafka_t *client, const char *topic, int64_t end)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = end > 0 ? end - 1 : RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t error = rd_kafka_assign(client, list);
    if (!error) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, CONSUME_TIMEOUT_MS);
        if (message && message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            error = message->err;
        if (message)
            rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_assign(client, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        note_failed(live, client, kafka_failed(live->settings, client, topic, error));
}

/* False where no broker can be talked to: asking about other topics would only take as long again. */
static bool check_topic(struct live *live, rd_kafka_t *client, const char *topic, bool read)
{
    int64_t since_ms = steady_ms();
    int32_t n = 0;
    int64_t low = 0, high = 0;
    int r = kafka_topic_partitions(live->settings, client, topic, &n);
    if (r)
        note_failed(live, client, r);
    else if (n == 0)
        live_fail(live, CLI_CONFIGURATION,
                  "Kafka topic %s does not exist: create it, or correct the configuration", topic);
    if (r || n == 0)
        return !r || steady_ms() - since_ms < KAFKA_TIMEOUT_MS;
    fprintf(stderr, "ok: Kafka topic %s: %" PRId32 " partitions%s\n", topic, n,
            read ? "" : "; whether roiwatch may write there Kafka says only at the first letter");
    if (!read)
        return true;
    r = kafka_ends(live->settings, client, topic, 0, &low, &high);
    if (r)
        note_failed(live, client, r);
    else
        check_read(live, client, topic, high > low ? high : 0);
    return true;
}

/* retention.ms of one topic from a DescribeConfigs result; -1 is unlimited. False where it is not told. */
static bool retention_of(const rd_kafka_ConfigResource_t *resource, int64_t *ret_ms)
{
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);
    for (size_t i = 0; i < n; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "retention.ms") == 0 && value)
            return value_int(value, ret_ms);
    }
    return false;
}

static void take_retention(struct live *live, rd_kafka_event_t *event)
{
    size_t n = 0;
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **resources =
        result ? rd_kafka_DescribeConfigs_result_resources(result, &n) : NULL;
    size_t n_told = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t ms;
        if (rd_kafka_ConfigResource_error(resources[i]) || !retention_of(resources[i], &ms))
            continue;
        n_told++;
        if (ms >= 0 && ms < live->retention_ms) {
            live->retention_ms = ms;
            snprintf(live->retention_topic, sizeof(live->retention_topic), "%s",
                     rd_kafka_ConfigResource_name(resources[i]));
        }
    }
    if (n_told < live->settings->kafka.n_topics)
        live_warn(live,
                  "Kafka does not tell how long it keeps %s (the right DescribeConfigs is needed): check "
                  "retention.ms yourself",
                  n_told ? "every topic" : "the topics");
}

static void ask_retention(struct live *live, rd_kafka_t *client)
{
    const struct kafka_settings *kafka = &live->settings->kafka;
    rd_kafka_ConfigResource_t **resources = calloc(kafka->n_topics, sizeof(rd_kafka_ConfigResource_t *));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    char error[ERROR_SIZE];
    (void)rd_kafka_AdminOptions_set_request_timeout(options, DESCRIBE_TIMEOUT_MS, error, sizeof(error));
    for (size_t i = 0; resources && i < kafka->n_topics; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, kafka->topics[i].name);
    if (resources) {
        rd_kafka_DescribeConfigs(client, resources, kafka->n_topics, options, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, DESCRIBE_TIMEOUT_MS + 1000);
        if (event)
            take_retention(live, event);
        if (event)
            rd_kafka_event_destroy(event);
        rd_kafka_ConfigResource_destroy_array(resources, kafka->n_topics);
    }
    free(resources);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

void check_kafka(struct live *live)
{
    CLEANUP(kafka_release) rd_kafka_t *client = NULL;
    const struct kafka_settings *kafka = &live->settings->kafka;
    int r = kafka_client(live->settings, RD_KAFKA_CONSUMER, NULL, &client);
    if (r) {
        live_note_code(live, r);
        return;
    }
    (void)rd_kafka_poll_set_consumer(client);
    for (size_t i = 0; i < kafka->n_topics; i++)
        if (!check_topic(live, client, kafka->topics[i].name, true))
            return;
    if (kafka->dead_letter)
        (void)check_topic(live, client, kafka->dead_letter, false);
    else
        live_warn(live, "kafka.dead_letter is off: rejected events are counted, and lost");
    if (kafka->n_topics && !live->code)
        ask_retention(live, client);
    (void)rd_kafka_consumer_close(client);
}
