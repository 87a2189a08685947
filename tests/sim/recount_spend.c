/*
 * Measures, and records of spend that a shard has to hold: of one id the last one of its partition, and each that has none.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

struct expected_spend {
    struct span key, field; /* bytes behind the struct */
    int64_t value[3];       /* from, to, amount */
    bool listed;
    struct expected_spend *next; /* in recount->changed_spend */
};

enum { NAME_SIZE = 600 };

/* The key and, behind it, the field; *ret_key_size is where it begins. */
static struct span name_make(const struct recount *recount, uint32_t shard, struct span campaign, size_t p,
                             const struct sim_message *message, char name[NAME_SIZE], size_t *ret_key_size)
{
    bool overflow = span_equal(campaign, span_of("(overflow)"));
    int size = snprintf(name, NAME_SIZE, "roi:~{c%" PRIu32 ".1}:spend:%.*s", shard, (int)campaign.size,
                        campaign.data);
    *ret_key_size = (size_t)size;
    if (message->spend_id[0]) {
        size += snprintf(name + size, NAME_SIZE - (size_t)size, "s%s", message->spend_id);
        if (overflow)
            size += 1 + snprintf(name + size + 1, NAME_SIZE - (size_t)size - 1, "%s",
                                 recount->log->campaigns[message->campaign]);
        return span_from(name, (size_t)size);
    }
    name[size++] = 'p';
    for (int shift = 24; shift >= 0; shift -= 8)
        name[size++] = (char)(2 * recount->lanes[p].index >> shift);
    for (int shift = 56; shift >= 0; shift -= 8)
        name[size++] = (char)((uint64_t)message->offset >> shift);
    return span_from(name, (size_t)size);
}

void measures_count(int64_t *column, const struct measures *measures, const struct sim_message *message)
{
    for (size_t i = 0; i < measures->n; i++) {
        const struct measure *measure = &measures->items[i];
        column[CELL_MEASURE_1 + i] += !measure->of_orders && message->type == EVENT_ENGAGEMENT &&
                                      span_equal(measure->what, span_of(message->action));
    }
}

void measures_of_order(int64_t *column, const struct measures *measures, const struct sim_message *order,
                       int64_t conversions_micro)
{
    struct span kind = span_of(order->kind[0] ? order->kind : "sale");
    for (size_t i = 0; i < measures->n; i++)
        if (measures->items[i].of_orders && span_equal(measures->items[i].what, kind))
            column[CELL_MEASURE_1 + i] += conversions_micro;
}

bool spend_is_kept(const struct sim_message *message)
{
    return message->type == EVENT_SPEND && (message->spend_id[0] || message->to_ms);
}

void spend_expect(struct recount *recount, uint32_t shard, struct span campaign, size_t p,
                  const struct sim_message *message)
{
    char name[NAME_SIZE] = {0};
    size_t key_size;
    struct span both = name_make(recount, shard, campaign, p, message, name, &key_size);
    struct expected_spend *spend = table_get(&recount->expected_spend, both);
    if (!spend) {
        spend = calloc(1, sizeof(*spend) + both.size);
        if (!spend || table_put(&recount->expected_spend, both, spend) < 0)
            abort();
        memcpy(spend + 1, both.data, both.size);
        spend->key = span_from(spend + 1, key_size);
        spend->field = span_from((char *)(spend + 1) + key_size, both.size - key_size);
    }
    spend->value[0] = message->to_ms ? message->from_ms : message->ts_ms;
    spend->value[1] = message->to_ms ? message->to_ms : message->ts_ms;
    spend->value[2] = message->cost_micros;
    if (!spend->listed)
        spend->next = recount->changed_spend;
    if (!spend->listed)
        recount->changed_spend = spend;
    spend->listed = true;
}

static void spend_compare(struct recount *recount, const struct expected_spend *spend)
{
    struct span stored = store_field(store_find(recount->store, spend->key), spend->field);
    for (size_t i = 0; i < 3; i++)
        if (stored.size != 24 || bytes_i64(stored, 8 * i) != spend->value[i])
            fail(recount->failure, "%.*s, spend %.*s: number %zu of %zu bytes is %" PRId64 ", not %" PRId64,
                 (int)spend->key.size, spend->key.data, (int)spend->field.size, spend->field.data, i,
                 stored.size, bytes_i64(stored, 8 * i), spend->value[i]);
}

void spend_compare_changed(struct recount *recount)
{
    while (recount->changed_spend) {
        struct expected_spend *spend = recount->changed_spend;
        recount->changed_spend = spend->next;
        spend->listed = false;
        spend_compare(recount, spend);
    }
}

void spend_compare_all(struct recount *recount)
{
    size_t cursor = 0, n_stored = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->expected_spend, &cursor));)
        spend_compare(recount, entry->value);
    cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->store->objects, &cursor));)
        if (memmem(entry->key, entry->key_size, "}:spend:", 8))
            n_stored += ((const struct sim_object *)entry->value)->fields.count;
    if (n_stored != recount->expected_spend.count)
        fail(recount->failure, "%zu records of spend are stored, the recount says %zu", n_stored,
             recount->expected_spend.count);
}

void spend_deinit_expected(struct recount *recount)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->expected_spend, &cursor));)
        free(entry->value);
    table_deinit(&recount->expected_spend);
}
