#include "daemon/cli/topics.h"

#include <stdio.h>

enum { NAMES_MAX = 64, ERROR_SIZE = 256, ONE_REPLICA = 1 };

/* The configured topics and the dead letters'; how many. */
static size_t all_names(const struct settings *settings, const char *ret_names[NAMES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < settings->kafka.n_topics && n < NAMES_MAX - 1; i++)
        ret_names[n++] = settings->kafka.topics[i].name;
    if (settings->kafka.dead_letter)
        ret_names[n++] = settings->kafka.dead_letter;
    return n;
}

/* The result of an operation on topics: the first error among them, said on stderr. */
static int take_results(const struct settings *settings, const rd_kafka_topic_result_t **results, size_t n)
{
    int r = CLI_OK;
    for (size_t i = 0; i < n && !r; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
        if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            fprintf(stderr, "roiwatch: the topic %s exists already and is left alone\n",
                    rd_kafka_topic_result_name(results[i]));
            r = CLI_FAILED;
        } else if (error) {
            r = kafka_failed(settings, NULL, rd_kafka_topic_result_name(results[i]), error);
        }
    }
    return r;
}

static int take_event(const struct settings *settings, rd_kafka_event_t *event)
{
    size_t n = 0;
    const rd_kafka_topic_result_t **results = NULL;
    if (!event)
        return kafka_failed(settings, NULL, "topics", RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (rd_kafka_event_error(event))
        return kafka_failed(settings, NULL, "topics", rd_kafka_event_error(event));
    if (rd_kafka_event_CreateTopics_result(event))
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    else if (rd_kafka_event_DeleteTopics_result(event))
        results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
    return take_results(settings, results, n);
}

static int wait_for_answer(const struct settings *settings, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_TIMEOUT_MS);
    int r = take_event(settings, event);
    if (event)
        rd_kafka_event_destroy(event);
    return r;
}

int topics_create(const struct settings *settings, rd_kafka_t *client, int32_t n_partitions)
{
    const char *names[NAMES_MAX];
    rd_kafka_NewTopic_t *topics[NAMES_MAX];
    char error[ERROR_SIZE];
    size_t n = all_names(settings, names), n_made = 0;
    for (; n_made < n; n_made++) {
        topics[n_made] =
            rd_kafka_NewTopic_new(names[n_made], n_partitions, ONE_REPLICA, error, sizeof(error));
        if (!topics[n_made])
            break;
    }
    int r = CLI_OK;
    if (n_made < n) {
        fprintf(stderr, "roiwatch: the topic %s cannot be created: %s\n", names[n_made], error);
        r = CLI_FAILED;
    } else {
        rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
        rd_kafka_CreateTopics(client, topics, n, NULL, queue);
        r = wait_for_answer(settings, queue);
        rd_kafka_queue_destroy(queue);
    }
    rd_kafka_NewTopic_destroy_array(topics, n_made);
    return r;
}

void topics_delete(const struct settings *settings, rd_kafka_t *client)
{
    const char *names[NAMES_MAX];
    rd_kafka_DeleteTopic_t *topics[NAMES_MAX];
    size_t n = all_names(settings, names);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    for (size_t i = 0; i < n; i++)
        topics[i] = rd_kafka_DeleteTopic_new(names[i]);
    rd_kafka_DeleteTopics(client, topics, n, NULL, queue);
    (void)wait_for_answer(settings, queue);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteTopic_destroy_array(topics, n);
}
