/*
 * micro: nanoseconds of single operations, without Kafka and Redis. Each is the least of several rounds, as
 * whatever disturbs a round makes it longer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/money.h"
#include "lib/evaluate/slices.h"
#include "lib/event/decode.h"
#include "tests/bench/micro_ingest.h"
#include "tests/bench/workload.h"

enum { MESSAGES = 2000, ROUNDS = 40, SLICES = 1440, PRICES = 1000 };

static double steady_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Runs one operation n times a round. Nanoseconds of one, or -1 where it failed. */
static double least(int (*run)(void *context, size_t n), void *context, size_t n)
{
    double best = -1;
    for (int i = 0; i < ROUNDS; i++) {
        double began = steady_ns();
        if (run(context, n))
            return -1;
        double passed = (steady_ns() - began) / (double)n;
        if (best < 0 || passed < best)
            best = passed;
    }
    return best;
}

struct messages {
    struct decoder *decoder;
    struct workload_event *events; /* MESSAGES of one type */
    struct event event;
};

static int decode_all(void *context, size_t n)
{
    struct messages *messages = context;
    for (size_t i = 0; i < n; i++) {
        const struct workload_event *event = &messages->events[i];
        if (decode(messages->decoder, span_from(event->value, (size_t)event->value_size), NO_RECORD_TIME,
                   EVENT_NONE, &messages->event, NULL))
            return 1;
    }
    return 0;
}

static double time_decode(struct messages *messages, const struct bench_options *options,
                          enum event_type type)
{
    int64_t number = 0;
    for (size_t i = 0; i < MESSAGES; number++) {
        workload_event(options, number, &messages->events[i]);
        if (messages->events[i].type == type)
            i++;
    }
    return least(decode_all, messages, MESSAGES);
}

static int parse_prices(void *context, size_t n)
{
    char(*texts)[16] = context;
    int64_t micros;
    bool negative;
    for (size_t i = 0; i < n; i++)
        if (money_parse(span_of(texts[i]), &micros, &negative))
            return 1;
    return 0;
}

static double time_money(void)
{
    static char texts[PRICES][16];
    for (int i = 0; i < PRICES; i++)
        snprintf(texts[i], sizeof(texts[i]), "%d.%05d", i % 7, i * 37 % 100000);
    return least(parse_prices, texts, PRICES);
}

static int sum_windows(void *context, size_t n)
{
    struct slices *slices = context;
    struct cell cell = {.column = {1}}, sum;
    for (size_t i = 0; i < n; i++) {
        if (slices_set(slices, (uint32_t)(SLICES - 1 - i % 3), &cell))
            return 1;
        slices_sum(slices, slices_find(slices, (int64_t)(i % 60) * 60000), SLICES, &sum);
    }
    return sum.column[0] == 0;
}

/* A day of minutes: one cell that changes and one window that is summed again. */
static double time_slices(void)
{
    struct slices slices = {0};
    struct cell cell = {.column = {1}};
    int r = 0;
    for (uint32_t i = 0; i < SLICES && r == 0; i++)
        r = slices_collect(&slices, i, &cell);
    slices_sort(&slices);
    double ns = r ? -1 : least(sum_windows, &slices, MESSAGES);
    slices_deinit(&slices);
    return ns;
}

int bench_micro(const struct settings *settings, const struct bench_options *options)
{
    struct messages messages = {.events = calloc(MESSAGES, sizeof(*messages.events))};
    struct decode_rules rules = {.future_ms = settings->lateness.future_ms,
                                 .message_bytes = settings->limits.message_bytes,
                                 .currency = "EUR"};
    double count_ns = 0, apply_ns = 0;
    int r = !messages.events || decoder_new(&rules, &messages.decoder) ? 1 : 0;
    if (r == 0)
        r = micro_ingest(settings, options, &count_ns, &apply_ns);
    if (r == 0)
        printf("{\"decode_impression\":%.1f,\"decode_click\":%.1f,\"decode_order\":%.1f,\"money\":%.1f,"
               "\"slices\":%.1f,\"count\":%.1f,\"apply_cell\":%.1f,\"decide_1\":%.1f,\"decide_10\":%.1f,"
               "\"decide_50\":%.1f}\n",
               time_decode(&messages, options, EVENT_IMPRESSION),
               time_decode(&messages, options, EVENT_CLICK), time_decode(&messages, options, EVENT_ORDER),
               time_money(), time_slices(), count_ns, apply_ns, micro_credit(1), micro_credit(10),
               micro_credit(50));
    decoder_free(messages.decoder);
    free(messages.events);
    return r;
}
