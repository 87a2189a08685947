/*
 * What readers say of their partitions' completeness, and what others make of it: as the daemon does it, through a table
 * in the store that is read and written without any order.
 *
 * DESIGN
 *   A client reads the table, hands ingest what follows from it (at once, later, or never), and writes the marks of its own
 * partitions, which may be lost. A zombie does so too. That a partition is at its end is said of one moment: who reads
 * the table after more has been written finds that its reader has taken it back, as no reader sleeps for
 * longer than the log advances by lateness.disorder.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/client.h"

void client_marks_begin(struct client *client)
{
    for (size_t i = 0; i < SIM_PARTITIONS_MAX; i++)
        client->own[i] = PARTITION_MARK_NONE;
}

static bool ended_before(const struct partition_mark *mark, int64_t now_ms)
{
    return mark->end_since_ms != NEVER && now_ms - mark->end_since_ms >= SETTLED_MS;
}

/* Was every partition at its end for long enough, written again from the contract. */
static bool is_settled(const struct sim_world *world)
{
    for (size_t p = 0; p < world->log.n_visible; p++)
        if (!world->recount.lanes[p].registered ||
            !ended_before(&world->marks[world->recount.lanes[p].index], world->now_ms))
            return false;
    return true;
}

static void ends_take_back(struct sim_world *world)
{
    for (size_t p = 0; p < world->log.n_visible; p++) {
        struct partition_mark *mark = &world->marks[world->recount.lanes[p].index];
        if (world->recount.lanes[p].registered && mark->offset != world->log.partitions[p].end)
            mark->end_since_ms = NEVER;
    }
}

static void view_read(struct sim_world *world, struct sim_view *view)
{
    size_t expected = world->log.n_visible, n_known = 0;
    ends_take_back(world);
    memcpy(view->marks, world->marks, sizeof(view->marks));
    view->n_partitions = view->waited = 0;
    for (size_t p = 0; p < expected; p++) {
        n_known += world->recount.lanes[p].registered;
        if (world->gives_up && random_chance(&world->random, 100))
            continue;
        view->partitions[view->n_partitions++] = world->recount.lanes[p].index;
        view->waited |= UINT32_C(1) << p;
    }
    if (n_known < expected)
        view->n_partitions = view->waited = 0;
    view->none_awaited = n_known == expected && view->n_partitions == 0;
    view->settled = marks_settled(view->marks, SIM_PARTITIONS_MAX, expected, world->now_ms);
    view->passed_ms =
        marks_passed(view->marks, SIM_PARTITIONS_MAX, expected, world->rules.book->disorder_ms, INT64_MAX);
    passed_note(&world->recount, expected);
    if (view->passed_ms > world->recount.passed_ms)
        fail(&world->failure, "the marks say that %" PRId64 " is passed, the recount says %" PRId64,
             view->passed_ms, world->recount.passed_ms);
    if (world->store.fault == SIM_FAULT_FORGETS_EARLY && view->passed_ms != NEVER)
        view->passed_ms += world->log.keep_ms + 3600000;
}

/* What a campaign shard has not counted must not be older than what it is said to be complete to, unless it is late. */
static void as_of_check_shard(struct sim_world *world, uint32_t shard, uint32_t waited, int64_t as_of_ms)
{
    const struct recount *recount = &world->recount;
    const struct shard_view *view = &recount->views[shard];
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        const struct sim_partition *partition = &world->log.partitions[p];
        if (!(waited >> p & 1))
            continue;
        for (size_t i = view->next[p][ORDERS]; i < recount->lanes[p].n_judged; i++) {
            const struct sim_message *message = partition->messages[i];
            bool orders = message->type == EVENT_ORDER || message->type == EVENT_REFUND;
            if (message->reason != REJECT_NONE ||
                message->offset < view->offset[p][orders ? ORDERS : TOUCHES])
                continue;
            if (message->ts_ms < as_of_ms && message->ts_ms >= complete_at(recount, p, message->offset))
                fail(&world->failure,
                     "campaign shard %" PRIu32 " is said to be complete to %" PRId64 ", and offset %" PRId64
                     " of partition %zu, of %" PRId64 ", is not counted",
                     shard, as_of_ms, message->offset, p, message->ts_ms);
        }
    }
}

static void as_of_check(struct sim_world *world, const struct lanes *lanes, uint32_t waited)
{
    for (uint32_t shard = 0; shard < world->recount.n_shards; shard++) {
        const struct sim_object *vec = shard_object(&world->recount, 'c', shard, "vec");
        int64_t as_of_ms = vec ? lanes_as_of(lanes, buffer_span(&vec->text)) : NEVER;
        if (as_of_ms != NEVER)
            as_of_check_shard(world, shard, waited, as_of_ms);
    }
}

