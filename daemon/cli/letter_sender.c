#include "daemon/cli/letter_sender.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/waiting.h"
#include "daemon/kafka_refusal.h"
#include "daemon/letter_headers.h"

/* A transaction that lasts longer than the broker allows it is fenced off as if by another replay: deliveries give up earlier. */
enum { INIT_MS = 70000, FLUSH_MS = 40000, COMMIT_MS = 60000, FULL_MS = 100, ATTEMPTS = 3 };

/* Outcomes beside exit codes: Kafka does not take a record; nothing is decided, and it may be tried again. */
enum { REFUSED = -1, AGAIN = -2 };

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct letter_sender *sender = message->_private;
    (void)client;
    (void)opaque;
    /* What fails only because another record did, says nothing. */
    if (!message->err || message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || sender->error)
        return;
    sender->error = message->err;
    snprintf(sender->where, sizeof(sender->where), "%s",
             message->rkt ? rd_kafka_topic_name(message->rkt) : "");
}

/* Of the letter itself, not of the whole undertaking. */
static bool is_refusal(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
}

static bool is_fenced(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

/* Says why it does not go on, and that nothing is lost by that. */
static int fail(struct letter_sender *sender, const char *what, rd_kafka_resp_err_t error)
{
    char text[512];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(sender->producer, text, sizeof(text));
    if (fatal)
        error = fatal;
    if (is_fenced(error)) {
        fprintf(stderr,
                "roiwatch: another replay of the letters in %s has begun and goes on in place of this one\n",
                sender->settings->kafka.dead_letter);
        return CLI_DENIED;
    }
    bool unnamed = what == sender->id && error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    int r = kafka_failed_writing(sender->settings, sender->producer, what, unnamed ? NULL : what, error);
    fprintf(stderr, "roiwatch: call replay again: it goes on where this one ended\n");
    return r;
}

static int forward(struct letter_sender *sender, const char *what, rd_kafka_error_t *error)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return fail(sender, what, code);
}

int sender_open(struct letter_sender *sender, const struct settings *settings, int64_t count_id)
{
    *sender = (struct letter_sender){.settings = settings, .count_id = count_id};
    snprintf(sender->id, sizeof(sender->id), "%s.replay.%s", settings->kafka.group,
             settings->kafka.dead_letter);
    const struct kafka_property properties[] = {
        {"transactional.id", sender->id},    {"transaction.timeout.ms", "60000"},
        {"message.timeout.ms", "30000"},     {"acks", "all"},
        {"enable.idempotence", "true"},      {"linger.ms", "5"},
        {"message.max.bytes", "1000000000"}, {"isolation.level", "read_uncommitted"},
    };
    struct kafka_extra extra = {properties, ARRAY_SIZE(properties), on_delivery};
    if (fail_at_parse(getenv("ROIWATCH_FAIL_AT"), &sender->fail_at) < 0) {
        fprintf(stderr, "roiwatch: ROIWATCH_FAIL_AT: no fail point is called so; it is for tests only\n");
        return CLI_USAGE;
    }
    int r = kafka_client_with(settings, RD_KAFKA_PRODUCER, NULL, &extra, &sender->producer);
    if (r)
        return r;
    rd_kafka_error_t *error = rd_kafka_init_transactions(sender->producer, INIT_MS);
    return error ? forward(sender, sender->id, error) : CLI_OK;
}

static void items_clear(struct letter_sender *sender)
{
    for (size_t i = 0; i < sender->n; i++)
        rd_kafka_message_destroy(sender->items[i].letter);
    sender->n = sender->n_bytes = 0;
}

void sender_close(struct letter_sender *sender)
{
    items_clear(sender);
    kafka_release(&sender->producer);
}

static void add_identity(rd_kafka_headers_t *headers, const struct letter_sender *sender,
                         const struct letter_entry *entry)
{
    rd_kafka_header_add(headers, HEADER_TOPIC, -1, entry->topic, -1);
    header_add_i64(headers, HEADER_PARTITION, entry->partition);
    header_add_i64(headers, HEADER_OFFSET, entry->offset);
    rd_kafka_header_add(headers, HEADER_GROUP, -1, sender->settings->kafka.group, -1);
    header_add_i64(headers, HEADER_REPLAYED, sender->count_id);
}

/* Those of the message that the letter has kept, and ours that say what it is a copy of. */
static rd_kafka_headers_t *copy_headers(const struct letter_sender *sender, const struct sender_item *item)
{
    rd_kafka_headers_t *copied = rd_kafka_headers_new(8), *old;
    const char *name;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(item->letter, &old) == RD_KAFKA_RESP_ERR_NO_ERROR)
        for (size_t i = 0; !rd_kafka_header_get_all(old, i, &name, &value, &size); i++)
            if (strncmp(name, HEADER_PREFIX, strlen(HEADER_PREFIX)) != 0)
                rd_kafka_header_add(copied, name, -1, value, value ? (ssize_t)size : 0);
    add_identity(copied, sender, item->entry);
    return copied;
}

/* One record; headers are taken over. Waits where librdkafka's queue is full. */
static void produce(struct letter_sender *sender, const char *topic, int32_t partition, struct span key,
                    struct span value, rd_kafka_headers_t *headers)
{
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__QUEUE_FULL;
    int64_t until_ms = steady_ms() + FLUSH_MS;
    while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && steady_ms() < until_ms) {
        error =
            rd_kafka_producev(sender->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data, key.size),
                              RD_KAFKA_V_VALUE((void *)(uintptr_t)value.data, value.size),
                              RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(sender), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(sender->producer, FULL_MS);
    }
    if (!error)
        return;
    rd_kafka_headers_destroy(headers);
    if (sender->error)
        return;
    sender->error = error;
    snprintf(sender->where, sizeof(sender->where), "%s", topic);
}

