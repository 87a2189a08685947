#include "daemon/cli/market.h"

#include <stdio.h>

#include "lib/base/must.h"

#define MICRO INT64_C(1000000)
#define HOUR INT64_C(3600000)

static const struct market_campaign named[] = {
    {"spring-sale", 180, 2400000, 300000, 90000, 150000, 550000, 0, 0},
    {"brand-search", 150, 1200000, 240000, 120000, 160000, 900000, 0, 0},
    {"retargeting", 120, 3100000, 350000, 110000, 170000, 320000, 450000, 2 * HOUR},
    {"video-launch", 110, 5200000, 120000, 60000, 110000, -350000, 0, 0},
    {"newsletter", 90, 600000, 90000, 100000, 140000, 700000, 0, 0},
    {"partner-north", 80, 1900000, 280000, 80000, 120000, 240000, 0, 0},
    {"partner-south", 75, 1900000, 310000, 80000, 120000, -150000, 0, 0},
    {"social-stories", 70, 2800000, 220000, 90000, 110000, 100000, 350000, 3 * HOUR},
    {"price-compare", 60, 800000, 420000, 130000, 150000, 380000, 0, 0},
    {"display-prospect", 55, 4100000, 260000, 60000, 100000, -550000, 0, 0},
    {"app-install", 45, 2200000, 330000, 90000, 120000, 300000, 0, 0},
    {"winter-clearance", 40, 1500000, 200000, 100000, 150000, 450000, 250000, 4 * HOUR},
};

struct market_campaign market_campaign(int64_t number, char *name, size_t name_size)
{
    size_t n = ARRAY_SIZE(named);
    struct market_campaign campaign = named[(size_t)number % n];
    if ((size_t)number < n) {
        snprintf(name, name_size, "%s", campaign.name);
    } else {
        snprintf(name, name_size, "campaign-%06lld", (long long)number + 1);
        campaign.weight = campaign.weight * 4 / (number + 4) + 1;
    }
    campaign.name = name;
    return campaign;
}

/* A triangle between -1 and 1 in millionths: up for a quarter, down for a half, up for a quarter. */
static int64_t triangle_micro(int64_t at_ms, int64_t period_ms)
{
    int64_t phase = at_ms % period_ms * 4 * MICRO / period_ms;
    if (phase < MICRO)
        return phase;
    return phase < 3 * MICRO ? 2 * MICRO - phase : phase - 4 * MICRO;
}

int64_t market_order_micros(const struct market_campaign *campaign, int64_t at_ms)
{
    int64_t roi = campaign->roi_micro;
    if (campaign->swing_period_ms)
        roi += campaign->swing_micro * triangle_micro(at_ms, campaign->swing_period_ms) / MICRO;
    __int128 cost_of_million =
        (__int128)campaign->cpm_micros * 1000 + (__int128)campaign->ctr_micro * campaign->cpc_micros;
    __int128 orders_of_million = (__int128)campaign->ctr_micro * campaign->cvr_micro / MICRO;
    return (int64_t)(cost_of_million * (MICRO + roi) / MICRO / orders_of_million);
}

int64_t market_traffic_percent(int64_t at_ms)
{
    static const int16_t by_hour[24] = {48,  38,  32,  30,  34,  46,  68,  92,  108, 116, 120, 124,
                                        126, 120, 116, 114, 118, 128, 142, 152, 150, 132, 104, 74};
    return by_hour[(size_t)(at_ms / HOUR % 24)];
}
