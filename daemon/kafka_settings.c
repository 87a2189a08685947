#include "daemon/kafka_settings.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/config/read.h"
#include "lib/config/value.h"

enum { TOPICS_MAX = 64, TOPIC_NAME_MAX = 249, PROPERTIES_MAX = 200 };

static bool is_topic_name(const char *text)
{
    static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = strlen(text);
    return size && size <= TOPIC_NAME_MAX && strspn(text, letters) == size && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

static bool topic_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    const char *text = config_scalar(run, node, "topic");
    if (!text)
        return false;
    if (!is_topic_name(text)) {
        config_fail(run, node, "\"%.64s\" is no topic; allowed are 1 to 249 letters, digits, dots, _ and -",
                    text);
        return false;
    }
    *(const char **)ret_value = text;
    return true;
}

static void topic_write(const void *value, bool json, struct buffer *buffer)
{
    const char *text = *(const char *const *)value;
    if (text)
        value_write_text(text, json, buffer);
    else
        buffer_append_text(buffer, json ? "null" : "~");
}

static const struct config_custom topic_custom = {
    .name = "topic",
    .size = sizeof(const char *),
    .read = topic_read,
    .write = topic_write,
};

static const struct config_row topic_element = {.type = CONFIG_CUSTOM, .custom = &topic_custom};

#define TOPICS_ROW(at, key_text, flag, standard, help_text)                                                  \
    {                                                                                                        \
        .key = (key_text), .type = CONFIG_LIST, .flags = CONFIG_ONE_OR_LIST | CONFIG_OPTIONAL | (flag),      \
        .fallback = (standard), .most = TOPICS_MAX, .offset = offsetof(struct kafka_settings, names[at]),    \
        .element = &topic_element, .item_size = sizeof(const char *), .help = (help_text),                   \
    }

static const struct config_row topics_rows[] = {
    TOPICS_ROW(EVENT_IMPRESSION, "impressions", 0, "ad.impressions", "A name or a list; [] for none."),
    TOPICS_ROW(EVENT_CLICK, "clicks", 0, "ad.clicks", "The same."),
    TOPICS_ROW(EVENT_ORDER, "orders", 0, "ad.orders", "The same."),
    TOPICS_ROW(EVENT_REFUND, "refunds", 0, "[]", "Topics of refunds."),
    TOPICS_ROW(EVENT_ENGAGEMENT, "engagements", 0, "[]", "Topics of engagements."),
    TOPICS_ROW(EVENT_SPEND, "spend", 0, "[]", "Topics of spend."),
    TOPICS_ROW(EVENT_NONE, "mixed", 0, "[]", "Topics in which each event's `type` says what it is."),
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct kafka_topic *)a)->name, ((const struct kafka_topic *)b)->name);
}

/* Each name once; one that stands under several keys is mixed. */
static size_t merge_equal_names(struct kafka_topic *topics, size_t n)
{
    size_t n_kept = 0;
    qsort(topics, n, sizeof(*topics), compare_names);
    for (size_t i = 0; i < n; i++) {
        struct kafka_topic *last = n_kept ? &topics[n_kept - 1] : NULL;
        if (last && strcmp(last->name, topics[i].name) == 0)
            last->type = last->type == topics[i].type ? last->type : EVENT_NONE;
        else
            topics[n_kept++] = topics[i];
    }
    return n_kept;
}

static void topics_check(struct config_run *run, const struct config_node *node, void *record)
{
    struct kafka_settings *kafka = record;
    size_t n = 0;
    for (size_t type = 0; type < N_EVENT_TYPES; type++)
        n += kafka->names[type].n;
    kafka->topics = arena_alloc(run->arena, n * sizeof(*kafka->topics));
    if (!kafka->topics) {
        run->error = -ENOMEM;
        return;
    }
    if (n == 0)
        config_fail(run, node, "names no topic; at least one is needed");
    n = 0;
    for (size_t type = 0; type < N_EVENT_TYPES; type++)
        for (size_t i = 0; i < kafka->names[type].n; i++)
            if (kafka->names[type].items[i])
                kafka->topics[n++] = (struct kafka_topic){kafka->names[type].items[i], (enum event_type)type};
    kafka->n_topics = merge_equal_names(kafka->topics, n);
}

