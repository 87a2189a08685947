/*
 * Waiting in programs that run until somebody ends them: a monotonic clock, and signals as a descriptor, so
 * that every way out leads past the clean-up.
 */
#ifndef ROIWATCH_DAEMON_CLI_WAITING_H
#define ROIWATCH_DAEMON_CLI_WAITING_H

#include <stdint.h>

#include "lib/base/must.h"

/* Monotonic and wall-clock time in ms. */
int64_t steady_ms(void);
int64_t wall_ms(void);

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGWINCH and gives a signalfd (the caller's, to be closed); negative
 * errno. */
MUST_CHECK int signals_open(void);
/* The next signal's number, or 0 after timeout_ms without one. */
int signals_wait(int signals, int timeout_ms);

#endif
