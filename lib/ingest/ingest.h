/*
 * Ingest: the partition's side. Messages of the partitions that this process holds go in; calls that add them
 * to the shards, exactly once, come out.
 *
 * DESIGN
 *   Problem   Counters of one partition's events are spread over many shards; the process may die, or lose
 * its connection or its partitions, at any moment. Approach  Every shard's vector says what it has counted of
 * each lane. A partition is read from the least offset of all shards; an event that its shard has passed
 * already is skipped. What a shard has to add is summed in memory and sent as one apply with the ranges that
 * it covers; a shard has one call in flight at most. Whatever goes wrong (a refusal, an error, a lost
 * connection), everything in memory is dropped, the vectors are read again, and reading starts over from
 * there: one way to recover, always the same. Orders    are counted once by id. The order shard decides
 * first; campaign shards get an order only after its decision is acknowledged. Until the answers are there,
 * nothing is sent and nothing is read. Rejected  `apply only starts exactly where the shard stands` turned
 * into "at or after": it would count a range twice that two processes had cut differently.
 *
 *   Invariant for each shard and partition: the shard stands at `counted`; what is in flight covers [counted,
 * sent); what is pending covers [sent, position).
 *
 * Without memory: a call that returns -ENOMEM leaves the phase BROKEN, since half of something may have been
 * done.
 *
 * One thread. The caller asks ingest_next for calls, hands replies back with the call's tag, and reads
 * messages while ingest_wants_input says so.
 */
#ifndef ROIWATCH_INGEST_INGEST_H
#define ROIWATCH_INGEST_INGEST_H

#include "lib/attribution/attribution_rules.h"
#include "lib/event/decode.h"
#include "lib/goal/rules.h"
#include "lib/ingest/counting.h"
#include "lib/shard/call.h"
#include "lib/shard/lanes.h"

struct ingest;

/* What ingest needs to know; copied, but for the rule book, which must outlive it. */
struct ingest_rules {
    struct layout layout;
    struct decode_rules decode;     /* with the rates and the lookup of `counting` */
    struct counting_rules counting; /* what it points to must outlive it */
    struct counting_source earlier;
    int64_t repeat_ms; /* how much later than an event of its id a click is still its repeat */
    const struct rule_book *book;
    struct attribution_rules attribution;
    int64_t campaigns_limit;   /* limits.campaigns, over all shards */
    bool book_at_refund;       /* ledger.refund_booking */
    int64_t refund_horizon_ms; /* order ids are remembered for it, in event time */
    int64_t flush_ms;          /* a shard's sums wait no longer than this */
    size_t cells_due;          /* ... nor beyond this many cells */
    size_t waiting_most;       /* orders that wait in memory, over all partitions; 0: INGEST_WAITING_MOST */
};

enum { INGEST_CELLS_DUE = 500, INGEST_WAITING_MOST = 65536 };

enum ingest_phase {
    INGEST_IDLE,        /* no partitions */
    INGEST_REGISTERING, /* asking the lane registry */
    INGEST_OPENING,     /* giving new lanes an entry in every shard */
    INGEST_READING,     /* reading every shard's vector */
    INGEST_LEVELLING,   /* writing from which offset on our rules hold */
    INGEST_RUNNING,
    INGEST_DRAINING, /* sending what is pending, reading nothing: before partitions are given up */
    INGEST_SETTLING, /* waiting for what is in flight before starting over */
    INGEST_BROKEN,   /* something failed: ingest_restart starts over */
    INGEST_LOST,     /* Redis has lost data: see ingest_fault */
};
const char *ingest_phase_name(enum ingest_phase phase);

MUST_CHECK int ingest_new(const struct ingest_rules *rules, struct ingest **ret_ingest);
void ingest_free(struct ingest *ingest);

/*
 * Other rules (a reload): only in INGEST_IDLE with nothing in flight, else -EBUSY. The layout stays. What was
 * counted before keeps its rules; partitions that are assigned from now on are levelled to these. -ENOMEM leaves
 * the rules as they were.
 */
MUST_CHECK int ingest_set_rules(struct ingest *ingest, const struct ingest_rules *rules);

