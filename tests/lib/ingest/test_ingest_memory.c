/*
 * Ingest where memory ends: each of its allocations fails once, on the way from an assignment to everything
 * counted. What failed is started over, and in the end everything is counted once. Its units are compiled in
 * here with their allocator scripted; the desk keeps the real one.
 */
#include <errno.h>
#include <string.h>

#include "tests/lib/scripted_allocator.h"

#define malloc scripted_malloc
#define calloc scripted_calloc
#define realloc scripted_realloc
#include "lib/base/buffer.c"
#include "lib/base/table.c"
#include "lib/ingest/campaigns.c"
#include "lib/ingest/count.c"
#include "lib/ingest/flush.c"
#include "lib/ingest/ingest.c"
#include "lib/ingest/level.c"
#include "lib/ingest/orders.c"
#include "lib/ingest/spend.c"
#include "lib/ingest/sync.c"
#include "lib/shard/call.c"
#undef malloc
#undef calloc
#undef realloc

static int checked(int result)
{
    armed = false;
    if (result < 0 && result != -ENOMEM)
        abort();
    return result;
}

#define ARMED(call) (armed = true, checked(call))
#define DESK_ANSWER(call) ARMED(call)
#include "tests/lib/ingest/desk.h"

/* More campaigns in a shard than its first table holds. */
enum { N_ORDERS = 140, N_SPEND = 20, N_MESSAGES = N_ORDERS + N_SPEND, RANGE_SIZE = 28 };

/* Takes the ranges of the oldest call if they start where its shard stands, as the store would. */
static void store_take(struct desk *desk)
{
    const struct call *call = &desk->calls[0];
    desk->verdict = "ok";
    if (call->script != SCRIPT_APPLY && call->script != SCRIPT_DECIDE)
        return;
    struct span ranges = call_get(call, call->n_keys);
    struct lane_mark *stands = desk->stands[key_feed(call_get(call, 0))][0];
    for (size_t i = 0; i < ranges.size; i += RANGE_SIZE)
        if (stands[read_u32(ranges.data + i)].offset != read_i64(ranges.data + i + 4))
            desk->verdict = "refused";
    for (size_t i = 0; i < ranges.size && strcmp(desk->verdict, "ok") == 0; i += RANGE_SIZE)
        stands[read_u32(ranges.data + i)] =
            (struct lane_mark){read_i64(ranges.data + i + 12), read_i64(ranges.data + i + 20)};
}

/* Records of spend in the last apply of a shard. */
static int64_t spend_set(const struct desk *desk, uint32_t shard)
{
    const struct call *call = &desk->apply[shard];
    struct span groups = call_get(call, call->n_keys + 1);
    int64_t n = 0;
    for (size_t i = 0; i < groups.size; i += 4)
        n += read_u16(groups.data + i + 2) == 0 ? read_u16(groups.data + i) : 0;
    return n;
}

/* What the last apply of a shard added: orders to campaigns, and to the lane; spend to campaigns, and to the lane. */
static void sums_take(const struct desk *desk, uint32_t shard, int64_t sums[4])
{
    for (int i = 0; i < N_ORDERS; i++) {
        char campaign[16];
        snprintf(campaign, sizeof(campaign), "c%d", i);
        sums[0] += desk_shard(campaign) == shard ? desk_total(desk, campaign, CELL_ORDERS) : 0;
    }
    sums[1] += shard == 1 ? desk_lane(desk, 1, LANE_ORDERS) : 0;
    sums[2] += spend_set(desk, shard);
    sums[3] += shard == 0 ? desk_lane(desk, 0, LANE_SPEND) : 0;
}

static void poor_answer(struct desk *desk, int64_t sums[4])
{
    bool apply = desk->calls[0].script == SCRIPT_APPLY;
    uint32_t shard = apply ? (uint32_t)key_feed(call_get(&desk->calls[0], 0)) : 0;
    store_take(desk);
    (void)desk_reply(desk);
    if (apply && strcmp(desk->verdict, "ok") == 0)
        sums_take(desk, shard, sums);
}

static void poor_run(struct desk *desk, int64_t sums[4])
{
    for (;;) {
        int r = ARMED(ingest_next(desk->ingest, &desk->calls[desk->n], &desk->tags[desk->n]));
        if (r == 1)
            desk->n++;
        else if (desk->n > 0)
            poor_answer(desk, sums);
        else if (ingest_phase(desk->ingest) == INGEST_BROKEN)
            ingest_restart(desk->ingest);
        else if (r == 0)
            return;
    }
}

/* All that is left, as one batch. */
static void poor_read(struct desk *desk)
{
    if (!ingest_wants_input(desk->ingest))
        return;
    for (int64_t offset = ingest_position(desk->ingest, 0); offset < N_MESSAGES; offset++) {
        char text[200];
        snprintf(
            text, sizeof(text),
            "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"o%ld\",\"revenue\":5,\"campaign_id\":\"c%ld\"}",
            (long)T0, (long)offset, (long)offset);
        if (offset >= N_ORDERS)
            snprintf(
                text, sizeof(text),
                "{\"type\":\"spend\",\"ts\":%ld,\"campaign_id\":\"c%ld\",\"amount\":1,\"spend_id\":\"s\"}",
                (long)T0, (long)offset);
        if (ARMED(ingest_message(desk->ingest, 0, offset, NO_RECORD_TIME, (struct span){0}, span_of(text))) <
            0)
            return;
    }
    (void)ARMED(ingest_batch_end(desk->ingest));
}

static void everything_is_counted_once_whichever_allocation_fails(void **state)
{
    (void)state;
    const struct ingest_partition partition = {"mixed", 0, EVENT_NONE, 0};
    bool done = false;
    for (long fails_at = 0; !done; fails_at++) {
        struct desk desk;
        int64_t sums[4] = {0};
        desk_init(&desk);
        /* So that it is levelled too, and the text of our rules stored. */
        desk.registry[0] = "0 0 new none/300000/500";
        struct ingest_rules rules = desk_rules(&desk);
        rules.counting = (struct counting_rules){.version = 1, .text = span_of("text")};
        assert_int_equal(ingest_set_rules(desk.ingest, &rules), 0);
        n_until_failure = fails_at;
        while (ARMED(ingest_assign(desk.ingest, &partition, 1)) < 0)
            ;
        for (int turn = 0; turn == 0 || ingest_counted(desk.ingest, 0) < N_MESSAGES; turn++) {
            assert_in_range(turn, 0, 20);
            desk_pass(&desk, 1000);
            poor_run(&desk, sums);
            poor_read(&desk);
            poor_run(&desk, sums);
        }
        assert_int_equal(sums[0], N_ORDERS);
        assert_int_equal(sums[1], N_ORDERS);
        assert_int_equal(sums[2], N_SPEND);
        assert_int_equal(sums[3], N_SPEND);
        done = n_until_failure >= 0;
        desk_deinit(&desk);
    }
}

static void a_core_that_cannot_be_made_leaves_nothing_behind(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk);
    struct ingest_rules rules = desk_rules(&desk);
    for (long fails_at = 0;; fails_at++) {
        struct ingest *ingest = NULL;
        n_until_failure = fails_at;
        int r = ARMED(ingest_new(&rules, &ingest));
        ingest_free(ingest);
        if (r == 0)
            break;
        assert_null(ingest);
    }
    ingest_free(NULL);
    desk_deinit(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_counted_once_whichever_allocation_fails),
        cmocka_unit_test(a_core_that_cannot_be_made_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
