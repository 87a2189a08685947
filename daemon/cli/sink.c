#include "daemon/cli/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/kafka.h"
#include "daemon/cli/text.h"
#include "daemon/cli/topics.h"
#include "daemon/cli/waiting.h"
#include "lib/base/table.h"

#include <librdkafka/rdkafka_mock.h>

enum { BACKLOG_MAX = 10000, LOOK_EVERY_MS = 100, COMMITTED_TIMEOUT_MS = 1000, REPLICAS = 1 };

struct sink_topic {
    const char *name; /* the settings'; NULL: the type has no topic */
    int32_t n_partitions;
    int64_t *sent;      /* owned: messages per partition */
    int64_t *committed; /* owned: next offset that the group has committed; the mock's offsets begin at 0 */
};

struct sink {
    const struct settings *settings;
    struct sink_options options;
    struct sink_topic topics[N_EVENT_TYPES];
    rd_kafka_t *producer;                     /* owned; its mock cluster is its own */
    rd_kafka_t *observer;                     /* owned; asks for the group's commits, never joins it */
    rd_kafka_topic_partition_list_t *watched; /* owned; all partitions of the mock */
    bool created;                             /* temporary topics are to be deleted */
    int64_t looked_ms;
    int64_t n_failed; /* deliveries */
    struct buffer line;
};

/* Types that are made; the last two only where they are asked for. */
static const enum event_type made_types[] = {EVENT_IMPRESSION, EVENT_CLICK, EVENT_ORDER, EVENT_ENGAGEMENT,
                                             EVENT_SPEND};

static size_t n_made_types(const struct sink *sink)
{
    return ARRAY_SIZE(made_types) - (sink->options.costs ? 0 : 2);
}

/* The topic for events of a type: its own, else a mixed one; engagements and spend, which say their type, go to that of
 * impressions else. */
static const char *topic_for(const struct settings *settings, enum event_type type)
{
    const struct topic_names *own = &settings->kafka.names[type], *mixed = &settings->kafka.names[EVENT_NONE];
    if (own->n)
        return own->items[0];
    if (!mixed->n && (type == EVENT_ENGAGEMENT || type == EVENT_SPEND))
        own = &settings->kafka.names[EVENT_IMPRESSION];
    return mixed->n ? mixed->items[0] : own->n ? own->items[0] : NULL;
}

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    struct sink *sink = opaque;
    if (!message->err)
        return;
    if (sink->n_failed++ == 0)
        fprintf(stderr, "roiwatch generate: a message was not delivered: %s\n",
                rd_kafka_err2str(message->err));
}

static int new_producer(struct sink *sink)
{
    char error[512] = "";
    bool embedded = sink->options.kind == SINK_EMBEDDED;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, sink);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    bool good = rd_kafka_conf_set(conf, "linger.ms", "20", error, sizeof(error)) == RD_KAFKA_CONF_OK &&
                rd_kafka_conf_set(conf, "log_level", "2", error, sizeof(error)) == RD_KAFKA_CONF_OK;
    for (size_t i = 0; good && !embedded && i < sink->settings->kafka.properties.n; i++) {
        const struct kafka_property *property = &sink->settings->kafka.properties.items[i];
        good = rd_kafka_conf_set(conf, property->name, property->value, error, sizeof(error)) ==
               RD_KAFKA_CONF_OK;
    }
    const char *where = embedded ? "test.mock.num.brokers" : "bootstrap.servers";
    good = good && rd_kafka_conf_set(conf, where, embedded ? "1" : sink->settings->kafka.brokers, error,
                                     sizeof(error)) == RD_KAFKA_CONF_OK;
    sink->producer = good ? rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error)) : NULL;
    if (sink->producer)
        return CLI_OK;
    rd_kafka_conf_destroy(conf);
    fprintf(stderr, "roiwatch generate: %s\n", error);
    return CLI_CONFIGURATION;
}