/* One partition of a topic that this process holds. */
struct ingest_partition {
    const char *topic; /* copied */
    int32_t partition;
    enum event_type type; /* what the topic implies, or EVENT_NONE */
    int64_t start_offset; /* where it starts if the registry does not know it yet */
};

/*
 * Takes a new set of partitions; only in INGEST_IDLE. Their numbers ("slots") are their indexes in the array.
 * -ENOMEM, or -EBUSY in another phase.
 */
MUST_CHECK int ingest_assign(struct ingest *ingest, const struct ingest_partition *partitions, size_t n);
/*
 * Stops reading, sends what is pending (flush) or drops it, and becomes INGEST_IDLE when all is answered.
 * Whatever fails meanwhile drops the rest: nothing is read again before the next ingest_assign.
 */
void ingest_revoke(struct ingest *ingest, bool flush);
/* From BROKEN (or RUNNING): drops what is in memory and reads the vectors again. */
void ingest_restart(struct ingest *ingest);

enum ingest_phase ingest_phase(const struct ingest *ingest);
/* Why the phase is BROKEN or LOST; "" otherwise. */
const char *ingest_fault(const struct ingest *ingest);
/* What counts.set_aside counted last, for a log: the key, or the campaign in quotes; "" before any. */
const char *ingest_last_aside(const struct ingest *ingest);
/* Calls in flight: IDLE with none is quiet. */
size_t ingest_in_flight(const struct ingest *ingest);

/* May messages be read now? */
bool ingest_wants_input(const struct ingest *ingest);
/* Where slot has to be read from next; after a start over it may be lower than before. */
int64_t ingest_position(const struct ingest *ingest, size_t slot);
/* Next offset that every shard has counted; LANE_UNSET where not known. */
int64_t ingest_counted(const struct ingest *ingest, size_t slot);
/* Grows with every start over: the source must be set to ingest_position when it changes. */
uint64_t ingest_epoch(const struct ingest *ingest);

enum ingest_result {
    /* 0: read (counted, skipped or waiting); positive enum reject_reason: rejected and counted as such */
    INGEST_STALE = N_REJECT_REASONS + 1, /* an offset below the position: not read */
};

/* One message of Kafka. */
struct ingest_record {
    int64_t offset;
    int64_t record_ts_ms; /* or NO_RECORD_TIME */
    struct span key;
    struct span value;
    const struct decode_header *headers; /* needed only where ingest_reads_headers says so */
    size_t n_headers;
};

/*
 * Reads one message. Returns 0, a reject reason (the caller sends the dead letter, see ingest_letters),
 * INGEST_STALE, or -ENOMEM. A message that is rejected but that its shard has counted before gives 0.
 */
MUST_CHECK int ingest_read(struct ingest *ingest, size_t slot, const struct ingest_record *record);
/* The same for a message without headers. */
MUST_CHECK int ingest_message(struct ingest *ingest, size_t slot, int64_t offset, int64_t record_ts_ms,
                              struct span key, struct span value);
/* Whether any rules by which the slot is read look at headers. */
bool ingest_reads_headers(const struct ingest *ingest, size_t slot);
/* Everything below offset has been read, although no message carried the last offsets (compaction,
 * transactions). */
void ingest_advance(struct ingest *ingest, size_t slot, int64_t offset);
/* After a batch: asks what has to be known before its orders and new campaigns can be counted. */
MUST_CHECK int ingest_batch_end(struct ingest *ingest);
/* Dead letters that the broker has not acknowledged: no offset is passed while there are any. */
void ingest_letters(struct ingest *ingest, size_t n_unacknowledged);

/* A dead letter that was found out about after its message was read: a refund that the ledger refuses. */
struct ingest_letter {
    uint32_t index;   /* the partition's number in the registry */
    const char *name; /* TOPIC:PARTITION where it is one of ours, else NULL */
    int64_t offset;
    enum reject_reason reason;
    struct span key; /* data NULL: none */
    struct span value;
};

/* The next such letter; the caller sends it, says ingest_letter_taken, and tells ingest_letters. Its spans hold until
 * the next call of ingest. False where there is none. */
