#include "tests/sim/client.h"

#include <inttypes.h>
#include <stdlib.h>

void say(const struct sim_world *world, const char *format, ...)
{
    if (!world->verbose)
        return;
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void configs_init(struct sim_world *world)
{
    world->n_configs = 1;
    for (size_t p = 0; p < world->log.n_partitions; p++)
        world->configs[0].rules[p] =
            (struct sim_rules){world->log.partitions[p].type, SIM_FUTURE_MS, SIM_MESSAGE_BYTES};
}

/* Somebody edits the configuration: the types of some topics, or what holds for all of them. */
static void config_change(struct sim_world *world)
{
    static const int64_t futures[] = {0, 60000, SIM_FUTURE_MS};
    struct random *random = &world->random;
    struct sim_config *config = &world->configs[world->n_configs];
    *config = world->configs[world->n_configs - 1];
    world->n_configs++;
    int64_t future_ms = futures[random_below(random, ARRAY_SIZE(futures))];
    int64_t message_bytes = random_in(random, 300, SIM_MESSAGE_BYTES);
    bool types = random_chance(random, 700);
    for (size_t p = 0; p < world->log.n_partitions; p++) {
        struct sim_rules *rules = &config->rules[p];
        if (types && random_chance(random, 300))
            rules->type = (enum event_type)random_in(random, EVENT_NONE, EVENT_REFUND);
        if (!types)
            *rules = (struct sim_rules){rules->type, future_ms, message_bytes};
    }
    world->recount.rules_vary = true;
    say(world, "the configuration changes");
}

struct client *client_new(struct sim_world *world, int id)
{
    struct client *client = calloc(1, sizeof(*client));
    if (world->faulty && world->n_configs < SIM_CONFIGS_MAX && random_chance(&world->random, 250))
        config_change(world);
    struct ingest_rules rules = world->rules;
    const struct sim_config *config = &world->configs[world->n_configs - 1];
    rules.decode.future_ms = config->rules[0].future_ms;
    rules.decode.message_bytes = config->rules[0].message_bytes;
    if (!client || ingest_new(&rules, &client->ingest) < 0)
        abort();
    client->id = id;
    client->config = config;
    client->clock_ms = random_below(&world->random, 100000);
    client_tick(world, client);
    return client;
}

void client_kill(struct sim_world *world, struct client *client)
{
    say(world, "client %d dies", client->id);
    int64_t n_executed = random_below(&world->random, (int64_t)client->queue.n + 1);
    for (int64_t i = 0; client->queue.n > 0; i++) {
        struct sim_flight *flight = queue_take(&client->queue, 0);
        if (i >= n_executed || flight->executed) {
            flight_free(flight);
        } else {
            queue_push(&world->orphans, flight);
        }
    }
    queue_deinit(&client->queue);
    ingest_free(client->ingest);
    for (size_t i = 0; i < SIM_SHARDS_MAX; i++)
        flight_free(client->sights[i]);
    free(client->letters);
    free(client);
}

void client_assign(struct sim_world *world, struct client *client, const size_t *partitions, size_t n,
                   bool from_end)
{
    struct ingest_partition all[SIM_PARTITIONS_MAX];
    for (size_t i = 0; i < n; i++) {
        const struct sim_partition *partition = &world->log.partitions[partitions[i]];
        all[i] = (struct ingest_partition){partition->topic, partition->number,
                                           client->config->rules[partitions[i]].type,
                                           from_end ? partition->end : 0};
        client->partition[i] = partitions[i];
        say(world, "client %d gets %s:%d", client->id, partition->topic, partition->number);
    }
    client->n_slots = n;
    client_marks_begin(client);
    client->leaving = false;
    if (ingest_assign(client->ingest, all, n) != 0)
        fail(&world->failure, "client %d cannot be assigned partitions in %s", client->id,
             ingest_phase_name(ingest_phase(client->ingest)));
}

void client_leave(struct sim_world *world, struct client *client, bool flush)
{
    say(world, "client %d leaves in %s%s", client->id, ingest_phase_name(ingest_phase(client->ingest)),
        flush ? ", flushing" : "");
    client->leaving = true;
    ingest_revoke(client->ingest, flush);
}

bool client_is_quiet(const struct client *client)
{
    return ingest_phase(client->ingest) == INGEST_IDLE && ingest_in_flight(client->ingest) == 0;
}

void client_tick(struct sim_world *world, struct client *client)
{
    if (ingest_tick(client->ingest, world->now_ms + client->clock_ms) < 0)
        abort();
}

static void letter_add(struct client *client, struct sim_message *message, enum reject_reason ledger)
{
    if (client->n_letters == client->letters_capacity) {
        client->letters_capacity = client->letters_capacity ? client->letters_capacity * 2 : 16;
        client->letters = realloc(client->letters, client->letters_capacity * sizeof(*client->letters));
        if (!client->letters)
            abort();
    }
    client->letters[client->n_letters++] = (struct sim_letter){message, ledger};
    ingest_letters(client->ingest, client->n_letters);
}

bool client_take_letters(struct sim_world *world, struct client *client)
{
    struct ingest_letter letter;
    if (!ingest_next_letter(client->ingest, &letter))
        return false;
    size_t p = partition_of(&world->recount, letter.index);
    struct sim_message *message =
        p < SIM_PARTITIONS_MAX ? partition_get(&world->log.partitions[p], letter.offset) : NULL;
    if (!message || message->flaw != REJECT_NONE || !message->order_id[0])
        fail(&world->failure,
             "client %d has a letter of offset %" PRId64 " of partition %zu, which is no refund", client->id,
             letter.offset, p);
    else
        letter_add(client, message, letter.reason);
    ingest_letter_taken(client->ingest);
    return true;
}

bool client_acknowledge(struct sim_world *world, struct client *client)
{
    if (client->n_letters == 0)
        return false;
    size_t i = (size_t)random_below(&world->random, (int64_t)client->n_letters);
    const struct sim_letter *letter = &client->letters[i];
    if (letter->ledger)
        letter->message->ledger_letters |= UINT32_C(1) << letter->ledger;
    else
        letter->message->letter_sent = true;
    client->letters[i] = client->letters[--client->n_letters];
    ingest_letters(client->ingest, client->n_letters);
    return true;
}

/* Some configuration rejects it so: by which one a client reads depends on what others have counted. */
static bool may_be_rejected(const struct sim_world *world, size_t p, const struct sim_message *message,
                            int reason)
{
    enum event_type type;
    for (size_t i = 0; i < world->n_configs; i++)
        if ((int)message_meaning(message, &world->configs[i].rules[p], &type) == reason)
            return true;
    return false;
}

static void message_read(struct sim_world *world, struct client *client, size_t slot)
{
    size_t p = client->partition[slot];
    const struct sim_partition *partition = &world->log.partitions[p];
    struct sim_message *message = partition->messages[client->cursor[slot]++];
    int r = ingest_message(client->ingest, slot, message->offset, message->record_ts_ms, (struct span){0},
                           span_from(message->value, message->value_size));
    if (r > 0 && may_be_rejected(world, p, message, r))
        letter_add(client, message, REJECT_NONE);
    else if (r != 0)
        fail(&world->failure, "offset %" PRId64 " of %s:%d was read with %d: %.*s", message->offset,
             partition->topic, partition->number, r, (int)message->value_size,
             message->value ? message->value : "");
}

static bool slot_read(struct sim_world *world, struct client *client, size_t slot)
{
    const struct sim_partition *partition = &world->log.partitions[client->partition[slot]];
    if (client->cursor[slot] < partition->n_messages) {
        message_read(world, client, slot);
        return true;
    }
    ingest_advance(client->ingest, slot, partition->end);
    return false;
}

/* A change of epoch sets the cursors back to where ingest wants to go on. */
static bool cursors_placed(struct sim_world *world, struct client *client)
{
    if (ingest_phase(client->ingest) != INGEST_RUNNING)
        return false;
    if (client->placed_epoch == ingest_epoch(client->ingest))
        return true;
    client->placed_epoch = ingest_epoch(client->ingest);
    for (size_t i = 0; i < client->n_slots; i++)
        client->cursor[i] =
            partition_find(&world->log.partitions[client->partition[i]], ingest_position(client->ingest, i));
    return true;
}

void client_read(struct sim_world *world, struct client *client, int64_t n_most)
{
    if (client->n_slots == 0 || !cursors_placed(world, client) || !ingest_wants_input(client->ingest))
        return;
    int64_t n = random_in(&world->random, 1, n_most);
    for (int64_t i = 0; i < n; i++) {
        size_t slot = (size_t)random_below(&world->random, (int64_t)client->n_slots);
        for (int64_t k = random_in(&world->random, 1, 6); k > 0; k--)
            if (!ingest_wants_slot(client->ingest, slot) || !slot_read(world, client, slot))
                break;
    }
    if (ingest_batch_end(client->ingest) < 0)
        abort();
    say(world, "client %d reads", client->id);
}

/* What a client claims to be counted must be so in the store; a group that is told more would skip messages.
 */
static void claims_check(struct sim_world *world, const struct client *client)
{
    for (size_t i = 0; i < client->n_slots; i++) {
        size_t p = client->partition[i];
        struct slot_state state = ingest_slot(client->ingest, i);
        int64_t touches = recount_least_of(&world->recount, p, TOUCHES),
                orders = recount_least_of(&world->recount, p, ORDERS);
        if (state.counted > touches || state.decided > orders)
            fail(&world->failure,
                 "client %d claims %" PRId64 " and %" PRId64 " of partition %zu, the shards stand at %" PRId64
                 " and %" PRId64,
                 client->id, state.counted, state.decided, p, touches, orders);
        if (state.counted_newest_ms > recount_newest(&world->recount, p, state.counted))
            fail(&world->failure, "client %d claims a newest event time that not every shard has counted",
                 client->id);
    }
}

void client_chores(struct sim_world *world, struct client *client)
{
    switch (ingest_phase(client->ingest)) {
    case INGEST_BROKEN:
        say(world, "client %d is broken: %s", client->id, ingest_fault(client->ingest));
        ingest_restart(client->ingest);
        break;
    case INGEST_LOST:
        fail(&world->failure, "client %d says that data is lost: %s", client->id,
             ingest_fault(client->ingest));
        break;
    case INGEST_RUNNING:
        if (client->leaving && !client->zombie)
            fail(&world->failure, "client %d runs on although its partitions were wanted back", client->id);
        claims_check(world, client);
        break;
    case INGEST_DRAINING:
        claims_check(world, client);
        break;
    default:
        break;
    }
}
