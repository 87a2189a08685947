/*
 * How long after its touch an order came: sums of each campaign, and of the account by day of the touch. Written from
 * docs/CONTRACT.md and lib/shard/layout.h.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

enum { BUCKETS = LAG_WIDTH / 2, DAY = 86400000 };

struct sim_lag {
    struct sim_lag *next;
    char campaign[40];
    int bucket;
    int64_t touch_ms, conversions_micro, revenue_micros;
};

static int bucket_of(int64_t lag_ms, int64_t lookback_ms)
{
    static const int64_t hours[BUCKETS] = {0,  1,  2,   3,   4,   6,   8,   12,  18,  24,  36,  48,
                                           72, 96, 120, 144, 168, 216, 264, 336, 408, 480, 552, 636};
    int bucket = BUCKETS - 1;
    while (bucket > 0 && lag_ms < hours[bucket] * lookback_ms / 720)
        bucket--;
    return bucket;
}

void lag_note(const struct recount *recount, struct sim_effect *effect, const struct sim_record *record,
              size_t share, int64_t conversions_micro, int64_t revenue_micros)
{
    const struct sim_share *earned = &record->shares[share];
    if (record->model == SIM_NO_MODEL)
        return;
    struct sim_lag *lag = calloc(1, sizeof(*lag));
    if (!lag)
        abort();
    *lag = (struct sim_lag){.next = effect->lags,
                            .bucket = bucket_of(record->ts_ms - earned->touch_ms,
                                                recount->attribution->touches.click_lookback_ms),
                            .touch_ms = earned->touch_ms,
                            .conversions_micro = conversions_micro,
                            .revenue_micros = revenue_micros};
    snprintf(lag->campaign, sizeof(lag->campaign), "%.*s", (int)earned->campaign.size, earned->campaign.data);
    effect->lags = lag;
}

static void lag_expect(struct recount *recount, uint32_t shard, struct span campaign, uint32_t day,
                       const struct sim_lag *lag)
{
    char key[128];
    int size = snprintf(key, sizeof(key), "roi:~{c%" PRIu32 ".1}:lags:%.*s", shard, (int)campaign.size,
                        campaign.size ? campaign.data : "");
    int64_t *columns = cells_touch(recount, key, (size_t)size, day, LAG_WIDTH)->columns;
    columns[lag->bucket] += lag->conversions_micro;
    columns[BUCKETS + lag->bucket] += lag->revenue_micros;
}

void lags_expect(struct recount *recount, uint32_t shard, const struct sim_effect *effect)
{
    for (const struct sim_lag *lag = effect->lags; lag; lag = lag->next) {
        struct span campaign = span_of(lag->campaign);
        if (!campaign_is_admitted(recount, campaign))
            campaign = span_of("(overflow)");
        if (shard_of(recount, campaign) != shard)
            continue;
        lag_expect(recount, shard, campaign, 0, lag);
        lag_expect(recount, shard, (struct span){0}, (uint32_t)(lag->touch_ms / DAY), lag);
    }
}

void lags_drop(struct sim_effect *effect)
{
    while (effect->lags) {
        struct sim_lag *next = effect->lags->next;
        free(effect->lags);
        effect->lags = next;
    }
}
