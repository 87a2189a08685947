#include "daemon/cli/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lanes_deinit(struct lanes *lanes)
{
    free(lanes->items);
    *lanes = (struct lanes){0};
}

static int add_topic(struct lanes *lanes, const char *topic, int32_t n_partitions)
{
    size_t n = lanes->n + (size_t)n_partitions;
    struct partition_state *items = realloc(lanes->items, n * sizeof(*items));
    if (!items)
        return CLI_FAILED;
    lanes->items = items;
    for (int32_t i = 0; i < n_partitions; i++) {
        struct partition_state *state = &items[lanes->n + (size_t)i];
        memset(state, 0, sizeof(*state));
        state->topic = topic;
        state->partition = i;
        state->index = NOT_REGISTERED;
        state->start = state->low = state->end = -1;
        for (int lane = 0; lane < LANES_PER_PARTITION; lane++) {
            state->lane[lane].next = LANE_UNSET;
            state->lane[lane].newest_ms = NEVER;
        }
    }
    lanes->n = n;
    return CLI_OK;
}

int lanes_list(const struct settings *settings, rd_kafka_t *client, bool quiet, struct lanes *ret_lanes)
{
    CLEANUP(lanes_deinit) struct lanes lanes = {0};
    for (size_t i = 0; i < settings->kafka.n_topics; i++) {
        const char *topic = settings->kafka.topics[i].name;
        int32_t n_partitions = 0;
        int r = kafka_topic_partitions(settings, client, topic, &n_partitions);
        if (!r && n_partitions > 0)
            r = add_topic(&lanes, topic, n_partitions);
        if (r)
            return r;
        if (n_partitions > 0)
            continue;
        if (!quiet)
            fprintf(
                stderr,
                "roiwatch: the topic %s does not exist: it holds nothing that could be counted; create it, "
                "or correct kafka.topics\n",
                topic);
    }
    *ret_lanes = lanes;
    lanes = (struct lanes){0};
    return CLI_OK;
}

int lanes_read_ends(const struct settings *settings, rd_kafka_t *client, struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->n; i++) {
        struct partition_state *state = &lanes->items[i];
        int r = kafka_ends(settings, client, state->topic, state->partition, &state->low, &state->end);
        if (r)
            return r;
    }
    return CLI_OK;
}

/* The registry's "INDEX START STATE RULES" of a partition. */
static int read_registration(struct store *store, struct partition_state *state)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    long long index, start;
    int r = store_take(store, STORE_TEXT | STORE_NIL, &reply);
    if (r || reply->type == REDIS_REPLY_NIL)
        return r;
    if (sscanf(reply->str, "%lld %lld", &index, &start) != 2) {
        fprintf(stderr, "roiwatch: the lane registry says \"%s\" of %s:%d, which nobody understands\n",
                reply->str, state->topic, (int)state->partition);
        return CLI_FAILED;
    }
    state->index = index;
    state->start = start;
    return CLI_OK;
}

static int read_registry(struct store *store, struct lanes *lanes)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer field = BUFFER_INIT;
    int r = CLI_OK;
    layout_common_key(&store->layout, "lanes", &key);
    for (size_t i = 0; !r && i < lanes->n; i++) {
        buffer_clear(&field);
        buffer_printf(&field, "%s:%d", lanes->items[i].topic, (int)lanes->items[i].partition);
        store_begin(store, "HGET");
        call_arg(&store->call, buffer_span(&key));
        call_arg(&store->call, buffer_span(&field));
        r = store_send(store);
    }
    for (size_t i = 0; !r && i < lanes->n; i++)
        r = read_registration(store, &lanes->items[i]);
    return r;
}

static void merge_mark(struct partition_state *state, bool first, int lane, struct lane_mark mark)
{
    int64_t *next = &state->lane[lane].next;
    int64_t *newest_ms = &state->lane[lane].newest_ms;
    if (first || mark.offset < *next) /* LANE_UNSET is below all offsets */
        *next = mark.offset;
    if (first || mark.newest_ms > *newest_ms)
        *newest_ms = mark.newest_ms;
}

