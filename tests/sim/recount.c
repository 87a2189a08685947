#include "tests/sim/recount.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LANE_WIDTH = LANE_REJECTED + N_REJECT_REASONS - 1 };

void recount_init(struct recount *recount, struct sim_log *log, struct sim_store *store,
                  const struct rule_book *book, uint32_t n_shards, int64_t campaigns_limit,
                  struct failure *failure)
{
    *recount = (struct recount){
        .log = log,
        .store = store,
        .book = book,
        .failure = failure,
        .n_shards = n_shards,
        .campaigns_limit = campaigns_limit,
    };
}

void recount_deinit(struct recount *recount)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->expected, &cursor));)
        free(entry->value);
    table_deinit(&recount->expected);
    spend_deinit_expected(recount);
    cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->decisions, &cursor));) {
        buffer_deinit(entry->value);
        free(entry->value);
    }
    table_deinit(&recount->decisions);
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        buffer_deinit(&recount->lanes[p].entry);
        table_deinit(&recount->lanes[p].first);
    }
}

static uint32_t shard_of(const struct recount *recount, struct span id)
{
    return (uint32_t)(hash_bytes(id) % recount->n_shards);
}

/* Adds to a counter of the lane, if this shard keeps it. */
static void lane_count(struct recount *recount, uint32_t shard, size_t p, int which, int column)
{
    uint32_t number = 2 * recount->lanes[p].index + (uint32_t)which;
    if (number % recount->n_shards != shard)
        return;
    char key[64];
    int size = snprintf(key, sizeof(key), "roi:~{c%" PRIu32 ".1}:lanes", shard);
    cells_touch(recount, key, (size_t)size, number, LANE_WIDTH)->columns[column]++;
}

static int64_t slice_of(const struct recount *recount, struct span campaign, int64_t slice_ms, int64_t ts_ms)
{
    const struct campaign_rules *rules = table_get(&recount->book->by_id, campaign);
    int64_t start_ms = slice_ms ? ts_ms - ts_ms % slice_ms : 0;
    for (size_t i = 0; rules && i < rules->cost.n_prices; i++)
        if (rules->cost.prices[i].from_ms <= ts_ms && rules->cost.prices[i].from_ms > start_ms)
            start_ms = rules->cost.prices[i].from_ms;
    return start_ms;
}

static void cell_count(int64_t *column, const struct sim_message *message, bool total)
{
    if (message->type == EVENT_ORDER) {
        column[CELL_ORDERS] += 1;
        column[CELL_CONVERSIONS] += 1000000;
        column[CELL_REVENUE] += message->revenue_micros;
        column[CELL_COHORT_REVENUE] += message->revenue_micros;
        column[CELL_MARGIN] += message->margin_micros;
        column[CELL_COHORT_MARGIN] += message->margin_micros;
    } else {
        column[CELL_CLICKS] += message->type == EVENT_CLICK;
        column[CELL_IMPRESSIONS] += message->type == EVENT_IMPRESSION;
        column[CELL_MEDIA_COST] += message->cost_micros;
    }
    if (message->late && total)
        column[CELL_EXCLUDED] +=
            message->type == EVENT_ORDER ? message->revenue_micros : message->cost_micros;
}

static void cells_count(struct recount *recount, uint32_t shard, struct span campaign,
                        const struct sim_message *message)
{
    const struct tiers *tiers = &recount->book->tiers;
    for (size_t i = 0; i <= tiers->n; i++) {
        int64_t slice_ms = i < tiers->n ? tiers->tier[i].slice_ms : 0;
        if (message->late && slice_ms > 0)
            continue;
        char key[128];
        int size = snprintf(key, sizeof(key), "roi:~{c%" PRIu32 ".1}:s:%" PRId64 ":%.*s", shard,
                            slice_ms / 60000, (int)campaign.size, campaign.data);
        uint32_t field = (uint32_t)(slice_of(recount, campaign, slice_ms, message->ts_ms) / 60000);
        int64_t *columns = cells_touch(recount, key, (size_t)size, field, N_CELL_COLUMNS)->columns;
        cell_count(columns, message, slice_ms == 0);
        measures_count(columns, &recount->book->measures, message);
    }
}

static const struct sim_object *shard_object(const struct recount *recount, char family, uint32_t shard,
                                             const char *part)
{
    char key[400];
    int size = snprintf(key, sizeof(key), "roi:~{%c%" PRIu32 ".1}:%s", family, shard, part);
    return store_find(recount->store, span_from(key, (size_t)size));
}