static void view_hand(struct sim_world *world, struct client *client)
{
    const struct sim_view *view = &client->view;
    const struct lanes lanes = {
        view->partitions, view->n_partitions, view->marks, SIM_PARTITIONS_MAX, world->rules.book->disorder_ms,
        INT64_MAX,        view->none_awaited};
    if (world->store.fault != SIM_FAULT_MARKS_AHEAD)
        as_of_check(world, &lanes, view->waited);
    if (ingest_look(client->ingest, &(struct ingest_view){&lanes, view->settled, view->passed_ms}) < 0)
        abort();
    client->waited = view->waited;
    for (size_t p = 0; p < world->log.n_partitions; p++) {
        char name[40];
        const struct sim_partition *partition = &world->log.partitions[p];
        snprintf(name, sizeof(name), "%s:%" PRId32, partition->topic, partition->number);
        if (world->recount.lanes[p].registered && !random_chance(&world->random, 20) &&
            ingest_name_lane(client->ingest, world->recount.lanes[p].index, name) < 0)
            abort();
    }
}

/* Nothing that is still to be counted may be older than a mark says. */
static void mark_check(struct sim_world *world, size_t p, const struct partition_mark *mark,
                       const struct partition_mark *before)
{
    const struct recount *recount = &world->recount;
    const struct sim_partition *partition = &world->log.partitions[p];
    if (mark->newest_ms > recount_newest(recount, p, mark->offset) ||
        mark->decided_newest_ms > recount_newest(recount, p, mark->decided_offset))
        fail(&world->failure,
             "a mark of partition %zu says that its newest is %" PRId64 " at %" PRId64 " and %" PRId64
             " at %" PRId64 ", where it is %" PRId64 " and %" PRId64,
             p, mark->newest_ms, mark->offset, mark->decided_newest_ms, mark->decided_offset,
             recount_newest(recount, p, mark->offset), recount_newest(recount, p, mark->decided_offset));
    if (mark->complete_ms > complete_at(recount, p, mark->offset))
        fail(&world->failure, "a mark of partition %zu says that it is complete to %" PRId64, p,
             mark->complete_ms);
    if (mark->decided_complete_ms == before->decided_complete_ms)
        return;
    for (size_t i = partition_find(partition, mark->decided_offset); i < partition->n_messages; i++) {
        const struct sim_message *message = partition->messages[i];
        bool orders =
            message->reason == REJECT_NONE && (message->type == EVENT_ORDER || message->type == EVENT_REFUND);
        if (message->offset < mark->offset && orders && message->ts_ms < mark->decided_complete_ms)
            fail(&world->failure,
                 "a mark of partition %zu says that nothing before %" PRId64
                 " is to be decided, but offset %" PRId64 " of %" PRId64 " is",
                 p, mark->decided_complete_ms, message->offset, message->ts_ms);
    }
}

static void mark_write(struct sim_world *world, struct client *client, size_t slot, bool settled)
{
    const struct marks_rules rules = {false, world->rules.book->disorder_ms};
    size_t p = client->partition[slot];
    struct slot_state state = ingest_slot(client->ingest, slot);
    struct partition_mark *own = &client->own[slot];
    bool at_end = state.position == world->log.partitions[p].end &&
                  !(world->faulty && random_chance(&world->random, 50)); /* its leader was not heard of */
    if (own->offset == LANE_UNSET) {
        *own = client->view.marks[state.index];
        own->end_since_ms = NEVER;
    }
    struct partition_mark mark = mark_make(&rules, &state, at_end, world->now_ms, own, client->view.marks,
                                           SIM_PARTITIONS_MAX, world->log.n_visible);
    if (at_end && recount_least_of(&world->recount, p, TOUCHES) == world->log.partitions[p].end)
        proof_add(&world->recount, p, settled);
    if (world->store.fault != SIM_FAULT_MARKS_AHEAD)
        mark_check(world, p, &mark, own);
    if (world->store.fault == SIM_FAULT_MARKS_AHEAD && mark.newest_ms != NEVER)
        mark.complete_ms = mark.newest_ms + 3600000;
    *own = mark;
    if (!world->faulty || !random_chance(&world->random, 50))
        world->marks[state.index] = mark;
}

void client_look(struct sim_world *world, struct client *client)
{
    struct random *random = &world->random;
    bool stale = world->faulty && random_chance(random, 150),
         lost = world->faulty && random_chance(random, 100);
    if (stale) {
        view_hand(world, client);
        return;
    }
    view_read(world, &client->view);
    bool settled = is_settled(world);
    if (!lost)
        view_hand(world, client);
    for (size_t i = 0; i < client->n_slots && ingest_phase(client->ingest) == INGEST_RUNNING; i++)
        mark_write(world, client, i, settled);
    say(world, "client %d looks: %" PRId64 " is passed%s", client->id, client->view.passed_ms,
        client->view.settled ? ", all is read" : "");
}
