/*
 * Who and what a message is about: people, clicks, orders and refunds, new ones and such as came before.
 *
 * DESIGN
 *   What a message finds of an earlier one must not depend on when it is read: so nothing is repeated that may have
 * been forgotten by then. While a message is not counted by all shards, its partition holds back what all partitions have
 * passed to the newest event that stands before it, or to what was in the log when its partition was last at its end. So the
 * newest event of the log when a message is written, less the allowed disorder, is a bound on what may be forgotten
 * before the message is counted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/time.h"
#include "tests/sim/log.h"

/* What all partitions may have passed before the next message is counted. */
static int64_t may_be_passed(const struct sim_log *log)
{
    return log->newest_ms == NEVER ? NEVER : log->newest_ms - log->allowed_ms;
}

static void raise_to(struct sim_message *message, int64_t least_ms)
{
    if (message->ts_ms < least_ms)
        message->ts_ms = least_ms;
}

static const struct sim_message *any_message(struct sim_log *log, const struct sim_partition *partition)
{
    return partition->n_messages
               ? partition->messages[random_below(log->random, (int64_t)partition->n_messages)]
               : NULL;
}

/* --- touches ------------------------------------------------------------------------------------------ */

static bool same_click(const struct sim_message *a, const struct sim_message *b)
{
    if (a->event_id[0] || b->event_id[0])
        return strcmp(a->event_id, b->event_id) == 0;
    return strcmp(a->click_id, b->click_id) == 0;
}

/* A click that comes again must be one that is still remembered, or one that is long past in any order of reading. */
static void repeat_settle(struct sim_log *log, const struct sim_partition *partition,
                          struct sim_message *message)
{
    int64_t passed_ms = may_be_passed(log);
    if (!message->event_id[0] && !message->click_id[0])
        return;
    for (size_t i = 0; i < partition->n_messages; i++)
        if (same_click(partition->messages[i], message) &&
            partition->messages[i]->ts_ms + log->keep_ms < passed_ms)
            raise_to(message, passed_ms);
}

void touch_ids_make(struct sim_log *log, const struct sim_partition *partition, struct sim_message *message)
{
    struct random *random = log->random;
    const struct sim_message *earlier = any_message(log, partition);
    if (random_chance(random, 700))
        snprintf(message->user_id, SIM_ID_SIZE, "u%" PRId64, random_below(random, log->n_users));
    if (random_chance(random, 500))
        snprintf(message->event_id, SIM_ID_SIZE, "e%td.%" PRId64, partition - log->partitions,
                 message->offset);
    if (random_chance(random, 400))
        snprintf(message->click_id, SIM_ID_SIZE, "k%td.%" PRId64, partition - log->partitions,
                 message->offset);
    if (earlier && earlier->flaw == REJECT_NONE && !earlier->order_id[0] &&
        earlier->says != EVENT_ENGAGEMENT && earlier->says != EVENT_SPEND && random_chance(random, 300)) {
        int64_t what = random_below(random, 4);
        if (what != 1)
            memcpy(message->event_id, earlier->event_id, SIM_ID_SIZE);
        if (what != 2)
            memcpy(message->click_id, earlier->click_id, SIM_ID_SIZE);
        if (what == 3) {
            memcpy(message->user_id, earlier->user_id, SIM_ID_SIZE);
            message->campaign = earlier->campaign;
            if (random_chance(random, 500))
                message->ts_ms = earlier->ts_ms;
        }
        if (random_chance(random, 200)) /* at the edge of what is remembered */
            message->ts_ms = earlier->ts_ms + log->keep_ms + random_below(random, 2);
        if (message->ts_ms > log->clock_ms + SIM_FUTURE_MS)
            message->ts_ms = log->clock_ms;
    }
    repeat_settle(log, partition, message);
}

/* --- orders ------------------------------------------------------------------------------------------- */

static struct sim_order_id *order_find(const struct sim_log *log, const char *id)
{
    for (size_t i = 0; i < log->n_orders; i++)
        if (strcmp(log->orders[i].id, id) == 0)
            return &log->orders[i];
    return NULL;
}

static void order_note(struct sim_log *log, const struct sim_message *message)
{
    struct sim_order_id *order = order_find(log, message->order_id);
    if (order) {
        order->least_ms = message->ts_ms < order->least_ms ? message->ts_ms : order->least_ms;
        return;
    }
    if (log->n_orders == log->orders_capacity) {
        log->orders_capacity = log->orders_capacity ? log->orders_capacity * 2 : 64;
        log->orders = realloc(log->orders, log->orders_capacity * sizeof(*log->orders));
        if (!log->orders)
            abort();
    }
    order = &log->orders[log->n_orders++];
    *order = (struct sim_order_id){.least_ms = message->ts_ms, .revenue_micros = message->revenue_micros};
    memcpy(order->id, message->order_id, sizeof(order->id));
}

/* A new id, one that a refund has named already, or one that an earlier order had. */
static void order_id_make(struct sim_log *log, const struct sim_partition *partition,
                          struct sim_message *message)
{
    const struct sim_partition *other = partition;
    if (log->ids_cross && random_chance(log->random, 500))
        other = &log->partitions[random_below(log->random, (int64_t)log->n_partitions)];
    const struct sim_message *earlier = random_chance(log->random, 300) ? any_message(log, other) : NULL;
    if (earlier && earlier->has_revenue &&
        order_find(log, earlier->order_id)->least_ms + log->horizon_ms >= may_be_passed(log)) {
        memcpy(message->order_id, earlier->order_id, sizeof(message->order_id));
        return;
    }
    if (log->n_fulfilled < log->n_promised && random_chance(log->random, 200))
        snprintf(message->order_id, SIM_ORDER_ID_SIZE, "promised-%" PRId64, log->n_fulfilled++);
    else
        snprintf(message->order_id, SIM_ORDER_ID_SIZE, "%s-%d-%" PRId64, partition->topic, partition->number,
                 message->offset);
}

