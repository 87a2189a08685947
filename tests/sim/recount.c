#include "tests/sim/recount.h"

#include <inttypes.h>
#include <stdlib.h>

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
        .passed_ms = NEVER,
    };
}

void recount_deinit(struct recount *recount)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->expected, &cursor));)
        free(entry->value);
    table_deinit(&recount->expected);
    spend_deinit_expected(recount);
    people_deinit(recount);
    books_deinit(recount);
    effects_deinit(recount);
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        buffer_deinit(&recount->lanes[p].entry);
        table_deinit(&recount->lanes[p].first);
        table_deinit(&recount->lanes[p].clicks);
        free(recount->lanes[p].proofs);
    }
}

uint32_t shard_of(const struct recount *recount, struct span id)
{
    return (uint32_t)(hash_bytes(id) % recount->n_shards);
}

void lane_add(struct recount *recount, uint32_t shard, size_t p, int which, int column, int64_t n)
{
    uint32_t number = 2 * recount->lanes[p].index + (uint32_t)which;
    if (number % recount->n_shards != shard)
        return;
    char key[64];
    int size = snprintf(key, sizeof(key), "roi:~{c%" PRIu32 ".1}:lanes", shard);
    cells_touch(recount, key, (size_t)size, number, LANE_WIDTH)->columns[column] += n;
}

