/*
 * Headers of dead letters, and of what `roiwatch replay` makes of them: written by the daemon and by replay, read by both.
 *
 * DESIGN
 *   A letter says what was refused (topic, partition and offset are its identity), by which group, and in which *count*: a number
 * that is another after each recount, and after Redis was emptied. Replay writes two records for it in one transaction: a *copy*
 * of the event into its partition, and a *mark* beside the letter, so that no letter is sent twice. Both say in which count that
 * was. A recount reads the refused message itself again, by the rules of that day, so that a copy counts in its own count alone,
 * and a mark likewise.
 *   To look for headers costs an allocation per message (inside librdkafka). Copies of an earlier count can only be there if there
 * was one, so a group that was never recounted does not look.
 */
#ifndef ROIWATCH_DAEMON_LETTER_HEADERS_H
#define ROIWATCH_DAEMON_LETTER_HEADERS_H

#include <librdkafka/rdkafka.h>

#include "lib/base/span.h"

#define HEADER_PREFIX "roiwatch-" /* of all of them */
#define HEADER_TOPIC HEADER_PREFIX "topic"
#define HEADER_PARTITION HEADER_PREFIX "partition"
#define HEADER_OFFSET HEADER_PREFIX "offset"
#define HEADER_REASON HEADER_PREFIX "reason"
#define HEADER_TRUNCATED HEADER_PREFIX "truncated"
#define HEADER_GROUP HEADER_PREFIX "group"       /* kafka.group */
#define HEADER_COUNT HEADER_PREFIX "count"       /* in which it was refused */
#define HEADER_REPLAYED HEADER_PREFIX "replayed" /* of a copy or a mark: the count in which replay wrote it */

/* Adds a number as text. */
void header_add_i64(rd_kafka_headers_t *headers, const char *name, int64_t value);
/* The last value of that name; empty where there is none. */
struct span header_get(const rd_kafka_headers_t *headers, const char *name);
/* The same as a whole number; fallback where it is none. */
int64_t header_get_i64(const rd_kafka_headers_t *headers, const char *name, int64_t fallback);

/* A number for the count that began as this generation of the keys under a prefix that were begun at begun_ms (`begun` of
 * PREFIX~meta): later counts have greater ones. */
int64_t count_id_of(int64_t begun_ms, int64_t generation);

/* A copy for an earlier (or another) count of this group. */
bool header_is_old_copy(const rd_kafka_message_t *message, const char *group, int64_t count_id);

#endif