static int set_topic(struct sink *sink, enum event_type type, const char *name, int32_t n_partitions)
{
    struct sink_topic *topic = &sink->topics[type];
    topic->name = name;
    topic->n_partitions = n_partitions;
    topic->sent = calloc((size_t)n_partitions, sizeof(*topic->sent));
    topic->committed = calloc((size_t)n_partitions, sizeof(*topic->committed));
    return topic->sent && topic->committed ? CLI_OK : CLI_FAILED;
}

static int find_topics(struct sink *sink)
{
    if (sink->options.temporary_topics) {
        int r = topics_create(sink->settings, sink->producer, sink->options.n_partitions);
        if (r)
            return r;
        sink->created = true;
    }
    for (size_t i = 0; i < n_made_types(sink); i++) {
        enum event_type type = made_types[i];
        const char *name = topic_for(sink->settings, type);
        int32_t n = 0;
        if (!name)
            continue;
        int r = kafka_topic_partitions(sink->settings, sink->producer, name, &n);
        if (r)
            return r;
        r = n > 0 ? set_topic(sink, type, name, n) : CLI_CONFIGURATION;
        if (n == 0)
            fprintf(stderr, "roiwatch generate: the topic %s does not exist at %s\n", name,
                    sink->settings->kafka.brokers);
        if (r)
            return r;
    }
    return CLI_OK;
}

/* A reader never sees half an address: the file gets its name when it is whole. */
static int write_address(const char *path, const char *address)
{
    char temporary[4096];
    if (!path)
        return (void)printf("%s\n", address), text_finish();
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    FILE *file = fopen(temporary, "we");
    bool good = file && fprintf(file, "%s\n", address) > 0;
    if (file && fclose(file) != 0)
        good = false;
    if (good && rename(temporary, path) == 0)
        return CLI_OK;
    fprintf(stderr, "roiwatch generate: --address-file %s: %s\n", path, strerror(errno));
    return CLI_FAILED;
}

static int create_topics(struct sink *sink, rd_kafka_mock_cluster_t *cluster)
{
    int32_t n = sink->options.n_partitions;
    const char *dead_letter = sink->settings->kafka.dead_letter;
    for (size_t i = 0; i < sink->settings->kafka.n_topics; i++)
        (void)rd_kafka_mock_topic_create(cluster, sink->settings->kafka.topics[i].name, n, REPLICAS);
    if (dead_letter)
        (void)rd_kafka_mock_topic_create(cluster, dead_letter, 1, REPLICAS);
    sink->watched = rd_kafka_topic_partition_list_new(16);
    for (size_t i = 0; i < n_made_types(sink); i++) {
        enum event_type type = made_types[i];
        const char *name = topic_for(sink->settings, type);
        if (!name)
            continue;
        int r = set_topic(sink, type, name, n);
        if (r)
            return r;
        for (int32_t partition = 0; partition < n; partition++) {
            if (!rd_kafka_topic_partition_list_find(sink->watched, name, partition))
                rd_kafka_topic_partition_list_add(sink->watched, name, partition);
        }
    }
    return CLI_OK;
}

static int start_cluster(struct sink *sink)
{
    rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(sink->producer);
    if (!cluster)
        return CLI_FAILED;
    const char *address = rd_kafka_mock_cluster_bootstraps(cluster);
    int r = create_topics(sink, cluster);
    if (!r)
        r = kafka_client(sink->settings, RD_KAFKA_CONSUMER, address, &sink->observer);
    return r ? r : write_address(sink->options.address_file, address);
}

void sink_free(struct sink *sink)
{
    if (!sink)
        return;
    if (sink->created)
        topics_delete(sink->settings, sink->producer);
    for (size_t i = 0; i < N_EVENT_TYPES; i++) {
        free(sink->topics[i].sent);
        free(sink->topics[i].committed);
    }
    if (sink->watched)
        rd_kafka_topic_partition_list_destroy(sink->watched);
    kafka_release(&sink->observer);
    if (sink->producer)
        rd_kafka_destroy(sink->producer);
    sink->producer = NULL;
    buffer_deinit(&sink->line);
    free(sink);
}

static void release(struct sink **sink)
{
    sink_free(*sink);
}