static const struct config_shape topics_shape = {
    .rows = topics_rows,
    .n_rows = ARRAY_SIZE(topics_rows),
    .size = sizeof(struct kafka_settings),
    .check = topics_check,
};

static bool start_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    struct kafka_start *start = ret_value;
    static const char *const words[] = {"earliest", "latest", "a time such as 2026-01-31T00:00:00Z", NULL};
    const char *text = config_scalar(run, node, "word or time");
    if (!text)
        return false;
    if (strcmp(text, "earliest") == 0)
        *start = (struct kafka_start){.kind = KAFKA_START_EARLIEST};
    else if (strcmp(text, "latest") == 0)
        *start = (struct kafka_start){.kind = KAFKA_START_LATEST};
    else if (value_time(text, &start->time_ms) && start->time_ms >= 0)
        start->kind = KAFKA_START_TIME;
    else {
        config_fail_word(run, node, words);
        return false;
    }
    return true;
}

static void start_write(const void *value, bool json, struct buffer *buffer)
{
    const struct kafka_start *start = value;
    const char *quote = json ? "\"" : "";
    buffer_append_text(buffer, quote);
    if (start->kind == KAFKA_START_TIME)
        value_write_time(start->time_ms, buffer);
    else
        buffer_append_text(buffer, start->kind == KAFKA_START_LATEST ? "latest" : "earliest");
    buffer_append_text(buffer, quote);
}

static const struct config_custom start_custom = {
    .name = "earliest, latest or a time",
    .size = sizeof(struct kafka_start),
    .read = start_read,
    .write = start_write,
};

static const struct config_row property_element = {
    .type = CONFIG_TEXT,
    .most = 4096,
    .offset = offsetof(struct kafka_property, value),
};

static const struct config_row kafka_rows[] = {
    {
        .key = "brokers",
        .type = CONFIG_TEXT,
        .flags = CONFIG_REQUIRED,
        .least = 1,
        .most = 4096,
        .example = "localhost:9092",
        .offset = offsetof(struct kafka_settings, brokers),
        .help = "Where to find the cluster: HOST:PORT, several with commas between.",
    },
    {
        .key = "group",
        .type = CONFIG_TEXT,
        .fallback = "roiwatch",
        .least = 1,
        .most = 249,
        .offset = offsetof(struct kafka_settings, group),
        .help = "Consumer group: all roiwatchd of one group share the work.",
    },
    {
        .key = "topics",
        .type = CONFIG_RECORD,
        .shape = &topics_shape,
        .help = "Topics by the type of their events. A topic under several keys is mixed.",
    },
    {
        .key = "dead_letter",
        .type = CONFIG_CUSTOM,
        .flags = CONFIG_OPTIONAL,
        .custom = &topic_custom,
        .fallback = "roiwatch.dead-letter",
        .offset = offsetof(struct kafka_settings, dead_letter),
        .help = "Topic for rejected events; ~ drops them, counted.",
    },
    {
        .key = "start",
        .type = CONFIG_CUSTOM,
        .custom = &start_custom,
        .fallback = "earliest",
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct kafka_settings, start),
        .help = "Where a partition begins that was never counted.",
    },
    {
        .key = "properties",
        .type = CONFIG_MAP,
        .fallback = "{}",
        .most = PROPERTIES_MAX,
        .offset = offsetof(struct kafka_settings, properties),
        .item = "NAME",
        .element = &property_element,
        .item_size = sizeof(struct kafka_property),
        .help =
            "Any property of librdkafka. A secret stands in a file of its own: sasl.password_file: PATH for "
            "sasl.password, likewise for others; a PATH without / is a systemd credential, as for "
            "redis.password_file.",
    },
};

