/*
 * drain: reads the configured topics from end to end and does nothing with the messages.
 *
 * It is what reading costs before anything is counted: librdkafka set up as the daemon sets it up
 * (kafka_conf_consumer), the same allocator, each partition read in batches from a queue of its own.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "daemon/kafka_conf.h"
#include "daemon/kafka_query.h"
#include "tests/bench/bench.h"

enum { BATCH = 1000, QUERY_MS = 10000, WAIT_MS = 100, COUNTS_MAX = 64, SILENCE_MS = 60000 };

struct drain {
    rd_kafka_t *client;
    rd_kafka_topic_partition_list_t *partitions;
    rd_kafka_queue_t **queues; /* one a partition */
    int wake_fd;
    int64_t n_events;
    int64_t n_bytes;
    int n_ends;       /* partitions that are read to their end */
    int64_t first_ns; /* when the first messages came; 0 before */
    int64_t last_ns;  /* and the last */
};

static void drain_deinit(struct drain *drain)
{
    for (int i = 0; drain->queues && i < drain->partitions->cnt; i++)
        if (drain->queues[i])
            rd_kafka_queue_destroy(drain->queues[i]);
    free(drain->queues);
    if (drain->partitions)
        rd_kafka_topic_partition_list_destroy(drain->partitions);
    if (drain->client) {
        rd_kafka_consumer_close(drain->client);
        rd_kafka_destroy(drain->client);
    }
    if (drain->wake_fd >= 0)
        close(drain->wake_fd);
}

static int on_stats(rd_kafka_t *client, char *json, size_t size, void *opaque)
{
    (void)client;
    (void)json;
    (void)size;
    (void)opaque;
    return 0;
}

static int drain_open(struct drain *drain, const struct kafka_settings *settings)
{
    char why[256] = "the broker does not say what topics it has";
    int32_t counts[COUNTS_MAX], n_letters;
    rd_kafka_conf_t *conf;
    int r = kafka_conf_consumer(settings, &conf, why, sizeof(why));
    if (r == 0) {
        rd_kafka_conf_set_stats_cb(conf, on_stats);
        drain->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
        if (!drain->client)
            rd_kafka_conf_destroy(conf);
    }
    if (!drain->client || settings->n_topics > COUNTS_MAX ||
        kafka_query_partition_counts(drain->client, settings, QUERY_MS, counts, &n_letters) < 0) {
        fprintf(stderr, "roiwatch-bench: %s\n", why);
        return 1;
    }
    rd_kafka_poll_set_consumer(drain->client);
    drain->partitions = rd_kafka_topic_partition_list_new(1);
    for (size_t i = 0; i < settings->n_topics; i++)
        for (int32_t p = 0; p < counts[i]; p++)
            rd_kafka_topic_partition_list_add(drain->partitions, settings->topics[i].name, p)->offset =
                RD_KAFKA_OFFSET_BEGINNING;
    return 0;
}

static int drain_assign(struct drain *drain)
{
    static const uint64_t one = 1;
    int n = drain->partitions->cnt;
    drain->queues = calloc((size_t)n + 1, sizeof(*drain->queues));
    for (int i = 0; drain->queues && i < n; i++) {
        const rd_kafka_topic_partition_t *partition = &drain->partitions->elems[i];
        drain->queues[i] =
            rd_kafka_queue_get_partition(drain->client, partition->topic, partition->partition);
        rd_kafka_queue_forward(drain->queues[i], NULL);
        rd_kafka_queue_io_event_enable(drain->queues[i], drain->wake_fd, &one, sizeof(one));
    }
    return !drain->queues || rd_kafka_assign(drain->client, drain->partitions) ? 1 : 0;
}

static int64_t steady_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Reads what is there. How many messages. */
static int64_t drain_turn(struct drain *drain)
{
    rd_kafka_message_t *batch[BATCH];
    int64_t before = drain->n_events;
    for (int i = 0; i < drain->partitions->cnt; i++) {
        ssize_t n = rd_kafka_consume_batch_queue(drain->queues[i], 0, batch, BATCH);
        for (ssize_t k = 0; k < n; k++) {
            if (batch[k]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                drain->n_ends++;
            else if (!batch[k]->err)
                drain->n_events++;
            drain->n_bytes += (int64_t)batch[k]->len;
            rd_kafka_message_destroy(batch[k]);
        }
    }
    if (drain->n_events > before)
        drain->last_ns = steady_ns();
    if (drain->first_ns == 0)
        drain->first_ns = drain->last_ns;
    return drain->n_events - before;
}

static void drain_wait(struct drain *drain)
{
    struct pollfd wake = {.fd = drain->wake_fd, .events = POLLIN};
    uint64_t count;
    rd_kafka_message_t *message = rd_kafka_consumer_poll(drain->client, 0);
    if (message)
        rd_kafka_message_destroy(message);
    if (poll(&wake, 1, WAIT_MS) > 0)
        (void)!read(drain->wake_fd, &count, sizeof(count));
}

int bench_drain(const struct settings *settings, const struct bench_options *options)
{
    CLEANUP(drain_deinit) struct drain drain = {.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    int silent_ms = 0;
    (void)options;
    if (drain.wake_fd < 0 || drain_open(&drain, &settings->kafka) || drain_assign(&drain))
        return 1;
    while (drain.n_ends < drain.partitions->cnt && silent_ms < SILENCE_MS) {
        bool quiet = drain_turn(&drain) == 0;
        silent_ms = quiet ? silent_ms + WAIT_MS : 0;
        if (quiet)
            drain_wait(&drain);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    int64_t cpu_ns = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000) +
                     (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
    printf("{\"events\":%" PRId64 ",\"bytes\":%" PRId64 ",\"cpu_ns\":%" PRId64 ",\"read_ns\":%" PRId64
           ",\"peak_kb\":%ld}\n",
           drain.n_events, drain.n_bytes, cpu_ns, drain.last_ns - drain.first_ns, usage.ru_maxrss);
    fflush(stdout);
    if (drain.n_ends == drain.partitions->cnt)
        return 0;
    fprintf(stderr, "roiwatch-bench: the broker gave nothing more for a minute\n");
    return 1;
}
