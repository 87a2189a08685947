/*
 * A small world around an evaluator: rules, a store, a clock, and an ingest that applies events as lib/ingest
 * would.
 */
#ifndef ROIWATCH_TESTS_WORLD_H
#define ROIWATCH_TESTS_WORLD_H

#include "lib/evaluate/evaluate.h"
#include "tests/lib/evaluate/fake_answers.h"

enum { N_SHARDS = 2, EVENTS_MOST = 8000, REVS_MOST = 4000, DISORDER_MS = 30000 };

#define T0 INT64_C(1795300200000) /* a quarter hour's edge */
#define MICROS INT64_C(1000000)

struct happened {
    const char *campaign;
    int64_t at_ms, impressions, cost_micros, revenue_micros;
};

struct world {
    struct tz *utc;
    struct window_spec windows[8];
    struct goal_spec goals[2];
    struct campaign_rules configured[2];
    struct rule_book book;
    struct layout layout;
    struct store store;
    struct evaluator *evaluator;
    struct call call;
    int64_t now_ms, steady_ms;
    int64_t offset, newest_ms;
    struct happened events[EVENTS_MOST];
    size_t n_events;
    int64_t measured;                   /* what each event adds to the first measure */
    bool spends;                        /* media cost is not that of the events alone */
    size_t seen[N_SHARDS][REVS_MOST];   /* how many events had happened at the read of that rev */
    void (*after)(struct world *world); /* called after each answer, where set */
};

static void world_plan(struct world *world, const char *const *windows, size_t n)
{
    struct window_spec all[8];
    size_t n_all = 0;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(window_parse(span_of(windows[i]), &world->windows[i]), 0);
    for (; n_all < n; n_all++)
        all[n_all] = world->windows[n_all];
    for (size_t i = 0; i < world->configured[0].n_goals; i++)
        all[n_all++] = world->configured[0].goals[i].window;
    world->book.windows = world->windows;
    world->book.n_windows = n;
    assert_true(tiers_plan(all, n_all, &world->book.tiers));
}

static void world_key(const struct world *world, uint32_t shard, const char *part, struct buffer *key)
{
    buffer_clear(key);
    layout_shard_key(&world->layout, SHARD_CAMPAIGN, shard, part, key);
}

static void world_set_vectors(struct world *world)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    for (uint32_t shard = 0; shard < N_SHARDS; shard++) {
        world_key(world, shard, ":vec", &key);
        struct value *vec = store_make(&world->store, buffer_span(&key));
        buffer_clear(&vec->text);
        vector_append(&vec->text, (struct lane_mark){world->offset, world->newest_ms});
        vector_append(&vec->text, (struct lane_mark){world->offset, NEVER});
    }
}

static struct evaluator *world_evaluator(struct world *world, size_t max_cells)
{
    struct evaluator_options options = {
        .book = &world->book,
        .layout = world->layout,
        .future_ms = 300000,
        .stream_length = 1000,
        .max_cells = max_cells,
    };
    struct evaluator *evaluator;
    const uint32_t partition = 0;
    assert_int_equal(evaluator_new(&options, &evaluator), 0);
    assert_int_equal(evaluator_set_partitions(evaluator, &partition, 1), 0);
    for (uint32_t i = 0; i < N_SHARDS; i++)
        assert_int_equal(evaluator_own(evaluator, i, true), 0);
    return evaluator;
}

/* Opens the shards: a vector, and a journal with an empty entry, as open_lane leaves them. */
static void world_open(struct world *world)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    for (uint32_t shard = 0; shard < N_SHARDS; shard++) {
        world_key(world, shard, ":journal", &key);
        stream_add(&world->store, store_make(&world->store, buffer_span(&key)));
    }
    world_set_vectors(world);
}

