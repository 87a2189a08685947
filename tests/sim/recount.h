/*
 * The recount: what every shard has to hold, from the log and the shard's own vector, and the comparison.
 *
 * DESIGN
 *   Written from docs/CONTRACT.md and from the layouts in lib/shard/layout.h; it shares no code with
 * lib/ingest. After each call that was executed, the shard's vector says which messages it has passed since;
 * what they count is added to the expected cells, and those cells and the ones that the call named are
 * compared. The whole is compared from time to time and at the end. Three things depend on the order in which
 * processes ask and are taken from the store: which campaigns were admitted below the limit, which
 * partition's order was first where an id comes in several, and by which rules a message is read. That they
 * are asked in time, and that an answer never changes, is checked.
 */
#ifndef ROIWATCH_TESTS_SIM_RECOUNT_H
#define ROIWATCH_TESTS_SIM_RECOUNT_H

#include "lib/goal/rules.h"
#include "lib/shard/layout.h"
#include "tests/sim/log.h"
#include "tests/sim/store.h"

enum { SIM_SHARDS_MAX = 8, SIM_STEPS_MAX = 16, TOUCHES = 0, ORDERS = 1 };

/* What a shard has passed of each partition. */
struct shard_view {
    bool open[SIM_PARTITIONS_MAX];
    int64_t term[SIM_PARTITIONS_MAX];
    int64_t offset[SIM_PARTITIONS_MAX][2];
    size_t next[SIM_PARTITIONS_MAX][2]; /* of each lane: index of the first message that it has not passed */
};

/* Rules that hold below an offset. */
struct recount_step {
    struct sim_rules rules;
    int64_t until; /* INT64_MAX for the last */
};

struct recount_lane {
    bool registered;
    uint32_t index;
    int64_t start;
    struct buffer entry; /* the registry's text */
    struct recount_step steps[SIM_STEPS_MAX];
    size_t n_steps;
    size_t n_judged; /* messages, from the log's first, that some shard has passed */
    int64_t newest_ms[2];
    struct table first; /* order id -> the message that had it first in this partition */
};

struct recount {
    struct sim_log *log;
    struct sim_store *store;
    const struct rule_book *book;
    struct failure *failure;
    int64_t n_changes; /* of the rules of a partition */
    bool rules_vary;   /* not all processes had the same rules */
    uint32_t n_shards;
    int64_t campaigns_limit;
    struct recount_lane lanes[SIM_PARTITIONS_MAX];
    struct shard_view
        views[N_SHARD_FAMILIES * SIM_SHARDS_MAX]; /* campaign shards, order shards, user shards */
    struct table expected;                        /* key, field -> struct expected_cell, owned */
    struct table decisions;                       /* order id -> buffer: the decision first seen, owned */
    struct table expected_spend;                  /* key, field -> struct expected_spend, owned */
    struct expected_spend *changed_spend;         /* likewise */
    struct expected_cell *changed;                /* list of those that the present call has to change */
};

void recount_init(struct recount *recount, struct sim_log *log, struct sim_store *store,
                  const struct rule_book *book, uint32_t n_shards, int64_t campaigns_limit,
                  struct failure *failure);
void recount_deinit(struct recount *recount);
/* After a call was executed. */
void recount_follow(struct recount *recount, const struct call *call);
/* Compares everything that the store holds with everything expected. */
void recount_compare(struct recount *recount);
/* Every shard has passed the end of the first n partitions. */
bool recount_finished(const struct recount *recount, size_t n_partitions);
/* After recount_finished: each order id was counted exactly once, and each admitted campaign has something, or
 * has a message that only other rules accept: a process that had them may have died after it asked. */
void recount_ids(struct recount *recount, size_t n_partitions);
/* The least offset that a shard stands at, in both lanes or in one; -1 where one does not know the partition. */
int64_t recount_least(const struct recount *recount, size_t partition);
int64_t recount_least_of(const struct recount *recount, size_t partition, int which);
/* Newest event time of both lanes below an offset; NEVER without any. */
int64_t recount_newest(const struct recount *recount, size_t partition, int64_t offset);

/*
 * recount_lanes.c: what the registry says of a partition, and what its messages are by it. Which rules hold
 * for a message is settled when the first shard passes it: the registry must not say otherwise before all
 * have.
 */
void lane_follow(struct recount *recount, size_t partition);
/* The first shard has passed the messages below an offset, unless one has before. */
void lane_judge(struct recount *recount, size_t partition, int64_t offset);

/* recount_cells.c: the expected cells. */
struct expected_cell {
    struct span key, field; /* bytes behind the struct */
    size_t n_columns;
    bool listed;
    struct expected_cell *next; /* in recount->changed */
    int64_t columns[];
};
/* The cell of a hash key and a u32 field, marked as changed. */
struct expected_cell *cells_touch(struct recount *recount, const char *key, size_t key_size, uint32_t field,
                                  size_t n_columns);
void cells_compare_changed(struct recount *recount);
void cells_compare_named(struct recount *recount, const struct call *call);
void cells_compare_all(struct recount *recount);

/* recount_spend.c: what a message adds to the measures' columns; and records of spend that are kept as they are; the others are counted in cells. */
void measures_count(int64_t *column, const struct measures *measures, const struct sim_message *message);
bool spend_is_kept(const struct sim_message *message);
void spend_expect(struct recount *recount, uint32_t shard, struct span campaign, size_t p,
                  const struct sim_message *message);
void spend_compare_changed(struct recount *recount);
void spend_compare_all(struct recount *recount);
void spend_deinit_expected(struct recount *recount);

#endif