/* A record of the ledger begins with its version, flags, and the lane and offset of the message that has the order. */
enum { RECORD_LANE = 2, RECORD_OFFSET = 6, RECORD_LEAST = 14 };

/* Was this message decided to be the first with its id? That must stand before anybody passes it. */
static bool order_is_first(struct recount *recount, size_t p, const struct sim_message *message)
{
    struct span id = span_of(message->order_id);
    struct span decision = store_field(shard_object(recount, 'o', shard_of(recount, id), "orders"), id);
    if (decision.size < RECORD_LEAST) {
        fail(recount->failure, "order %s was passed without a decision", message->order_id);
        return false;
    }
    struct buffer *before = table_get(&recount->decisions, id);
    if (!before) {
        before = calloc(1, sizeof(*before));
        if (!before || table_put(&recount->decisions, id, before) < 0)
            abort();
        buffer_append_span(before, decision);
    }
    bool ours = bytes_u32(decision, RECORD_LANE) == 2 * recount->lanes[p].index + ORDERS;
    if (!span_equal(buffer_span(before), decision) ||
        (ours && bytes_i64(decision, RECORD_OFFSET) != message->first_offset))
        fail(recount->failure, "the decision about order %s is not the first one", message->order_id);
    return ours && message->offset == message->first_offset;
}

static bool campaign_is_admitted(struct recount *recount, struct span campaign)
{
    const struct sim_object *admitted = shard_object(recount, 'c', shard_of(recount, campaign), "campaigns");
    if (store_field(admitted, campaign).size)
        return true;
    int64_t most = (recount->campaigns_limit + recount->n_shards - 1) / recount->n_shards;
    bool reserved = campaign.data[0] == '(';
    if (reserved || !admitted || (int64_t)admitted->fields.count < most ||
        table_get(&recount->book->by_id, campaign))
        fail(recount->failure, "campaign %.*s was counted before it was asked about", (int)campaign.size,
             campaign.data);
    return false;
}

static void accepted_count(struct recount *recount, uint32_t shard, size_t p,
                           const struct sim_message *message)
{
    int which = message->type == EVENT_ORDER ? ORDERS : TOUCHES;
    if (which == ORDERS && !order_is_first(recount, p, message)) {
        lane_count(recount, shard, p, which, LANE_DUPLICATES);
        return;
    }
    struct span campaign =
        span_of(message->campaign < 0 ? "(unattributed)" : recount->log->campaigns[message->campaign]);
    static const int columns[] = {[EVENT_IMPRESSION] = LANE_IMPRESSIONS,
                                  [EVENT_CLICK] = LANE_CLICKS,
                                  [EVENT_ORDER] = LANE_ORDERS,
                                  [EVENT_ENGAGEMENT] = LANE_ENGAGEMENTS,
                                  [EVENT_SPEND] = LANE_SPEND};
    lane_count(recount, shard, p, which, columns[message->type]);
    if (message->late)
        lane_count(recount, shard, p, which, LANE_LATE);
    if (!campaign_is_admitted(recount, campaign)) {
        lane_count(recount, shard, p, which, LANE_OVERFLOW);
        campaign = span_of("(overflow)");
        (void)campaign_is_admitted(recount, campaign);
    }
    if (shard_of(recount, campaign) == shard && spend_is_kept(message))
        spend_expect(recount, shard, campaign, p, message);
    else if (shard_of(recount, campaign) == shard)
        cells_count(recount, shard, campaign, message);
}

/* The lane in which a message stands. */
static int message_lane(const struct sim_message *message)
{
    enum event_type type = message->reason == REJECT_NONE ? message->type : message->rules.type;
    return type == EVENT_ORDER ? ORDERS : TOUCHES;
}

static void message_count(struct recount *recount, uint32_t view, size_t p, const struct sim_message *message)
{
    if (view >= recount->n_shards) {
        if (message->reason == REJECT_NONE && message->type == EVENT_ORDER &&
            shard_of(recount, span_of(message->order_id)) == view - recount->n_shards)
            (void)order_is_first(recount, p, message);
        return;
    }
    if (message->reason == REJECT_NONE) {
        accepted_count(recount, view, p, message);
        return;
    }
    int which = message_lane(message);
    bool keeps = (2 * recount->lanes[p].index + (uint32_t)which) % recount->n_shards == view;
    if (keeps && !message->letter_sent)
        fail(recount->failure, "offset %" PRId64 " was passed before its dead letter was acknowledged",
             message->offset);
    lane_count(recount, view, p, which, LANE_REJECTED + (int)message->reason - 1);
}