static void produce_item(struct letter_sender *sender, const struct sender_item *item)
{
    const rd_kafka_message_t *letter = item->letter;
    if (item->entry->state != LETTER_DONE)
        produce(sender, item->entry->topic, item->entry->partition, span_from(letter->key, letter->key_len),
                span_from(letter->payload, letter->len), copy_headers(sender, item));
    rd_kafka_headers_t *headers = rd_kafka_headers_new(5);
    add_identity(headers, sender, item->entry);
    produce(sender, sender->settings->kafka.dead_letter, letter->partition, (struct span){0},
            (struct span){0}, headers);
}

/* Gives the transaction up: nothing of it is there. */
static int give_up(struct letter_sender *sender)
{
    rd_kafka_error_t *error = rd_kafka_abort_transaction(sender->producer, COMMIT_MS);
    return error ? forward(sender, sender->id, error) : CLI_OK;
}

static int commit(struct letter_sender *sender)
{
    int64_t until_ms = steady_ms() + COMMIT_MS;
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_commit_transaction(sender->producer, COMMIT_MS);
        if (!error)
            return CLI_OK;
        if (rd_kafka_error_is_retriable(error) && steady_ms() < until_ms) {
            rd_kafka_error_destroy(error);
            continue;
        }
        if (!rd_kafka_error_txn_requires_abort(error))
            return forward(sender, sender->id, error);
        rd_kafka_resp_err_t why = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
        int r = give_up(sender);
        if (!r && kafka_right_refused(why))
            r = fail(sender, sender->id, why);
        sender->error = why;
        snprintf(sender->where, sizeof(sender->where), "%s", sender->id);
        return r ? r : AGAIN;
    }
}

static void fail_points(struct letter_sender *sender)
{
    if (fail_point_hit(&sender->fail_at, FAIL_REPLAY_SENT))
        (void)raise(SIGKILL);
    if (fail_point_hit(&sender->fail_at, FAIL_REPLAY_STOP))
        (void)raise(SIGSTOP);
}

/* Puts everything into the transaction and waits for it: sender->error. */
static void produce_all(struct letter_sender *sender, const struct sender_item *items, size_t n)
{
    sender->error = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; !sender->error && i < n; i++)
        produce_item(sender, &items[i]);
    rd_kafka_resp_err_t flushed = rd_kafka_flush(sender->producer, FLUSH_MS);
    if (sender->error || !flushed)
        return;
    sender->error = flushed;
    snprintf(sender->where, sizeof(sender->where), "%s", sender->id);
}

/* One attempt at a transaction. */
static int attempt(struct letter_sender *sender, const struct sender_item *items, size_t n)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(sender->producer);
    if (error)
        return forward(sender, sender->id, error);
    produce_all(sender, items, n);
    fail_points(sender);
    if (!sender->error)
        return commit(sender);
    rd_kafka_resp_err_t why = sender->error;
    if (rd_kafka_fatal_error(sender->producer, NULL, 0))
        return fail(sender, sender->where, why);
    int r = give_up(sender);
    return r                          ? r
           : is_refusal(why)          ? REFUSED
           : kafka_right_refused(why) ? fail(sender, sender->where, why)
                                      : AGAIN;
}

/* One transaction. REFUSED: Kafka does not take a record of it; nothing of it is there. After a record that was refused,
 * librdkafka's numbers have a gap, and the broker refuses the next ones until an abort has begun new ones: it is tried again. */
static int transact(struct letter_sender *sender, const struct sender_item *items, size_t n)
{
    int r = AGAIN;
    for (int i = 0; r == AGAIN && i < ATTEMPTS; i++)
        r = attempt(sender, items, n);
    if (r == AGAIN)
        r = fail(sender, sender->where, sender->error);
    if (!r && fail_point_hit(&sender->fail_at, FAIL_REPLAY_COMMITTED))
        (void)raise(SIGKILL);
    for (size_t i = 0; !r && i < n; i++)
        if (items[i].entry->state != LETTER_DONE)
            items[i].entry->state = LETTER_SENT;
    return r;
}

static int transact_alone(struct letter_sender *sender, const struct sender_item *item)
{
    int r = transact(sender, item, 1);
    if (r != REFUSED)
        return r;
    if (item->entry->state != LETTER_DONE)
        item->entry->state = LETTER_REFUSED;
    fprintf(stderr, "roiwatch: the letter of %s:%d offset %lld: %s does not take it: %s\n",
            item->entry->topic, (int)item->entry->partition, (long long)item->entry->offset, sender->where,
            rd_kafka_err2str(sender->error));
    return CLI_OK;
}

int sender_flush(struct letter_sender *sender)
{
    if (sender->n == 0)
        return CLI_OK;
    int r = sender->n == 1 ? REFUSED : transact(sender, sender->items, sender->n);
    if (r == REFUSED) {
        r = CLI_OK;
        for (size_t i = 0; !r && i < sender->n; i++)
            r = transact_alone(sender, &sender->items[i]);
    }
    items_clear(sender);
    return r;
}

int sender_put(struct letter_sender *sender, rd_kafka_message_t *letter, struct letter_entry *entry)
{
    sender->items[sender->n++] = (struct sender_item){letter, entry};
    sender->n_bytes += letter->len + letter->key_len;
    return sender->n == SENDER_BATCH || sender->n_bytes >= SENDER_BATCH_BYTES ? sender_flush(sender) : CLI_OK;
}