/* spring-sale is configured, with one goal: cost below 50 within 5m. */
static int world_setup(void **state)
{
    static const char *const windows[] = {"5m", "1h", "today", "total"};
    struct world *world = calloc(1, sizeof(*world));
    assert_int_equal(tz_utc(&world->utc), 0);
    world->layout = (struct layout){span_of("roi:"), N_SHARDS, 1};
    world->goals[0] = (struct goal_spec){.name = "budget",
                                         .metric = METRIC_COST,
                                         .below = true,
                                         .bound_micro = 50 * MICROS,
                                         .recover_micro = 50 * MICROS};
    assert_int_equal(window_parse(span_of("5m"), &world->goals[0].window), 0);
    struct cost_plan plan = {.tz = world->utc};
    world->configured[0] = (struct campaign_rules){
        .id = span_of("spring-sale"), .tz = world->utc, .cost = plan, .goals = world->goals, .n_goals = 1};
    world->book = (struct rule_book){.currency = "EUR", .disorder_ms = DISORDER_MS, .stale_after_ms = 600000};
    world->book.defaults = world->book.reserved = (struct campaign_rules){.tz = world->utc, .cost = plan};
    world->book.campaigns = world->configured;
    world->book.n_campaigns = 1;
    assert_int_equal(table_put(&world->book.by_id, world->configured[0].id, &world->configured[0]), 0);
    world_plan(world, windows, ARRAY_SIZE(windows));
    world->now_ms = T0;
    world->steady_ms = 1000000;
    world->newest_ms = T0 + DISORDER_MS;
    call_init(&world->call);
    world_open(world);
    world->evaluator = world_evaluator(world, 0);
    *state = world;
    return 0;
}

static int world_teardown(void **state)
{
    struct world *world = *state;
    evaluator_free(world->evaluator);
    call_deinit(&world->call);
    store_deinit(&world->store);
    table_deinit(&world->book.by_id);
    tz_free(world->utc);
    free(world);
    return 0;
}

static void apply_cell(struct world *world, uint32_t shard, uint32_t minutes, int64_t start_ms,
                       const struct happened *event, struct entry *entry)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer field = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    uint32_t start = (uint32_t)(start_ms / MINUTE_MS);
    struct cell cell;
    layout_cells_key(&world->layout, shard, minutes, span_of(event->campaign), &key);
    buffer_append_u32(&field, start);
    struct value *cells = store_make(&world->store, buffer_span(&key));
    cell_unpack(hash_get(cells, buffer_span(&field)), cell.column, N_CELL_COLUMNS);
    cell.column[CELL_IMPRESSIONS] += event->impressions;
    cell.column[CELL_MEDIA_COST] += event->cost_micros;
    cell.column[CELL_REVENUE] += event->revenue_micros;
    cell.column[CELL_MEASURE_1] += world->measured;
    cell_append(&bytes, cell.column, N_CELL_COLUMNS);
    hash_set(cells, buffer_span(&field), buffer_span(&bytes));
    journal_append_group(&entry->fields[0].value, span_of(event->campaign), minutes, N_CELL_COLUMNS, &start,
                         1);
    for (size_t i = 0; i < N_CELL_COLUMNS; i++)
        buffer_append_i64(&entry->fields[1].value, cell.column[i]);
}

static void world_event(struct world *world, const char *campaign, int64_t at_ms, int64_t impressions,
                        int64_t cost_micros, int64_t revenue_micros)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    assert_true(world->n_events < EVENTS_MOST);
    struct happened *event = &world->events[world->n_events++];
    *event = (struct happened){campaign, at_ms, impressions, cost_micros, revenue_micros};
    uint32_t shard = layout_shard_of(&world->layout, span_of(campaign));
    world_key(world, shard, ":campaigns", &key);
    if (campaign[0] != '(')
        hash_set(store_make(&world->store, buffer_span(&key)), span_of(campaign), span_of("1"));
    world_key(world, shard, ":journal", &key);
    struct value *journal = store_make(&world->store, buffer_span(&key));
    struct entry *entry = stream_add(&world->store, journal);
    pair_add(&entry->fields, &entry->n_fields, span_of("c"), (struct span){0});
    pair_add(&entry->fields, &entry->n_fields, span_of("v"), (struct span){0});
    const struct cost_plan *cost = &rule_book_find(&world->book, span_of(campaign))->cost;
    for (size_t i = 0; i < world->book.tiers.n; i++) {
        int64_t slice_ms = world->book.tiers.tier[i].slice_ms;
        apply_cell(world, shard, (uint32_t)(slice_ms / MINUTE_MS), cost_slice_start(cost, slice_ms, at_ms),
                   event, entry);
    }
    apply_cell(world, shard, 0, cost_slice_start(cost, 0, at_ms), event, entry);
    while (journal->n_entries > 64)
        stream_drop(journal, 0);
    world->offset++;
    if (at_ms > world->newest_ms)
        world->newest_ms = at_ms;
    world_set_vectors(world);
}

