/*
 * A client: one process of the daemon, as far as ingest is concerned. It holds partitions, reads them from
 * its own cursors, and has one connection to the store, on which calls are executed and answered in order.
 */
#ifndef ROIWATCH_TESTS_SIM_CLIENT_H
#define ROIWATCH_TESTS_SIM_CLIENT_H

#include "lib/ingest/ingest.h"
#include "lib/ingest/marks.h"
#include "tests/sim/recount.h"

/* A call on its way: sent, then executed, then answered. */
struct sim_flight {
    struct call call;
    uint64_t tag;
    bool executed;
    struct sim_answer answer;
    struct sim_answer truth; /* of a look: what the store had then */
    uint32_t waited; /* ... and a bit for each partition that the client waited for when it was answered */
};

struct sim_queue {
    struct sim_flight **flights; /* owned, oldest first */
    size_t n;
    size_t capacity;
};

enum { SIM_CONFIGS_MAX = 64 };

/* What decides the reading, as one configuration says it. */
struct sim_config {
    struct sim_rules rules[SIM_PARTITIONS_MAX]; /* of each partition */
};

/* What the readers of all partitions said at one moment. */
struct sim_view {
    uint32_t partitions[SIM_PARTITIONS_MAX]; /* registry numbers of those that are waited for */
    size_t n_partitions;
    bool none_awaited; /* they are known, and none is waited for */
    uint32_t waited;   /* a bit for each of them, by its place in the log */
    struct partition_mark marks[SIM_PARTITIONS_MAX];
    bool settled;
    int64_t passed_ms;
};

/* A dead letter that is not acknowledged. */
struct sim_letter {
    struct sim_message *message;
    enum reject_reason ledger; /* why the ledger refuses it; REJECT_NONE: it was rejected when it was read */
};

/* What all clients share. */
struct sim_world {
    struct random random;
    struct sim_log log;
    struct sim_store store;
    struct recount recount;
    struct failure failure;
    struct ingest_rules rules;
    struct sim_config configs[SIM_CONFIGS_MAX]; /* all that there have been, the one in force last */
    size_t n_configs;
    struct partition_mark marks[SIM_PARTITIONS_MAX]; /* by registry number: what the store keeps of them */
    struct sim_queue orphans; /* calls of connections that are gone, which the store may still execute */
    bool faulty;              /* faults may happen */
    bool gives_up; /* clients do not always wait for all partitions, as attribution.order_hold says */
    bool verbose;
    int64_t now_ms;
    struct {
        int64_t executed, restarts, refused, kills, zombies, handovers;
    } seen;
};

struct client {
    int id;
    struct ingest *ingest;
    const struct sim_config *config; /* in the world's */
    struct sim_queue queue;
    size_t n_slots;
    size_t partition[SIM_PARTITIONS_MAX]; /* of each slot */
    size_t cursor[SIM_PARTITIONS_MAX];    /* of each slot: index of the next message */
    uint64_t placed_epoch;
    int64_t clock_ms;           /* its steady clock's difference */
    bool zombie;                /* the group has given its partitions to others, which it does not know */
    bool leaving;               /* its partitions are wanted back */
    struct sim_letter *letters; /* owned: not acknowledged */
    size_t n_letters;
    size_t letters_capacity;
    struct sim_view view; /* as read last ... */
    uint32_t waited;      /* ... and a bit for each partition of the one that was handed to ingest */
    struct partition_mark own[SIM_PARTITIONS_MAX]; /* of each slot: the mark that was made last */
    struct sim_flight *sights[SIM_SHARDS_MAX];     /* owned: the last look at each user shard */
};

void flight_free(struct sim_flight *flight);
void queue_push(struct sim_queue *queue, struct sim_flight *flight);
struct sim_flight *queue_take(struct sim_queue *queue, size_t index);
void queue_deinit(struct sim_queue *queue);

/* Begins with another configuration than the last one now and then, which stays in force. */
struct client *client_new(struct sim_world *world, int id);
/* The process is gone. Of its calls in flight a random prefix goes to the orphans. */
void client_kill(struct sim_world *world, struct client *client);

/* Gives it the partitions of the list; from_end: start offsets of new ones are the log's end. */
void client_assign(struct sim_world *world, struct client *client, const size_t *partitions, size_t n,
                   bool from_end);
void client_leave(struct sim_world *world, struct client *client, bool flush);
bool client_is_quiet(const struct client *client);

void client_read(struct sim_world *world, struct client *client, int64_t n_most);
void client_tick(struct sim_world *world, struct client *client);
/* Each works on one call and returns whether there was one. */
bool client_send(struct sim_world *world, struct client *client);
bool client_execute(struct sim_world *world, struct client *client);
bool client_deliver(struct sim_world *world, struct client *client);
bool client_acknowledge(struct sim_world *world, struct client *client);
/* The connection goes, with all that is in flight on it. */
void client_disconnect(struct sim_world *world, struct client *client);
/* One answer is lost, the call executed or not. */
void client_lose_reply(struct sim_world *world, struct client *client);
/* Takes dead letters that ledger records gave rise to. */
bool client_take_letters(struct sim_world *world, struct client *client);
/* Once a second in the daemon: reads what the readers of all partitions say, and says it of its own. */
void client_look(struct sim_world *world, struct client *client);
void client_marks_begin(struct client *client);
/* Starts over where it has to; checks that what it says of itself is true. */
void client_chores(struct sim_world *world, struct client *client);

/* Executes one of the calls that nobody waits for any more, or forgets it. */
bool orphan_execute(struct sim_world *world);

void configs_init(struct sim_world *world);
/* attribution.c: random rules of attribution and refunds; what the log must keep to with them. */
void attribution_make(struct sim_world *world, int64_t disorder_ms);

void PRINTF_LIKE(2, 3) say(const struct sim_world *world, const char *format, ...);

#endif
