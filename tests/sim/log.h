/*
 * The log of one run: partitions of random messages, and of each message what it means, known from its making
 * and not from decoding it. What some mean depends on the rules by which they are read.
 *
 * A partition grows while the run goes on. Offsets have gaps, as compaction and transactions leave them.
 */
#ifndef ROIWATCH_TESTS_SIM_LOG_H
#define ROIWATCH_TESTS_SIM_LOG_H

#include "lib/event/event.h"
#include "tests/sim/random.h"

enum { SIM_PARTITIONS_MAX = 10, SIM_CAMPAIGNS_MAX = 40, SIM_MESSAGE_BYTES = 600, SIM_ORDER_ID_SIZE = 32 };

#define SIM_T0 INT64_C(1795300200000)
#define SIM_FUTURE_MS INT64_C(300000)

/* What decides how a partition's messages are read. */
struct sim_rules {
    enum event_type type; /* what the topic implies, or EVENT_NONE */
    int64_t future_ms;
    int64_t message_bytes;
};

struct sim_message {
    int64_t offset;
    int64_t record_ts_ms;
    char *value; /* owned; NULL is a tombstone */
    size_t value_size;
    enum reject_reason flaw; /* why any rules reject it, or REJECT_NONE; then the rest does not hold */
    enum event_type says;    /* its own type, or EVENT_NONE: what the topic implies */
    int64_t ts_ms;
    int campaign;                                       /* index in the log's campaigns, -1: none */
    char order_id[SIM_ORDER_ID_SIZE];                   /* "": without the fields of an order */
    int64_t cost_micros, revenue_micros, margin_micros; /* cost: of spend its amount */
    char action[8];                                     /* engagements; else "" */
    char spend_id[SIM_ORDER_ID_SIZE];                   /* "": none */
    int64_t from_ms, to_ms;                             /* spend over a range; then ts_ms may be 0: none */
    bool letter_sent; /* a rejected message's dead letter was acknowledged at least once */
    /* Filled by the recount, which walks the messages in offset order as the first shard passes them. */
    struct sim_rules rules; /* that held then; they hold for every shard */
    enum reject_reason reason;
    enum event_type type;
    bool late;
    int64_t first_offset; /* orders: the lowest offset of this partition with the same id */
    int64_t newest_ms[2]; /* newest event time of each lane, this message included */
};

struct sim_partition {
    char topic[16];
    int32_t number;
    enum event_type type;
    struct sim_message **messages; /* owned, in offset order */
    size_t n_messages;
    size_t capacity;
    int64_t end; /* next offset to be written; gaps at the end included */
};

struct sim_log {
    struct random *random;
    struct sim_partition partitions[SIM_PARTITIONS_MAX];
    size_t n_partitions;
    char campaigns[SIM_CAMPAIGNS_MAX][16];
    size_t n_campaigns;
    int64_t clock_ms;    /* the producers' */
    int64_t disorder_ms; /* most events are at most this much behind the clock */
    int64_t lateness_ms; /* some are up to this much */
    bool ids_cross;      /* order ids repeat in other partitions too */
};

void log_init(struct sim_log *log, struct random *random);
void log_deinit(struct sim_log *log);
/* Appends one message, or only a gap, to a random partition. */
void log_append(struct sim_log *log);
/* What a message is by some rules: why it is rejected, or REJECT_NONE and its type. */
enum reject_reason message_meaning(const struct sim_message *message, const struct sim_rules *rules,
                                   enum event_type *ret_type);
/* Index of the first message at or beyond an offset. */
size_t partition_find(const struct sim_partition *partition, int64_t offset);

#endif
