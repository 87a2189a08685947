/*
 * What order shards hold, from the log: each order id's record is what the messages that its shard has passed have made of
 * the record before.
 *
 * DESIGN
 *   The messages that one decide call passes are known from the log; in which order those of several partitions were
 * taken is the process's choice, and is read from the record: which refunds stand in the list before others, and
 * which of them waited for the order. Everything else in the record is then determined, and so is what becomes of each
 * message that left nothing in it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

void books_deinit(struct recount *recount)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->books, &cursor));) {
        struct sim_book *book = entry->value;
        buffer_deinit(&book->bytes);
        free(book);
    }
    table_deinit(&recount->books);
    free(recount->passed);
}

void order_pass(struct recount *recount, size_t p, struct sim_message *message)
{
    if (recount->n_passed == recount->passed_capacity) {
        recount->passed_capacity = recount->passed_capacity ? recount->passed_capacity * 2 : 64;
        recount->passed = realloc(recount->passed, recount->passed_capacity * sizeof(*recount->passed));
        if (!recount->passed)
            abort();
    }
    recount->passed[recount->n_passed].message = message;
    recount->passed[recount->n_passed++].partition = p;
}

static struct sim_book *book_of(struct recount *recount, struct span id)
{
    struct sim_book *book = table_get(&recount->books, id);
    if (book)
        return book;
    book = calloc(1, sizeof(*book));
    if (!book || table_put(&recount->books, id, book) < 0)
        abort();
    snprintf(book->id, sizeof(book->id), "%.*s", (int)id.size, id.data);
    return book;
}

/* The message of the present call at a place; NULL where it has passed none there. */
static struct sim_message *passed_find(const struct recount *recount, struct sim_place place, const char *id)
{
    for (size_t i = 0; i < recount->n_passed; i++) {
        struct sim_message *message = recount->passed[i].message;
        if (2 * recount->lanes[recount->passed[i].partition].index + ORDERS == place.lane &&
            message->offset == place.offset && strcmp(message->order_id, id) == 0)
            return message;
    }
    return NULL;
}

static bool same_order(const struct sim_record *a, const struct sim_record *b)
{
    if (!places_equal(a->place, b->place) || a->ts_ms != b->ts_ms || a->revenue_micros != b->revenue_micros ||
        a->margin_micros != b->margin_micros || !span_equal(a->currency, b->currency) ||
        !span_equal(a->kind, b->kind) || a->model != b->model || a->n_shares != b->n_shares)
        return false;
    for (size_t i = 0; i < a->n_shares; i++) {
        const struct sim_share *x = &a->shares[i], *y = &b->shares[i];
        if (!span_equal(x->campaign, y->campaign) || x->touch_ms != y->touch_ms ||
            x->conversions_micro != y->conversions_micro || x->revenue_micros != y->revenue_micros ||
            x->margin_micros != y->margin_micros)
            return false;
    }
    return true;
}

/* The order is there: as it was, or it is that of a message of this call, the first with the id in its partition. */
static void order_compare(struct recount *recount, const char *id, const struct sim_record *before,
                          const struct sim_record *after)
{
    if (before->has_order) {
        if (!after->has_order || !same_order(before, after))
            fail(recount->failure, "the decision about order %s is not the first one", id);
        return;
    }
    const struct sim_message *order = after->has_order ? passed_find(recount, after->place, id) : NULL;
    if (!after->has_order)
        return;
    if (!order || order->type != EVENT_ORDER || order->first_offset != order->offset) {
        fail(recount->failure, "order %s is another message's than the first", id);
        return;
    }
    int64_t conversions = 0, revenue = 0, margin = 0;
    for (size_t i = 0; i < after->n_shares; i++) {
        conversions += after->shares[i].conversions_micro;
        revenue += after->shares[i].revenue_micros;
        margin += after->shares[i].margin_micros;
    }
    if (after->ts_ms != order->ts_ms || after->revenue_micros != order->revenue_micros ||
        after->margin_micros != order->margin_micros || !span_equal(after->kind, span_of(order->kind)) ||
        conversions != 1000000 || revenue != order->revenue_micros || margin != order->margin_micros)
        fail(recount->failure, "the record of order %s is not what its message says", id);
}