int64_t recount_newest(const struct recount *recount, size_t p, int64_t offset)
{
    const struct sim_partition *partition = &recount->log->partitions[p];
    size_t i = partition_find(partition, offset);
    if (i == 0 || i > recount->lanes[p].n_judged ||
        partition->messages[i - 1]->offset < recount->lanes[p].start)
        return NEVER;
    const int64_t *newest_ms = partition->messages[i - 1]->newest_ms;
    return newest_ms[0] > newest_ms[1] ? newest_ms[0] : newest_ms[1];
}

/* A vector's position without its term. */
static int64_t position_offset(int64_t position)
{
    return position & ((INT64_C(1) << 48) - 1);
}

/* The messages of one lane that the shard has passed since. */
static void lane_pass(struct recount *recount, uint32_t shard, size_t p, int which, struct span vec)
{
    const struct recount_lane *lane = &recount->lanes[p];
    struct sim_partition *partition = &recount->log->partitions[p];
    struct shard_view *view = &recount->views[shard];
    size_t at = 32 * (size_t)lane->index + 16 * (size_t)which, *next = &view->next[p][which];
    int64_t offset = position_offset(bytes_i64(vec, at)), newest_ms = NEVER;
    if (offset < view->offset[p][which] || offset > partition->end)
        fail(recount->failure,
             "shard %" PRIu32 " moved from %" PRId64 " to %" PRId64 " in %s:%d, which ends at %" PRId64,
             shard, view->offset[p][which], offset, partition->topic, partition->number, partition->end);
    view->offset[p][which] = offset;
    lane_judge(recount, p, offset);
    for (; *next < partition->n_messages && partition->messages[*next]->offset < offset; (*next)++)
        if (message_lane(partition->messages[*next]) == which)
            message_count(recount, shard, p, partition->messages[*next]);
    if (*next > 0 && partition->messages[*next - 1]->offset >= lane->start)
        newest_ms = partition->messages[*next - 1]->newest_ms[which];
    if (bytes_i64(vec, at + 8) != newest_ms)
        fail(recount->failure, "shard %" PRIu32 " has a wrong newest event time of %s:%d", shard,
             partition->topic, partition->number);
}

static void partition_follow(struct recount *recount, uint32_t shard, size_t p, struct span vec)
{
    const struct recount_lane *lane = &recount->lanes[p];
    struct sim_partition *partition = &recount->log->partitions[p];
    struct shard_view *view = &recount->views[shard];
    size_t at = 32 * (size_t)lane->index;
    int64_t position = at + 32 <= vec.size ? bytes_i64(vec, at) : -1;
    if (!view->open[p] && position == -1)
        return;
    if (!view->open[p]) {
        view->open[p] = true;
        view->offset[p][TOUCHES] = view->offset[p][ORDERS] = lane->start;
        view->next[p][TOUCHES] = view->next[p][ORDERS] = partition_find(partition, lane->start);
    }
    int64_t term = position >> 48;
    if (term < view->term[p])
        fail(recount->failure, "shard %" PRIu32 " went back from term %" PRId64 " to %" PRId64 " in %s:%d",
             shard, view->term[p], term, partition->topic, partition->number);
    if (bytes_i64(vec, at + 16) >> 48 != term)
        fail(recount->failure, "shard %" PRIu32 " has the lanes of %s:%d at two terms", shard,
             partition->topic, partition->number);
    view->term[p] = term;
    lane_pass(recount, shard, p, TOUCHES, vec);
    lane_pass(recount, shard, p, ORDERS, vec);
}

/* No decision may stand that the shard's vector does not cover: it would outlive a failover of the range. */
static void decisions_covered(struct recount *recount, const struct call *call, struct span vec)
{
    for (size_t i = call->n_keys + 2; i + 3 < call->n_args; i += 4) {
        struct span decision = store_field(store_find(recount->store, call_get(call, 1)), call_get(call, i));
        if (decision.size &&
            bytes_i64(decision, RECORD_OFFSET) >=
                position_offset(bytes_i64(vec, 16 * (size_t)bytes_u32(decision, RECORD_LANE))))
            fail(recount->failure, "order %.*s was decided beyond its shard's vector",
                 (int)call_get(call, i).size, call_get(call, i).data);
    }
}

