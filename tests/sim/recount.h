/*
 * The recount: what every shard has to hold, from the log and the shard's own vector, and the comparison.
 *
 * DESIGN
 *   Written from docs/CONTRACT.md and from the layouts in lib/shard/layout.h; it shares no code with
 * lib/ingest. After each call that was executed, the shard's vector says which messages it has passed since;
 * what they count is added to the expected cells, and those cells and the ones that the call named are
 * compared. The whole is compared from time to time and at the end. Some things depend on the order in which
 * processes ask and are taken from the store: which campaigns were admitted below the limit, which
 * partition's order was first where an id comes in several, in which order the refunds of several partitions came to
 * an order, what had been forgotten by then, and by which rules a message is read. That they are asked in time, that an
 * answer never changes, and that nothing is forgotten too early is checked.
 */
#ifndef ROIWATCH_TESTS_SIM_RECOUNT_H
#define ROIWATCH_TESTS_SIM_RECOUNT_H

#include "lib/attribution/attribution_rules.h"
#include "lib/goal/rules.h"
#include "lib/shard/layout.h"
#include "tests/sim/credit.h"
#include "tests/sim/log.h"
#include "tests/sim/store.h"

enum { SIM_SHARDS_MAX = 8, SIM_STEPS_MAX = 16, TOUCHES = 0, ORDERS = 1 };
enum { LANE_WIDTH = LANE_REJECTED + N_REJECT_REASONS - 1, SIM_CAMPAIGN_SIZE = 24, LAG_WIDTH = 48 };

/* What a message of the orders lane adds to one campaign at one time. */
struct sim_entry {
    char campaign[SIM_CAMPAIGN_SIZE];
    int64_t ts_ms;
    bool late;
    int64_t columns[N_CELL_COLUMNS];
};

/* What a message of the orders lane comes to, once its order shard has passed it. */
struct sim_effect {
    int64_t lane[LANE_WIDTH];
    struct sim_entry *entries; /* owned */
    size_t n, capacity;
    struct sim_lag *lags; /* owned, a list */
    bool is_order;        /* the first with its id */
};

/* What was known when a decision was sent; several may be sent of one order, and one is taken. */
struct sim_sent {
    struct sim_sent *next;
    uint64_t digest;        /* of the decision */
    uint32_t waited;        /* a bit for each partition that was waited for */
    int64_t passed_ms;      /* what touches might have been forgotten by */
    struct sim_touch *seen; /* owned: the touches that were there; campaigns are not kept */
    size_t n_seen;
};

/* What was there of a user shard when a client looked at it last; call NULL: it has not. */
struct sim_sight {
    const struct call *call;
    const struct reply *reply; /* what the store had then, whatever the answer said */
    uint32_t waited;           /* a bit for each partition that the client waited for then */
};

/* At an offset that was a partition's end, nothing before that event time was still expected. */
struct sim_proof {
    int64_t offset, complete_ms;
};

/* What is expected of an identity's touch in its user shard. */
enum sim_trace_state { TRACE_WHOLE, TRACE_BARE, TRACE_GONE };
struct sim_trace {
    struct sim_message *message;
    size_t partition;
    enum sim_trace_state state; /* as it was seen last: it never goes back */
    bool found;
};

struct sim_person {
    char identity[SIM_ID_SIZE + 1];
    struct sim_trace *traces; /* owned */
    size_t n, capacity;
    bool listed;
    struct sim_person *next; /* in recount->touched */
};

/* The ledger's record of one order id, as it was seen last. */
struct sim_book {
    struct buffer bytes; /* empty: none, or forgotten */
    char id[SIM_ORDER_ID_SIZE];
};

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
    struct table first;       /* order id -> the message that had it first in this partition */
    struct table clicks;      /* what a click is recognised by -> the last such click in this partition */
    struct sim_proof *proofs; /* owned, by time */
    size_t n_proofs, proofs_capacity;
    int64_t expired; /* refunds that came by it and whose order never came */
};