static bool id_is_used(const struct sim_record *record, size_t n, struct span id)
{
    for (size_t i = 0; id.size > 0 && i < n; i++)
        if (!record->refunds[i].fault && !record->refunds[i].repeat && span_equal(record->refunds[i].id, id))
            return true;
    return false;
}

static int fault_by_times(const struct recount *recount, int64_t order_ms, int64_t refund_ms)
{
    if (refund_ms > order_ms + recount->horizon_ms)
        return REJECT_REFUND_AFTER_HORIZON;
    return order_ms > refund_ms + recount->horizon_ms ? REJECT_UNKNOWN_ORDER : REJECT_NONE;
}

/* A refund that stands in the list is what its message says; the first n stood there before. */
static bool refund_is_told(struct recount *recount, const char *id, const struct sim_record *before,
                           const struct sim_refund *refund, size_t i)
{
    if (i < before->n_refunds) {
        const struct sim_refund *old = &before->refunds[i];
        return places_equal(old->place, refund->place) && span_equal(old->id, refund->id) &&
               old->ts_ms == refund->ts_ms && old->all == refund->all && old->asked == refund->asked;
    }
    const struct sim_message *message = passed_find(recount, refund->place, id);
    recount->seen.refunds++;
    return message && message->type == EVENT_REFUND && refund->ts_ms == message->ts_ms &&
           span_equal(refund->id, span_of(message->refund_id)) && refund->all == !message->has_amount &&
           refund->asked == message->amount_micros;
}

/* What a refund has come to, when so much was left of its order. */
static bool refund_is_applied(const struct recount *recount, const struct sim_record *after, size_t i,
                              bool waited, int64_t *left_micros)
{
    const struct sim_refund *refund = &after->refunds[i];
    bool repeat = id_is_used(after, i, refund->id);
    int fault = repeat ? REJECT_NONE : fault_by_times(recount, after->ts_ms, refund->ts_ms);
    int64_t wanted = refund->all ? *left_micros : refund->asked;
    int64_t taken = repeat || fault ? 0 : wanted < *left_micros ? wanted : *left_micros;
    int64_t excess = repeat || fault ? 0 : wanted - taken;
    *left_micros -= taken;
    if (!waited && (repeat || fault))
        return false; /* it would have left nothing */
    return !refund->waits && refund->repeat == repeat && refund->fault == fault &&
           refund->taken_micros == taken && refund->excess_micros == excess &&
           (repeat || refund->at_refund == recount->book_at_refund);
}

static void refunds_compare(struct recount *recount, const char *id, const struct sim_record *before,
                            const struct sim_record *after)
{
    int64_t left_micros = after->has_order ? after->revenue_micros : 0;
    bool may_wait = true; /* those that waited for the order stand first */
    for (size_t i = 0; i < after->n_refunds && !recount->failure->found; i++) {
        const struct sim_refund *refund = &after->refunds[i];
        bool good = refund_is_told(recount, id, before, refund, i);
        if (!after->has_order) {
            good = good && refund->waits && !refund->taken_micros && !refund->excess_micros && !refund->fault;
        } else {
            bool waited = places_equal(refund->applied, after->place);
            bool must_wait = i < before->n_refunds && (before->refunds[i].waits || !before->has_order);
            may_wait = may_wait && waited;
            good = good && (waited ? may_wait : places_equal(refund->applied, refund->place) && !must_wait) &&
                   refund_is_applied(recount, after, i, waited, &left_micros);
        }
        if (!good)
            fail(recount->failure, "refund %zu of order %s is not what the recount says", i, id);
    }
    if (after->n_refunds < before->n_refunds)
        fail(recount->failure, "a refund of order %s is gone", id);
}

/* Refunds of one partition stand in the list in the order of their offsets. */
static void refunds_in_order(struct recount *recount, const char *id, const struct sim_record *after)
{
    for (size_t i = 0; i < after->n_refunds; i++)
        for (size_t k = 0; k < i; k++)
            if (after->refunds[k].place.lane == after->refunds[i].place.lane &&
                after->refunds[k].place.offset >= after->refunds[i].place.offset)
                fail(recount->failure, "refunds of order %s are out of order", id);
}

