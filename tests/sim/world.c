/*
 * DESIGN
 *   A step is one small act of a random client: reading a batch, asking for a call, having one executed,
 * getting an answer. Between any two of them something may go wrong. After the last step no more faults
 * happen, and the run must come to an end by itself: every shard at the end of the log. The group's protocol
 * is the eager one: all members give everything up, then all is given out anew. A zombie is a member that the
 * group has counted as dead, and that goes on with what it had.
 */
#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CLIENTS_MAX = 6, ROUNDS_MAX = 6000, COMPARE_EVERY = 500 };

struct run {
    struct sim_world world;
    struct rule_book book;
    struct window_spec windows[WINDOWS_MAX];
    struct price prices[3];
    struct campaign_rules priced[3];
    struct client *clients[CLIENTS_MAX];
    size_t n_clients;
    int next_id;
    int trouble;        /* per mille of what may fail */
    bool handing_over;  /* members are giving their partitions up */
    bool starts_at_end; /* kafka.start: latest */
};

static void book_make(struct run *run)
{
    static const char *const sets[][5] = {
        {"5m", "1h", "24h", "total"}, {"24h", "7d"},        {"total"}, {"1m"},
        {"7d", "month", "total"},     {"5m", "6h", "today"}};
    struct random *random = &run->world.random;
    const char *const *set = sets[random_below(random, ARRAY_SIZE(sets))];
    struct rule_book *book = &run->book;
    size_t n = 0;
    for (; n < 5 && set[n]; n++)
        if (window_parse(span_of(set[n]), &run->windows[n]) != 0)
            abort();
    *book = (struct rule_book){.currency = "EUR",
                               .windows = run->windows,
                               .n_windows = n,
                               .disorder_ms = random_below(random, 60000)};
    if (!tiers_plan(run->windows, n, &book->tiers))
        abort();
    book->measures = (struct measures){.items = {{.of_orders = true, .what = span_of("sale")},
                                                 {.what = span_of("like")},
                                                 {.what = span_of("never")},
                                                 {.what = span_of("like")},
                                                 {.of_orders = true, .what = span_of("lead")}},
                                       .n = (size_t)random_below(random, 6)};
    /* Prices change at any minute within the log: slices are cut there. */
    for (size_t i = 0; i < ARRAY_SIZE(run->prices); i++)
        run->prices[i] = (struct price){.from_ms = SIM_T0 - 3600000 +
                                                   MINUTE_MS * ((int64_t)i * 90 + random_below(random, 60)),
                                        .cpm_micros = 5};
    for (size_t i = 0; i < ARRAY_SIZE(run->priced); i++) {
        struct campaign_rules *rules = &run->priced[i];
        rules->id = span_of(run->world.log.campaigns[i]);
        rules->cost = (struct cost_plan){.prices = run->prices, .n_prices = i + 1};
        if (table_put(&book->by_id, rules->id, rules) < 0)
            abort();
    }
}

static void run_init(struct run *run, const struct sim_options *options)
{
    struct sim_world *world = &run->world;
    *run = (struct run){.world = {.random = {options->seed * UINT64_C(0x2545f4914f6cdd1d)},
                                  .verbose = options->verbose,
                                  .faulty = true}};
    struct random *random = &world->random;
    log_init(&world->log, random);
    configs_init(world);
    book_make(run);
    uint32_t n_shards = (uint32_t)random_in(random, 1, SIM_SHARDS_MAX);
    world->rules = (struct ingest_rules){
        .layout = {span_of("roi:"), n_shards, 1},
        .decode = {.currency = "EUR"}, /* the rest is the configuration's */
        .book = &run->book,
        .campaigns_limit = random_in(random, 1, (int64_t)world->log.n_campaigns * 2),
        .flush_ms = random_in(random, 1, 500),
        .cells_due = (size_t)random_in(random, 1, 60),
        .waiting_most = random_chance(random, 400) ? (size_t)random_in(random, 2, 12) : 0,
    };
    attribution_make(world, run->book.disorder_ms);
    world->rules.repeat_ms =
        world->rules.attribution.touches.click_lookback_ms + world->rules.attribution.order_hold_ms;
    for (size_t i = 0; i < ARRAY_SIZE(world->marks); i++)
        world->marks[i] = PARTITION_MARK_NONE;
    store_init(&world->store, options->fault, &world->failure);
    recount_init(&world->recount, &world->log, &world->store, &run->book, n_shards,
                 world->rules.campaigns_limit, &world->failure);
    world->recount.attribution = &world->rules.attribution;
    world->recount.horizon_ms = world->rules.refund_horizon_ms;
    world->recount.book_at_refund = world->rules.book_at_refund;
    run->world.log.n_visible = (size_t)random_in(random, 1, (int64_t)world->log.n_partitions);
    run->starts_at_end = random_chance(random, 200);
    world->gives_up = random_chance(random, 150);
    run->trouble = (int)random_in(random, 150, 1000);
    for (int64_t n = random_below(random, 200); n > 0; n--)
        log_append(&world->log);
    for (int64_t n = random_in(random, 1, 2); n > 0; n--)
        run->clients[run->n_clients++] = client_new(world, run->next_id++);
    run->handing_over = true;
}

