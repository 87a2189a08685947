/*
 * Dead letters that the ledger gives rise to, after the message was read: of refunds that do not count.
 *
 * Those of a batch are taken and acknowledged before anybody passes the messages that they belong to. Whoever keeps the lane's
 * counters decides whether one is due: it has passed only what was acknowledged.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/json.h"
#include "lib/ingest/internal.h"

static int letter_add(struct ingest *ingest, struct letter_at letter)
{
    if (ingest->n_found == ingest->found_capacity) {
        size_t capacity = ingest->found_capacity ? ingest->found_capacity * 2 : 16;
        struct letter_at *grown = realloc(ingest->found, capacity * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        ingest->found = grown;
        ingest->found_capacity = capacity;
    }
    ingest->found[ingest->n_found++] = letter;
    return 0;
}

int letter_of_message(struct ingest *ingest, const struct deferred *refund)
{
    uint32_t index = ingest->slots[refund->slot].index;
    uint32_t counter = lane_shard(ingest, index * LANES_PER_PARTITION + LANE_ORDER);
    if (refund->offset < feed_campaign(ingest, counter)->sent[slot_lane(refund->slot, LANE_ORDER)])
        return 0;
    struct letter_at letter = {
        .index = index, .offset = refund->offset, .reason = refund->fault, .has_key = refund->order->has_key};
    int r = text_keep(ingest, refund->order->key, &letter.key);
    r = r < 0 ? r : text_keep(ingest, refund->order->value, &letter.value);
    return r < 0 ? r : letter_add(ingest, letter);
}

static void member(struct buffer *json, const char *name, struct span text)
{
    if (text.size == 0)
        return;
    buffer_printf(json, ",\"%s\":", name);
    json_append_text(json, text);
}

void refund_json(struct span order_id, const struct ledger_refund *refund, struct buffer *json)
{
    buffer_printf(json, "{\"type\":\"refund\",\"ts\":%" PRId64, refund->ts_ms);
    member(json, "order_id", order_id);
    member(json, "refund_id", refund->id);
    if (!refund->all)
        buffer_printf(json, ",\"amount\":\"%" PRId64 ".%06" PRId64 "\"", refund->asked / 1000000,
                      refund->asked % 1000000);
    member(json, "currency", refund->currency);
    buffer_append_u8(json, '}');
}

int letter_of_refund(struct ingest *ingest, struct span order_id, const struct ledger_refund *refund)
{
    CLEANUP(buffer_deinit) struct buffer json = BUFFER_INIT;
    struct letter_at letter = {
        refund->place.lane / LANES_PER_PARTITION, refund->place.offset, refund->fault, false, {0}, {0}};
    refund_json(order_id, refund, &json);
    int r = buffer_status(&json);
    r = r < 0 ? r : text_keep(ingest, buffer_span(&json), &letter.value);
    return r < 0 ? r : letter_add(ingest, letter);
}

bool letters_wait(const struct ingest *ingest)
{
    return ingest->n_letters > 0 || ingest->n_found_taken < ingest->n_found;
}

const char *partition_name(const struct ingest *ingest, uint32_t index)
{
    for (size_t i = 0; i < ingest->n_slots; i++)
        if (ingest->slots[i].index == index)
            return ingest->slots[i].name;
    return NULL;
}

bool ingest_next_letter(struct ingest *ingest, struct ingest_letter *ret_letter)
{
    if (ingest->n_found_taken == ingest->n_found)
        return expiry_next_letter(ingest, ret_letter);
    const struct letter_at *letter = &ingest->found[ingest->n_found_taken];
    *ret_letter = (struct ingest_letter){
        .index = letter->index,
        .name = partition_name(ingest, letter->index),
        .offset = letter->offset,
        .reason = letter->reason,
        .key = letter->has_key ? text_of(ingest, letter->key) : (struct span){0},
        .value = text_of(ingest, letter->value),
    };
    return true;
}

void ingest_letter_taken(struct ingest *ingest)
{
    if (ingest->n_found_taken < ingest->n_found)
        ingest->n_found_taken++;
    else
        expiry_letter_taken(ingest);
}
