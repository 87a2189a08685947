#include "daemon/kafka_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/kafka_conf.h"
#include "daemon/kafka_source_internal.h"
#include "daemon/log.h"

enum { CLOSE_MS = 3000, POLL_MS = 100 };

static void slots_clear(struct kafka_source *source)
{
    for (size_t i = 0; i < source->n_slots; i++) {
        rd_kafka_queue_io_event_enable(source->slots[i].queue, -1, NULL, 0);
        rd_kafka_queue_destroy(source->slots[i].queue);
    }
    free(source->slots);
    source->slots = NULL;
    source->n_slots = 0;
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t error,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_source *source = opaque;
    if (source->closing) {
        rd_kafka_assign(client, NULL);
        return;
    }
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_topic_partition_list_t *offered = rd_kafka_topic_partition_list_copy(partitions);
        rd_kafka_topic_partition_list_sort(offered, NULL, NULL);
        slots_clear(source);
        if (source->offered)
            rd_kafka_topic_partition_list_destroy(source->offered);
        source->offered = offered;
        source->n_assigned++;
        source->handlers.assigned(source->handlers.context);
    } else {
        source->n_revoked++;
        source->handlers.revoked(source->handlers.context);
    }
}

static int64_t steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void source_denied(struct kafka_source *source, rd_kafka_resp_err_t error, const char *said,
                          const char *topic)
{
    if (source->denied.size > 0)
        return;
    buffer_append_text(&source->denied, said);
    kafka_refusal_explain(source->settings, error, topic, false, &source->denied);
    buffer_append_u8(&source->denied, '\0');
}

static int on_stats(rd_kafka_t *client, char *json, size_t size, void *opaque)
{
    struct kafka_source *source = opaque;
    (void)client;
    kafka_stats_read(&source->stats, json, size);
    if (kafka_login_refused(&source->login, kafka_stats_any_up(&source->stats), steady_ms()))
        source_denied(source, RD_KAFKA_RESP_ERR__AUTHENTICATION, source->login.reason, NULL);
    return 0;
}