void order_ids_make(struct sim_log *log, const struct sim_partition *partition, struct sim_message *message)
{
    struct random *random = log->random;
    message->has_revenue = true;
    message->revenue_micros = random_money(random);
    message->margin_micros = random_chance(random, 500) ? random_money(random) - random_money(random) : 0;
    if (random_chance(random, 600))
        snprintf(message->user_id, SIM_ID_SIZE, "u%" PRId64, random_below(random, log->n_users));
    const struct sim_message *click =
        any_message(log, &log->partitions[random_below(random, (int64_t)log->n_partitions)]);
    if (click && random_chance(random, 500))
        memcpy(message->click_id, click->click_id, SIM_ID_SIZE);
    if (message->says == EVENT_NONE) /* as a click it must not be the repeat of another partition's */
        snprintf(message->event_id, SIM_ID_SIZE, "o%td.%" PRId64, partition - log->partitions,
                 message->offset);
    if (random_chance(random, 200))
        snprintf(message->kind, SIM_ID_SIZE, "lead");
    order_id_make(log, partition, message);
    if (may_be_passed(log) != NEVER)
        raise_to(message, may_be_passed(log) - log->horizon_ms);
    order_note(log, message);
}

/* --- refunds ------------------------------------------------------------------------------------------ */

/* A refund that is too late for its order finds it, or it is forgotten: which of both is not promised. */
static bool is_doubtful(const struct sim_log *log, const char *order_id, int64_t refund_ms)
{
    const struct sim_order_id *order = order_find(log, order_id);
    int64_t end_ms = order ? order->least_ms + log->horizon_ms : 0;
    return order && refund_ms > end_ms && end_ms < may_be_passed(log);
}

/* The same refund again; false where there is none that is certain to be remembered. */
static bool refund_repeat(struct sim_log *log, const struct sim_partition *partition,
                          struct sim_message *message)
{
    const struct sim_message *earlier = any_message(log, partition);
    if (!earlier || !earlier->refund_id[0] || is_doubtful(log, earlier->order_id, message->ts_ms))
        return false;
    for (size_t i = 0; i < partition->n_messages; i++)
        if (strcmp(partition->messages[i]->refund_id, earlier->refund_id) == 0 &&
            partition->messages[i]->ts_ms + log->horizon_ms < may_be_passed(log))
            return false;
    memcpy(message->order_id, earlier->order_id, SIM_ORDER_ID_SIZE);
    memcpy(message->refund_id, earlier->refund_id, SIM_ID_SIZE);
    return true;
}

/* Of an order whose horizon ends about now: it is just in time, or just too late. */
static bool refund_at_horizon(struct sim_log *log, struct sim_message *message)
{
    size_t first = (size_t)random_below(log->random, (int64_t)log->n_orders);
    for (size_t i = 0; i < log->n_orders; i++) {
        const struct sim_order_id *order = &log->orders[(first + i) % log->n_orders];
        int64_t end_ms = order->least_ms + log->horizon_ms;
        if (end_ms < may_be_passed(log) || end_ms > log->clock_ms + 60000)
            continue;
        memcpy(message->order_id, order->id, SIM_ORDER_ID_SIZE);
        message->ts_ms = end_ms + random_below(log->random, 3);
        return true;
    }
    return false;
}

static void refund_order_find(struct sim_log *log, struct sim_message *message)
{
    struct random *random = log->random;
    if (random_chance(random, 150)) {
        snprintf(message->order_id, SIM_ORDER_ID_SIZE, "promised-%" PRId64, log->n_promised++);
        return;
    }
    if (random_chance(random, 80) || log->n_orders == 0) {
        snprintf(message->order_id, SIM_ORDER_ID_SIZE, "nobody's-%" PRId64, random_below(random, 5));
        return;
    }
    if (random_chance(random, 150) && refund_at_horizon(log, message))
        return;
    int64_t from = random_chance(random, 500) && log->n_orders > 10 ? (int64_t)log->n_orders - 10 : 0;
    const struct sim_order_id *order = &log->orders[random_in(random, from, (int64_t)log->n_orders - 1)];
    memcpy(message->order_id, order->id, SIM_ORDER_ID_SIZE);
    if (is_doubtful(log, order->id, message->ts_ms))
        snprintf(message->order_id, SIM_ORDER_ID_SIZE, "past-%" PRId64, message->offset);
    message->amount_micros = random_below(random, order->revenue_micros + order->revenue_micros / 4 + 2);
    if (random_chance(random, 200))
        message->amount_micros = random_in(random, 1, 3);
}

void refund_ids_make(struct sim_log *log, const struct sim_partition *partition, struct sim_message *message)
{
    struct random *random = log->random;
    if (may_be_passed(log) != NEVER)
        raise_to(message, may_be_passed(log) - log->horizon_ms);
    message->amount_micros = random_money(random);
    if (!random_chance(random, 150) || !refund_repeat(log, partition, message)) {
        refund_order_find(log, message);
        if (random_chance(random, 700))
            snprintf(message->refund_id, SIM_ID_SIZE, "r%td.%" PRId64, partition - log->partitions,
                     message->offset);
    }
    message->has_amount = random_chance(random, 700);
    if (!message->has_amount)
        message->amount_micros = 0;
}
