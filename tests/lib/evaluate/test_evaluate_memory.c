/*
 * The evaluator where memory ends: each of its allocations fails once, in a world in which a goal fires, a
 * campaign is new and the clock is behind. Its units are compiled in here with their allocator scripted; the
 * world keeps the real one.
 */
#include <errno.h>

#include "tests/lib/scripted_allocator.h"

#define malloc scripted_malloc
#define calloc scripted_calloc
#define realloc scripted_realloc
#include "lib/base/buffer.c"
#include "lib/base/table.c"
#include "lib/evaluate/campaign.c"
#include "lib/evaluate/common.c"
#include "lib/evaluate/content.c"
#include "lib/evaluate/deliver.c"
#include "lib/evaluate/evaluate.c"
#include "lib/evaluate/follow.c"
#include "lib/evaluate/goals.c"
#include "lib/evaluate/keep.c"
#include "lib/evaluate/load.c"
#include "lib/evaluate/publish.c"
#include "lib/evaluate/rolling.c"
#include "lib/evaluate/shard.c"
#include "lib/evaluate/slices.c"
#include "lib/shard/call.c"
#include "lib/window/spend.c"
#undef malloc
#undef calloc
#undef realloc

#include "tests/lib/evaluate/world.h"

static int checked(int result)
{
    armed = false;
    assert_true(result == 0 || result == 1 || result == -ENOMEM);
    return result;
}

#define ARMED(call) (armed = true, checked(call))

static void poor_tick(struct world *world)
{
    uint64_t tag;
    world->now_ms += 250;
    world->steady_ms += 250;
    armed = true;
    evaluator_tick(world->evaluator, world->now_ms, world->steady_ms);
    armed = false;
    for (;;) {
        int r = ARMED(evaluator_next(world->evaluator, &world->call, &tag));
        if (r == 0)
            return;
        if (r < 0)
            continue;
        struct reply reply = world_answer(world, &world->call);
        (void)ARMED(evaluator_reply(world->evaluator, tag, &reply));
    }
}

static void live_poorly(struct world *world)
{
    const uint32_t partition = 0;
    struct evaluator_options options = {
        .book = &world->book, .layout = world->layout, .future_ms = 300000, .stream_length = 1000};
    while (ARMED(evaluator_new(&options, &world->evaluator)) < 0)
        continue;
    while (ARMED(evaluator_set_partitions(world->evaluator, &partition, 1)) < 0)
        continue;
    for (uint32_t i = 0; i < N_SHARDS; i++)
        while (ARMED(evaluator_own(world->evaluator, i, true)) < 0)
            continue;
    for (int i = 0; i < 8; i++)
        poor_tick(world);
    world_spend(world, "(overflow)", "s1", T0, T0 + MINUTE_MS, 60 * MICROS);
    world_spend(world, "(overflow)", "s2", T0, T0, MICROS);
    world_event(world, "spring-sale", T0, 1, 60 * MICROS, 0);
    world_event(world, "new", T0, 1, 60 * MICROS, 0);
    world_as_of(world, T0 + MINUTE_MS);
    for (int i = 0; i < 16; i++)
        poor_tick(world);
    world->now_ms += 601000;
    for (int i = 0; i < 16; i++)
        poor_tick(world);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const retired = "9m";
    long n = 0;
    for (bool failed = true; failed; n++) {
        void *fresh;
        world_setup(&fresh);
        struct world *world = fresh;
        world->book.clock = true;
        hash_set(world_root(world, "~windows"), span_of(retired), span_of("1"));
        evaluator_free(world->evaluator);
        n_until_failure = n;
        live_poorly(world);
        failed = n_until_failure < 0;
        n_until_failure = -1;
        world_check(world, "spring-sale");
        world_check(world, "new");
        assert_int_equal(world_number(world, "(overflow)", "total", "media_cost_micros"), 61 * MICROS);
        assert_true(world_says(world, "spring-sale", NULL, "state", "firing"));
        assert_int_equal(world_stats(world).n_in_flight, 0);
        assert_int_equal(world_stats(world).n_alerts, 2);
        assert_true(evaluator_idle(world->evaluator));
        world_teardown(&fresh);
    }
    assert_true(n > 50);
    print_message("%ld allocations\n", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
