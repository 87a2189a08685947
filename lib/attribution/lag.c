#include "lib/attribution/lag.h"

enum { WHOLE_HOURS = 720 };

int64_t lag_edge_ms(int i, int64_t lookback_ms)
{
    static const int16_t hours[LAG_BUCKETS + 1] = {0,   1,   2,   3,   4,   6,   8,   12,  18,
                                                   24,  36,  48,  72,  96,  120, 144, 168, 216,
                                                   264, 336, 408, 480, 552, 636, 720};
    return (int64_t)((__int128)lookback_ms * hours[i] / WHOLE_HOURS);
}

int lag_bucket(int64_t lag_ms, int64_t lookback_ms)
{
    int i = 0;
    while (i + 1 < LAG_BUCKETS && lag_ms >= lag_edge_ms(i + 1, lookback_ms))
        i++;
    return i;
}