/* Sets a record as apply would, and tells it by the journal. */
__attribute__((unused)) static void world_spend(struct world *world, const char *campaign, const char *name,
                                                int64_t from_ms, int64_t to_ms, int64_t amount_micros)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer value = BUFFER_INIT;
    uint32_t shard = layout_shard_of(&world->layout, span_of(campaign));
    world->spends = true;
    world_key(world, shard, ":campaigns", &key);
    if (campaign[0] != '(')
        hash_set(store_make(&world->store, buffer_span(&key)), span_of(campaign), span_of("1"));
    buffer_clear(&key);
    layout_spend_key(&world->layout, shard, span_of(campaign), &key);
    buffer_append_i64(&value, from_ms);
    buffer_append_i64(&value, to_ms);
    buffer_append_i64(&value, amount_micros);
    hash_set(store_make(&world->store, buffer_span(&key)), span_of(name), buffer_span(&value));
    world_key(world, shard, ":journal", &key);
    struct entry *entry = stream_add(&world->store, store_make(&world->store, buffer_span(&key)));
    pair_add(&entry->fields, &entry->n_fields, span_of("c"), (struct span){0});
    pair_add(&entry->fields, &entry->n_fields, span_of("v"), (struct span){0});
    journal_append_spend(&entry->fields[0].value, span_of(campaign));
    world->offset++;
    world_set_vectors(world);
}

/* Moves as_of there, by an event that counts nothing (rejected ones do that too). */
__attribute__((unused)) static void world_as_of(struct world *world, int64_t as_of_ms)
{
    world->offset++;
    world->newest_ms = as_of_ms + DISORDER_MS;
    world->now_ms = as_of_ms;
    world_set_vectors(world);
}

/* Events of the campaign in the window's bounds, of the first n: impressions, cost, revenue. */
static void world_recount(const struct world *world, size_t n, struct span campaign, bool total,
                          int64_t from_ms, int64_t to_ms, int64_t ret_sums[3])
{
    memset(ret_sums, 0, 3 * sizeof(*ret_sums));
    for (size_t i = 0; i < n; i++) {
        const struct happened *event = &world->events[i];
        if (!span_equal(span_of(event->campaign), campaign) ||
            (!total && (event->at_ms < from_ms || event->at_ms >= to_ms)))
            continue;
        ret_sums[0] += event->impressions;
        ret_sums[1] += event->cost_micros;
        ret_sums[2] += event->revenue_micros;
    }
}

static int64_t number_in(const struct value *value, const char *field)
{
    struct pair *pair = pair_find(value, span_of(field));
    struct reply reply = pair ? reply_text(buffer_span(&pair->value)) : (struct reply){0};
    return reply_i64(&reply, -1);
}

/* What a key says is what had happened when its rev was read: one moment, whenever it was written. */
static void check_written(const struct world *world, struct span key, const struct value *value)
{
    struct span id = {key.data + strlen("roi:{"), 0};
    while (id.data[id.size] != '}')
        id.size++;
    struct span window = {id.data + id.size + 2, key.size - strlen("roi:{") - id.size - 2};
    if (value->n_pairs == 0 || key.data[key.size - 1] == '}')
        return;
    int64_t sums[3];
    int64_t counter = number_in(value, "rev") - layout_rev(&world->layout, 0);
    uint32_t shard = layout_shard_of(&world->layout, id);
    assert_in_range(counter, 1, REVS_MOST - 1);
    world_recount(world, world->seen[shard][counter], id, span_equal(window, span_of("total")),
                  number_in(value, "from_ms"), number_in(value, "to_ms"), sums);
    assert_int_equal(number_in(value, "impressions"), sums[0]);
    if (!world->spends)
        assert_int_equal(number_in(value, "media_cost_micros"), sums[1]);
    assert_int_equal(number_in(value, "revenue_micros"), sums[2]);
}

