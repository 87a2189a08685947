/*
 * Lane rules: what decides how a partition's messages are read, and from which offset on.
 *
 * DESIGN
 *   The same bytes must be read the same way until every shard has them: else an event that one shard has
 * counted under old rules is lost or doubled in another under new ones. So the lane registry keeps, with each
 * partition, the steps of its rules:  RULES<OFFSET:RULES<OFFSET:RULES  with RULES =
 * TYPE/FUTURE_MS/MESSAGE_BYTES/REPEAT_MS/VERSION, of which the last two are left out where both are 0. VERSION
 * is 16 hex digits, or `-` for 0: the counting rules (counting.h), whose text is stored beside the registry.
 * Below OFFSET the rules before it hold, the last ones from there on. When a
 * process takes a partition under other rules than the last ones, a step is added at the furthest offset that
 * any shard has counted, and written before anything is read (level.c says how); steps that every shard has
 * passed go, and so do rules by which none has counted anything.
 */
#ifndef ROIWATCH_INGEST_LANE_RULES_H
#define ROIWATCH_INGEST_LANE_RULES_H

#include "lib/base/buffer.h"
#include "lib/event/event.h"

struct lane_rules {
    enum event_type type;  /* what the topic implies, or EVENT_NONE */
    int64_t future_ms;     /* lateness.future */
    int64_t message_bytes; /* limits.message_bytes */
    int64_t repeat_ms;     /* how much later than an event of its id a click is still its repeat */
    uint64_t version;      /* of the counting rules; 0: there are none */
};

struct lane_step {
    struct lane_rules rules;
    int64_t until; /* first offset at which they no longer hold; INT64_MAX for the last */
};

enum { LANE_STEPS_MAX = 8 };

struct lane_steps {
    struct lane_step step[LANE_STEPS_MAX];
    size_t n; /* at least 1 */
};

enum lane_rules_result {
    LANE_RULES_MALFORMED = 1,
    LANE_RULES_TOO_MANY, /* LANE_STEPS_MAX steps that not every shard has passed */
};

bool lane_rules_equal(const struct lane_rules *a, const struct lane_rules *b);
MUST_CHECK int lane_steps_parse(const char *text, struct lane_steps *ret_steps);
/* No spaces, so that it can be one word of the registry. */
void lane_steps_print(const struct lane_steps *steps, struct buffer *buffer);
/*
 * Adds what the rules of this process need, where the shards stand between least and most. *ret_changed says
 * whether the registry has to be written.
 */
MUST_CHECK int lane_steps_take(struct lane_steps *steps, const struct lane_rules *ours, int64_t least,
                               int64_t most, bool *ret_changed);
/* The rules that hold at an offset. */
const struct lane_step *lane_steps_at(const struct lane_steps *steps, int64_t offset);

#endif
