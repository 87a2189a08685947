/*
 * Sends letters back: copies into the partitions that their messages came from, marks into the dead-letter topic.
 *
 * DESIGN
 *   A copy and its mark stand in one transaction: whatever happens, either both are there or neither. The transactional id
 * follows from group and dead-letter topic, so whoever begins later has fenced off who began before, and has seen its last
 * transaction decided: what is read after sender_open has all marks that there are.
 *   Letters go in batches. Kafka refuses a batch for one record that it does not take, so after a refusal each letter of it
 * gets a transaction of its own.
 */
#ifndef ROIWATCH_DAEMON_CLI_LETTER_SENDER_H
#define ROIWATCH_DAEMON_CLI_LETTER_SENDER_H

#include "daemon/cli/kafka.h"
#include "daemon/cli/letters.h"
#include "daemon/fail_point.h"

enum { SENDER_BATCH = 500, SENDER_BATCH_BYTES = 4 << 20 };

struct sender_item {
    rd_kafka_message_t *letter;
    struct letter_entry *entry;
};

struct letter_sender {
    const struct settings *settings;
    int64_t count_id; /* in force */
    rd_kafka_t *producer;
    char id[600];                           /* transactional */
    struct sender_item items[SENDER_BATCH]; /* letters owned */
    size_t n, n_bytes;
    rd_kafka_resp_err_t error; /* of a delivery in this transaction, the first */
    char where[600];           /* its topic, or the transactional id */
    struct fail_at fail_at;
};

/* Begins: fences off any other replay of these letters, and waits until its last transaction is decided. Exit code; closed
 * with sender_close whatever it is. */
MUST_CHECK int sender_open(struct letter_sender *sender, const struct settings *settings, int64_t count_id);
void sender_close(struct letter_sender *sender);

/* Takes the letter, which is the entry's: sends it back when the batch is full. An entry that was sent before gets a mark
 * only. Entries become LETTER_SENT, or LETTER_REFUSED where Kafka does not take them (said on stderr). */
MUST_CHECK int sender_put(struct letter_sender *sender, rd_kafka_message_t *letter,
                          struct letter_entry *entry);
/* Sends what is left. */
MUST_CHECK int sender_flush(struct letter_sender *sender);

#endif
