#include "daemon/cli/kafka.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/waiting.h"
#include "daemon/kafka_conf.h"
#include "daemon/kafka_errors.h"
#include "daemon/kafka_refusal.h"

enum { RETRY_MS = 100 };

/* Why connections do not come about: librdkafka says it in its log only, from threads of its own. */
struct trouble {
    pthread_mutex_t lock;
    int code;        /* CLI_OK: nothing that somebody has to set right */
    char text[512];  /* the last such one */
    char said[1024]; /* what kafka_failed said last; of the one thread that uses the client */
    int64_t
        until_ms; /* steady: when whoever asks has to have an answer; 0: no matter when. Of that thread too */
};

/* Errors of single brokers are not worth a line each; but one that waiting does not heal is kept for kafka_failed. */
static void keep_trouble(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    struct trouble *trouble = rd_kafka_opaque(client);
    int code = strstr(text, "SASL authentication error") ? CLI_DENIED
               : strstr(text, "SSL handshake failed")    ? CLI_CONFIGURATION
                                                         : CLI_OK;
    (void)level;
    (void)facility;
    if (code == CLI_OK || !trouble)
        return;
    pthread_mutex_lock(&trouble->lock);
    trouble->code = code;
    snprintf(trouble->text, sizeof(trouble->text), "%s", text);
    pthread_mutex_unlock(&trouble->lock);
}

static int set_all(const struct settings *settings, const char *brokers, const struct kafka_extra *extra,
                   rd_kafka_conf_t *conf, char *error, size_t size)
{
    const struct kafka_settings *kafka = &settings->kafka;
    static const char *const fixed[][2] = {
        {"isolation.level", "read_committed"},
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        {"client.id", "roiwatch-cli"},
    };
    rd_kafka_conf_set_log_cb(conf, keep_trouble);
    for (size_t i = 0; i < kafka->properties.n; i++) {
        if (kafka_conf_pass(conf, &kafka->properties.items[i], error, size))
            return CLI_CONFIGURATION;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
        if (rd_kafka_conf_set(conf, fixed[i][0], fixed[i][1], error, size) != RD_KAFKA_CONF_OK)
            return CLI_CONFIGURATION;
    }
    if (rd_kafka_conf_set(conf, "group.id", kafka->group, error, size) != RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "bootstrap.servers", brokers ? brokers : kafka->brokers, error, size) !=
            RD_KAFKA_CONF_OK)
        return CLI_CONFIGURATION;
    for (size_t i = 0; extra && i < extra->n; i++) {
        if (rd_kafka_conf_set(conf, extra->properties[i].name, extra->properties[i].value, error, size) !=
            RD_KAFKA_CONF_OK)
            return CLI_CONFIGURATION;
    }
    if (extra && extra->delivered)
        rd_kafka_conf_set_dr_msg_cb(conf, extra->delivered);
    return CLI_OK;
}

int kafka_client(const struct settings *settings, rd_kafka_type_t type, const char *brokers,
                 rd_kafka_t **ret_client)
{
    return kafka_client_with(settings, type, brokers, NULL, ret_client);
}

int kafka_client_with(const struct settings *settings, rd_kafka_type_t type, const char *brokers,
                      const struct kafka_extra *extra, rd_kafka_t **ret_client)
{
    char error[512] = "";
    struct trouble *trouble = calloc(1, sizeof(*trouble));
    if (!trouble)
        return CLI_FAILED;
    (void)pthread_mutex_init(&trouble->lock, NULL);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, trouble);
    int r = set_all(settings, brokers, extra, conf, error, sizeof(error));
    if (!r) {
        rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof(error));
        if (client) {
            *ret_client = client;
            return CLI_OK;
        }
        r = CLI_CONFIGURATION;
    }
    rd_kafka_conf_destroy(conf);
    free(trouble);
    fprintf(stderr, "roiwatch: kafka.properties: %s\n", error);
    return r;
}

void kafka_release(rd_kafka_t **client)
{
    if (!*client)
        return;
    struct trouble *trouble = rd_kafka_opaque(*client);
    rd_kafka_destroy(*client);
    (void)pthread_mutex_destroy(&trouble->lock);
    free(trouble);
    *client = NULL;
}