static struct reply world_answer(struct world *world, const struct call *call)
{
    struct reply reply = store_answer(&world->store, call);
    if (call->script == SCRIPT_READ) {
        uint32_t shard = (uint32_t)(call_get(call, 0).data[strlen("roi:~{c")] - '0');
        assert_in_range(reply_at(&reply, 0)->integer, 0, REVS_MOST - 1);
        world->seen[shard][reply_at(&reply, 0)->integer] = world->n_events;
    }
    for (size_t i = 0; call->script == SCRIPT_PUBLISH && i < call->n_keys; i++)
        if (reply_at(&reply, i)->integer == 1)
            check_written(world, call_get(call, i), store_find(&world->store, call_get(call, i)));
    if (world->after)
        world->after(world);
    return reply;
}

static void world_run(struct world *world, struct evaluator *evaluator)
{
    uint64_t tag;
    int r;
    while ((r = evaluator_next(evaluator, &world->call, &tag)) == 1) {
        struct reply reply = world_answer(world, &world->call);
        assert_int_equal(evaluator_reply(evaluator, tag, &reply), 0);
    }
    assert_int_equal(r, 0);
}

static void world_tick(struct world *world)
{
    world->now_ms += 250;
    world->steady_ms += 250;
    evaluator_tick(world->evaluator, world->now_ms, world->steady_ms);
    world_run(world, world->evaluator);
}

/* Two seconds: whatever waits for its turn has had it. */
__attribute__((unused)) static void world_settle(struct world *world)
{
    for (int i = 0; i < 8; i++)
        world_tick(world);
}

static struct value *world_reader_key(struct world *world, const char *campaign, const char *window)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_reader_key(&world->layout, span_of(campaign), window, &key);
    return store_find(&world->store, buffer_span(&key));
}

static int64_t world_number(struct world *world, const char *campaign, const char *window, const char *field)
{
    return number_in(world_reader_key(world, campaign, window), field);
}

__attribute__((unused)) static bool world_says(struct world *world, const char *campaign, const char *window,
                                               const char *field, const char *part)
{
    struct span text = hash_get(world_reader_key(world, campaign, window), span_of(field));
    return text.size && memmem(text.data, text.size, part, strlen(part));
}

__attribute__((unused)) static struct value *world_root(struct world *world, const char *name)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_root_key(&world->layout, name, &key);
    return store_make(&world->store, buffer_span(&key));
}

__attribute__((unused)) static struct evaluator_stats world_stats(const struct world *world)
{
    struct evaluator_stats stats;
    evaluator_get_stats(world->evaluator, &stats);
    return stats;
}

/* Every key of the campaign equals a recount of the events, at the key's own bounds and at those of now. */
__attribute__((unused)) static void world_check(struct world *world, const char *campaign)
{
    uint32_t shard = layout_shard_of(&world->layout, span_of(campaign));
    for (size_t i = 0; i < world->book.n_windows; i++) {
        const struct window_spec *window = &world->windows[i];
        int64_t now_from_ms, now_to_ms;
        window_bounds(window, world->utc, evaluator_as_of(world->evaluator, shard), &now_from_ms, &now_to_ms);
        int64_t from_ms = world_number(world, campaign, window->name, "from_ms");
        int64_t to_ms = world_number(world, campaign, window->name, "to_ms");
        bool total = window->kind == WINDOW_TOTAL;
        int64_t sums[2][3];
        world_recount(world, world->n_events, span_of(campaign), total, from_ms, to_ms, sums[0]);
        world_recount(world, world->n_events, span_of(campaign), total, now_from_ms, now_to_ms, sums[1]);
        for (int when = 0; when < 2; when++) {
            assert_int_equal(world_number(world, campaign, window->name, "impressions"), sums[when][0]);
            assert_int_equal(world_number(world, campaign, window->name, "media_cost_micros"), sums[when][1]);
            assert_int_equal(world_number(world, campaign, window->name, "revenue_micros"), sums[when][2]);
        }
    }
}

#endif
