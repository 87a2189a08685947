/*
 * How far partitions are complete, by what shards have counted and by the moments at which a partition was at its end; and
 * what all partitions have passed, so that older things may be forgotten.
 */
#include <stdlib.h>

#include "tests/sim/recount.h"

int64_t furthest(const struct recount *recount)
{
    int64_t newest_ms = NEVER;
    for (size_t p = 0; p < recount->log->n_partitions; p++) {
        const struct recount_lane *lane = &recount->lanes[p];
        for (int which = 0; which < 2 && lane->registered; which++)
            newest_ms = lane->newest_ms[which] > newest_ms ? lane->newest_ms[which] : newest_ms;
    }
    return newest_ms;
}

void proof_add(struct recount *recount, size_t p, bool settled)
{
    struct recount_lane *lane = &recount->lanes[p];
    int64_t newest_ms = furthest(recount), end = recount->log->partitions[p].end;
    if (newest_ms == NEVER)
        return;
    recount->settled = recount->settled || settled;
    int64_t complete_ms = settled ? newest_ms : newest_ms - recount->book->disorder_ms;
    if (lane->n_proofs > 0 && lane->proofs[lane->n_proofs - 1].offset == end) {
        struct sim_proof *last = &lane->proofs[lane->n_proofs - 1];
        last->complete_ms = complete_ms > last->complete_ms ? complete_ms : last->complete_ms;
        return;
    }
    if (lane->n_proofs == lane->proofs_capacity) {
        lane->proofs_capacity = lane->proofs_capacity ? lane->proofs_capacity * 2 : 16;
        lane->proofs = realloc(lane->proofs, lane->proofs_capacity * sizeof(*lane->proofs));
        if (!lane->proofs)
            abort();
    }
    lane->proofs[lane->n_proofs++] = (struct sim_proof){end, complete_ms};
}

int64_t complete_at(const struct recount *recount, size_t p, int64_t offset)
{
    const struct recount_lane *lane = &recount->lanes[p];
    int64_t complete_ms = recount_newest(recount, p, offset);
    if (complete_ms != NEVER)
        complete_ms -= recount->book->disorder_ms;
    for (size_t i = 0; i < lane->n_proofs && lane->proofs[i].offset <= offset; i++)
        if (lane->proofs[i].complete_ms > complete_ms)
            complete_ms = lane->proofs[i].complete_ms;
    return complete_ms;
}

/* What a partition has passed: what its orders lane has, and where it is at its end, whatever any has. */
static int64_t partition_passed(const struct recount *recount, size_t p)
{
    int64_t end = recount->log->partitions[p].end;
    if (!recount->lanes[p].registered || recount_least(recount, p) < 0)
        return NEVER;
    if (recount_least(recount, p) == end)
        return furthest(recount);
    return recount_newest(recount, p, recount_least_of(recount, p, ORDERS));
}

void passed_note(struct recount *recount, size_t n_partitions)
{
    int64_t least_ms = INT64_MAX;
    for (size_t p = 0; p < n_partitions; p++) {
        int64_t passed_ms = partition_passed(recount, p);
        least_ms = passed_ms < least_ms ? passed_ms : least_ms;
    }
    if (least_ms != NEVER && least_ms - recount->book->disorder_ms > recount->passed_ms)
        recount->passed_ms = least_ms - recount->book->disorder_ms;
}
