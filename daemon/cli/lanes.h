/*
 * How far every lane is: what the shards' vectors, the lane registry and Kafka say together.
 *
 * A partition has two lanes. A lane's `next` is the next offset that every shard has counted: for the orders
 * lane the least of all campaign and order shards, for the other the least of all campaign and user shards.
 */
#ifndef ROIWATCH_DAEMON_CLI_LANES_H
#define ROIWATCH_DAEMON_CLI_LANES_H

#include "daemon/cli/kafka.h"
#include "daemon/cli/redis.h"
#include "lib/event/event.h"

enum { N_LANE_COUNTERS = (int)LANE_REJECTED + (int)N_REJECT_REASONS - 1, NOT_REGISTERED = -1 };

struct partition_state {
    const char *topic; /* the settings' */
    int32_t partition;
    int64_t index; /* of the registry; NOT_REGISTERED */
    int64_t start; /* where counting began; -1 while not registered */
    int64_t low;   /* first offset that the log still holds; -1 unknown */
    int64_t end;   /* last stable offset; -1 unknown */
    struct {
        int64_t next;      /* LANE_UNSET while a shard does not know it */
        int64_t newest_ms; /* newest event time counted; NEVER */
        int64_t counters[N_LANE_COUNTERS];
    } lane[LANES_PER_PARTITION];
};

struct lanes {
    struct partition_state *items; /* owned; by topic, then partition */
    size_t n;
};

void lanes_deinit(struct lanes *lanes);

/* All partitions of the configured topics, from Kafka's metadata. A topic that does not exist has none, and is
 * named on stderr unless `quiet`. */
MUST_CHECK int lanes_list(const struct settings *settings, rd_kafka_t *client, bool quiet,
                          struct lanes *ret_lanes);
/* Fills in low and end, as they are now. */
MUST_CHECK int lanes_read_ends(const struct settings *settings, rd_kafka_t *client, struct lanes *lanes);
/* Fills in index, start, next and newest_ms from the registry and all vectors. */
MUST_CHECK int lanes_read_vectors(struct store *store, struct lanes *lanes);
/* Fills in the counters. */
MUST_CHECK int lanes_read_counters(struct store *store, struct lanes *lanes);

/* Whether every lane has counted up to the ends that were read. */
bool lanes_are_through(const struct lanes *lanes);

#endif