int sink_new(const struct settings *settings, const struct sink_options *options, struct sink **ret_sink)
{
    CLEANUP(release) struct sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        return CLI_FAILED;
    sink->settings = settings;
    sink->options = *options;
    int r = options->kind == SINK_STDOUT ? CLI_OK : new_producer(sink);
    if (!r && options->kind == SINK_KAFKA)
        r = find_topics(sink);
    if (!r && options->kind == SINK_EMBEDDED)
        r = start_cluster(sink);
    if (!r)
        *ret_sink = STEAL(sink);
    return r;
}

/* One line: {"topic":…,"key":…,"ts_ms":…,"value":…}; the value is text, for it need not be JSON. */
static int print_message(struct sink *sink, const struct generated *message)
{
    const char *topic = topic_for(sink->settings, message->type);
    if (!topic)
        return SINK_TAKEN;
    buffer_clear(&sink->line);
    buffer_append_text(&sink->line, "{\"topic\":");
    json_append_text(&sink->line, span_of(topic));
    buffer_append_text(&sink->line, ",\"key\":");
    json_append_text(&sink->line, message->key);
    buffer_printf(&sink->line, ",\"ts_ms\":%" PRId64 ",\"value\":", message->record_ts_ms);
    if (message->value.data)
        json_append_text(&sink->line, message->value);
    else
        buffer_append_text(&sink->line, "null");
    buffer_append_text(&sink->line, "}\n");
    return text_write(&sink->line);
}

int sink_put(struct sink *sink, const struct generated *message)
{
    if (sink->options.kind == SINK_STDOUT)
        return print_message(sink, message);
    struct sink_topic *topic = &sink->topics[message->type];
    if (!topic->name)
        return SINK_TAKEN;
    /* The partition is chosen here, so that the same seed fills the same partitions. */
    int32_t partition = (int32_t)(hash_bytes(message->key) % (uint64_t)topic->n_partitions);
    if (sink->options.kind == SINK_EMBEDDED &&
        topic->sent[partition] - topic->committed[partition] >= BACKLOG_MAX)
        return SINK_FULL;
    rd_kafka_resp_err_t error = rd_kafka_producev(
        sink->producer, RD_KAFKA_V_TOPIC(topic->name), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(message->key.data, message->key.size),
        RD_KAFKA_V_VALUE((void *)message->value.data, message->value.size),
        RD_KAFKA_V_TIMESTAMP(message->record_ts_ms), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return SINK_FULL;
    if (error) {
        fprintf(stderr, "roiwatch generate: %s: %s\n", topic->name, rd_kafka_err2str(error));
        return CLI_FAILED;
    }
    topic->sent[partition]++;
    return SINK_TAKEN;
}

/* How far the group is. An answer that does not come in time is asked for again later. */
static void look_at_commits(struct sink *sink)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(sink->watched);
    if (!rd_kafka_committed(sink->observer, list, COMMITTED_TIMEOUT_MS)) {
        for (size_t i = 0; i < n_made_types(sink); i++) {
            struct sink_topic *topic = &sink->topics[made_types[i]];
            for (int32_t partition = 0; topic->name && partition < topic->n_partitions; partition++) {
                const rd_kafka_topic_partition_t *found =
                    rd_kafka_topic_partition_list_find(list, topic->name, partition);
                if (found && found->offset > topic->committed[partition])
                    topic->committed[partition] = found->offset;
            }
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
}

void sink_poll(struct sink *sink)
{
    if (sink->producer)
        rd_kafka_poll(sink->producer, 0);
    if (!sink->observer || steady_ms() - sink->looked_ms < LOOK_EVERY_MS)
        return;
    look_at_commits(sink);
    sink->looked_ms = steady_ms();
}

int sink_flush(struct sink *sink, int timeout_ms)
{
    if (!sink->producer)
        return text_finish();
    if (rd_kafka_flush(sink->producer, timeout_ms)) {
        fprintf(stderr, "roiwatch generate: Kafka did not take everything in time\n");
        return CLI_UNAVAILABLE;
    }
    if (sink->n_failed)
        fprintf(stderr, "roiwatch generate: %" PRId64 " messages were not delivered\n", sink->n_failed);
    return sink->n_failed ? CLI_FAILED : CLI_OK;
}
