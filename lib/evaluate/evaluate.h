/*
 * Evaluate: the shards' side. Reads what changed in a shard, rolls the windows, judges the goals, and says
 * what to write: reader keys, goal states, alerts.
 *
 * DESIGN
 *   The evaluator emits calls and gets their replies; it knows no connection and no clock. Per shard that it
 * owns at most one call is in flight, one more for what all shards share, and max_calls in all. The shell
 * does
 *
 *     at each tick (250 ms):  evaluator_tick, then send until evaluator_next gives 0
 *     at each reply:          evaluator_reply, then send until evaluator_next gives 0
 *     connection lost:        evaluator_fail for every tag that is not answered
 *
 *   A shard is loaded whole (names, goal states, cells), then follows its journal, whose values are absolute:
 * reading an entry twice changes nothing. Whenever it is unsure (a call failed, its place in the journal is
 * gone) it starts over from the load and publishes everything again; nothing in Redis depends on what it
 * remembers. Two evaluators of one shard at once are harmless: a reader key takes only a higher rev, a goal's
 * state is compared and set.
 *
 *   Replies are matched by tag; one that comes after evaluator_fail or after the shard was given up is
 * ignored.
 */
#ifndef ROIWATCH_EVALUATE_EVALUATE_H
#define ROIWATCH_EVALUATE_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/must.h"
#include "lib/goal/judge.h"
#include "lib/goal/rules.h"
#include "lib/shard/call.h"
#include "lib/shard/layout.h"

struct evaluator;

struct evaluator_options {
    const struct rule_book *book; /* lives as long as the evaluator, or until evaluator_set_book */
    struct layout layout;         /* its prefix lives as long as the evaluator */
    int64_t future_ms;     /* lateness.future: with idle clock no event moves a lane further past now */
    int64_t stream_length; /* alerts.stream_length */
    size_t max_calls;      /* in flight at once; 0: 32 */
    size_t max_cells;      /* cells kept in memory (100 bytes each); 0: 10 million. Beyond it the cells of a
                              campaign are let go when it is published and read again when it changes; so at most
                              those of some 300 campaigns a shard come on top. */
};

/* How a shard stands. */
enum evaluator_shard {
    EVALUATOR_FOREIGN, /* not ours */
    EVALUATOR_LOADING,
    EVALUATOR_LIVE,
    EVALUATOR_LOST, /* ours, but it has no vector: not opened yet, or lost; looked at again at every tick */
};

MUST_CHECK int evaluator_new(const struct evaluator_options *options, struct evaluator **ret_evaluator);
void evaluator_free(struct evaluator *evaluator);

/* Other rules (a reload): every shard starts over with them. The generation and number of shards stay. The
 * book in force must still be there. */
void evaluator_set_book(struct evaluator *evaluator, const struct rule_book *book);
void evaluator_set_limits(struct evaluator *evaluator, int64_t future_ms, int64_t stream_length);

/* Takes a shard over, or gives it up at once (an answer that is still out is ignored). Repeating changes
 * nothing. */
MUST_CHECK int evaluator_own(struct evaluator *evaluator, uint32_t shard, bool own);

/* The registry numbers of all partitions of the configured topics, whoever reads them: as_of is the least of
 * their lanes. Until it is called once, as_of is unknown and nothing is published. Copied. */
MUST_CHECK int evaluator_set_partitions(struct evaluator *evaluator, const uint32_t *partitions,
                                        size_t n_partitions);

/* Whether all that the log holds is counted: then a campaign that is neither configured nor was ever counted is
 * known, and leaves roi:campaigns with its keys. */
void evaluator_set_complete(struct evaluator *evaluator, bool complete);

/* Whether a topic that had events in the day before has been silent for alerts.silent_after. Makes goals
 * stale. */
void evaluator_set_silent(struct evaluator *evaluator, bool silent);

/* now_ms: the lesser of the process clock and Redis TIME, for `stale` and the future limit. steady_ms:
 * monotonic, for how often keys are written. */
void evaluator_tick(struct evaluator *evaluator, int64_t now_ms, int64_t steady_ms);

/*
 * The next call to send (none before the first tick): 1 with *call (initialised by the caller, overwritten)
 * and *ret_tag, 0 when there is none now, or -ENOMEM (the shard that it was for starts over at the next
 * tick).
 */
MUST_CHECK int evaluator_next(struct evaluator *evaluator, struct call *call, uint64_t *ret_tag);

/* What came back. An error reply makes the shard start over at the next tick but one second later. -ENOMEM:
 * the same. */
MUST_CHECK int evaluator_reply(struct evaluator *evaluator, uint64_t tag, const struct reply *reply);

/* The call's outcome is unknown: its shard starts over. */
void evaluator_fail(struct evaluator *evaluator, uint64_t tag);

enum evaluator_shard evaluator_shard_state(const struct evaluator *evaluator, uint32_t shard);
/* The shard's as_of at its last read; NEVER while it is unknown or the shard is not ours. */
int64_t evaluator_as_of(const struct evaluator *evaluator, uint32_t shard);
/* Nothing is left to do until data or time move: every owned shard is live, published and acknowledged. */
bool evaluator_idle(const struct evaluator *evaluator);

struct evaluator_stats {
    size_t n_owned;
    size_t n_loading;
    size_t n_lost;
    size_t n_campaigns; /* of owned shards, in memory */
    size_t n_members;   /* of them those that belong to roi:campaigns */
    size_t n_cells;     /* in memory now */
    size_t n_in_flight;
    uint64_t n_goals[N_GOAL_STATES]; /* now, by state */
    uint64_t n_reloads;              /* starts over, the first load included */
    uint64_t n_published;            /* reader keys written */
    uint64_t n_refused;              /* reader keys that had a higher rev */
    uint64_t n_lost_compares;        /* goal states that another evaluator had changed */
    uint64_t n_alerts;               /* delivered to the stream */
    uint64_t n_aside;  /* campaigns left alone: a key of theirs has a foreign type, or money beyond int64 */
    uint64_t n_errors; /* error replies */
};

void evaluator_get_stats(const struct evaluator *evaluator, struct evaluator_stats *ret_stats);
/* The latest error reply, "KEY: TEXT", empty without any; valid until the next call. */
const char *evaluator_last_error(const struct evaluator *evaluator);
/* What n_aside counted last and why, as a sentence's part for a log; "" before any. */
const char *evaluator_last_aside(const struct evaluator *evaluator);

#endif
