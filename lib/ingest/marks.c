#include "lib/ingest/marks.h"

static int64_t furthest(const struct partition_mark *all, size_t n_all)
{
    int64_t newest = NEVER;
    for (size_t i = 0; i < n_all; i++)
        if (all[i].newest_ms > newest)
            newest = all[i].newest_ms;
    return newest;
}

bool marks_settled(const struct partition_mark *all, size_t n_all, size_t n_expected, int64_t now_ms)
{
    size_t n = 0;
    for (size_t i = 0; i < n_all; i++) {
        if (all[i].offset == LANE_UNSET)
            continue;
        if (all[i].end_since_ms == NEVER || now_ms - all[i].end_since_ms < SETTLED_MS)
            return false;
        n++;
    }
    return n == n_expected;
}

static int64_t complete_at_end(const struct marks_rules *rules, const struct partition_mark *mark,
                               int64_t now_ms, const struct partition_mark *all, size_t n_all, bool settled)
{
    if (rules->clock)
        return now_ms - rules->disorder_ms;
    int64_t newest_ms = furthest(all, n_all);
    if (mark->newest_ms > newest_ms)
        newest_ms = mark->newest_ms;
    return settled || newest_ms == NEVER ? newest_ms : newest_ms - rules->disorder_ms;
}

/* A proof holds for whoever stands at its offset or beyond; after a rewind nobody need do so. */
static struct partition_mark mark_begin(const struct slot_state *slot, const struct partition_mark *before)
{
    return (struct partition_mark){
        .offset = slot->counted,
        .newest_ms = slot->counted_newest_ms,
        .complete_ms = before->offset <= slot->counted ? before->complete_ms : NEVER,
        .end_since_ms = NEVER,
        .decided_offset = slot->decided,
        .decided_newest_ms = slot->decided_newest_ms,
        .decided_complete_ms = before->decided_offset <= slot->decided ? before->decided_complete_ms : NEVER,
    };
}

static void raise(int64_t *time_ms, int64_t to_ms)
{
    if (to_ms > *time_ms)
        *time_ms = to_ms;
}

struct partition_mark mark_make(const struct marks_rules *rules, const struct slot_state *slot, bool at_end,
                                int64_t now_ms, const struct partition_mark *before,
                                const struct partition_mark *all, size_t n_all, size_t n_expected)
{
    struct partition_mark mark = mark_begin(slot, before);
    if (!at_end || slot->counted != slot->position || slot->counted_newest_ms != slot->newest_ms)
        return mark;
    bool same = before->offset == mark.offset && before->end_since_ms != NEVER;
    mark.end_since_ms = same ? before->end_since_ms : now_ms;
    bool settled = same && marks_settled(all, n_all, n_expected, now_ms);
    int64_t complete_ms = complete_at_end(rules, &mark, now_ms, all, n_all, settled);
    raise(&mark.complete_ms, complete_ms);
    if (slot->decided == slot->position)
        raise(&mark.decided_complete_ms, complete_ms);
    else if (slot->waiting_least_ms != NEVER)
        raise(&mark.decided_complete_ms,
              complete_ms < slot->waiting_least_ms ? complete_ms : slot->waiting_least_ms);
    return mark;
}

int64_t marks_passed(const struct partition_mark *all, size_t n_all, size_t n_expected, int64_t disorder_ms,
                     int64_t cap_ms)
{
    int64_t newest_ms = furthest(all, n_all);
    int64_t least_ms = newest_ms;
    size_t n = 0;
    for (size_t i = 0; i < n_all; i++) {
        if (all[i].offset == LANE_UNSET)
            continue;
        n++;
        bool decided = all[i].decided_offset == all[i].offset;
        int64_t passed_ms = all[i].end_since_ms != NEVER && decided ? newest_ms : all[i].decided_newest_ms;
        if (passed_ms < least_ms)
            least_ms = passed_ms;
    }
    if (n < n_expected || least_ms == NEVER)
        return NEVER;
    return (least_ms < cap_ms ? least_ms : cap_ms) - disorder_ms;
}
