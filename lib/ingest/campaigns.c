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
