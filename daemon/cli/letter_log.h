/*
 * The dead-letter topic as a log to be read from its start to an end that was taken once; any number of times.
 *
 * DESIGN
 *   Marks of a replay that was just ended stand in a transaction. Read without regard to transactions, they could be missed
 * while another transaction, of whomever, is open before them. So whoever sends takes the very end of the log (`whole`), and
 * waits until all up to it can be read; whoever only looks takes what can be read now.
 */
#ifndef ROIWATCH_DAEMON_CLI_LETTER_LOG_H
#define ROIWATCH_DAEMON_CLI_LETTER_LOG_H

#include "daemon/cli/kafka.h"

struct log_bounds {
    int64_t low;
    int64_t end;
    int64_t at;  /* while it is read: the next offset */
    int64_t eof; /* where nothing more could be read; -1: never */
};

struct letter_log {
    const struct settings *settings;
    const char *topic;
    rd_kafka_t *reader;        /* owned */
    struct log_bounds *bounds; /* owned, one a partition */
    int32_t n_partitions;      /* 0: the topic does not exist */
};

/* Exit code; closed with letter_log_close whatever it is. */
MUST_CHECK int letter_log_open(struct letter_log *log, const struct settings *settings);
void letter_log_close(struct letter_log *log);

/* Takes the ends. writer NULL: as the last stable offset; else a client that sees the very end. */
MUST_CHECK int letter_log_take_ends(struct letter_log *log, rd_kafka_t *writer);

/* Hands each record in its partition's order to visit, which owns it from then on and returns an exit code; the first that
 * is not CLI_OK ends the reading and is returned. Records that stay in use must be destroyed before letter_log_close. */
MUST_CHECK int letter_log_read(struct letter_log *log,
                               int (*visit)(void *context, rd_kafka_message_t *record), void *context);

#endif
