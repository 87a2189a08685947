/*
 * What Kafka refuses to a user, and which right would let it in.
 *
 * DESIGN
 *   A right that is refused is final: a broker opens its port only once it knows its access lists. A login is not: a
 * broker that has just been started may refuse it for a moment, as its users come to it with the cluster's metadata. So
 * a login counts as refused only when KAFKA_LOGIN_MS have gone by since the first refusal, in which neither a broker took
 * it nor another error came.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_REFUSAL_H
#define ROIWATCH_DAEMON_KAFKA_REFUSAL_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/kafka_settings.h"
#include "lib/base/buffer.h"

enum { KAFKA_LOGIN_MS = 10000, KAFKA_REASON_SIZE = 400 };

/* A right, not a login. */
bool kafka_right_refused(rd_kafka_resp_err_t error);

/* Appends what the user needs, where a right was refused, for reading a topic (NULL: some of them) or with `letters` for
 * writing it; for transactions `topic` is the transactional id; nothing for other errors. */
void kafka_refusal_explain(const struct kafka_settings *settings, rd_kafka_resp_err_t error,
                           const char *topic, bool letters, struct buffer *why);

/* What may be behind a login that is refused though the password is right; "" where nothing is known. */
const char *kafka_login_hint(const struct kafka_settings *settings);

struct kafka_login {
    int64_t refused_since_ms; /* steady clock; 0: not refused */
    char reason[KAFKA_REASON_SIZE];
};

/* An error of the connection, as librdkafka's error callback tells it. True where it is the first refusal of a login. */
bool kafka_login_note(struct kafka_login *login, rd_kafka_resp_err_t error, const char *reason,
                      int64_t now_ms);
/* Has it been refused for long enough? up: a broker has taken it. */
bool kafka_login_refused(struct kafka_login *login, bool up, int64_t now_ms);

#endif
