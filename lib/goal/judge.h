/*
 * Judge: the state machine of a threshold goal.
 *
 *        breach                   for is over                recover reached            keep_firing_for is
 * over ok ----------> pending --------------------> firing ------------------> recovering
 * ------------------------> ok ^  <----------           (an alert is sent)         <------------------ (a
 * resolve is sent) |   no breach                                         short of recover, no new alert
 *   +--> insufficient, stale: from ok and pending; a firing goal stays firing, a recovering one is firing
 * again
 *
 * Time is event time: the minute edges that as_of passes, so a restart or an outage changes nothing. A firing
 * goal whose `for` was raised beyond the age of its breach is pending again, as in Prometheus; its alert is
 * resolved then, and a new one comes when the longer wait is over.
 */
#ifndef ROIWATCH_GOAL_JUDGE_H
#define ROIWATCH_GOAL_JUDGE_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/goal/rules.h"
#include "lib/shard/layout.h"

/* X(enum, text), from best to worst as a campaign's state shows it. */
#define GOAL_STATES(X)                                                                                       \
    X(GOAL_OK, "ok")                                                                                         \
    X(GOAL_INSUFFICIENT, "insufficient")                                                                     \
    X(GOAL_STALE, "stale")                                                                                   \
    X(GOAL_PENDING, "pending")                                                                               \
    X(GOAL_RECOVERING, "recovering")                                                                         \
    X(GOAL_FIRING, "firing")

#define GOAL_STATE_ENUM(name, text) name,
enum goal_state { GOAL_STATES(GOAL_STATE_ENUM) N_GOAL_STATES };
#undef GOAL_STATE_ENUM

const char *goal_state_name(enum goal_state state);

/* What a snapshot says about a goal, before time comes in. X(enum, why) */
#define GOAL_VERDICTS(X)                                                                                     \
    X(VERDICT_GOOD, "at or past the recovery threshold")                                                     \
    X(VERDICT_SHORT, "no breach, but short of the recovery threshold")                                       \
    X(VERDICT_BREACH, "past its bound")                                                                      \
    X(VERDICT_UNDEFINED, "the metric is undefined")                                                          \
    X(VERDICT_LOW_COST, "cost is below min_cost")                                                            \
    X(VERDICT_FEW_ORDERS, "orders are below min_orders")                                                     \
    X(VERDICT_STALE, "the pipeline is behind or a topic is silent")

#define GOAL_VERDICT_ENUM(name, why) name,
enum goal_verdict { GOAL_VERDICTS(GOAL_VERDICT_ENUM) N_GOAL_VERDICTS };
#undef GOAL_VERDICT_ENUM

/* Never VERDICT_STALE: that is known to the caller only. The comparison is exact. */
enum goal_verdict goal_verdict(const struct goal_spec *goal, const struct snapshot *snapshot);

/* What is stored of a goal. */
struct goal_status {
    bool known; /* false before the first judgement */
    enum goal_state state;
    int64_t since_ms; /* where the breach began; NEVER without one */
    int64_t at_ms;    /* where the state changed */
    int64_t fired_ms; /* at_ms of the firing that is not resolved; NEVER without one */
};

#define GOAL_STATUS_INIT ((struct goal_status){.since_ms = NEVER, .at_ms = NEVER, .fired_ms = NEVER})

enum goal_change {
    GOAL_UNCHANGED, /* nothing to store */
    GOAL_CHANGED,   /* store the status */
    GOAL_FIRED,     /* and send an alert */
    GOAL_RESOLVED,  /* and send a resolve; since_ms and fired_ms of it are those of the old status */
};

/* The status after a judgement at the minute edge edge_ms. An edge before the last change changes nothing. */
enum goal_change goal_judge(const struct goal_spec *goal, const struct goal_status *old,
                            enum goal_verdict verdict, int64_t edge_ms, struct goal_status *ret_status);

/* The event time at which the state can change without any change of the data: INT64_MAX where there is none.
 * edge_ms: of the judgement that gave the status; where it was before the last change, which then stands, the
 * change's own edge is due. */
int64_t goal_due_ms(const struct goal_spec *goal, const struct goal_status *status, int64_t edge_ms);

/* One sentence without the full stop: why the goal is in this state. */
const char *goal_reason(enum goal_state state, enum goal_verdict verdict);

/* Stored bytes; empty bytes are a goal that was never judged. Unpacking gives -EBADMSG for anything else that
 * was not packed. */
void goal_status_pack(const struct goal_status *status, struct buffer *buffer);
MUST_CHECK int goal_status_unpack(struct span bytes, struct goal_status *ret_status);

#endif