static void letter_is_sent(struct recount *recount, const struct sim_message *message, int fault)
{
    if (fault && !(message->ledger_letters & UINT32_C(1) << fault))
        fail(recount->failure, "the refund at offset %" PRId64 " was passed before its dead letter, %s",
             message->offset, reject_reason_name((enum reject_reason)fault));
}

/* Of refunds with one id, which are in one partition, the first that counts stands in the list. */
static bool id_was_used(const struct sim_record *record, struct sim_place place, struct span id)
{
    for (size_t i = 0; i < record->n_refunds; i++)
        if (record->refunds[i].place.lane == place.lane && record->refunds[i].place.offset > place.offset)
            return id_is_used(record, i, id);
    return id_is_used(record, record->n_refunds, id);
}

/* A refund that left nothing in the record: it is a repeat, or it is refused. */
static void refund_refused(struct recount *recount, struct sim_place place, struct sim_message *message,
                           const struct sim_record *after)
{
    struct sim_effect *effect = effect_new(message);
    int fault = after->has_order ? fault_by_times(recount, after->ts_ms, message->ts_ms) : REJECT_NONE;
    if (after->has_order && id_was_used(after, place, span_of(message->refund_id))) {
        effect->lane[LANE_DUPLICATES]++;
    } else if (fault) {
        effect->lane[LANE_REJECTED + fault - 1]++;
        letter_is_sent(recount, message, fault);
    } else {
        fail(recount->failure, "the refund at offset %" PRId64 " of order %s has left nothing",
             message->offset, message->order_id);
    }
}

static void order_settle(struct recount *recount, size_t p, struct sim_message *message,
                         const struct sim_record *after)
{
    struct sim_place place = {2 * recount->lanes[p].index + ORDERS, message->offset};
    if (!after->has_order) {
        fail(recount->failure, "order %s was passed without a decision", message->order_id);
    } else if (!places_equal(after->place, place)) {
        effect_new(message)->lane[LANE_DUPLICATES]++;
    } else {
        effect_of_order(recount, p, message, after);
        for (size_t i = 0; i < after->n_refunds; i++) {
            const struct sim_refund *refund = &after->refunds[i];
            size_t own = partition_of(recount, refund->place.lane / 2);
            if (refund->fault && places_equal(refund->applied, place) && own < SIM_PARTITIONS_MAX)
                letter_is_sent(recount, partition_get(&recount->log->partitions[own], refund->place.offset),
                               refund->fault);
        }
    }
}

static void message_settle(struct recount *recount, size_t p, struct sim_message *message,
                           const struct sim_record *after)
{
    struct sim_place place = {2 * recount->lanes[p].index + ORDERS, message->offset};
    if (message->type == EVENT_ORDER) {
        order_settle(recount, p, message, after);
        return;
    }
    for (size_t i = 0; i < after->n_refunds; i++) {
        if (places_equal(after->refunds[i].place, place)) {
            effect_of_refund(recount, p, message, after, i);
            return;
        }
    }
    refund_refused(recount, place, message, after);
}

static void book_follow(struct recount *recount, struct sim_book *book, struct span bytes)
{
    static struct sim_record before, after; /* too large for the stack */
    if (!record_parse(buffer_span(&book->bytes), &before) || !record_parse(bytes, &after)) {
        fail(recount->failure, "the record of order %s is malformed", book->id);
        return;
    }
    order_compare(recount, book->id, &before, &after);
    refunds_compare(recount, book->id, &before, &after);
    refunds_in_order(recount, book->id, &after);
    for (size_t i = 0; i < recount->n_passed && !recount->failure->found; i++)
        if (strcmp(recount->passed[i].message->order_id, book->id) == 0)
            message_settle(recount, recount->passed[i].partition, recount->passed[i].message, &after);
    CLEANUP(buffer_deinit) struct buffer kept = book->bytes; /* bytes may be those of the book itself */
    book->bytes = BUFFER_INIT;
    buffer_append_span(&book->bytes, bytes);
}

