#include "daemon/kafka_conf.h"

#include <stdio.h>
#include <string.h>

#include "daemon/files.h"
#include "daemon/log.h"

static const char file_suffix[] = "_file";

struct pair {
    const char *name;
    const char *value;
};

/*
 * Defaults that an operator may change. The first three were measured (docs/PERFORMANCE.md):
 *   fetch.max.bytes      what is fetched is to be parsed while it is still in the processor's cache; above 8 MB
 *                        the allocator also gives the pages back and faults them in again
 *   queued.min.messages  of each partition. More is memory that is cold when its turn comes
 *   fetch.wait.max.ms    a fetch leaves out the partitions whose queues are full. If the others are at their
 *                        ends it waits so long, and nothing is fetched meanwhile: the queues must last
 */
static const struct pair consumer_defaults[] = {
    {"fetch.max.bytes", "2000000"},
    {"queued.min.messages", "20000"},
    {"fetch.wait.max.ms", "50"},
    {"topic.metadata.refresh.interval.ms", "30000"},
    {"partition.assignment.strategy", "roundrobin"}, /* cooperative-sticky is only sound from 2.6.1 on */
    {"client.id", "roiwatch"},
};

/* What exactness rests on: a property passed through may not change it. */
static const struct pair consumer_fixed[] = {
    {"enable.auto.commit", "false"},  {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},   {"isolation.level", "read_committed"},
    {"enable.partition.eof", "true"}, {"statistics.interval.ms", "1000"},
};

static const struct pair producer_defaults[] = {{"client.id", "roiwatch"}, {"linger.ms", "5"}};
static const struct pair producer_fixed[] = {
    {"acks", "all"}, {"message.timeout.ms", "0"}, {"enable.idempotence", "true"}};

static int set(rd_kafka_conf_t *conf, const char *name, const char *value, char *why, size_t why_size)
{
    return rd_kafka_conf_set(conf, name, value, why, why_size) == RD_KAFKA_CONF_OK ? 0 : 1;
}

/* A property NAME_file stands for NAME with the file's content, without its line end: secrets stay out of the
 * configuration. */
static int set_from_file(rd_kafka_conf_t *conf, const char *name, const char *file, char *why,
                         size_t why_size)
{
    char path[SECRET_PATH_SIZE], property[128];
    CLEANUP(secret_free) char *secret = NULL;
    snprintf(property, sizeof(property), "%.*s", (int)(strlen(name) - strlen(file_suffix)), name);
    int r = secret_read(file, &secret);
    if (r == 0)
        return set(conf, property, secret, why, why_size);
    snprintf(why, why_size, "%.150s: %s", secret_path(file, path), strerror(-r));
    return 1;
}

int kafka_conf_pass(rd_kafka_conf_t *conf, const struct kafka_property *property, char *why, size_t why_size)
{
    size_t size = strlen(property->name);
    size_t suffix = strlen(file_suffix);
    if (size > suffix && strcmp(property->name + size - suffix, file_suffix) == 0)
        return set_from_file(conf, property->name, property->value, why, why_size);
    return set(conf, property->name, property->value, why, why_size);
}

static int set_all(rd_kafka_conf_t *conf, const struct pair *pairs, size_t n, char *why, size_t why_size)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = set(conf, pairs[i].name, pairs[i].value, why, why_size);
    return r;
}

static int set_passed(rd_kafka_conf_t *conf, const struct kafka_settings *settings, const struct pair *fixed,
                      size_t n_fixed, char *why, size_t why_size)
{
    for (size_t i = 0; i < settings->properties.n; i++) {
        const struct kafka_property *property = &settings->properties.items[i];
        for (size_t f = 0; f < n_fixed; f++) {
            if (strcmp(property->name, fixed[f].name) == 0 && strcmp(property->value, fixed[f].value) != 0) {
                snprintf(why, why_size, "kafka.properties.%s: must stay %s, counting exactly rests on it",
                         property->name, fixed[f].value);
                return 1;
            }
        }
        char detail[256];
        if (kafka_conf_pass(conf, property, detail, sizeof(detail))) {
            snprintf(why, why_size, "kafka.properties.%s: %s", property->name, detail);
            return 1;
        }
    }
    return 0;
}

/* Librdkafka grumbles, once for each client, about properties that only the other kind of client has; which ones
 * those are it does not tell beforehand. What is wrong it says as an error. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    if (level <= LOG_LEVEL_ERROR && strcmp(facility, "FAIL") != 0)
        log_line(LOG_LEVEL_WARNING, "kafka: %s: %s", facility, text);
}

int kafka_conf_consumer(const struct kafka_settings *settings, rd_kafka_conf_t **ret_conf, char *why,
                        size_t why_size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    int r = set(conf, "bootstrap.servers", settings->brokers, why, why_size);
    r = r ? r : set(conf, "group.id", settings->group, why, why_size);
    r = r ? r : set_all(conf, consumer_defaults, ARRAY_SIZE(consumer_defaults), why, why_size);
    r = r ? r : set_passed(conf, settings, consumer_fixed, ARRAY_SIZE(consumer_fixed), why, why_size);
    r = r ? r : set_all(conf, consumer_fixed, ARRAY_SIZE(consumer_fixed), why, why_size);
    if (r) {
        rd_kafka_conf_destroy(conf);
        return r;
    }
    *ret_conf = conf;
    return 0;
}

/* A property that only consumers have is no error for the producer. */
static void producer_passed(rd_kafka_conf_t *conf, const struct kafka_settings *settings)
{
    for (size_t i = 0; i < settings->properties.n; i++) {
        char detail[256];
        int r = kafka_conf_pass(conf, &settings->properties.items[i], detail, sizeof(detail));
        (void)r; /* the consumer has taken it */
    }
}

int kafka_conf_producer(const struct kafka_settings *settings, rd_kafka_conf_t **ret_conf, char *why,
                        size_t why_size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    int r = set(conf, "bootstrap.servers", settings->brokers, why, why_size);
    r = r ? r : set_all(conf, producer_defaults, ARRAY_SIZE(producer_defaults), why, why_size);
    producer_passed(conf, settings);
    r = r ? r : set_all(conf, producer_fixed, ARRAY_SIZE(producer_fixed), why, why_size);
    if (r) {
        rd_kafka_conf_destroy(conf);
        return r;
    }
    *ret_conf = conf;
    return 0;
}
