/*
 * Health: is this process doing what it is there for, and if not, why not?
 *
 * Ready means: its numbers are current and it counts what comes. Whatever stands against that is a reason, of a
 * closed list that /readyz, the metrics and the documents share. What is no reason: a configuration that a
 * reload refused (the one before holds), goals that fire, campaigns set aside, and being a spare process that
 * the group has given no partition.
 */
#ifndef ROIWATCH_DAEMON_HEALTH_H
#define ROIWATCH_DAEMON_HEALTH_H

#include "lib/base/buffer.h"

/* X(enum, name, what it means) in the order in which they are told: the first is the likeliest cause of the
 * others. */
#define UNREADY_REASONS(X)                                                                                   \
    X(UNREADY_STOPPING, "stopping", "the process was told to end")                                           \
    X(UNREADY_REDIS_AWAY, "redis_away", "no connection to Redis, or it does not answer")                     \
    X(UNREADY_REDIS_REFUSES, "redis_refuses", "Redis answers with errors: read only, no memory, loading …")  \
    X(UNREADY_KAFKA_AWAY, "kafka_away", "no broker, or a partition's leader, has been heard from lately")    \
    X(UNREADY_LOSS, "loss",                                                                                  \
      "Redis or Kafka has lost data, and what can be done about it is being found out")                      \
    X(UNREADY_NO_TOPICS, "no_topics", "none of the configured topics exists")                                \
    X(UNREADY_NO_PARTITIONS, "no_partitions", "the group has not given any partitions yet")                  \
    X(UNREADY_PLACING, "placing", "partitions are given, and their positions are being found out")           \
    X(UNREADY_DEAD_LETTERS, "dead_letters", "rejected messages wait for the dead-letter topic to take them") \
    X(UNREADY_REBUILDING, "rebuilding", "everything is being counted anew")                                  \
    X(UNREADY_BEHIND, "behind", "the numbers are further behind than alerts.stale_after, or not all is read")

#define UNREADY_REASON_ENUM(name, text, meaning) name,
enum unready_reason { UNREADY_REASONS(UNREADY_REASON_ENUM) N_UNREADY_REASONS };
#undef UNREADY_REASON_ENUM

const char *unready_reason_name(enum unready_reason reason);
const char *unready_reason_meaning(enum unready_reason reason);

/* How far the pipeline is: roi:meta's status. X(enum, name) */
#define PIPELINE_STATUSES(X)                                                                                 \
    X(PIPELINE_LIVE, "live")                                                                                 \
    X(PIPELINE_CATCHING_UP, "catching_up")                                                                   \
    X(PIPELINE_REBUILDING, "rebuilding")

#define PIPELINE_STATUS_ENUM(name, text) name,
enum pipeline_status { PIPELINE_STATUSES(PIPELINE_STATUS_ENUM) N_PIPELINE_STATUSES };
#undef PIPELINE_STATUS_ENUM

const char *pipeline_status_name(enum pipeline_status status);

/* What is known; ages in ms. */
struct health_facts {
    bool stopping;
    bool redis_connected;
    int64_t redis_silent_ms;     /* Redis owes an answer for so long; 0 where it owes none */
    const char *redis_refusal;   /* what Redis said; "" without any */
    int64_t kafka_silent_ms;     /* since any broker was heard from */
    int64_t partition_silent_ms; /* since the leader of the partition that was read and is silent longest */
    const char *silent_partition;
    bool loss;
    bool topics_known;
    size_t n_topic_partitions; /* of all configured topics */
    bool has_assignment;       /* the group has spoken */
    size_t n_partitions;       /* given to this process */
    bool reading;              /* all that were given are read */
    size_t n_letters;          /* not acknowledged */
    int64_t letters_silent_ms; /* since one was, or since they wait */
    enum pipeline_status status;
    int64_t as_of_ms; /* NEVER while it is not known */
    int64_t behind_ms;
};

struct health {
    bool unready[N_UNREADY_REASONS];
};

/* True where nothing stands against being ready. */
bool health_judge(const struct health_facts *facts, struct health *ret_health);
/* The body of /readyz. */
void health_json(const struct health_facts *facts, const struct health *health, struct buffer *buffer);

#endif
