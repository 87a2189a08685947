#include "lib/shard/lanes.h"

#include <inttypes.h>

/* Reads one number and the blank after it; `-` is NEVER. */
static bool read_number(struct span *rest, int64_t *ret_value)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ' ')
        size++;
    struct span word = {rest->data, size};
    size_t skip = size < rest->size ? size + 1 : size;
    *rest = (struct span){rest->data + skip, rest->size - skip};
    if (span_equal(word, span_of("-"))) {
        *ret_value = NEVER;
        return true;
    }
    bool negative = word.size && word.data[0] == '-';
    int64_t value = 0;
    for (size_t i = negative; i < word.size; i++) {
        if (word.data[i] < '0' || word.data[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, word.data[i] - '0', &value))
            return false;
    }
    if (word.size == negative || (!negative && value == INT64_MIN))
        return false;
    *ret_value = negative ? value : -value;
    return true;
}

int partition_mark_parse(struct span text, struct partition_mark *ret_mark)
{
    struct partition_mark mark;
    if (!read_number(&text, &mark.offset) || !read_number(&text, &mark.newest_ms) ||
        !read_number(&text, &mark.complete_ms) || !read_number(&text, &mark.end_since_ms) ||
        !read_number(&text, &mark.decided_offset) || !read_number(&text, &mark.decided_newest_ms) ||
        !read_number(&text, &mark.decided_complete_ms) || text.size)
        return LANES_MALFORMED;
    *ret_mark = mark;
    return 0;
}

static void print_number(int64_t value, const char *after, struct buffer *buffer)
{
    if (value == NEVER)
        buffer_printf(buffer, "-%s", after);
    else
        buffer_printf(buffer, "%" PRId64 "%s", value, after);
}

void partition_mark_print(const struct partition_mark *mark, struct buffer *buffer)
{
    print_number(mark->offset, " ", buffer);
    print_number(mark->newest_ms, " ", buffer);
    print_number(mark->complete_ms, " ", buffer);
    print_number(mark->end_since_ms, " ", buffer);
    print_number(mark->decided_offset, " ", buffer);
    print_number(mark->decided_newest_ms, " ", buffer);
    print_number(mark->decided_complete_ms, "", buffer);
}

/* What events say: the newest, held back by the cap, less the disorder. */
static int64_t complete_by_events(const struct lanes *lanes, int64_t newest_ms)
{
    if (newest_ms == NEVER)
        return NEVER;
    return (newest_ms < lanes->cap_ms ? newest_ms : lanes->cap_ms) - lanes->disorder_ms;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What a mark says of one lane: at an offset. */
struct lane_claim {
    int64_t offset, newest_ms, complete_ms;
};

static struct lane_claim claim_of(const struct partition_mark *mark, int lane)
{
    return lane == LANE_TOUCH ? (struct lane_claim){mark->offset, mark->newest_ms, mark->complete_ms}
                              : (struct lane_claim){mark->decided_offset, mark->decided_newest_ms,
                                                    mark->decided_complete_ms};
}

/* What a mark says holds for whoever stands at its offset or beyond. */
static int64_t complete_of_lane(const struct lanes *lanes, struct lane_claim claim, struct lane_mark lane,
                                int64_t newest_ms)
{
    if (lane.offset == LANE_UNSET)
        return NEVER;
    if (claim.offset == LANE_UNSET || lane.offset < claim.offset)
        return complete_by_events(lanes, newest_ms);
    return later(claim.complete_ms, complete_by_events(lanes, later(newest_ms, claim.newest_ms)));
}

static const struct partition_mark no_mark = PARTITION_MARK_NONE;

static const struct partition_mark *mark_of(const struct lanes *lanes, uint32_t partition)
{
    return partition < lanes->n_marks ? &lanes->marks[partition] : &no_mark;
}

/* Both lanes of a partition. Where they stand at one offset they have seen the same events, so the newest of
 * either holds for both: a lane of a kind that never comes does not hold the shard up. */
static int64_t complete_of_partition(const struct lanes *lanes, uint32_t partition, struct span vector)
{
    const struct partition_mark *mark = mark_of(lanes, partition);
    struct lane_mark touch = vector_get(vector, partition * LANES_PER_PARTITION + LANE_TOUCH);
    struct lane_mark order = vector_get(vector, partition * LANES_PER_PARTITION + LANE_ORDER);
    if (touch.offset == order.offset) {
        int64_t newest = touch.newest_ms > order.newest_ms ? touch.newest_ms : order.newest_ms;
        touch.newest_ms = order.newest_ms = newest;
    }
    int64_t a = complete_of_lane(lanes, claim_of(mark, LANE_TOUCH), touch, touch.newest_ms);
    int64_t b = complete_of_lane(lanes, claim_of(mark, LANE_ORDER), order, order.newest_ms);
    return a < b ? a : b;
}

int64_t lanes_as_of(const struct lanes *lanes, struct span vector)
{
    int64_t as_of = lanes->n_partitions ? INT64_MAX : NEVER;
    for (size_t i = 0; i < lanes->n_partitions && as_of != NEVER; i++) {
        int64_t complete = complete_of_partition(lanes, lanes->partitions[i], vector);
        if (complete < as_of)
            as_of = complete;
    }
    return as_of;
}

/* Where no partition says anything: all there is, or nothing. */
static int64_t touches_most(const struct lanes *lanes)
{
    return lanes->n_partitions || lanes->none_awaited ? INT64_MAX : NEVER;
}

int64_t lanes_touches_complete(const struct lanes *lanes, struct span vector)
{
    int64_t least_ms = touches_most(lanes);
    for (size_t i = 0; i < lanes->n_partitions && least_ms != NEVER; i++) {
        uint32_t partition = lanes->partitions[i];
        struct lane_mark lane = vector_get(vector, partition * LANES_PER_PARTITION + LANE_TOUCH);
        struct lane_claim claim = claim_of(mark_of(lanes, partition), LANE_TOUCH);
        int64_t complete_ms = complete_of_lane(lanes, claim, lane, lane.newest_ms);
        least_ms = complete_ms < least_ms ? complete_ms : least_ms;
    }
    return least_ms;
}

int64_t lanes_marks_complete(const struct lanes *lanes)
{
    int64_t least_ms = touches_most(lanes);
    for (size_t i = 0; i < lanes->n_partitions && least_ms != NEVER; i++) {
        const struct partition_mark *mark = mark_of(lanes, lanes->partitions[i]);
        int64_t complete_ms = mark->offset == LANE_UNSET
                                  ? NEVER
                                  : later(mark->complete_ms, complete_by_events(lanes, mark->newest_ms));
        least_ms = complete_ms < least_ms ? complete_ms : least_ms;
    }
    return least_ms;
}