static void merge_vector(struct lanes *lanes, enum shard_family family, uint32_t shard, struct span vector)
{
    for (size_t i = 0; i < lanes->n; i++) {
        struct partition_state *state = &lanes->items[i];
        for (int lane = 0; lane < LANES_PER_PARTITION; lane++) {
            bool first = family == SHARD_CAMPAIGN && shard == 0;
            struct lane_mark mark = {LANE_UNSET, NEVER};
            if ((family == SHARD_ORDER && lane != LANE_ORDER) || (family == SHARD_USER && lane != LANE_TOUCH))
                continue;
            if (state->index != NOT_REGISTERED)
                mark = vector_get(vector, (uint32_t)(state->index * LANES_PER_PARTITION + lane));
            merge_mark(state, first, lane, mark);
        }
    }
}

static int send_shard(struct store *store, const char *command, enum shard_family family, uint32_t shard,
                      const char *part)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_shard_key(&store->layout, family, shard, part, &key);
    store_begin(store, command);
    call_arg(&store->call, buffer_span(&key));
    return store_send(store);
}

int lanes_read_vectors(struct store *store, struct lanes *lanes)
{
    static const enum shard_family families[N_SHARD_FAMILIES] = {SHARD_CAMPAIGN, SHARD_ORDER, SHARD_USER};
    int r = read_registry(store, lanes);
    for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
        for (uint32_t shard = 0; !r && shard < store->layout.n_shards; shard++)
            r = send_shard(store, "GET", families[f], shard, ":vec");
        for (uint32_t shard = 0; !r && shard < store->layout.n_shards; shard++) {
            CLEANUP(reply_free) redisReply *vector = NULL;
            r = store_take(store, STORE_TEXT | STORE_NIL, &vector);
            if (!r)
                merge_vector(lanes, families[f], shard, reply_span(vector));
        }
    }
    return r;
}

static void add_refused(struct lanes *lanes, const redisReply *reply)
{
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        long long lane = atoll(reply->element[i]->str);
        for (size_t k = 0; k < lanes->n; k++)
            if (lanes->items[k].index == lane / LANES_PER_PARTITION)
                lanes->items[k]
                    .lane[lane % LANES_PER_PARTITION]
                    .counters[LANE_REJECTED + REJECT_UNKNOWN_ORDER - 1] += atoll(reply->element[i + 1]->str);
    }
}

/* Refunds whose order never came are counted by the order shards. */
static int read_refused(struct store *store, struct lanes *lanes)
{
    int r = CLI_OK;
    for (uint32_t shard = 0; !r && shard < store->layout.n_shards; shard++)
        r = send_shard(store, "HGETALL", SHARD_ORDER, shard, ":refused");
    for (uint32_t shard = 0; !r && shard < store->layout.n_shards; shard++) {
        CLEANUP(reply_free) redisReply *reply = NULL;
        r = store_take(store, STORE_ARRAY, &reply);
        if (!r)
            add_refused(lanes, reply);
    }
    return r;
}

int lanes_read_counters(struct store *store, struct lanes *lanes)
{
    int r = CLI_OK;
    for (size_t i = 0; !r && i < lanes->n * LANES_PER_PARTITION; i++) {
        CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
        CLEANUP(buffer_deinit) struct buffer field = BUFFER_INIT;
        CLEANUP(reply_free) redisReply *cell = NULL;
        struct partition_state *state = &lanes->items[i / LANES_PER_PARTITION];
        int which = (int)(i % LANES_PER_PARTITION);
        if (state->index == NOT_REGISTERED)
            continue;
        uint32_t lane = (uint32_t)(state->index * LANES_PER_PARTITION + which);
        layout_shard_key(&store->layout, SHARD_CAMPAIGN, lane % store->layout.n_shards, ":lanes", &key);
        buffer_append_u32(&field, lane);
        store_begin(store, "HGET");
        call_arg(&store->call, buffer_span(&key));
        call_arg(&store->call, buffer_span(&field));
        r = store_run(store, STORE_TEXT | STORE_NIL, &cell);
        if (!r)
            cell_unpack(reply_span(cell), state->lane[which].counters, N_LANE_COUNTERS);
    }
    return r ? r : read_refused(store, lanes);
}

bool lanes_are_through(const struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->n; i++) {
        const struct partition_state *state = &lanes->items[i];
        if (state->end <= state->low && state->index == NOT_REGISTERED)
            continue; /* nothing was in it */
        for (int lane = 0; lane < LANES_PER_PARTITION; lane++) {
            if (state->lane[lane].next < state->end)
                return false;
        }
    }
    return true;
}