bool ingest_next_letter(struct ingest *ingest, struct ingest_letter *ret_letter);
void ingest_letter_taken(struct ingest *ingest);

/* Time passes: decides which shards are due. now_ms is any steady clock. */
MUST_CHECK int ingest_tick(struct ingest *ingest, int64_t now_ms);
/* Takes the next call to send. 1: *call filled, *ret_tag set; 0: nothing to send now; -ENOMEM. */
MUST_CHECK int ingest_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
/* An answer; reply NULL means that the connection went and the answer is not known. */
MUST_CHECK int ingest_reply(struct ingest *ingest, uint64_t tag, const struct reply *reply);

/* What the partition's reader can say of completeness: see lib/ingest/marks.h. */
struct slot_state {
    uint32_t index;            /* the partition's number in the registry */
    int64_t position;          /* read up to here */
    int64_t counted;           /* counted by every shard up to here, orders that wait aside */
    int64_t newest_ms;         /* newest event time read, NEVER without any */
    int64_t counted_newest_ms; /* newest event time at some position that every shard has counted */
    int64_t decided;           /* orders are decided, and counted by every shard, up to here */
    int64_t
        decided_newest_ms; /* newest event time at some end of what is decided that every shard has counted */
    int64_t
        waiting_least_ms; /* oldest time of what is not counted of it: it waits; NEVER: not known, or nothing */
};
/* Only while the phase is RUNNING or DRAINING. */
struct slot_state ingest_slot(const struct ingest *ingest, size_t slot);

/* What the readers of all partitions say, of which orders wait for touches and old things are forgotten. */
struct ingest_view {
    const struct lanes *lanes; /* of the partitions that are waited for */
    bool settled; /* all were read to their ends and rest: with lateness.idle log, nothing comes any more */
    int64_t passed_ms; /* event time that all partitions have passed; NEVER: not known */
};
/* Copies it. -ENOMEM leaves what was known. */
MUST_CHECK int ingest_look(struct ingest *ingest, const struct ingest_view *view);
/* TOPIC:PARTITION (copied) of a number of the registry: by it touches of one instant are put in order. -ENOMEM. */
MUST_CHECK int ingest_name_lane(struct ingest *ingest, uint32_t index, const char *name);
/* Whether more of this partition may be read: else its orders wait, and there are as many as memory has room for. */
bool ingest_wants_slot(const struct ingest *ingest, size_t slot);

/* Running totals of this process since its start. */
struct ingest_counts {
    int64_t messages;
    int64_t rejected;
    int64_t applies;
    int64_t refused;
    int64_t restarts;    /* starts over: what was in memory is dropped and read again */
    int64_t set_aside;   /* groups of cells that could not be written */
    int64_t touches_cut; /* touches that an identity with too many had to let go */
    /* Ads looked up of events that some shards had counted before: by another row, if it has changed since. */
    int64_t looked_up_again;
};
struct ingest_counts ingest_counts(const struct ingest *ingest);

/* What this process has counted of a topic, by enum lane_column and reason: only what shards have
 * acknowledged, so that what is read again after a start over is not counted twice. */
enum { N_LANE_COUNTERS = LANE_REJECTED + N_REJECT_REASONS - 1 };
struct ingest_topic {
    char *name; /* owned */
    int64_t counters[N_LANE_COUNTERS];
};
/* The counter of accepted events of a type. */
static inline size_t lane_column_of(enum event_type type)
{
    return (size_t)LANE_IMPRESSIONS + type - EVENT_IMPRESSION;
}

/* Topics of all partitions held so far. */
size_t ingest_n_topics(const struct ingest *ingest);
const struct ingest_topic *ingest_topic(const struct ingest *ingest, size_t topic);

/* What is in memory now. */
struct ingest_sizes {
    size_t n_pending_cells; /* sums that their shards have not been sent */
    size_t n_campaigns;     /* ids whose admission is remembered */
    size_t n_waiting;       /* orders and refunds that wait to be decided */
};
struct ingest_sizes ingest_sizes(const struct ingest *ingest);

#endif
