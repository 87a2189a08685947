#include "lib/event/ad_table.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/ids.h"
#include "lib/base/table.h"
#include "lib/base/utf8.h"

/* Many ads share a campaign, so it is kept once. */
struct ad_campaign {
    size_t size;
    char bytes[];
};

struct ad_table {
    struct table ads;       /* to struct ad_campaign *, of campaigns */
    struct table campaigns; /* to struct ad_campaign *, owned */
};

const char *ad_fault_text(enum ad_fault fault)
{
    switch (fault) {
#define FAULT_CASE(name, text)                                                                               \
    case name:                                                                                               \
        return text;
        AD_FAULTS(FAULT_CASE)
#undef FAULT_CASE
    case AD_FINE:
        break;
    }
    return "";
}

int ad_table_new(struct ad_table **ret_table)
{
    struct ad_table *table = calloc(1, sizeof(*table));
    if (!table)
        return -ENOMEM;
    *ret_table = table;
    return 0;
}

void ad_table_free(struct ad_table *table)
{
    if (!table)
        return;
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&table->campaigns, &cursor));)
        free(entry->value);
    table_deinit(&table->campaigns);
    table_deinit(&table->ads);
    free(table);
}

static bool is_id(struct span id)
{
    return id.size > 0 && id.size <= ID_BYTES_MAX && !memchr(id.data, '\0', id.size) && utf8_is_valid(id);
}

static int campaign_keep(struct ad_table *table, struct span id, struct ad_campaign **ret_campaign)
{
    struct ad_campaign *campaign = table_get(&table->campaigns, id);
    if (!campaign) {
        campaign = malloc(sizeof(*campaign) + id.size);
        if (!campaign)
            return -ENOMEM;
        campaign->size = id.size;
        memcpy(campaign->bytes, id.data, id.size);
        int r = table_put(&table->campaigns, id, campaign);
        if (r < 0) {
            free(campaign);
            return r;
        }
    }
    *ret_campaign = campaign;
    return 0;
}

int ad_table_add(struct ad_table *table, struct span ad_id, struct span campaign_id)
{
    if (!is_id(ad_id))
        return AD_BAD_ID;
    if (!is_id(campaign_id))
        return AD_BAD_CAMPAIGN;
    struct span before = ad_table_find(table, ad_id);
    if (before.data)
        return span_equal(before, campaign_id) ? 0 : AD_TWICE;
    if (table->ads.count == AD_ROWS_MAX)
        return AD_TOO_MANY;
    struct ad_campaign *campaign;
    int r = campaign_keep(table, campaign_id, &campaign);
    return r < 0 ? r : table_put(&table->ads, ad_id, campaign);
}

size_t ad_table_count(const struct ad_table *table)
{
    return table->ads.count;
}

struct span ad_table_find(const struct ad_table *table, struct span ad_id)
{
    const struct ad_campaign *campaign = table_get(&table->ads, ad_id);
    return campaign ? span_from(campaign->bytes, campaign->size) : (struct span){0};
}

int ad_table_resolve(const struct ad_table *table, struct event *event)
{
    struct span campaign = ad_table_find(table, event->ad_id);
    if (!campaign.data)
        return REJECT_UNKNOWN_AD;
    if (span_equal(campaign, span_of(CAMPAIGN_UNATTRIBUTED)) ||
        span_equal(campaign, span_of(CAMPAIGN_OVERFLOW)))
        return REJECT_RESERVED_ID;
    event->campaign_id = campaign;
    return 0;
}

size_t ad_table_changes(const struct ad_table *before, const struct ad_table *after)
{
    size_t n = 0, cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&before->ads, &cursor));) {
        const struct ad_campaign *campaign = entry->value;
        struct span now = ad_table_find(after, table_entry_key(entry));
        n += !now.data || !span_equal(now, span_from(campaign->bytes, campaign->size));
    }
    return n;
}