static int code_of(rd_kafka_resp_err_t error)
{
    return kafka_error_classify(error) == KAFKA_ERROR_AUTH ? CLI_DENIED : CLI_UNAVAILABLE;
}

static int failed(const struct settings *settings, rd_kafka_t *client, const char *what, const char *topic,
                  rd_kafka_resp_err_t error, bool writing)
{
    CLEANUP(buffer_deinit) struct buffer why = BUFFER_INIT;
    struct trouble *trouble = client ? rd_kafka_opaque(client) : NULL;
    int code = code_of(error);
    kafka_refusal_explain(&settings->kafka, error, topic, writing, &why);
    if (trouble && code == CLI_UNAVAILABLE) {
        pthread_mutex_lock(&trouble->lock);
        if (trouble->code) {
            buffer_printf(&why, ": %s%s", trouble->text,
                          trouble->code == CLI_DENIED ? kafka_login_hint(&settings->kafka) : "");
            code = trouble->code;
        }
        pthread_mutex_unlock(&trouble->lock);
    }
    char said[sizeof(trouble->said)];
    snprintf(said, sizeof(said), "Kafka at %s: %s: %s%.*s", settings->kafka.brokers, what,
             rd_kafka_err2str(error), (int)why.size, why.size ? why.data : "");
    fprintf(stderr, "roiwatch: %s\n", said);
    if (trouble)
        memcpy(trouble->said, said, sizeof(said));
    return code;
}

int kafka_failed(const struct settings *settings, rd_kafka_t *client, const char *what,
                 rd_kafka_resp_err_t error)
{
    return failed(settings, client, what, what, error, false);
}

int kafka_failed_writing(const struct settings *settings, rd_kafka_t *client, const char *what,
                         const char *topic, rd_kafka_resp_err_t error)
{
    return failed(settings, client, what, topic, error, true);
}

const char *kafka_said(const rd_kafka_t *client)
{
    return ((const struct trouble *)rd_kafka_opaque(client))->said;
}

void kafka_limit(rd_kafka_t *client, int64_t until_ms)
{
    ((struct trouble *)rd_kafka_opaque(client))->until_ms = until_ms;
}

/* How long a question may take from now on. */
static int patience_ms(const rd_kafka_t *client)
{
    int64_t until_ms = ((const struct trouble *)rd_kafka_opaque(client))->until_ms;
    int64_t left_ms = until_ms - steady_ms();
    if (!until_ms || left_ms > KAFKA_TIMEOUT_MS)
        return KAFKA_TIMEOUT_MS;
    return left_ms > KAFKA_LEAST_MS ? (int)left_ms : KAFKA_LEAST_MS;
}

static bool is_moving(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

static rd_kafka_resp_err_t ask_partitions(rd_kafka_t *client, const char *topic, int32_t *ret_n)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    if (!handle)
        return rd_kafka_last_error();
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, patience_ms(client));
    rd_kafka_topic_destroy(handle);
    if (error)
        return error;
    error = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    *ret_n = error ? 0 : metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? RD_KAFKA_RESP_ERR_NO_ERROR : error;
}

int kafka_topic_partitions(const struct settings *settings, rd_kafka_t *client, const char *topic,
                           int32_t *ret_n)
{
    int64_t until_ms = steady_ms() + patience_ms(client);
    for (;;) {
        rd_kafka_resp_err_t error = ask_partitions(client, topic, ret_n);
        if (!error)
            return CLI_OK;
        if (!is_moving(error) || steady_ms() >= until_ms)
            return kafka_failed(settings, client, topic, error);
        (void)poll(NULL, 0, RETRY_MS);
    }
}

int kafka_ends(const struct settings *settings, rd_kafka_t *client, const char *topic, int32_t partition,
               int64_t *ret_low, int64_t *ret_end)
{
    int64_t until_ms = steady_ms() + patience_ms(client);
    for (;;) {
        rd_kafka_resp_err_t error =
            rd_kafka_query_watermark_offsets(client, topic, partition, ret_low, ret_end, patience_ms(client));
        if (!error)
            return CLI_OK;
        if (!is_moving(error) || steady_ms() >= until_ms)
            return kafka_failed(settings, client, topic, error);
        (void)poll(NULL, 0, RETRY_MS);
    }
}