/* Properties that roiwatch must decide itself, or that would hold a secret. */
static const struct {
    const char *name;
    const char *why;
} refused_properties[] = {
    {"bootstrap.servers", "is set by roiwatch; use kafka.brokers"},
    {"metadata.broker.list", "is set by roiwatch; use kafka.brokers"},
    {"group.id", "is set by roiwatch; use kafka.group"},
    {"auto.offset.reset", "is set by roiwatch; use kafka.start"},
    {"enable.auto.commit", "is set by roiwatch, whose positions are in Redis"},
    {"enable.auto.offset.store", "is set by roiwatch, whose positions are in Redis"},
    {"enable.partition.eof", "is set by roiwatch, which must see the ends of partitions"},
    {"isolation.level", "is set by roiwatch: aborted transactions are never counted"},
    {"sasl.password", "is a secret; put it in a file and give its path as sasl.password_file"},
    {"ssl.key.password", "is a secret; put it in a file and give its path as ssl.key.password_file"},
    {"ssl.key.pem", "is a secret; put it in a file and give its path as ssl.key.location"},
    {"ssl.keystore.password",
     "is a secret; put it in a file and give its path as ssl.keystore.password_file"},
    {"sasl.oauthbearer.client.secret",
     "is a secret; put it in a file and give its path as sasl.oauthbearer.client.secret_file"},
};

static const char *why_refused(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(refused_properties); i++)
        if (strcmp(refused_properties[i].name, name) == 0)
            return refused_properties[i].why;
    return NULL;
}

/* Lets librdkafka itself judge; of NAME_file only the name, as the value is still in the file. */
static void property_check(struct config_run *run, const struct config_node *property,
                           rd_kafka_conf_t *scratch)
{
    static const char suffix[] = "_file";
    char name[256], why[256];
    size_t size = strlen(property->key), cut = strlen(suffix);
    bool secret = size > cut && strcmp(property->key + size - cut, suffix) == 0;
    snprintf(name, sizeof(name), "%.*s", (int)(secret ? size - cut : size), property->key);
    const char *refused = secret ? NULL : why_refused(name);
    rd_kafka_conf_res_t result =
        rd_kafka_conf_set(scratch, name, secret ? "" : property->text, why, sizeof(why));
    if (refused)
        config_error_add(run->errors, property->key_place, "kafka.properties", "%s %s", name, refused);
    else if (result == RD_KAFKA_CONF_UNKNOWN || (result == RD_KAFKA_CONF_INVALID && !secret))
        config_error_add(run->errors, property->key_place, "kafka.properties", "%s: librdkafka says: %s",
                         property->key, why);
}

static void properties_check(struct config_run *run, const struct config_node *node)
{
    const struct config_node *given = config_node_child(node, "properties");
    if (!given || given->kind != CONFIG_MAPPING)
        return;
    rd_kafka_conf_t *scratch = rd_kafka_conf_new();
    for (const struct config_node *property = given->first; property; property = property->next)
        if (property->kind == CONFIG_SCALAR)
            property_check(run, property, scratch);
    rd_kafka_conf_destroy(scratch);
}

static void kafka_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct kafka_settings *kafka = record;
    properties_check(run, node);
    for (size_t i = 0; i < kafka->n_topics; i++)
        if (kafka->dead_letter && strcmp(kafka->topics[i].name, kafka->dead_letter) == 0)
            config_fail_key(run, node, "dead_letter",
                            "\"%.64s\" is one of the topics too; rejected events would go in a "
                            "circle",
                            kafka->dead_letter);
}

static const struct config_shape kafka_shape = {
    .rows = kafka_rows,
    .n_rows = ARRAY_SIZE(kafka_rows),
    .size = sizeof(struct kafka_settings),
    .check = kafka_check,
};

const struct config_row kafka_row = {
    .key = "kafka",
    .type = CONFIG_RECORD,
    .shape = &kafka_shape,
    .help = "Where events come from.",
};
