/*
 * latency: produces the workload at a fixed rate and looks, all the while, how far the `total` keys of some
 * campaigns have come. From an event's hand-over to the producer to the first look at a total that holds it.
 *
 * Of a watched campaign all impressions go to one partition, which is counted in order: the k-th of them is in
 * when `impressions` says k. Every campaign has as many events as the others.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hiredis/hiredis.h>

#include "tests/bench/producer.h"

enum { LOOK_US = 5000, DRAIN_US = 30000000, PERMYRIAD = 10000 };

/* The impressions of one watched campaign. */
struct watched {
    int64_t *sent_us; /* when each was handed over */
    int64_t n_sent;
    int64_t n_counted;
};

struct watch {
    const struct bench_options *options;
    const char *prefix;
    redisContext *redis;
    struct watched *campaigns; /* the first n_watched */
    int64_t *latencies_us;     /* of the impressions that were seen in a total */
    int64_t n_seen, n_sent;
    int64_t looked_us;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void watch_deinit(struct watch *watch)
{
    if (watch->redis)
        redisFree(watch->redis);
    for (int64_t i = 0; watch->campaigns && i < watch->options->n_watched; i++)
        free(watch->campaigns[i].sent_us);
    free(watch->campaigns);
    free(watch->latencies_us);
}

static int watch_open(struct watch *watch, const struct settings *settings)
{
    const struct bench_options *options = watch->options;
    size_t each = (size_t)(options->n_events / options->n_campaigns + 1);
    bool good = true;
    watch->prefix = settings->redis.prefix;
    watch->campaigns = calloc((size_t)options->n_watched, sizeof(*watch->campaigns));
    watch->latencies_us = calloc((size_t)options->n_watched * each, sizeof(*watch->latencies_us));
    watch->redis = settings->redis.address.path ? redisConnectUnix(settings->redis.address.path) : NULL;
    for (int64_t i = 0; watch->campaigns && i < options->n_watched; i++)
        good = (watch->campaigns[i].sent_us = calloc(each, sizeof(int64_t))) && good;
    if (good && watch->campaigns && watch->latencies_us && watch->redis && !watch->redis->err)
        return 0;
    fprintf(stderr, "roiwatch-bench: latency needs memory, and a Redis on a unix socket\n");
    return 1;
}

/* The campaign's total has come to `impressions`. */
static void watch_advance(struct watch *watch, struct watched *campaign, int64_t impressions, int64_t at_us)
{
    for (; campaign->n_counted < impressions && campaign->n_counted < campaign->n_sent; campaign->n_counted++)
        watch->latencies_us[watch->n_seen++] = at_us - campaign->sent_us[campaign->n_counted];
}

static int watch_look(struct watch *watch)
{
    for (int64_t i = 0; i < watch->options->n_watched; i++) {
        char id[32];
        workload_campaign(i, id);
        redisAppendCommand(watch->redis, "HGET %s{%s}:total impressions", watch->prefix, id);
    }
    for (int64_t i = 0; i < watch->options->n_watched; i++) {
        void *reply;
        if (redisGetReply(watch->redis, &reply) != REDIS_OK) {
            fprintf(stderr, "roiwatch-bench: Redis: %s\n", watch->redis->errstr);
            return 1;
        }
        const redisReply *text = reply;
        int64_t impressions = text->type == REDIS_REPLY_STRING ? strtoll(text->str, NULL, 10) : 0;
        watch_advance(watch, &watch->campaigns[i], impressions, now_us());
        freeReplyObject(reply);
    }
    watch->looked_us = now_us();
    return 0;
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double percentile_ms(const struct watch *watch, int64_t permyriad)
{
    int64_t at = watch->n_seen * permyriad / PERMYRIAD;
    return watch->n_seen ? (double)watch->latencies_us[at < watch->n_seen ? at : watch->n_seen - 1] / 1000.0
                         : -1;
}

/* Hands one event over and notes when. */
static int put(struct watch *watch, struct producer *producer, int64_t number)
{
    struct workload_event event;
    workload_event(watch->options, number, &event);
    if (event.type == EVENT_IMPRESSION && event.campaign < watch->options->n_watched) {
        struct watched *campaign = &watch->campaigns[event.campaign];
        campaign->sent_us[campaign->n_sent++] = now_us();
        watch->n_sent++;
    }
    return producer_put(producer, event.campaign, &event);
}

/* Sends each event when its time has come. How far behind it was at worst says whether the rate was held. */
static int pump(struct watch *watch, struct producer *producer, int64_t *ret_behind_us)
{
    const struct bench_options *options = watch->options;
    int64_t began_us = now_us(), behind_us = 0;
    for (int64_t i = 0; i < options->n_events;) {
        int64_t passed_us = now_us() - began_us;
        int64_t due = passed_us * options->rate / 1000000;
        if (i < due && passed_us - i * 1000000 / options->rate > behind_us)
            behind_us = passed_us - i * 1000000 / options->rate;
        for (; i < due && i < options->n_events; i++)
            if (put(watch, producer, i))
                return 1;
        producer_poll(producer, 1);
        if (now_us() - watch->looked_us >= LOOK_US && watch_look(watch))
            return 1;
    }
    *ret_behind_us = behind_us;
    return producer_flush(producer);
}

static void print_latencies(struct watch *watch, int64_t behind_us)
{
    qsort(watch->latencies_us, (size_t)watch->n_seen, sizeof(*watch->latencies_us), by_value);
    printf("{\"events\":%" PRId64 ",\"watched\":%" PRId64 ",\"seen\":%" PRId64
           ",\"behind_ms\":%.1f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f}\n",
           watch->options->n_events, watch->n_sent, watch->n_seen, (double)behind_us / 1000.0,
           percentile_ms(watch, PERMYRIAD / 2), percentile_ms(watch, 9900), percentile_ms(watch, PERMYRIAD));
}

int bench_latency(const struct settings *settings, const struct bench_options *options)
{
    struct bench_options timed = *options;
    CLEANUP(watch_deinit) struct watch watch = {.options = &timed};
    CLEANUP(producer_release) struct producer *producer = NULL;
    int64_t behind_us = 0;
    if (!options->even || options->rate < 1 || options->n_watched < 1 ||
        options->n_watched > options->n_campaigns) {
        fprintf(stderr, "roiwatch-bench: latency needs --even, --rate and --watched\n");
        return 1;
    }
    /* Event time is the wall's. */
    timed.start_ms = (int64_t)time(NULL) * 1000;
    timed.span_ms = options->n_events * 1000 / options->rate;
    int r = watch_open(&watch, settings);
    r = r ? r : producer_new(settings, &producer);
    r = r ? r : pump(&watch, producer, &behind_us);
    int64_t until_us = now_us() + DRAIN_US;
    while (r == 0 && watch.n_seen < watch.n_sent && now_us() < until_us) {
        (void)poll(NULL, 0, LOOK_US / 1000);
        r = watch_look(&watch);
    }
    if (r == 0)
        print_latencies(&watch, behind_us);
    return r;
}
