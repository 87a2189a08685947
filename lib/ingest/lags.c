/*
 * Lags into pending sums: of each campaign, and of the account by the day of the touch. They go with the campaign's shard,
 * in the same apply as its cells: the account's numbers are the sums over all shards.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/ids.h"
#include "lib/ingest/attribute.h"

static int lag_find(struct shard_feed *feed, struct span campaign, uint32_t day, struct pending_lag **ret_lag)
{
    char key[sizeof(uint32_t) + ID_BYTES_MAX];
    memcpy(key, &day, sizeof(day));
    if (campaign.size)
        memcpy(key + sizeof(day), campaign.data, campaign.size);
    struct span whole = span_from(key, sizeof(day) + campaign.size);
    struct pending_lag *lag = table_get(&feed->lags, whole);
    if (!lag) {
        lag = calloc(1, sizeof(*lag));
        if (!lag || table_put(&feed->lags, whole, lag) < 0) {
            free(lag);
            return -ENOMEM;
        }
        lag->day = day;
    }
    *ret_lag = lag;
    return 0;
}

static bool add_to(int64_t *sum, int64_t amount)
{
    return !__builtin_add_overflow(*sum, amount, sum);
}

/* A sum that leaves 64 bits stays as it was: the cells that hold the same money say so. */
static void lag_add(struct pending_lag *lag, const struct booking *booking)
{
    (void)add_to(&lag->columns[LAG_CONVERSIONS + booking->lag_bucket], booking->lag_conversions_micro);
    (void)add_to(&lag->columns[LAG_REVENUE + booking->lag_bucket], booking->sum.column[CELL_COHORT_REVENUE]);
}

int lags_count(struct ingest *ingest, const struct deferred *deferred, const struct campaign *campaign,
               const struct booking *booking)
{
    struct shard_feed *feed = feed_campaign(ingest, campaign->shard);
    struct pending_lag *own, *account;
    if (!booking->has_lag || deferred->offset < feed->sent[slot_lane(deferred->slot, LANE_ORDER)])
        return 0;
    int r = lag_find(feed, campaign->id, 0, &own);
    r = r < 0 ? r : lag_find(feed, (struct span){0}, (uint32_t)(booking->lag_touch_ms / DAY_MS), &account);
    if (r < 0)
        return r;
    lag_add(own, booking);
    lag_add(account, booking);
    return 0;
}

void lags_forget(struct shard_feed *feed)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&feed->lags, &cursor));)
        free(entry->value);
    table_deinit(&feed->lags);
}