void recount_follow(struct recount *recount, const struct call *call)
{
    char family;
    uint32_t shard;
    char key[64];
    snprintf(key, sizeof(key), "%.*s", (int)call_get(call, 0).size, call_get(call, 0).data);
    for (size_t p = 0; p < recount->log->n_partitions; p++)
        lane_follow(recount, p);
    if (call->script == SCRIPT_NONE || sscanf(key, "roi:~{%c%" SCNu32 ".1}", &family, &shard) != 2)
        return;
    const struct sim_object *vec = shard_object(recount, family, shard, "vec");
    if (!vec)
        return;
    for (size_t p = 0; p < recount->log->n_partitions && !recount->failure->found; p++) {
        if (!recount->lanes[p].registered)
            continue;
        uint32_t place = family == 'o' ? 1 : family == 'u' ? 2 : 0;
        partition_follow(recount, place * recount->n_shards + shard, p, buffer_span(&vec->text));
    }
    if (call->script == SCRIPT_DECIDE)
        decisions_covered(recount, call, buffer_span(&vec->text));
    cells_compare_changed(recount);
    spend_compare_changed(recount);
    if (call->script == SCRIPT_APPLY)
        cells_compare_named(recount, call);
}

void recount_compare(struct recount *recount)
{
    cells_compare_all(recount);
    spend_compare_all(recount);
}

int64_t recount_least_of(const struct recount *recount, size_t p, int which)
{
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < N_SHARD_FAMILIES * recount->n_shards; i++) {
        int64_t offset = recount->views[i].open[p] ? recount->views[i].offset[p][which] : -1;
        if (offset < least)
            least = offset;
    }
    return least;
}

int64_t recount_least(const struct recount *recount, size_t p)
{
    int64_t touches = recount_least_of(recount, p, TOUCHES), orders = recount_least_of(recount, p, ORDERS);
    return touches < orders ? touches : orders;
}

bool recount_finished(const struct recount *recount, size_t n_partitions)
{
    for (size_t p = 0; p < n_partitions; p++)
        if (recount_least(recount, p) != recount->log->partitions[p].end)
            return false;
    return true;
}

/* Orders in all totals of all campaigns. */
static int64_t orders_counted(const struct recount *recount)
{
    int64_t n = 0;
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->store->objects, &cursor));) {
        struct span key = table_entry_key(entry);
        const struct sim_object *object = entry->value;
        size_t fields = 0;
        if (!memmem(key.data, key.size, "}:s:0:", 6))
            continue;
        for (struct table_entry *field; (field = table_next(&object->fields, &fields));)
            n += bytes_i64(buffer_span(field->value), 8 * CELL_ORDERS);
    }
    return n;
}

/* Was a message of the campaign rejected only by the rules that held? */
static bool is_rejected_by_rules(const struct recount *recount, struct span campaign)
{
    const struct sim_log *log = recount->log;
    for (size_t p = 0; p < log->n_partitions; p++) {
        for (size_t i = 0; i < log->partitions[p].n_messages; i++) {
            const struct sim_message *message = log->partitions[p].messages[i];
            if (message->campaign >= 0 && message->flaw == REJECT_NONE && message->reason != REJECT_NONE &&
                span_equal(span_of(log->campaigns[message->campaign]), campaign))
                return true;
        }
    }
    return false;
}

/* A campaign is admitted for an event that counts: a repeated order takes nobody's place. */
static void campaigns_check(struct recount *recount, uint32_t shard)
{
    const struct sim_object *admitted = shard_object(recount, 'c', shard, "campaigns");
    size_t cursor = 0;
    for (struct table_entry *entry; admitted && (entry = table_next(&admitted->fields, &cursor));) {
        char part[300], spend[300];
        snprintf(part, sizeof(part), "s:0:%.*s", (int)entry->key_size, entry->key);
        snprintf(spend, sizeof(spend), "spend:%.*s", (int)entry->key_size, entry->key);
        if (!shard_object(recount, 'c', shard, part) && !shard_object(recount, 'c', shard, spend) &&
            !(recount->rules_vary && is_rejected_by_rules(recount, table_entry_key(entry))))
            fail(recount->failure, "campaign %.*s was admitted without any event", (int)entry->key_size,
                 entry->key);
    }
}

void recount_ids(struct recount *recount, size_t n_partitions)
{
    for (uint32_t shard = 0; shard < recount->n_shards; shard++)
        campaigns_check(recount, shard);
    struct table ids = {0};
    for (size_t p = 0; p < n_partitions; p++) {
        size_t cursor = 0;
        for (struct table_entry *entry; (entry = table_next(&recount->lanes[p].first, &cursor));)
            if (table_put(&ids, table_entry_key(entry), entry->value) < 0)
                abort();
    }
    int64_t counted = orders_counted(recount);
    if (counted != (int64_t)ids.count)
        fail(recount->failure, "%zu order ids were counted %" PRId64 " times", ids.count, counted);
    table_deinit(&ids);
}