static void on_error(rd_kafka_t *client, int error, const char *reason, void *opaque)
{
    struct kafka_source *source = opaque;
    (void)client;
    source->errors[kafka_error_classify((rd_kafka_resp_err_t)error)]++;
    if (kafka_login_note(&source->login, error, reason, steady_ms()))
        log_line(LOG_LEVEL_ERROR,
                 "kafka: %s; a broker that has just started may do so for a moment; if it stays so for %d s, "
                 "roiwatch "
                 "ends: check sasl.username, sasl.mechanism and the password's file%s",
                 reason, KAFKA_LOGIN_MS / 1000, kafka_login_hint(source->settings));
    if (source->last_error == (rd_kafka_resp_err_t)error || error == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        return;
    source->last_error = error;
    log_line(error == RD_KAFKA_RESP_ERR__SSL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
             "kafka: %s (%s); librdkafka goes on trying, nothing is lost", reason, rd_kafka_err2name(error));
}

static int on_wake(sd_event_source *io, int fd, uint32_t events, void *userdata)
{
    struct kafka_source *source = userdata;
    uint64_t count;
    (void)io;
    (void)events;
    while (read(fd, &count, sizeof(count)) == sizeof(count))
        ;
    for (size_t i = 0; i < source->n_slots; i++)
        source->slots[i].maybe_more = true;
    source->handlers.wake(source->handlers.context);
    return 0;
}

static int source_open(struct kafka_source *source, char *why, size_t why_size)
{
    rd_kafka_conf_t *conf = NULL;
    int r = kafka_conf_consumer(source->settings, &conf, why, why_size);
    if (r != 0)
        return r;
    rd_kafka_conf_set_opaque(conf, source);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    rd_kafka_conf_set_error_cb(conf, on_error);
    source->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, why_size);
    if (!source->client) {
        rd_kafka_conf_destroy(conf);
        return 1;
    }
    rd_kafka_poll_set_consumer(source->client);
    source->consumer_queue = rd_kafka_queue_get_consumer(source->client);
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(source->consumer_queue, source->wake_fd, &one, sizeof(one));
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new((int)source->settings->n_topics);
    for (size_t i = 0; i < source->settings->n_topics; i++)
        rd_kafka_topic_partition_list_add(topics, source->settings->topics[i].name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(source->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (error) {
        snprintf(why, why_size, "subscribe: %s", rd_kafka_err2str(error));
        return 1;
    }
    return 0;
}

int kafka_source_new(sd_event *event, const struct kafka_settings *settings,
                     const struct source_handlers *handlers, char *why, size_t why_size,
                     struct kafka_source **ret_source)
{
    struct kafka_source *source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->settings = settings;
    source->handlers = *handlers;
    source->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = source->wake_fd < 0
                ? -errno
                : sd_event_add_io(event, &source->io, source->wake_fd, EPOLLIN, on_wake, source);
    if (r >= 0)
        r = source_open(source, why, why_size);
    if (r != 0) {
        kafka_source_free(source);
        return r;
    }
    *ret_source = source;
    return 0;
}

/* Leaves the group within CLOSE_MS; a broker that is away must not keep the process from ending. */
static void source_close(struct kafka_source *source)
{
    source->closing = true;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(source->client);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(source->client, queue);
    for (int i = 0; !error && i < CLOSE_MS / POLL_MS && !rd_kafka_consumer_closed(source->client); i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, POLL_MS);
        if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
            rd_kafka_assign(source->client, NULL);
        if (event)
            rd_kafka_event_destroy(event);
    }
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy_flags(source->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void kafka_source_free(struct kafka_source *source)
{
    if (!source)
        return;
    slots_clear(source);
    if (source->consumer_queue) {
        rd_kafka_queue_io_event_enable(source->consumer_queue, -1, NULL, 0);
        rd_kafka_queue_destroy(source->consumer_queue);
    }
    if (source->client)
        source_close(source);
    if (source->offered)
        rd_kafka_topic_partition_list_destroy(source->offered);
    kafka_stats_deinit(&source->stats);
    buffer_deinit(&source->denied);
    sd_event_source_disable_unref(source->io);
    if (source->wake_fd >= 0)
        close(source->wake_fd);
    free(source);
}

const rd_kafka_topic_partition_list_t *kafka_source_offered(const struct kafka_source *source)
{
    return source->offered;
}

rd_kafka_t *kafka_source_client(struct kafka_source *source)
{
    return source->client;
}

static int slots_make(struct kafka_source *source)
{
    size_t n = (size_t)source->offered->cnt;
    if (source->n_slots == n || n == 0)
        return 0;
    slots_clear(source);
    source->slots = calloc(n, sizeof(*source->slots));
    if (!source->slots)
        return -ENOMEM;
    static const uint64_t one = 1;
    for (size_t i = 0; i < n; i++) {
        struct source_slot *slot = &source->slots[i];
        slot->topic = source->offered->elems[i].topic;
        slot->partition = source->offered->elems[i].partition;
        slot->expected = -1;
        slot->queue = rd_kafka_queue_get_partition(source->client, slot->topic, slot->partition);
        if (!slot->queue)
            return -ENOMEM;
        source->n_slots = i + 1;
        rd_kafka_queue_forward(slot->queue, NULL);
        rd_kafka_queue_io_event_enable(slot->queue, source->wake_fd, &one, sizeof(one));
    }
    return 0;
}

int kafka_source_take(struct kafka_source *source, const int64_t *offsets)
{
    int r = slots_make(source);
    if (r < 0)
        return r;
    for (size_t i = 0; i < source->n_slots; i++) {
        struct source_slot *slot = &source->slots[i];
        slot->stale_next = slot->expected > offsets[i] ? slot->expected : -1;
        slot->expected = offsets[i];
        slot->maybe_more = true;
        source->offered->elems[i].offset = offsets[i];
    }
    return rd_kafka_assign(source->client, source->offered) ? -EIO : 0;
}

void kafka_source_stop(struct kafka_source *source)
{
    if (source->n_slots > 0)
        kafka_source_give_up(source);
}

void kafka_source_give_up(struct kafka_source *source)
{
    slots_clear(source);
    rd_kafka_assign(source->client, NULL);
}

void kafka_source_poll(struct kafka_source *source)
{
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(source->client, 0))) {
        source->errors[kafka_error_classify(message->err)] += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
        /* Of topics that do not exist only the first would be named; the pulse names them all. */
        bool missing = message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        if (kafka_right_refused(message->err))
            source_denied(source, message->err, rd_kafka_message_errstr(message), NULL);
        else if (message->err && !missing && message->err != source->last_error) {
            source->last_error = message->err;
            log_line(LOG_LEVEL_WARNING, "kafka: %s; waiting and trying again, nothing is lost",
                     rd_kafka_message_errstr(message));
        }
        rd_kafka_message_destroy(message);
    }
    if (source->denied.size == 0)
        return;
    source->handlers.denied(source->handlers.context,
                            buffer_status(&source->denied) < 0 ? "a right is refused" : source->denied.data);
    buffer_clear(&source->denied);
}

/* Handles what is no message: the end of the partition, or a reason why it cannot be read. */
static void slot_event(struct kafka_source *source, size_t number, const rd_kafka_message_t *message)
{
    struct source_slot *slot = &source->slots[number];
    char why[300];
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (message->offset < slot->expected ||
            (slot->stale_next >= 0 && message->offset >= slot->stale_next))
            return;
        slot->expected = message->offset;
        source->handlers.end(source->handlers.context, number, message->offset);
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        source->errors[KAFKA_ERROR_OFFSET]++;
        snprintf(why, sizeof(why), "%s:%d no longer holds offset %" PRId64 " (%s)", slot->topic,
                 slot->partition, slot->expected, rd_kafka_message_errstr(message));
        source->handlers.fault(source->handlers.context, why);
        return;
    default:
        source->errors[kafka_error_classify(message->err)]++;
        if (kafka_right_refused(message->err))
            source_denied(source, message->err, rd_kafka_message_errstr(message), slot->topic);
        else if (message->err != source->last_error)
            log_line(LOG_LEVEL_WARNING, "kafka: %s:%d: %s; trying again, nothing is lost", slot->topic,
                     slot->partition, rd_kafka_message_errstr(message));
        source->last_error = message->err;
    }
}

