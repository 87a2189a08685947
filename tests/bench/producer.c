#include "tests/bench/producer.h"

#include <stdio.h>
#include <stdlib.h>

#include <librdkafka/rdkafka.h>

#include "daemon/kafka_query.h"

enum { QUERY_MS = 10000, FLUSH_MS = 120000, FULL_MS = 50, COUNTS_MAX = 64 };

struct producer {
    rd_kafka_t *client;
    rd_kafka_topic_t *topics[N_EVENT_TYPES]; /* NULL where none is configured */
    int32_t n_partitions[N_EVENT_TYPES];
    int64_t n_failed;
};

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct producer *producer = opaque;
    (void)client;
    if (message->err && producer->n_failed++ == 0)
        fprintf(stderr, "roiwatch-bench: %s\n", rd_kafka_err2str(message->err));
}

/* Large batches, as busy producers send them. */
static rd_kafka_conf_t *producer_conf(const struct settings *settings, struct producer *producer)
{
    static const char *const pairs[][2] = {{"linger.ms", "20"},
                                           {"queue.buffering.max.messages", "500000"},
                                           {"delivery.report.only.error", "true"},
                                           {"acks", "all"}};
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = rd_kafka_conf_set(conf, "bootstrap.servers", settings->kafka.brokers, why, sizeof(why)) == 0;
    for (size_t i = 0; good && i < ARRAY_SIZE(pairs); i++)
        good = rd_kafka_conf_set(conf, pairs[i][0], pairs[i][1], why, sizeof(why)) == 0;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, producer);
    if (good)
        return conf;
    fprintf(stderr, "roiwatch-bench: %s\n", why);
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static int open_topics(struct producer *producer, const struct kafka_settings *settings)
{
    int32_t counts[COUNTS_MAX], n_letters;
    if (settings->n_topics > COUNTS_MAX ||
        kafka_query_partition_counts(producer->client, settings, QUERY_MS, counts, &n_letters) < 0)
        return 1;
    for (size_t i = 0; i < settings->n_topics; i++) {
        enum event_type type = settings->topics[i].type;
        if (producer->topics[type] || counts[i] == 0)
            continue;
        producer->topics[type] = rd_kafka_topic_new(producer->client, settings->topics[i].name, NULL);
        producer->n_partitions[type] = counts[i];
    }
    return 0;
}

int producer_new(const struct settings *settings, struct producer **ret_producer)
{
    CLEANUP(producer_release) struct producer *producer = calloc(1, sizeof(*producer));
    char why[256];
    rd_kafka_conf_t *conf = producer ? producer_conf(settings, producer) : NULL;
    if (!conf)
        return 1;
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!producer->client) {
        fprintf(stderr, "roiwatch-bench: %s\n", why);
        rd_kafka_conf_destroy(conf);
        return 1;
    }
    if (open_topics(producer, &settings->kafka)) {
        fprintf(stderr, "roiwatch-bench: the broker does not say what topics it has\n");
        return 1;
    }
    *ret_producer = STEAL(producer);
    return 0;
}

void producer_release(struct producer **producer)
{
    if (!*producer)
        return;
    for (size_t i = 0; i < N_EVENT_TYPES; i++)
        if ((*producer)->topics[i])
            rd_kafka_topic_destroy((*producer)->topics[i]);
    if ((*producer)->client)
        rd_kafka_destroy((*producer)->client);
    free(*producer);
}

int producer_put(struct producer *producer, int64_t number, const struct workload_event *event)
{
    rd_kafka_topic_t *topic = producer->topics[event->type];
    if (!topic) {
        fprintf(stderr, "roiwatch-bench: there is no topic for %s\n", event_type_name(event->type));
        return 1;
    }
    int32_t partition = (int32_t)(number % producer->n_partitions[event->type]);
    while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, (void *)event->value,
                            (size_t)event->value_size, event->key, (size_t)event->key_size, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            fprintf(stderr, "roiwatch-bench: %s\n", rd_kafka_err2str(rd_kafka_last_error()));
            return 1;
        }
        rd_kafka_poll(producer->client, FULL_MS);
    }
    return 0;
}

void producer_poll(struct producer *producer, int timeout_ms)
{
    rd_kafka_poll(producer->client, timeout_ms);
}

int producer_flush(struct producer *producer)
{
    rd_kafka_resp_err_t error = rd_kafka_flush(producer->client, FLUSH_MS);
    if (error)
        fprintf(stderr, "roiwatch-bench: not all was acknowledged: %s\n", rd_kafka_err2str(error));
    return error || producer->n_failed ? 1 : 0;
}