struct recount {
    struct sim_log *log;
    struct sim_store *store;
    const struct rule_book *book;
    const struct attribution_rules *attribution;
    int64_t horizon_ms; /* of refunds */
    bool book_at_refund;
    struct failure *failure;
    bool settled;      /* it was ever said that all of the log is read and rests */
    int64_t passed_ms; /* event time that all partitions had passed by what was ever said; NEVER: none */
    struct {
        int64_t orders, early, by_touches, as_finished, excused, repeats, refunds, forgotten, expired;
    } seen;
    int64_t n_changes; /* of the rules of a partition */
    bool finishing;    /* no more faults */
    bool rules_vary;   /* not all processes had the same rules */
    uint32_t n_shards;
    int64_t campaigns_limit;
    struct recount_lane lanes[SIM_PARTITIONS_MAX];
    struct shard_view
        views[N_SHARD_FAMILIES * SIM_SHARDS_MAX]; /* campaign shards, order shards, user shards */
    struct table expected;                        /* key, field -> struct expected_cell, owned */
    struct table expected_spend;                  /* key, field -> struct expected_spend, owned */
    struct expected_spend *changed_spend;         /* likewise */
    struct table books;                           /* order id -> struct sim_book, owned */
    struct table persons;                         /* identity -> struct sim_person, owned */
    struct {
        struct sim_message *message;
        size_t partition;
    } * passed; /* owned: of the orders lanes, what the order shard of the present call has passed by it */
    size_t n_passed, passed_capacity;
    struct sim_person *touched;    /* list of those whose touches the present call has passed */
    struct expected_cell *changed; /* list of those that the present call has to change */
};

void recount_init(struct recount *recount, struct sim_log *log, struct sim_store *store,
                  const struct rule_book *book, uint32_t n_shards, int64_t campaigns_limit,
                  struct failure *failure);
void recount_deinit(struct recount *recount);
/* After a call was executed with that answer. */
void recount_follow(struct recount *recount, const struct call *call, const struct reply *answer);
/* Compares everything that the store holds with everything expected. */
void recount_compare(struct recount *recount);
/* Every shard has passed the end of the first n partitions. */
bool recount_finished(const struct recount *recount, size_t n_partitions);
/* After recount_finished: each order id was counted exactly once, no money was lost, each admitted campaign has
 * something, or has a message that only other rules accept: a process that had them may have died after it asked. */
void recount_ids(struct recount *recount, size_t n_partitions);
/* The least offset that a shard stands at, in both lanes or in one; -1 where one does not know the partition. */
int64_t recount_least(const struct recount *recount, size_t partition);
int64_t recount_least_of(const struct recount *recount, size_t partition, int which);
/* Newest event time of both lanes below an offset; NEVER without any. */
int64_t recount_newest(const struct recount *recount, size_t partition, int64_t offset);

uint32_t shard_of(const struct recount *recount, struct span id);
/* A key of a shard; NULL where it is absent. */
const struct sim_object *shard_object(const struct recount *recount, char family, uint32_t shard,
                                      const char *part);
/* A vector's position without its term. */
int64_t position_offset(int64_t position);
/* The partition of a registry number; SIM_PARTITIONS_MAX where nobody has it. */
size_t partition_of(const struct recount *recount, uint32_t index);

/*
 * recount_lanes.c: what the registry says of a partition, and what its messages are by it. Which rules hold
 * for a message is settled when the first shard passes it: the registry must not say otherwise before all
 * have.
 */
void lane_follow(struct recount *recount, size_t partition);
/* The first shard has passed the messages below an offset, unless one has before. */
void lane_judge(struct recount *recount, size_t partition, int64_t offset);

