/*
 * Events of an invented market: the source of `roiwatch generate`.
 *
 * Campaigns differ in what they truly return; traffic follows the hour of the day; an impression may lead to
 * a click and a click, later, to an order. Everything follows from the options: the same options give the
 * same bytes. No clock, no I/O, no doubles.
 */
#ifndef ROIWATCH_DAEMON_CLI_EVENTS_H
#define ROIWATCH_DAEMON_CLI_EVENTS_H

#include "lib/base/buffer.h"
#include "lib/event/event.h"

struct events_options {
    uint64_t seed;
    int64_t n_campaigns;       /* at least 1; the first dozen have names */
    int64_t start_ms;          /* event time of the first event */
    int64_t gap_us;            /* event time between two events on the average; at least 1 */
    int64_t longest_delay_ms;  /* between a click and its order */
    int64_t disorder_ms;       /* events stand up to so long before their place */
    int64_t late_micro;        /* share that is 1 to 100 days old */
    int64_t duplicates_micro;  /* share of orders that come again */
    int64_t bad_micro;         /* share that has to be rejected */
    int64_t engagements_micro; /* share of impressions that somebody likes, shares or comments */
    int64_t
        spend_micro; /* share of impressions after which a platform reports its campaign's spend of the day */
};

/* One message; its spans hold until the next call. */
struct generated {
    enum event_type type; /* whose topic it is for */
    struct span key;      /* what spreads over partitions: an order id, else a user */
    struct span value;    /* data NULL: a message without a value */
    int64_t record_ts_ms; /* its place in the flow of time; the event's own time may differ */
};

struct events;

/* Owned by the caller, freed with events_free. -ENOMEM. */
MUST_CHECK int events_new(const struct events_options *options, struct events **ret_events);
void events_free(struct events *events);
/* The next message; record times never go back. -ENOMEM. */
MUST_CHECK int events_next(struct events *events, struct generated *ret_message);

#endif
