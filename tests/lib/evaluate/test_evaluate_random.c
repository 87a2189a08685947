/*
 * Two evaluators of the same shards, events at any moment, calls and replies lost: every key that is written
 * says what had happened at its rev (the world checks that), and in the end all keys equal a recount.
 */
#include "tests/lib/evaluate/world.h"

static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* More than a load call takes, so that loading, reading and publishing mix. */
static const char *const campaigns[] = {
    "spring-sale", "(overflow)", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",
    "m",           "n",          "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",
};

static void random_event(struct world *world, uint64_t *seed)
{
    int64_t at_ms = world->newest_ms + (int64_t)(next_random(seed) % 60000) - 45000;
    const char *campaign = campaigns[next_random(seed) % ARRAY_SIZE(campaigns)];
    world_event(world, campaign, at_ms, 1, (int64_t)(next_random(seed) % 1000), 7);
}

/* Sends what there is to send; some replies are lost, with the call done or not, and events happen in
 * between. */
static void run_badly(struct world *world, struct evaluator *evaluator, uint64_t *seed)
{
    uint64_t tag;
    for (uint64_t n = next_random(seed) % 40; n > 0 && evaluator_next(evaluator, &world->call, &tag) == 1;
         n--) {
        if (next_random(seed) % 4 == 0)
            random_event(world, seed);
        uint64_t luck = next_random(seed) % 50;
        struct reply reply = {0};
        if (luck != 0)
            reply = world_answer(world, &world->call);
        if (luck <= 1)
            evaluator_fail(evaluator, tag);
        else
            assert_int_equal(evaluator_reply(evaluator, tag, &reply), 0);
    }
}

static void keys_equal_a_recount_whatever_happens(void **state)
{
    for (uint64_t first = 1; first <= 8; first++) {
        void *fresh;
        world_setup(&fresh);
        struct world *world = fresh;
        struct evaluator *other = world_evaluator(world, 0);
        uint64_t seed = first;
        print_message("seed %lu\n", (unsigned long)first);
        for (size_t i = 0; i < 300; i++) {
            for (uint64_t n = next_random(&seed) % 4; n > 0; n--)
                random_event(world, &seed);
            world->now_ms += 250;
            world->steady_ms += 250;
            struct evaluator *turn = next_random(&seed) % 4 ? world->evaluator : other;
            evaluator_tick(turn, world->now_ms, world->steady_ms);
            run_badly(world, turn, &seed);
            if (next_random(&seed) % 50 == 0)
                assert_int_equal(evaluator_own(turn, 0, next_random(&seed) % 2), 0);
        }
        assert_int_equal(evaluator_own(world->evaluator, 0, true), 0);
        for (int i = 0; i < 4; i++)
            world_settle(world);
        for (size_t i = 0; i < ARRAY_SIZE(campaigns); i++)
            world_check(world, campaigns[i]);
        assert_true(evaluator_idle(world->evaluator));
        evaluator_free(other);
        world_teardown(&fresh);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_equal_a_recount_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
