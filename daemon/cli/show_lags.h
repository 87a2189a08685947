/*
 * How late orders came after the touches that earned them: of a campaign, and of the whole account.
 */
#ifndef ROIWATCH_DAEMON_CLI_SHOW_LAGS_H
#define ROIWATCH_DAEMON_CLI_SHOW_LAGS_H

#include "daemon/cli/redis.h"

/* Reads and prints them. */
MUST_CHECK int show_lags(struct store *store, const struct settings *settings, struct span campaign,
                         bool json, struct buffer *out);

#endif