static void client_drop(struct run *run, size_t i)
{
    struct ingest_counts counts = ingest_counts(run->clients[i]->ingest);
    run->world.seen.restarts += counts.restarts;
    if (counts.set_aside)
        fail(&run->world.failure, "cells were set aside");
    client_kill(&run->world, run->clients[i]);
    run->clients[i] = run->clients[--run->n_clients];
}

static void run_deinit(struct run *run)
{
    while (run->n_clients > 0)
        client_drop(run, 0);
    queue_deinit(&run->world.orphans);
    recount_deinit(&run->world.recount);
    store_deinit(&run->world.store);
    table_deinit(&run->book.by_id);
    log_deinit(&run->world.log);
}

static void hand_over(struct run *run)
{
    if (run->handing_over)
        return;
    run->handing_over = true;
    run->world.seen.handovers++;
    for (size_t i = 0; i < run->n_clients; i++)
        if (!run->clients[i]->zombie)
            client_leave(&run->world, run->clients[i], random_chance(&run->world.random, 600));
}

static void give_out(struct run *run)
{
    struct random *random = &run->world.random;
    size_t lists[CLIENTS_MAX][SIM_PARTITIONS_MAX];
    size_t n[CLIENTS_MAX] = {0};
    size_t members[CLIENTS_MAX], n_members = 0;
    for (size_t i = 0; i < run->n_clients; i++)
        if (!run->clients[i]->zombie)
            members[n_members++] = i;
    if (random_chance(random, 500) || !run->world.faulty)
        run->world.log.n_visible += run->world.log.n_visible < run->world.log.n_partitions;
    for (size_t p = 0; p < run->world.log.n_visible; p++) {
        size_t member = members[random_below(random, (int64_t)n_members)];
        lists[member][n[member]++] = p;
    }
    for (size_t i = 0; i < n_members; i++)
        client_assign(&run->world, run->clients[members[i]], lists[members[i]], n[members[i]],
                      run->starts_at_end);
    run->handing_over = false;
}

/* Gives partitions out when nobody holds one any more. */
static void group_follow(struct run *run)
{
    bool quiet = true;
    size_t n_members = 0;
    if (!run->handing_over)
        return;
    for (size_t i = 0; i < run->n_clients; i++) {
        struct client *client = run->clients[i];
        if (client->zombie)
            continue;
        n_members++;
        if (client_is_quiet(client))
            continue;
        quiet = false;
        if (random_chance(&run->world.random, 20))
            client_leave(&run->world, client, false);
    }
    if (n_members == 0)
        run->clients[run->n_clients++] = client_new(&run->world, run->next_id++);
    else if (quiet)
        give_out(run);
}

static void client_replace(struct run *run, size_t i)
{
    bool zombie = run->clients[i]->zombie;
    client_drop(run, i);
    run->world.seen.kills++;
    if (!zombie) {
        run->clients[run->n_clients++] = client_new(&run->world, run->next_id++);
        hand_over(run);
    }
}

static void client_falls_asleep(struct run *run, struct client *client)
{
    if (client->zombie || run->n_clients == CLIENTS_MAX)
        return;
    say(&run->world, "client %d is counted as dead", client->id);
    client->zombie = true;
    run->world.seen.zombies++;
    run->clients[run->n_clients++] = client_new(&run->world, run->next_id++);
    hand_over(run);
}

static void something_fails(struct run *run, size_t i)
{
    struct sim_world *world = &run->world;
    switch (random_below(&world->random, 8)) {
    case 0:
    case 1:
        client_disconnect(world, run->clients[i]);
        break;
    case 2:
    case 3:
        client_lose_reply(world, run->clients[i]);
        break;
    case 4:
        client_replace(run, i);
        break;
    case 5:
        client_falls_asleep(run, run->clients[i]);
        break;
    case 6:
        hand_over(run);
        break;
    default:
        ingest_restart(run->clients[i]->ingest);
        break;
    }
}

static void several(struct sim_world *world, struct client *client,
                    bool (*act)(struct sim_world *, struct client *))
{
    for (int64_t n = random_in(&world->random, 1, 8); n > 0 && act(world, client); n--)
        ;
}