/* recount_people.c: what user shards hold. */
bool is_touch(const struct recount *recount, const struct sim_message *message);
/* Is this click, which the partition's lane has reached, one that was counted before? */
void click_judge(struct recount *recount, struct recount_lane *lane, struct sim_message *message);
/* A user shard has passed a touch. */
void touch_pass(struct recount *recount, uint32_t shard, size_t partition, struct sim_message *message);
/* It must have been stored before it is counted. */
void touch_is_stored(struct recount *recount, size_t partition, const struct sim_message *message);
/* After a keep. */
void people_compare_named(struct recount *recount, const struct call *call);
void people_compare_all(struct recount *recount);
void people_deinit(struct recount *recount);

/* recount_ledger.c: what order shards hold. */
void order_pass(struct recount *recount, size_t partition, struct sim_message *message);
/* After a decide that was taken. */
void ledger_follow(struct recount *recount, uint32_t shard, const struct call *call, struct span vec);
/* After an expire that removed something. */
void ledger_expire(struct recount *recount, uint32_t shard, const struct call *call);
/* At the end: what was refused for want of an order is counted. */
void ledger_compare_expired(struct recount *recount);
void books_deinit(struct recount *recount);

/* recount_effects.c: what an order or a refund adds to campaigns. */
void effect_of_order(struct recount *recount, size_t partition, struct sim_message *message,
                     const struct sim_record *record);
void effect_of_refund(struct recount *recount, size_t partition, struct sim_message *message,
                      const struct sim_record *record, size_t refund);
struct sim_effect *effect_new(struct sim_message *message);
void effects_deinit(struct recount *recount);
/* Adds what it comes to in this campaign shard. */
void effect_count(struct recount *recount, uint32_t shard, size_t partition,
                  const struct sim_message *message);

/* recount_lags.c: how long after its touch an order came. */
/* What a share of an order that touches earned comes to, or a refund of it. */
void lag_note(const struct recount *recount, struct sim_effect *effect, const struct sim_record *record,
              size_t share, int64_t conversions_micro, int64_t revenue_micros);
/* Adds those of the effect that belong to this campaign shard. */
void lags_expect(struct recount *recount, uint32_t shard, const struct sim_effect *effect);
void lags_drop(struct sim_effect *effect);

/* recount_complete.c: how far partitions are complete, and what may be forgotten. */
/* The newest event time that was read and counted by somebody. */
int64_t furthest(const struct recount *recount);
/* A partition was seen at its end; settled: all were, for long enough. */
void proof_add(struct recount *recount, size_t partition, bool settled);
/* The event time to which whoever stands at an offset is complete. */
int64_t complete_at(const struct recount *recount, size_t partition, int64_t offset);
/* Takes note of what all of the first n partitions have passed by now. */
void passed_note(struct recount *recount, size_t n_partitions);

/* recount_decide.c: who earned an order. */
/* A client that has seen this of each user shard is about to send decisions. */
void decisions_check(struct recount *recount, const struct call *call, const struct sim_sight *sights);
void sent_free(struct sim_message *message);
/* At the end: what the finished log says of them. */
void decisions_finished(struct recount *recount);

/* recount.c */
void lane_add(struct recount *recount, uint32_t shard, size_t partition, int which, int column, int64_t n);
/* Under its own name, or with others beyond the limit? */
bool campaign_is_admitted(struct recount *recount, struct span campaign);
/* Adds to all cells of a campaign that hold this time. */
void cells_add(struct recount *recount, uint32_t shard, struct span campaign, int64_t ts_ms, bool late,
               const int64_t columns[N_CELL_COLUMNS]);

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

/* recount_spend.c: what a message of the touch lane adds to the measures' columns, and what a share of an order; and records
 * of spend that are kept as they are; the others are counted in cells. */
void measures_count(int64_t *column, const struct measures *measures, const struct sim_message *message);
void measures_of_order(int64_t *column, const struct measures *measures, const struct sim_message *order,
                       int64_t conversions_micro);
bool spend_is_kept(const struct sim_message *message);
void spend_expect(struct recount *recount, uint32_t shard, struct span campaign, size_t p,
                  const struct sim_message *message);
void spend_compare_changed(struct recount *recount);
void spend_compare_all(struct recount *recount);
void spend_deinit_expected(struct recount *recount);

#endif
