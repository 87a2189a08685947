/*
 * Fail points: places at which a test lets the process fail. The environment variable ROIWATCH_FAIL_AT names
 * one, `NAME` or `NAME:N` for the Nth time that it is passed; without it nothing here does anything.
 *
 * They are in every build, so that what is tested is what is shipped.
 */
#ifndef ROIWATCH_DAEMON_FAIL_POINT_H
#define ROIWATCH_DAEMON_FAIL_POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/must.h"

/* X(enum, name, what happens there) */
#define FAIL_POINTS(X)                                                                                       \
    X(FAIL_LOOP_HANG, "loop-hang", "after READY the loop stops turning, and the process does nothing more")  \
    X(FAIL_REPLAY_SENT, "replay-sent", "replay is killed: a transaction is in Kafka, and not committed")     \
    X(FAIL_REPLAY_STOP, "replay-stop", "at the same place replay stops itself (SIGSTOP)")                    \
    X(FAIL_REPLAY_COMMITTED, "replay-committed", "replay is killed: a transaction is committed")

#define FAIL_POINT_ENUM(id, name, what) id,
enum fail_point { FAIL_POINTS(FAIL_POINT_ENUM) N_FAIL_POINTS };
#undef FAIL_POINT_ENUM

/* The one that is set. */
struct fail_at {
    enum fail_point point; /* N_FAIL_POINTS: none */
    uint64_t left;         /* passes before it fails */
};

/* Reads NAME or NAME:N; NULL is none. 0, or -EINVAL where no point is called so. */
MUST_CHECK int fail_at_parse(const char *text, struct fail_at *ret_at);
/* True where the process has to fail here and now. */
bool fail_point_hit(struct fail_at *at, enum fail_point point);

#endif