static int slot_message(struct kafka_source *source, size_t number, const rd_kafka_message_t *message)
{
    struct source_slot *slot = &source->slots[number];
    if (message->offset < slot->expected || message->offset == slot->stale_next)
        return 0;
    slot->stale_next = -1;
    slot->expected = message->offset + 1;
    rd_kafka_timestamp_type_t kind;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &kind);
    struct source_message out = {
        .slot = number,
        .offset = message->offset,
        .timestamp_ms = kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
        .key = span_from(message->key, message->key_len),
        .value = span_from(message->payload, message->len),
    };
    return source->handlers.message(source->handlers.context, &out);
}

static int slot_read(struct kafka_source *source, size_t number, size_t limit, size_t *n_read)
{
    struct source_slot *slot = &source->slots[number];
    ssize_t n = rd_kafka_consume_batch_queue(slot->queue, 0, source->batch, limit < BATCH ? limit : BATCH);
    if (n <= 0) {
        slot->maybe_more = false;
        return 0;
    }
    int r = 0;
    for (ssize_t i = 0; i < n; i++) {
        rd_kafka_message_t *message = source->batch[i];
        if (r == 0 && message->err)
            slot_event(source, number, message);
        else if (r == 0)
            r = slot_message(source, number, message);
        rd_kafka_message_destroy(message);
    }
    *n_read += (size_t)n;
    return r;
}

int kafka_source_read(struct kafka_source *source, size_t limit)
{
    size_t n_read = 0;
    for (size_t i = 0; i < source->n_slots && n_read < limit; i++) {
        size_t number = source->next_slot++ % source->n_slots;
        if (!source->slots[number].maybe_more || !source->handlers.wants(source->handlers.context, number))
            continue;
        int r = slot_read(source, number, limit - n_read, &n_read);
        if (r != 0)
            return r;
    }
    return (int)n_read;
}

void kafka_source_commit(struct kafka_source *source, const int64_t *offsets)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(source->offered);
    for (int i = list->cnt - 1; i >= 0; i--) {
        if (offsets[i] >= 0)
            list->elems[i].offset = offsets[i];
        else
            rd_kafka_topic_partition_list_del_by_idx(list, i);
    }
    if (list->cnt > 0)
        (void)rd_kafka_commit(source->client, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}
