#include "lib/goal/judge.h"

#include <errno.h>

enum { STATUS_VERSION = 1, STATUS_SIZE = 2 + 3 * 8 };

#define MICRO 1000000

#define STATE_NAME(name, text) text,
#define VERDICT_WHY(name, why) why,
static const char *const state_names[] = {GOAL_STATES(STATE_NAME)};
static const char *const verdict_whys[] = {GOAL_VERDICTS(VERDICT_WHY)};

const char *goal_state_name(enum goal_state state)
{
    return state_names[state];
}

/* Sign of fraction - bound_micro, exactly; only money and shares of orders are in millionths already. */
static int compare(__int128 numerator, __int128 denominator, enum report_unit unit, int64_t bound_micro)
{
    if (denominator < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    if (!report_is_micro(unit))
        numerator *= MICRO;
    __int128 bound = denominator * bound_micro;
    return (numerator > bound) - (numerator < bound);
}

enum goal_verdict goal_verdict(const struct goal_spec *goal, const struct snapshot *snapshot)
{
    if (snapshot->cost_micros < goal->min_cost_micros)
        return VERDICT_LOW_COST;
    if (snapshot->sum.column[CELL_ORDERS] < goal->min_orders)
        return VERDICT_FEW_ORDERS;
    enum report_field field = metric_field(goal->metric);
    __int128 numerator, denominator;
    if (!report_fraction(snapshot, field, &numerator, &denominator))
        return VERDICT_UNDEFINED;
    /* Turned so that more is better: `below` looks at everything in the mirror. */
    int sign = goal->below ? -1 : 1;
    enum report_unit unit = report_field_unit(snapshot->measures, field);
    if (sign * compare(numerator, denominator, unit, goal->bound_micro) < 0)
        return VERDICT_BREACH;
    return sign * compare(numerator, denominator, unit, goal->recover_micro) < 0 ? VERDICT_SHORT
                                                                                 : VERDICT_GOOD;
}

static enum goal_state resting_state(enum goal_verdict verdict)
{
    switch (verdict) {
    case VERDICT_STALE:
        return GOAL_STALE;
    case VERDICT_UNDEFINED:
    case VERDICT_LOW_COST:
    case VERDICT_FEW_ORDERS:
        return GOAL_INSUFFICIENT;
    default:
        return GOAL_OK;
    }
}

/* A goal without an open alert. */
static void judge_quiet(const struct goal_spec *goal, enum goal_verdict verdict, int64_t edge_ms,
                        struct goal_status *status)
{
    if (verdict != VERDICT_BREACH) {
        status->state = resting_state(verdict);
        status->since_ms = NEVER;
        return;
    }
    if (status->state != GOAL_PENDING)
        status->since_ms = edge_ms;
    status->state = edge_ms - status->since_ms >= goal->for_ms ? GOAL_FIRING : GOAL_PENDING;
}

/* A goal with an open alert: at_ms of a recovering goal is where the recovery began. */
static void judge_open(const struct goal_spec *goal, enum goal_verdict verdict, int64_t edge_ms,
                       struct goal_status *status)
{
    if (verdict == VERDICT_BREACH && edge_ms - status->since_ms < goal->for_ms) {
        status->state = GOAL_PENDING;
        return;
    }
    if (verdict != VERDICT_GOOD) {
        status->state = GOAL_FIRING;
        return;
    }
    int64_t good_since_ms = status->state == GOAL_RECOVERING ? status->at_ms : edge_ms;
    status->state = edge_ms - good_since_ms >= goal->keep_firing_for_ms ? GOAL_OK : GOAL_RECOVERING;
    if (status->state == GOAL_OK)
        status->since_ms = NEVER;
}

static bool is_open(enum goal_state state)
{
    return state == GOAL_FIRING || state == GOAL_RECOVERING;
}

enum goal_change goal_judge(const struct goal_spec *goal, const struct goal_status *old,
                            enum goal_verdict verdict, int64_t edge_ms, struct goal_status *ret_status)
{
    struct goal_status status = *old;
    *ret_status = *old;
    if (old->known && edge_ms < old->at_ms)
        return GOAL_UNCHANGED;
    if (is_open(old->state))
        judge_open(goal, verdict, edge_ms, &status);
    else
        judge_quiet(goal, verdict, edge_ms, &status);
    status.known = true;
    if (old->known && status.state == old->state)
        return GOAL_UNCHANGED;
    bool fires = !is_open(old->state) && is_open(status.state);
    bool resolves = is_open(old->state) && !is_open(status.state);
    status.at_ms = edge_ms;
    if (fires || resolves)
        status.fired_ms = fires ? edge_ms : NEVER;
    *ret_status = status;
    return fires ? GOAL_FIRED : resolves ? GOAL_RESOLVED : GOAL_CHANGED;
}

int64_t goal_due_ms(const struct goal_spec *goal, const struct goal_status *status, int64_t edge_ms)
{
    if (!status->known)
        return NEVER;
    if (edge_ms < status->at_ms)
        return status->at_ms;
    if (status->state == GOAL_PENDING)
        return status->since_ms + goal->for_ms;
    return status->state == GOAL_RECOVERING ? status->at_ms + goal->keep_firing_for_ms : INT64_MAX;
}

const char *goal_reason(enum goal_state state, enum goal_verdict verdict)
{
    switch (state) {
    case GOAL_OK:
        return "no breach";
    case GOAL_PENDING:
        return "past its bound, not yet for long enough";
    case GOAL_FIRING:
        return verdict_whys[verdict];
    case GOAL_RECOVERING:
        return "at or past the recovery threshold, not yet for long enough";
    default:
        return verdict_whys[verdict];
    }
}

void goal_status_pack(const struct goal_status *status, struct buffer *buffer)
{
    if (!status->known)
        return;
    buffer_append_u8(buffer, STATUS_VERSION);
    buffer_append_u8(buffer, (uint8_t)status->state);
    buffer_append_i64(buffer, status->since_ms);
    buffer_append_i64(buffer, status->at_ms);
    buffer_append_i64(buffer, status->fired_ms);
}

int goal_status_unpack(struct span bytes, struct goal_status *ret_status)
{
    struct goal_status status = GOAL_STATUS_INIT;
    if (bytes.size) {
        struct reader reader = {.rest = bytes};
        uint8_t version = reader_u8(&reader);
        uint8_t state = reader_u8(&reader);
        status.since_ms = reader_i64(&reader);
        status.at_ms = reader_i64(&reader);
        status.fired_ms = reader_i64(&reader);
        if (bytes.size != STATUS_SIZE || version != STATUS_VERSION || state >= N_GOAL_STATES)
            return -EBADMSG;
        status.known = true;
        status.state = (enum goal_state)state;
    }
    *ret_status = status;
    return 0;
}