static void lane_count(struct recount *recount, uint32_t shard, size_t p, int which, int column)
{
    lane_add(recount, shard, p, which, column, 1);
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

void cells_add(struct recount *recount, uint32_t shard, struct span campaign, int64_t ts_ms, bool late,
               const int64_t columns[N_CELL_COLUMNS])
{
    const struct tiers *tiers = &recount->book->tiers;
    for (size_t i = 0; i <= tiers->n; i++) {
        int64_t slice_ms = i < tiers->n ? tiers->tier[i].slice_ms : 0;
        if (late && slice_ms > 0)
            continue;
        char key[128];
        int size = snprintf(key, sizeof(key), "roi:~{c%" PRIu32 ".1}:s:%" PRId64 ":%.*s", shard,
                            slice_ms / 60000, (int)campaign.size, campaign.data);
        uint32_t field = (uint32_t)(slice_of(recount, campaign, slice_ms, ts_ms) / 60000);
        int64_t *sums = cells_touch(recount, key, (size_t)size, field, N_CELL_COLUMNS)->columns;
        for (size_t column = 0; column < N_CELL_COLUMNS; column++)
            if (slice_ms == 0 || column != CELL_EXCLUDED)
                sums[column] += columns[column];
    }
}

const struct sim_object *shard_object(const struct recount *recount, char family, uint32_t shard,
                                      const char *part)
{
    char key[400];
    int size = snprintf(key, sizeof(key), "roi:~{%c%" PRIu32 ".1}:%s", family, shard, part);
    return store_find(recount->store, span_from(key, (size_t)size));
}

bool campaign_is_admitted(struct recount *recount, struct span campaign)
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

/* What is no order and no refund, in a campaign shard. */
static void touch_count(struct recount *recount, uint32_t shard, size_t p, const struct sim_message *message)
{
    touch_is_stored(recount, p, message);
    if (message->repeat) {
        lane_count(recount, shard, p, TOUCHES, LANE_DUPLICATES);
        return;
    }
    struct span campaign = span_of(recount->log->campaigns[message->campaign]);
    static const int lane_columns[] = {[EVENT_IMPRESSION] = LANE_IMPRESSIONS,
                                       [EVENT_CLICK] = LANE_CLICKS,
                                       [EVENT_ENGAGEMENT] = LANE_ENGAGEMENTS,
                                       [EVENT_SPEND] = LANE_SPEND};
    bool late = message->late_before_ms != NEVER && message->ts_ms < message->late_before_ms;
    lane_count(recount, shard, p, TOUCHES, lane_columns[message->type]);
    if (late)
        lane_count(recount, shard, p, TOUCHES, LANE_LATE);
    if (is_touch(recount, message) && message->behind)
        lane_count(recount, shard, p, TOUCHES, LANE_LATE_TOUCHES);
    if (!campaign_is_admitted(recount, campaign)) {
        lane_count(recount, shard, p, TOUCHES, LANE_OVERFLOW);
        campaign = span_of("(overflow)");
        (void)campaign_is_admitted(recount, campaign);
    }
    int64_t columns[N_CELL_COLUMNS] = {[CELL_IMPRESSIONS] = message->type == EVENT_IMPRESSION,
                                       [CELL_CLICKS] = message->type == EVENT_CLICK,
                                       [CELL_MEDIA_COST] = message->cost_micros,
                                       [CELL_EXCLUDED] = late ? message->cost_micros : 0};
    measures_count(columns, &recount->book->measures, message);
    if (shard_of(recount, campaign) == shard && spend_is_kept(message))
        spend_expect(recount, shard, campaign, p, message);
    else if (shard_of(recount, campaign) == shard)
        cells_add(recount, shard, campaign, message->ts_ms, late, columns);
}

static bool is_of_orders(enum event_type type)
{
    return type == EVENT_ORDER || type == EVENT_REFUND;
}

/* The lane in which a message stands. */
static int message_lane(const struct sim_message *message)
{
    return is_of_orders(message->reason == REJECT_NONE ? message->type : message->rules.type) ? ORDERS
                                                                                              : TOUCHES;
}

static void rejected_count(struct recount *recount, uint32_t shard, size_t p,
                           const struct sim_message *message)
{
    int which = message_lane(message);
    bool keeps = (2 * recount->lanes[p].index + (uint32_t)which) % recount->n_shards == shard;
    if (keeps && !message->letter_sent)
        fail(recount->failure, "offset %" PRId64 " was passed before its dead letter was acknowledged",
             message->offset);
    lane_count(recount, shard, p, which, LANE_REJECTED + (int)message->reason - 1);
}

static void message_count(struct recount *recount, uint32_t view, size_t p, struct sim_message *message)
{
    uint32_t family = view / recount->n_shards, shard = view % recount->n_shards;
    bool accepted = message->reason == REJECT_NONE, orders = accepted && is_of_orders(message->type);
    if (family == 0 && !accepted)
        rejected_count(recount, shard, p, message);
    else if (family == 0 && orders)
        effect_count(recount, shard, p, message);
    else if (family == 0)
        touch_count(recount, shard, p, message);
    else if (family == 1 && orders && shard_of(recount, span_of(message->order_id)) == shard)
        order_pass(recount, p, message);
    else if (family == 2 && accepted && is_touch(recount, message))
        touch_pass(recount, shard, p, message);
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

size_t partition_of(const struct recount *recount, uint32_t index)
{
    size_t p = 0;
    while (p < SIM_PARTITIONS_MAX && (!recount->lanes[p].registered || recount->lanes[p].index != index))
        p++;
    return p;
}

int64_t position_offset(int64_t position)
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

void recount_follow(struct recount *recount, const struct call *call, const struct reply *answer)
{
    char family;
    uint32_t shard;
    char key[64];
    bool taken = span_equal(reply_at(answer, 0)->text, span_of("ok"));
    snprintf(key, sizeof(key), "%.*s", (int)call_get(call, 0).size, call_get(call, 0).data);
    for (size_t p = 0; p < recount->log->n_partitions; p++)
        lane_follow(recount, p);
    if (call->script == SCRIPT_NONE || sscanf(key, "roi:~{%c%" SCNu32 ".1}", &family, &shard) != 2)
        return;
    const struct sim_object *vec = shard_object(recount, family, shard, "vec");
    if (!vec)
        return;
    recount->n_passed = 0;
    for (size_t p = 0; p < recount->log->n_partitions && !recount->failure->found; p++) {
        if (!recount->lanes[p].registered)
            continue;
        uint32_t place = family == 'o' ? 1 : family == 'u' ? 2 : 0;
        partition_follow(recount, place * recount->n_shards + shard, p, buffer_span(&vec->text));
    }
    if (call->script == SCRIPT_DECIDE && taken)
        ledger_follow(recount, shard, call, buffer_span(&vec->text));
    if (call->script == SCRIPT_EXPIRE && answer->integer == 1)
        ledger_expire(recount, shard, call);
    if (call->script == SCRIPT_KEEP && taken)
        people_compare_named(recount, call);
    cells_compare_changed(recount);
    spend_compare_changed(recount);
    if (call->script == SCRIPT_APPLY)
        cells_compare_named(recount, call);
}

void recount_compare(struct recount *recount)
{
    cells_compare_all(recount);
    spend_compare_all(recount);
    people_compare_all(recount);
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

/* A column's sum in all totals of all campaigns. */
static int64_t totals_sum(const struct recount *recount, enum cell_column column)
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
            n += bytes_i64(buffer_span(field->value), 8 * (size_t)column);
    }
    return n;
}

/* Was a message of the campaign rejected, or another kind of event, only by the rules that held? */
static bool is_rejected_by_rules(const struct recount *recount, struct span campaign)
{
    const struct sim_log *log = recount->log;
    for (size_t p = 0; p < log->n_partitions; p++) {
        for (size_t i = 0; i < log->partitions[p].n_messages; i++) {
            const struct sim_message *message = log->partitions[p].messages[i];
            if (message->campaign >= 0 && message->flaw == REJECT_NONE &&
                (message->reason != REJECT_NONE || message->says == EVENT_NONE) &&
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
    int64_t conversions = totals_sum(recount, CELL_CONVERSIONS);
    if (conversions != (int64_t)ids.count * 1000000)
        fail(recount->failure, "%zu order ids were counted as %" PRId64 " millionths", ids.count,
             conversions);
    table_deinit(&ids);
    int64_t worth = 0;
    for (size_t p = 0; p < n_partitions; p++)
        for (size_t i = 0; i < recount->log->partitions[p].n_messages; i++) {
            const struct sim_message *message = recount->log->partitions[p].messages[i];
            worth += message->effect && message->effect->is_order ? message->revenue_micros : 0;
        }
    int64_t revenue = totals_sum(recount, CELL_REVENUE), refunded = totals_sum(recount, CELL_REFUNDED);
    if (revenue + refunded != worth || totals_sum(recount, CELL_COHORT_REVENUE) != revenue)
        fail(recount->failure, "orders of %" PRId64 " were counted as %" PRId64 " and refunds of %" PRId64,
             worth, revenue, refunded);
    ledger_compare_expired(recount);
}
