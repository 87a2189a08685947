/*
 * Kafka clients of the commands: made from the configuration, used in one thread, never members of the group.
 *
 * Functions return an exit code and have said on stderr what is wrong.
 */
#ifndef ROIWATCH_DAEMON_CLI_KAFKA_H
#define ROIWATCH_DAEMON_CLI_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "daemon/cli/cli.h"

/* How long a question may take, and how long at least where kafka_limit leaves no time. */
enum { KAFKA_TIMEOUT_MS = 10000, KAFKA_LEAST_MS = 1000 };

/* brokers NULL takes those of the settings. Owned by the caller, for kafka_release alone. */
MUST_CHECK int kafka_client(const struct settings *settings, rd_kafka_type_t type, const char *brokers,
                            rd_kafka_t **ret_client);
/* The same with properties that hold over all others, and a callback that is told of each delivery; rd_kafka_opaque
 * is the client's own, so that message opaques are what it gets. extra NULL: none. */
struct kafka_extra {
    const struct kafka_property *properties;
    size_t n;
    void (*delivered)(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque); /* NULL: nobody */
};
MUST_CHECK int kafka_client_with(const struct settings *settings, rd_kafka_type_t type, const char *brokers,
                                 const struct kafka_extra *extra, rd_kafka_t **ret_client);
void kafka_release(rd_kafka_t **client);

/* Says `what: error` with what is known beside it: what a user needs whose right was refused, and for a connection that
 * did not come about why not (client NULL: it is not known). CLI_DENIED for rights and logins, CLI_CONFIGURATION for
 * certificates, CLI_UNAVAILABLE for the rest. */
int kafka_failed(const struct settings *settings, rd_kafka_t *client, const char *what,
                 rd_kafka_resp_err_t error);

/* The same where it was about writing: to a topic (NULL: not known to which), or with the transactional id of that name. */
int kafka_failed_writing(const struct settings *settings, rd_kafka_t *client, const char *what,
                         const char *topic, rd_kafka_resp_err_t error);

/* The line that a function with this client said last, without the program's name; "" before any. */
const char *kafka_said(const rd_kafka_t *client);

/* Questions of this client are given up at that time (steady_ms()), however long they may take otherwise. */
void kafka_limit(rd_kafka_t *client, int64_t until_ms);

/* How many partitions a topic has, 0 where it does not exist. Tries again while its leadership moves, and waits
 * for the brokers, KAFKA_TIMEOUT_MS at most each. */
MUST_CHECK int kafka_topic_partitions(const struct settings *settings, rd_kafka_t *client, const char *topic,
                                      int32_t *ret_n);

/* First offset and last stable offset of a partition. Tries again while its leadership moves (a topic that
 * was only just created, a broker that restarts), KAFKA_TIMEOUT_MS at most. */
MUST_CHECK int kafka_ends(const struct settings *settings, rd_kafka_t *client, const char *topic,
                          int32_t partition, int64_t *ret_low, int64_t *ret_end);

#endif
