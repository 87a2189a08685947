/*
 * The campaigns that events have named: where each belongs and whether it is counted under its own name.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/internal.h"

int campaign_find(struct ingest *ingest, struct span id, struct campaign **ret_campaign)
{
    uint64_t hash = hash_bytes(id);
    struct campaign *campaign = table_get_hashed(&ingest->campaigns, id, hash);
    if (!campaign) {
        campaign = malloc(sizeof(*campaign) + id.size);
        if (!campaign)
            return -ENOMEM;
        char *bytes = (char *)(campaign + 1);
        memcpy(bytes, id.data, id.size);
        *campaign = (struct campaign){
            .id = span_from(bytes, id.size),
            .shard = (uint32_t)(hash % ingest->rules.layout.n_shards),
            .rules = rule_book_find(ingest->rules.book, id),
        };
        int r = table_put(&ingest->campaigns, id, campaign);
        if (r < 0) {
            free(campaign);
            return r;
        }
    }
    *ret_campaign = campaign;
    return 0;
}

int campaigns_forget(struct ingest *ingest)
{
    struct table fresh = {0};
    struct campaign *kept[] = {ingest->unattributed, ingest->overflow};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        int r = table_put(&fresh, kept[i]->id, kept[i]);
        if (r < 0) {
            table_deinit(&fresh);
            return r;
        }
    }
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&ingest->campaigns, &cursor));)
        if (entry->value != ingest->unattributed && entry->value != ingest->overflow)
            free(entry->value);
    table_deinit(&ingest->campaigns);
    ingest->campaigns = fresh;
    return 0;
}

int campaigns_set_book(struct ingest *ingest, const struct rule_book *book)
{
    int r = campaigns_forget(ingest);
    if (r < 0)
        return r;
    struct campaign *kept[] = {ingest->unattributed, ingest->overflow};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        kept[i]->rules = rule_book_find(book, kept[i]->id);
    return 0;
}

static bool is_configured(const struct ingest *ingest, const struct campaign *campaign)
{
    return campaign == ingest->unattributed || campaign == ingest->overflow ||
           table_get(&ingest->rules.book->by_id, campaign->id);
}

struct campaign *campaign_asked(struct ingest *ingest, struct campaign *campaign)
{
    if (campaign->admission == ADMISSION_OVERFLOW)
        campaign = ingest->overflow;
    return campaign->admission == ADMISSION_UNKNOWN ? campaign : NULL;
}

static int admit_ask(struct ingest *ingest, uint32_t shard, struct campaign *named, struct call *call)
{
    struct campaign *campaign = campaign_asked(ingest, named);
    if (!campaign || campaign->shard != shard)
        return 0;
    campaign->admission = ADMISSION_ASKED;
    call_arg(call, campaign->id);
    call_arg_text(call, is_configured(ingest, campaign) ? "1" : "0");
    return asked_push(ingest, campaign);
}

static void admit_begin(struct ingest *ingest, uint32_t shard, struct call *call)
{
    int64_t n_shards = ingest->rules.layout.n_shards;
    call_begin(call, SCRIPT_ADMIT);
    buffer_clear(&ingest->scratch);
    feed_key(ingest, shard, ":campaigns", &ingest->scratch);
    call_key(call, buffer_span(&ingest->scratch));
    call_arg_i64(call, (ingest->rules.campaigns_limit + n_shards - 1) / n_shards);
}

int admit_next(struct ingest *ingest, uint32_t shard, struct call *call, uint64_t *ret_tag)
{
    size_t first = ingest->n_asked;
    int r = 0;
    admit_begin(ingest, shard, call);
    for (size_t i = 0; r == 0 && i < ingest->n_deferred; i++)
        if (touch_counts(&ingest->deferred[i]))
            r = admit_ask(ingest, shard, ingest->deferred[i].campaign, call);
    for (size_t i = 0; r == 0 && i < ingest->n_bookings; i++)
        r = admit_ask(ingest, shard, ingest->bookings[i].campaign, call);
    if (r < 0 || ingest->n_asked == first)
        return r;
    r = call_status(call);
    if (r == 0)
        r = flight_take(ingest, (struct flight){FLIGHT_ADMIT, shard, 0, first, ingest->n_asked - first},
                        ret_tag);
    return r < 0 ? r : 1;
}

void admit_reply(struct ingest *ingest, struct flight flight, const struct reply *reply)
{
    if (reply->type != REPLY_ARRAY || reply->n_elements != flight.n) {
        ingest_break(ingest, "admit gave an answer that is not understood");
        return;
    }
    for (size_t i = 0; i < flight.n; i++) {
        struct campaign *campaign = ingest->asked[flight.first + i];
        campaign->admission = reply_i64(reply_at(reply, i), 0) ? ADMISSION_OWN : ADMISSION_OVERFLOW;
    }
}
