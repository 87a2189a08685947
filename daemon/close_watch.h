/*
 * An end for certain: closing may wait for ever inside of librdkafka, for a topic that was deleted while it was read. By
 * then everything is counted, stored and said, so the process may as well end without it.
 */
#ifndef ROIWATCH_DAEMON_CLOSE_WATCH_H
#define ROIWATCH_DAEMON_CLOSE_WATCH_H

#include <time.h>

#include "lib/base/must.h"

/* From now on the process ends after so many seconds with exit_code and a line in the log, unless it is stopped.
 * 0 or -errno. */
MUST_CHECK int close_watch_start(int after_s, int exit_code, timer_t *ret_watch);
void close_watch_stop(timer_t watch);

#endif
