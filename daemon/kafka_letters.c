#include "daemon/kafka_letters.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/kafka_conf.h"
#include "daemon/kafka_refusal.h"
#include "daemon/letter_headers.h"
#include "daemon/log.h"

enum { OPEN_MAX = 50000, CLOSE_MS = 2000 };

struct kafka_letters {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    const char *topic;
    int wake_fd;
    sd_event_source *io;
    const struct kafka_settings *settings;
    void (*settled)(void *context);
    void (*denied)(void *context, const char *why);
    void *context;
    size_t open;
    struct letters_counts counts;
    int64_t progress_ms; /* steady: when one was acknowledged last, or since when they wait */
};

static int64_t steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static rd_kafka_headers_t *letter_headers(const struct kafka_settings *settings, const struct letter *letter)
{
    static const char *const ours[] = {HEADER_TOPIC, HEADER_PARTITION, HEADER_OFFSET,    HEADER_REASON,
                                       HEADER_GROUP, HEADER_COUNT,     HEADER_TRUNCATED, HEADER_REPLAYED};
    rd_kafka_headers_t *headers =
        letter->headers ? rd_kafka_headers_copy(letter->headers) : rd_kafka_headers_new(ARRAY_SIZE(ours));
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        (void)rd_kafka_header_remove(headers, ours[i]); /* of a copy that is refused again */
    rd_kafka_header_add(headers, HEADER_TOPIC, -1, letter->topic, -1);
    header_add_i64(headers, HEADER_PARTITION, letter->partition);
    header_add_i64(headers, HEADER_OFFSET, letter->offset);
    rd_kafka_header_add(headers, HEADER_REASON, -1, letter->reason, -1);
    rd_kafka_header_add(headers, HEADER_GROUP, -1, settings->group, -1);
    header_add_i64(headers, HEADER_COUNT, letter->count_id);
    return headers;
}

