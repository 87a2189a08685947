/*
 * What kafka_source.c and kafka_source_state.c share; nothing else includes it.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_SOURCE_INTERNAL_H
#define ROIWATCH_DAEMON_KAFKA_SOURCE_INTERNAL_H

#include "daemon/kafka_errors.h"
#include "daemon/kafka_refusal.h"
#include "daemon/kafka_source.h"
#include "daemon/kafka_stats.h"
#include "lib/base/buffer.h"

enum { BATCH = 1000 };

/* One partition of the assignment. */
struct source_slot {
    char *topic; /* the offered list's */
    int32_t partition;
    rd_kafka_queue_t *queue;
    int64_t expected;   /* next offset */
    int64_t stale_next; /* what would come next if messages from before a start over came; -1 */
    bool maybe_more;    /* the queue may hold messages */
};

struct kafka_source {
    struct source_handlers handlers;
    const struct kafka_settings *settings;
    rd_kafka_t *client;
    rd_kafka_queue_t *consumer_queue;
    int wake_fd;
    sd_event_source *io;
    rd_kafka_topic_partition_list_t *offered;
    struct source_slot *slots;
    size_t n_slots;
    size_t next_slot; /* round robin */
    struct kafka_stats stats;
    rd_kafka_resp_err_t last_error; /* logged once until it changes */
    struct kafka_login login;
    struct buffer denied; /* why, until it is told: not in the middle of a batch */
    bool closing;         /* the last rebalance is answered at once */
    uint64_t errors[N_KAFKA_ERRORS];
    uint64_t n_assigned; /* times that the group gave partitions */
    uint64_t n_revoked;  /* times that it took them back */
    rd_kafka_message_t *batch[BATCH];
};

#endif
