/*
 * What is counted of the connection to Redis, for health and metrics: running totals since the start.
 */
#ifndef ROIWATCH_DAEMON_REDIS_STATS_H
#define ROIWATCH_DAEMON_REDIS_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/histogram.h"
#include "daemon/redis_errors.h"
#include "lib/shard/scripts.h"

struct redis_stats {
    uint64_t connections; /* that were ready */
    uint64_t errors[N_REDIS_ERRORS];
    size_t in_flight;                      /* calls that are not answered */
    struct histogram durations[N_SCRIPTS]; /* from sending a call to its answer, by script */
    int64_t progress_us;                   /* steady: of the last answer, or since when one is owed */
    int64_t refused_us;                    /* steady: when Redis last refused to work; 0: never */
    char refusal[160];                     /* what it said then */
};

/* The steady clock that the others go by. */
int64_t redis_stats_now_us(void);
/* A call was sent. */
void redis_stats_sent(struct redis_stats *stats, int64_t now_us);
/* It will have no answer, as the connection went. */
void redis_stats_dropped(struct redis_stats *stats);
/* It was answered; error is the error line, or NULL. */
void redis_stats_answered(struct redis_stats *stats, enum script script, int64_t sent_us, const char *error);

/* For how long Redis has owed an answer without giving any; 0 where it owes none. */
int64_t redis_stats_silent_ms(const struct redis_stats *stats);
/* The error by which Redis has refused to work in the last seconds; "" without any. Whoever is refused tries
 * again every few seconds. */
const char *redis_stats_refusal(const struct redis_stats *stats);

#endif
