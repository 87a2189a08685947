/*
 * fill: the workload into the configured topics, all of it acknowledged.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/bench/producer.h"

enum { POLL_EVERY = 1000 };

int bench_fill(const struct settings *settings, const struct bench_options *options)
{
    CLEANUP(producer_release) struct producer *producer = NULL;
    struct workload_event event;
    int64_t bytes = 0;
    int r = producer_new(settings, &producer);
    for (int64_t i = 0; r == 0 && i < options->n_events; i++) {
        workload_event(options, options->first + i, &event);
        bytes += event.value_size;
        r = producer_put(producer, i, &event);
        if (i % POLL_EVERY == 0)
            producer_poll(producer, 0);
    }
    r = r ? r : producer_flush(producer);
    if (r == 0)
        printf("{\"events\":%" PRId64 ",\"bytes_per_event\":%.1f}\n", options->n_events,
               (double)bytes / (double)options->n_events);
    return r;
}