/* How a client goes on by itself, if nothing fails. */
static void client_round(struct sim_world *world, struct client *client, int64_t n_most)
{
    client_tick(world, client);
    client_look(world, client);
    client_read(world, client, n_most);
    while (client_take_letters(world, client))
        ;
    while (client_acknowledge(world, client))
        ;
    for (bool more = true; more;) {
        more = client_send(world, client);
        while (client_send(world, client))
            ;
        while (client_execute(world, client))
            ;
        while (client_deliver(world, client))
            ;
    }
    client_chores(world, client);
}

static void run_step(struct run *run)
{
    struct sim_world *world = &run->world;
    size_t i = (size_t)random_below(&world->random, (int64_t)run->n_clients);
    struct client *client = run->clients[i];
    int64_t luck = random_below(&world->random, 100);
    if (luck < 15) {
        client_read(world, client, 12);
    } else if (luck < 19) {
        client_round(world, client, 12);
    } else if (luck < 26) {
        world->now_ms += random_below(&world->random, random_chance(&world->random, 30) ? 12000 : 300);
        client_tick(world, client);
    } else if (luck < 44) {
        several(world, client, client_send);
    } else if (luck < 62) {
        several(world, client, client_execute);
    } else if (luck < 78) {
        several(world, client, client_deliver);
    } else if (luck < 81) {
        several(world, client, client_take_letters);
    } else if (luck < 87) {
        several(world, client, client_acknowledge);
    } else if (luck < 92) {
        client_look(world, client);
    } else if (luck < 95) {
        (void)orphan_execute(world);
    } else if (luck < 99) {
        for (int64_t n = random_below(&world->random, 20); n > 0; n--)
            log_append(&world->log);
    } else if (client->zombie && random_chance(&world->random, 300)) {
        client_drop(run, i);
    } else if (random_chance(&world->random, run->trouble)) {
        something_fails(run, i);
    }
    for (size_t k = 0; k < run->n_clients; k++)
        client_chores(world, run->clients[k]);
    group_follow(run);
}

/* All that was read is counted: then the marks may say so. */
static void newest_check(struct sim_world *world, struct client *client)
{
    client_tick(world, client);
    for (size_t i = 0; i < client->n_slots && !client->leaving; i++) {
        struct slot_state state = ingest_slot(client->ingest, i);
        if (state.position != state.counted || state.counted_newest_ms != state.newest_ms)
            fail(&world->failure, "client %d does not see that partition %zu is counted to its end",
                 client->id, client->partition[i]);
    }
}

static bool run_is_over(struct run *run)
{
    return !run->handing_over && run->world.orphans.n == 0 &&
           run->world.log.n_visible == run->world.log.n_partitions &&
           recount_finished(&run->world.recount, run->world.log.n_visible);
}

static void run_finish(struct run *run)
{
    struct sim_world *world = &run->world;
    world->faulty = false;
    world->recount.finishing = true;
    say(world, "no more faults");
    for (size_t i = run->n_clients; i > 0; i--)
        if (run->clients[i - 1]->zombie)
            client_drop(run, i - 1);
    for (int round = 0; round < ROUNDS_MAX && !world->failure.found && !run_is_over(run); round++) {
        world->now_ms += 300;
        for (size_t i = 0; i < run->n_clients; i++)
            client_round(world, run->clients[i], 100);
        while (orphan_execute(world))
            ;
        group_follow(run);
        if (run->world.log.n_visible < world->log.n_partitions)
            hand_over(run);
    }
    if (!run_is_over(run))
        fail(&world->failure, "the shards do not reach the end of the log");
    for (size_t i = 0; i < run->n_clients && !world->failure.found; i++)
        newest_check(world, run->clients[i]);
    recount_compare(&world->recount);
    recount_ids(&world->recount, run->world.log.n_visible);
    decisions_finished(&world->recount);
}

struct sim_result world_run(const struct sim_options *options)
{
    struct run *run = malloc(sizeof(*run));
    if (!run)
        abort();
    run_init(run, options);
    struct sim_world *world = &run->world;
    int64_t step = 0;
    for (; step < options->n_steps && !world->failure.found; step++) {
        run_step(run);
        if (step % COMPARE_EVERY == 0)
            recount_compare(&world->recount);
    }
    if (!world->failure.found)
        run_finish(run);
    run_deinit(run);
    struct sim_result result = {step,
                                world->failure,
                                world->seen.executed,
                                world->seen.restarts,
                                world->seen.refused,
                                world->seen.kills,
                                world->seen.zombies,
                                world->seen.handovers,
                                world->recount.n_changes,
                                world->recount.seen.orders,
                                world->recount.seen.early,
                                world->recount.seen.by_touches,
                                world->recount.seen.as_finished,
                                world->recount.seen.excused,
                                world->recount.seen.repeats,
                                world->recount.seen.refunds,
                                world->recount.seen.forgotten,
                                world->recount.seen.expired};
    free(run);
    return result;
}
