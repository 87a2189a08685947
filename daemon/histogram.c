#include "daemon/histogram.h"

#define BOUND_US(us, text) us,
#define BOUND_TEXT(us, text) text,

static const int64_t bounds_us[] = {HISTOGRAM_BUCKETS(BOUND_US)};
static const char *const bounds_text[] = {HISTOGRAM_BUCKETS(BOUND_TEXT)};

void histogram_add(struct histogram *histogram, int64_t us)
{
    size_t bucket = 0;
    while (bucket < N_HISTOGRAM_BUCKETS && us > bounds_us[bucket])
        bucket++;
    histogram->buckets[bucket]++;
    histogram->count++;
    histogram->sum_us += us;
}

const char *histogram_bound(size_t bucket)
{
    return bounds_text[bucket];
}