static rd_kafka_resp_err_t letter_produce(struct kafka_letters *letters, struct span key, struct span value,
                                          rd_kafka_headers_t *headers)
{
    return rd_kafka_producev(
        letters->client, RD_KAFKA_V_TOPIC(letters->topic), RD_KAFKA_V_KEY(key.data, key.size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value.data, value.size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
}

int kafka_letters_send(struct kafka_letters *letters, const struct letter *letter)
{
    if (letters->open >= OPEN_MAX)
        return -EAGAIN;
    rd_kafka_headers_t *headers = letter_headers(letters->settings, letter);
    rd_kafka_resp_err_t error = letter_produce(letters, letter->key, letter->value, headers);
    if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        rd_kafka_header_add(headers, HEADER_TRUNCATED, -1, "1", -1);
        error = letter_produce(letters, letter->key, (struct span){0}, headers);
    }
    if (error) {
        rd_kafka_headers_destroy(headers);
        return error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? -EAGAIN : -EIO;
    }
    if (letters->open++ == 0)
        letters->progress_ms = steady_ms();
    return 0;
}

/* A letter that was not taken goes again; one that is too large, without its value. */
static bool letter_again(struct kafka_letters *letters, const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *old;
    if (rd_kafka_message_headers(message, &old))
        return false;
    rd_kafka_headers_t *headers = rd_kafka_headers_copy(old);
    struct span value = span_from(message->payload, message->len);
    if (message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && message->len > 0) {
        rd_kafka_header_add(headers, HEADER_TRUNCATED, -1, "1", -1);
        value = (struct span){0};
    }
    if (letter_produce(letters, span_from(message->key, message->key_len), value, headers)) {
        rd_kafka_headers_destroy(headers);
        return false;
    }
    return true;
}

static void letters_denied(struct kafka_letters *letters, rd_kafka_resp_err_t error, const char *said)
{
    CLEANUP(buffer_deinit) struct buffer why = BUFFER_INIT;
    buffer_printf(&why, "dead letters to %s: %s", letters->topic, said);
    kafka_refusal_explain(letters->settings, error, letters->topic, true, &why);
    buffer_append_u8(&why, '\0');
    letters->denied(letters->context, buffer_status(&why) < 0 ? said : why.data);
}

/* Without any right to write, a producer that must not write twice does not get the number that it needs for it, and is
 * of no use any more. Of connections the consumer tells. */
static void on_error(rd_kafka_t *client, int error, const char *reason, void *opaque)
{
    char said[256];
    (void)reason;
    if (error != RD_KAFKA_RESP_ERR__FATAL)
        return;
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client, said, sizeof(said));
    if (kafka_right_refused(fatal))
        letters_denied(opaque, fatal, said);
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka_letters *letters = opaque;
    (void)client;
    if (!message->err) {
        letters->open--;
        letters->counts.delivered++;
        letters->progress_ms = steady_ms();
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return;
    letters->counts.errors[kafka_error_classify(message->err)]++;
    bool logged = letters->counts.failed++ > 0 || message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    (void)letter_again(letters, message);
    if (kafka_right_refused(message->err))
        letters_denied(letters, message->err, rd_kafka_err2str(message->err));
    else if (!logged)
        log_line(LOG_LEVEL_ERROR,
                 "dead letter to %s: %s; roiwatch passes no offset without it and stands still: create the "
                 "topic, or allow writing to it",
                 letters->topic, rd_kafka_err2str(message->err));
}

static int on_wake(sd_event_source *io, int fd, uint32_t events, void *userdata)
{
    uint64_t count;
    (void)io;
    (void)events;
    while (read(fd, &count, sizeof(count)) == sizeof(count))
        ;
    kafka_letters_poll(userdata);
    return 0;
}

int kafka_letters_new(sd_event *event, const struct kafka_settings *settings, void (*settled)(void *context),
                      void (*denied)(void *context, const char *why), void *context, char *why,
                      size_t why_size, struct kafka_letters **ret_letters)
{
    rd_kafka_conf_t *conf = NULL;
    int r = kafka_conf_producer(settings, &conf, why, why_size);
    if (r != 0)
        return r;
    struct kafka_letters *letters = calloc(1, sizeof(*letters));
    if (!letters) {
        rd_kafka_conf_destroy(conf);
        return -ENOMEM;
    }
    letters->topic = settings->dead_letter;
    letters->settings = settings;
    letters->settled = settled;
    letters->denied = denied;
    letters->context = context;
    letters->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    r = letters->wake_fd < 0
            ? -errno
            : sd_event_add_io(event, &letters->io, letters->wake_fd, EPOLLIN, on_wake, letters);
    rd_kafka_conf_set_opaque(conf, letters);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (r >= 0)
        letters->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, why_size);
    if (!letters->client) {
        rd_kafka_conf_destroy(conf);
        kafka_letters_free(letters);
        return r < 0 ? r : 1;
    }
    static const uint64_t one = 1;
    letters->queue = rd_kafka_queue_get_main(letters->client);
    rd_kafka_queue_io_event_enable(letters->queue, letters->wake_fd, &one, sizeof(one));
    *ret_letters = letters;
    return 0;
}

void kafka_letters_free(struct kafka_letters *letters)
{
    if (!letters)
        return;
    if (letters->queue) {
        rd_kafka_queue_io_event_enable(letters->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(letters->queue);
    }
    if (letters->client) {
        rd_kafka_flush(letters->client, letters->open ? CLOSE_MS : 0);
        rd_kafka_purge(letters->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(letters->client, CLOSE_MS);
        rd_kafka_destroy(letters->client);
    }
    sd_event_source_disable_unref(letters->io);
    if (letters->wake_fd >= 0)
        close(letters->wake_fd);
    free(letters);
}

size_t kafka_letters_open(const struct kafka_letters *letters)
{
    return letters->open;
}

int64_t kafka_letters_silent_ms(const struct kafka_letters *letters)
{
    return letters->open ? steady_ms() - letters->progress_ms : 0;
}

struct letters_counts kafka_letters_counts(const struct kafka_letters *letters)
{
    return letters->counts;
}

void kafka_letters_poll(struct kafka_letters *letters)
{
    size_t before = letters->open;
    rd_kafka_poll(letters->client, 0);
    if (before > 0 && letters->open == 0)
        letters->settled(letters->context);
}
