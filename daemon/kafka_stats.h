/*
 * What librdkafka's statistics say of the partitions' leaders: when each was last heard from.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_STATS_H
#define ROIWATCH_DAEMON_KAFKA_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kafka_stats_table;

struct kafka_stats {
    struct kafka_stats_table *table; /* owned; NULL before the first statistics */
};

/* Reads one statistics text; a malformed one leaves what was known. */
void kafka_stats_read(struct kafka_stats *stats, const char *json, size_t size);
void kafka_stats_deinit(struct kafka_stats *stats);
/* Is a connection to any broker up, and so logged in? */
bool kafka_stats_any_up(const struct kafka_stats *stats);
/* Microseconds since the partition's leader was heard from; INT64_MAX where it is not connected or not known.
 */
int64_t kafka_stats_heard_us(const struct kafka_stats *stats, const char *topic, int32_t partition);
/* Microseconds since any broker was heard from, the group's coordinator included; INT64_MAX where none is
 * connected, and before the first statistics. */
int64_t kafka_stats_any_heard_us(const struct kafka_stats *stats);
/* Do the statistics tell of that partition? */
bool kafka_stats_knows(const struct kafka_stats *stats, const char *topic, int32_t partition);

#ifdef __cplusplus
}
#endif

#endif
