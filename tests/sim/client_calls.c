/*
 * The client's connection: calls go out, are executed in order, and their answers come back in order, or
 * never.
 */
#include <stdlib.h>

#include "tests/sim/client.h"

void queue_push(struct sim_queue *queue, struct sim_flight *flight)
{
    if (queue->n == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 16;
        queue->flights = realloc(queue->flights, queue->capacity * sizeof(struct sim_flight *));
    }
    queue->flights[queue->n++] = flight;
}

struct sim_flight *queue_take(struct sim_queue *queue, size_t index)
{
    struct sim_flight *flight = queue->flights[index];
    queue->n--;
    memmove(queue->flights + index, queue->flights + index + 1,
            (queue->n - index) * sizeof(struct sim_flight *));
    return flight;
}

void flight_free(struct sim_flight *flight)
{
    if (!flight)
        return;
    answer_deinit(&flight->truth);
    answer_deinit(&flight->answer);
    call_deinit(&flight->call);
    free(flight);
}

void queue_deinit(struct sim_queue *queue)
{
    while (queue->n > 0)
        flight_free(queue_take(queue, queue->n - 1));
    free(queue->flights);
    *queue = (struct sim_queue){0};
}

/* Whatever becomes of them: they must be right by what the client has seen. */
static void decisions_sent(struct sim_world *world, struct client *client, const struct call *call)
{
    struct sim_sight sights[SIM_SHARDS_MAX] = {0};
    for (size_t i = 0; i < SIM_SHARDS_MAX; i++) {
        const struct sim_flight *look = client->sights[i];
        if (look)
            sights[i] = (struct sim_sight){&look->call, &look->truth.reply, look->waited};
    }
    decisions_check(&world->recount, call, sights);
}

bool client_send(struct sim_world *world, struct client *client)
{
    struct sim_flight *flight = calloc(1, sizeof(*flight));
    if (!flight)
        abort();
    int r = ingest_next(client->ingest, &flight->call, &flight->tag);
    if (r == 1) {
        if (flight->call.script == SCRIPT_DECIDE)
            decisions_sent(world, client, &flight->call);
        say(world, "client %d sends %s", client->id, script_name(flight->call.script));
        queue_push(&client->queue, flight);
        return true;
    }
    if (r < 0)
        abort();
    flight_free(flight);
    return false;
}

/* What a look would have given without any fault of the store. */
static void look_truly(struct sim_store *store, struct sim_flight *flight)
{
    enum sim_fault fault = store->fault;
    store->fault = SIM_FAULT_NONE;
    store_execute(store, &flight->call, false, &flight->truth);
    store->fault = fault;
}

static void flight_execute(struct sim_world *world, struct sim_flight *flight, bool half)
{
    flight->executed = true;
    world->seen.executed++;
    if (world->faulty && random_chance(&world->random, 3)) {
        flight->answer.reply =
            (struct reply){.type = REPLY_ERROR, .text = span_of("OOM command not allowed")};
        return;
    }
    store_execute(&world->store, &flight->call, half, &flight->answer);
    recount_follow(&world->recount, &flight->call, &flight->answer.reply);
    if (flight->call.script == SCRIPT_LOOK)
        look_truly(&world->store, flight);
    struct span verdict = reply_at(&flight->answer.reply, 0)->text;
    world->seen.refused += span_equal(verdict, span_of("refused"));
    say(world, "the store executes %s%s", script_name(flight->call.script),
        span_equal(verdict, span_of("refused")) ? ": refused" : "");
}

bool client_execute(struct sim_world *world, struct client *client)
{
    for (size_t i = 0; i < client->queue.n; i++) {
        if (client->queue.flights[i]->executed)
            continue;
        flight_execute(world, client->queue.flights[i], false);
        return true;
    }
    return false;
}

static void flight_answer(struct sim_world *world, struct client *client, struct sim_flight *flight,
                          const struct reply *reply)
{
    say(world, "client %d gets %s", client->id, reply ? "an answer" : "no answer");
    if (ingest_reply(client->ingest, flight->tag, reply) < 0)
        fail(&world->failure, "client %d does not take an answer", client->id);
}

bool client_deliver(struct sim_world *world, struct client *client)
{
    if (client->queue.n == 0 || !client->queue.flights[0]->executed)
        return false;
    struct sim_flight *flight = queue_take(&client->queue, 0);
    flight->waited = client->waited;
    flight_answer(world, client, flight, &flight->answer.reply);
    if (flight->call.script != SCRIPT_LOOK) {
        flight_free(flight);
        return true;
    }
    size_t shard = (size_t)(call_get(&flight->call, 0).data[strlen("roi:~{u")] - '0');
    flight_free(client->sights[shard]);
    client->sights[shard] = flight;
    return true;
}

/* The answer does not come; a call that was not executed yet may still be, or not. */
static void flight_lose(struct sim_world *world, struct client *client, size_t index, bool reached)
{
    struct sim_flight *flight = queue_take(&client->queue, index);
    flight_answer(world, client, flight, NULL);
    if (!flight->executed && reached)
        queue_push(&world->orphans, flight);
    else
        flight_free(flight);
}

void client_lose_reply(struct sim_world *world, struct client *client)
{
    if (client->queue.n > 0)
        flight_lose(world, client, (size_t)random_below(&world->random, (int64_t)client->queue.n),
                    random_chance(&world->random, 500));
}

void client_disconnect(struct sim_world *world, struct client *client)
{
    int64_t n_reached = random_below(&world->random, (int64_t)client->queue.n + 1);
    for (int64_t i = 0; client->queue.n > 0; i++)
        flight_lose(world, client, 0, i < n_reached);
}

bool orphan_execute(struct sim_world *world)
{
    if (world->orphans.n == 0)
        return false;
    struct sim_flight *flight = queue_take(&world->orphans, 0);
    if (random_chance(&world->random, 900))
        flight_execute(world, flight, random_chance(&world->random, 500));
    flight_free(flight);
    return true;
}
