/*
 * Holding back: which lines of a place in the code are said, and how many were not. Pure: time is a parameter.
 */
#ifndef ROIWATCH_DAEMON_LOG_HOLD_H
#define ROIWATCH_DAEMON_LOG_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/log.h"

enum { LOG_PLACES_MOST = 64, LOG_TEXT_SIZE = 1024 };

/* What a place has said in its current minute. */
struct log_memory {
    const struct log_place *place; /* NULL: free */
    enum log_level level;
    int64_t since_ms; /* steady: when the minute began */
    unsigned n_said;
    unsigned n_held;
    uint64_t said[LOG_LINES_MOST]; /* hashes of what was said */
    char text[LOG_TEXT_SIZE];      /* the last one, said or held */
};

/* All places; beyond LOG_PLACES_MOST that are busy in one minute lines are said as they come. */
struct log_hold {
    struct log_memory places[LOG_PLACES_MOST];
};

/* Whether the line is to be said now. */
bool log_hold_asks(struct log_hold *hold, const struct log_place *place, enum log_level level,
                   const char *text, int64_t now_ms);
/* Takes the next place whose minute is over (or any, where `all`) and that has held lines back. False where there
 * is none. Places whose minute is over are forgotten. */
bool log_hold_take(struct log_hold *hold, int64_t now_ms, bool all, struct log_memory *ret_memory);

#endif
