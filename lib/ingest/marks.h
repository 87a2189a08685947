/*
 * Marks: what the reader of a partition says about its completeness, for all evaluators of all processes.
 *
 * DESIGN
 *   A mark says, of the touch lane and of the orders lane: at OFFSET I had counted everything, the newest event time was NEWEST, and, where I or who
 * read the partition before me was proven to be at its end, nothing before COMPLETE is still expected. It
 * holds for ever, so it may be read at any time before or after a shard, and later marks carry it on: else a
 * shard's evaluator that starts anew would fall behind what its predecessor said. With idle clock, COMPLETE is
 * now less the allowed disorder. With idle log it is where the furthest partition is, less the disorder; when
 * every partition has been at its end for SETTLED_MS, all that was read counts as complete and it is the newest
 * event time of all.
 */
#ifndef ROIWATCH_INGEST_MARKS_H
#define ROIWATCH_INGEST_MARKS_H

#include "lib/ingest/ingest.h"
#include "lib/shard/lanes.h"

enum { SETTLED_MS = 5000 };

struct marks_rules {
    bool clock; /* lateness.idle: clock */
    int64_t disorder_ms;
};

/*
 * The mark of one partition of ours. at_end: end of partition seen at its position and its leader heard from
 * within 5 s. now_ms is the lesser of the process clock and Redis TIME. before is the mark that was written
 * last (by the partition's reader before us at first, as no longer at the end; else PARTITION_MARK_NONE). all
 * are the marks of every partition of the configured topics, the others' as read; n_expected is how many
 * partitions there are in all.
 */
struct partition_mark mark_make(const struct marks_rules *rules, const struct slot_state *slot, bool at_end,
                                int64_t now_ms, const struct partition_mark *before,
                                const struct partition_mark *all, size_t n_all, size_t n_expected);

/* Whether every partition has been at its end for SETTLED_MS. */
bool marks_settled(const struct partition_mark *all, size_t n_all, size_t n_expected, int64_t now_ms);

/* Event time that all partitions have passed: the least DECIDED, those at their end without orders that wait taken for as
 * far as the furthest. Events later than cap_ms count as of that time. NEVER while one has no mark. */
int64_t marks_passed(const struct partition_mark *all, size_t n_all, size_t n_expected, int64_t disorder_ms,
                     int64_t cap_ms);

#endif