/* Is what the record holds so old that it may be forgotten? */
static void forget(struct recount *recount, struct sim_book *book)
{
    static struct sim_record record;
    (void)record_parse(buffer_span(&book->bytes), &record);
    if (recount->passed_ms == NEVER || record_newest(&record) + recount->horizon_ms >= recount->passed_ms)
        fail(recount->failure, "the record of order %s was forgotten too early", book->id);
    buffer_clear(&book->bytes);
}

/* No decision may stand that the shard's vector does not cover: it would outlive a failover of the range. */
static void place_is_covered(struct recount *recount, const char *id, struct sim_place place, struct span vec)
{
    if (place.offset >= position_offset(bytes_i64(vec, 16 * (size_t)place.lane)))
        fail(recount->failure, "order %s was decided beyond its shard's vector", id);
}

static void book_is_covered(struct recount *recount, const struct sim_book *book, struct span vec)
{
    static struct sim_record record;
    (void)record_parse(buffer_span(&book->bytes), &record);
    if (record.has_order)
        place_is_covered(recount, book->id, record.place, vec);
    for (size_t i = 0; i < record.n_refunds; i++)
        place_is_covered(recount, book->id, record.refunds[i].place, vec);
}

void ledger_follow(struct recount *recount, uint32_t shard, const struct call *call, struct span vec)
{
    for (size_t i = call->n_keys + 2; i + 3 < call->n_args && !recount->failure->found; i += 4) {
        struct sim_book *book = book_of(recount, call_get(call, i));
        book_follow(recount, book, call_get(call, i + 2));
        book_is_covered(recount, book, vec);
    }
    /* Those whose record the call does not change. */
    for (size_t i = 0; i < recount->n_passed && !recount->failure->found; i++) {
        if (recount->passed[i].message->effect)
            continue;
        struct sim_book *book = book_of(recount, span_of(recount->passed[i].message->order_id));
        book_follow(recount, book, buffer_span(&book->bytes));
    }
    const struct sim_object *orders = shard_object(recount, 'o', shard, "orders");
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&recount->books, &cursor));) {
        struct sim_book *book = entry->value;
        if (book->bytes.size == 0 || shard_of(recount, span_of(book->id)) != shard)
            continue;
        struct span stored = store_field(orders, span_of(book->id));
        if (stored.size == 0) {
            recount->seen.forgotten++;
            forget(recount, book);
        } else if (!span_equal(stored, buffer_span(&book->bytes))) {
            fail(recount->failure, "the record of order %s has changed without a message", book->id);
        }
    }
}

void ledger_expire(struct recount *recount, uint32_t shard, const struct call *call)
{
    static struct sim_record record;
    (void)shard;
    struct sim_book *book = book_of(recount, call_get(call, call->n_keys));
    (void)record_parse(buffer_span(&book->bytes), &record);
    if (record.has_order || record.n_refunds == 0)
        fail(recount->failure, "the record of order %s was given up, which is no refund without an order",
             book->id);
    for (size_t i = 0; i < record.n_refunds && !recount->failure->found; i++) {
        size_t p = partition_of(recount, record.refunds[i].place.lane / 2);
        letter_is_sent(recount, partition_get(&recount->log->partitions[p], record.refunds[i].place.offset),
                       REJECT_UNKNOWN_ORDER);
        recount->lanes[p].expired++;
        recount->seen.expired++;
    }
    forget(recount, book);
}

void ledger_compare_expired(struct recount *recount)
{
    for (size_t p = 0; p < recount->log->n_partitions; p++) {
        char lane[16];
        int64_t counted = 0;
        snprintf(lane, sizeof(lane), "%" PRIu32, 2 * recount->lanes[p].index + ORDERS);
        for (uint32_t shard = 0; shard < recount->n_shards; shard++) {
            struct reply number = {
                .type = REPLY_TEXT,
                .text = store_field(shard_object(recount, 'o', shard, "refused"), span_of(lane))};
            counted += reply_i64(&number, 0);
        }
        if (recount->lanes[p].registered && counted != recount->lanes[p].expired)
            fail(recount->failure,
                 "%" PRId64 " refunds of partition %zu were counted as unknown, not %" PRId64, counted, p,
                 recount->lanes[p].expired);
    }
}
