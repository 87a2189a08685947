/*
 * Lanes: how far a shard is complete, from its vector and from what the partitions' readers say.
 *
 * A lane is complete up to its newest event time less the allowed disorder; one that was read to its end goes
 * on to what its reader proved. A shard is complete up to the least of its lanes: nothing before that event
 * time is still expected.
 */
#ifndef ROIWATCH_SHARD_LANES_H
#define ROIWATCH_SHARD_LANES_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/shard/layout.h"

/*
 * What a partition's reader says: the fields of this struct in their order in the hash ~marks.G, decimal, `-` for
 * NEVER. complete_ms holds for ever for a lane that stands at offset or beyond: at offset or before it a reader
 * proved that it was at the end, and nothing before complete_ms is still expected.
 */
struct partition_mark {
    int64_t offset;       /* next offset to read; LANE_UNSET where there is no mark */
    int64_t newest_ms;    /* newest event time read below offset */
    int64_t complete_ms;  /* NEVER: never proven */
    int64_t end_since_ms; /* since when it is at its end; NEVER: it is not */
    int64_t
        decided_offset; /* the first three for the orders lane, whose orders may wait: next to decide, ... */
    int64_t decided_newest_ms;   /* ... newest event time that it has passed, and ... */
    int64_t decided_complete_ms; /* ... before what nothing is still expected in it */
};

#define PARTITION_MARK_NONE                                                                                  \
    ((struct partition_mark){LANE_UNSET, NEVER, NEVER, NEVER, LANE_UNSET, NEVER, NEVER})

enum lanes_result {
    LANES_MALFORMED = 1, /* not the text of a mark */
};

MUST_CHECK int partition_mark_parse(struct span text, struct partition_mark *ret_mark);
void partition_mark_print(const struct partition_mark *mark, struct buffer *buffer);

struct lanes {
    const uint32_t *partitions; /* registry numbers of the partitions that count */
    size_t n_partitions;
    const struct partition_mark *marks; /* by registry number; beyond n_marks there is no mark */
    size_t n_marks;
    int64_t disorder_ms;
    int64_t cap_ms; /* events later than this move no lane further; INT64_MAX: no cap */
    bool
        none_awaited; /* there is no partition left that orders wait for: for them all touches are complete */
};

/* The event time to which the shard is complete; NEVER while a lane is unset or has neither event nor proof.
 */
int64_t lanes_as_of(const struct lanes *lanes, struct span vector);

/*
 * The event time to which the shard's touch lanes alone are complete: what an order waits for. Its orders lanes may
 * stand anywhere. The second says it by the marks alone, for no shard in particular.
 */
int64_t lanes_touches_complete(const struct lanes *lanes, struct span vector);
int64_t lanes_marks_complete(const struct lanes *lanes);

#endif
