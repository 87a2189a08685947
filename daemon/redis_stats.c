#include "daemon/redis_stats.h"

#include <stdio.h>
#include <time.h>

enum { REFUSED_LATELY_US = 8000000 };

int64_t redis_stats_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void redis_stats_sent(struct redis_stats *stats, int64_t now_us)
{
    if (stats->in_flight++ == 0)
        stats->progress_us = now_us;
}

void redis_stats_dropped(struct redis_stats *stats)
{
    stats->in_flight--;
}

void redis_stats_answered(struct redis_stats *stats, enum script script, int64_t sent_us, const char *error)
{
    int64_t now_us = redis_stats_now_us();
    stats->in_flight--;
    stats->progress_us = now_us;
    histogram_add(&stats->durations[script], now_us - sent_us);
    if (!error)
        return;
    enum redis_error class = redis_error_classify(error);
    stats->errors[class]++;
    if (!redis_error_refuses(class))
        return;
    stats->refused_us = now_us;
    snprintf(stats->refusal, sizeof(stats->refusal), "%s", error);
}

int64_t redis_stats_silent_ms(const struct redis_stats *stats)
{
    return stats->in_flight ? (redis_stats_now_us() - stats->progress_us) / 1000 : 0;
}

const char *redis_stats_refusal(const struct redis_stats *stats)
{
    bool lately = stats->refused_us && redis_stats_now_us() - stats->refused_us < REFUSED_LATELY_US;
    return lately ? stats->refusal : "";
}
