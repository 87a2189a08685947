/*
 * The log of one run: partitions of random messages, and of each message what it means, known from its making
 * and not from decoding it. What some mean depends on the rules by which they are read.
 *
 * A partition grows while the run goes on. Offsets have gaps, as compaction and transactions leave them.
 */
#ifndef ROIWATCH_TESTS_SIM_LOG_H
#define ROIWATCH_TESTS_SIM_LOG_H

#include "lib/base/time.h"
#include "lib/event/event.h"
#include "tests/sim/random.h"

enum {
    SIM_PARTITIONS_MAX = 12,
    SIM_CAMPAIGNS_MAX = 40,
    SIM_MESSAGE_BYTES = 600,
    SIM_ORDER_ID_SIZE = 32,
    SIM_ID_SIZE = 24
};

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
    int campaign;                     /* index in the log's campaigns, -1: none */
    char order_id[SIM_ORDER_ID_SIZE]; /* ids are "" where absent */
    char user_id[SIM_ID_SIZE], click_id[SIM_ID_SIZE], event_id[SIM_ID_SIZE], refund_id[SIM_ID_SIZE];
    char kind[SIM_ID_SIZE];
    bool has_revenue, has_amount;
    int64_t cost_micros, revenue_micros, margin_micros, amount_micros; /* cost: of spend its amount */
    char action[8];                                                    /* engagements; else "" */
    char spend_id[SIM_ORDER_ID_SIZE];                                  /* "": none */
    int64_t from_ms, to_ms;  /* spend over a range; then ts_ms may be 0: none */
    bool letter_sent;        /* a rejected message's dead letter was acknowledged at least once */
    uint32_t ledger_letters; /* the same of a refund that the ledger refused: a bit for each reason */
    /* Filled by the recount, which walks the messages in offset order as the first shard passes them. */
    struct sim_rules rules; /* that held then; they hold for every shard */
    enum reject_reason reason;
    enum event_type type;
    int64_t
        late_before_ms; /* what is older is too late for every window, by this message's place; NEVER: nothing */
    bool behind;        /* a touch: it is later than lateness.disorder */
    bool repeat;        /* a click: it was counted before */
    int64_t first_offset;            /* orders: the lowest offset of this partition with the same id */
    int64_t newest_ms[2];            /* newest event time of each lane, this message included */
    struct sim_message *same_before; /* clicks: the one before it in this partition with the same id */
    struct sim_effect *effect;       /* owned: of the orders lane, once its order shard has passed it */
    struct sim_sent *sent;           /* owned: an order: what was known when its decision was sent first */
};

/* An order id that some message has brought. */
struct sim_order_id {
    char id[SIM_ORDER_ID_SIZE];
    int64_t least_ms; /* the oldest of its orders */
    int64_t revenue_micros;
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
    bool hidden_too;     /* partitions get messages before anybody knows of them */
    size_t n_visible;    /* partitions that the group knows of by now */
    int64_t n_users;
    int64_t newest_ms; /* of all events; NEVER without any */
    /* What must not be forgotten when a message comes that has to find it: see log_ids.c. */
    int64_t keep_ms, horizon_ms, allowed_ms;
    struct sim_order_id *orders; /* owned */
    size_t n_orders, orders_capacity;
    int64_t n_promised;  /* ids that a refund has named before any order; each order that takes one ... */
    int64_t n_fulfilled; /* ... takes the oldest */
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
/* The message at an offset; NULL where there is none. */
struct sim_message *partition_get(const struct sim_partition *partition, int64_t offset);

/* log_ids.c: who and what a message is about. May move its time, so that what it repeats is still remembered. */
void touch_ids_make(struct sim_log *log, const struct sim_partition *partition, struct sim_message *message);
void order_ids_make(struct sim_log *log, const struct sim_partition *partition, struct sim_message *message);
void refund_ids_make(struct sim_log *log, const struct sim_partition *partition, struct sim_message *message);
int64_t random_money(struct random *random);

#endif
