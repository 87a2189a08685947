/*
 * Refunds whose order never came.
 *
 * DESIGN
 *   A record without an order that all partitions have passed by the horizon is not forgotten by the order shard: it is
 * given out with the answer to decide, to whoever asked. Its refunds go to the dead letters; when those are
 * acknowledged, the record is removed under a compare and its refunds are counted as refused (script expire), so that
 * they are counted once however many processes were given it. They belong to no range of offsets: their messages were
 * passed when they began to wait.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/ingest/internal.h"

static void expired_free(struct expired *expired)
{
    buffer_deinit(&expired->id);
    buffer_deinit(&expired->bytes);
    buffer_deinit(&expired->json);
    free(expired);
}

void expiry_forget(struct ingest *ingest)
{
    while (ingest->expired) {
        struct expired *next = ingest->expired->next;
        expired_free(ingest->expired);
        ingest->expired = next;
    }
    ingest->n_expired = 0;
}

static bool is_known(const struct ingest *ingest, struct span id)
{
    for (const struct expired *expired = ingest->expired; expired; expired = expired->next)
        if (span_equal(buffer_span(&expired->id), id))
            return true;
    return false;
}

/* The first with letters left. */
static struct expired *expired_open(const struct ingest *ingest)
{
    struct expired *expired = ingest->expired;
    while (expired && expired->n_taken == expired->n_refunds)
        expired = expired->next;
    return expired;
}

void expiry_letter_taken(struct ingest *ingest)
{
    struct expired *expired = expired_open(ingest);
    if (expired)
        expired->n_taken++;
}

bool expiry_next_letter(struct ingest *ingest, struct ingest_letter *ret_letter)
{
    struct expired *expired = expired_open(ingest);
    if (!expired || ledger_unpack(&ingest->ledger, buffer_span(&expired->bytes)) < 0)
        return false;
    const struct ledger_refund *refund = &ingest->ledger.refunds[expired->n_taken];
    uint32_t index = refund->place.lane / LANES_PER_PARTITION;
    buffer_clear(&expired->json);
    refund_json(buffer_span(&expired->id), refund, &expired->json);
    if (buffer_status(&expired->json) < 0)
        return false; /* asked again at the next turn */
    *ret_letter = (struct ingest_letter){
        .index = index,
        .name = partition_name(ingest, index),
        .offset = refund->place.offset,
        .reason = REJECT_UNKNOWN_ORDER,
        .value = buffer_span(&expired->json),
    };
    return true;
}

int expiry_found(struct ingest *ingest, uint32_t shard, struct span id, struct span bytes)
{
    if (ingest->n_expired >= EXPIRED_MAX || is_known(ingest, id))
        return 0;
    struct expired *expired = calloc(1, sizeof(*expired));
    if (!expired)
        return -ENOMEM;
    expired->shard = shard;
    buffer_append_span(&expired->id, id);
    buffer_append_span(&expired->bytes, bytes);
    if (buffer_status(&expired->id) < 0 || buffer_status(&expired->bytes) < 0) {
        expired_free(expired);
        return -ENOMEM;
    }
    int r = ledger_unpack(&ingest->ledger, bytes);
    expired->n_refunds = ingest->ledger.n_refunds;
    if (r < 0) {
        expired_free(expired);
        if (r == -EBADMSG)
            ingest_break(ingest, "the ledger's record of an order in shard %u is not ours", shard);
        return r == -EBADMSG ? 0 : r;
    }
    struct expired **end = &ingest->expired; /* the first one may be in flight */
    while (*end)
        end = &(*end)->next;
    *end = expired;
    ingest->n_expired++;
    return 0;
}

static void expire_call(struct ingest *ingest, const struct expired *expired, struct call *call)
{
    static const char *const parts[] = {":orders", ":expiry", ":refused"};
    call_begin(call, SCRIPT_EXPIRE);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        buffer_clear(&ingest->scratch);
        feed_key(ingest, ingest->rules.layout.n_shards + expired->shard, parts[i], &ingest->scratch);
        call_key(call, buffer_span(&ingest->scratch));
    }
    call_arg(call, buffer_span(&expired->id));
    call_arg(call, buffer_span(&expired->bytes));
    for (size_t i = 0; i < ingest->ledger.n_refunds; i++) {
        call_arg_i64(call, ingest->ledger.refunds[i].place.lane);
        call_arg_text(call, "1");
    }
}

int expiry_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag)
{
    struct expired *expired = ingest->expired;
    if (!expired || expired->sent || expired->n_taken < expired->n_refunds || letters_wait(ingest))
        return 0;
    int r = ledger_unpack(&ingest->ledger, buffer_span(&expired->bytes));
    if (r < 0)
        return r;
    expire_call(ingest, expired, call);
    r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){.kind = FLIGHT_EXPIRE, .shard = expired->shard}, ret_tag);
    if (r < 0)
        return r == -EAGAIN ? 0 : r;
    expired->sent = true;
    return 1;
}

void expiry_reply(struct ingest *ingest, const struct reply *reply)
{
    struct expired *expired = ingest->expired;
    if (!expired || !expired->sent)
        return;
    if (reply_i64(reply, 0) == 1 && ledger_unpack(&ingest->ledger, buffer_span(&expired->bytes)) == 0)
        ingest->counts.rejected += (int64_t)ingest->ledger.n_refunds;
    ingest->expired = expired->next;
    ingest->n_expired--;
    expired_free(expired);
}
