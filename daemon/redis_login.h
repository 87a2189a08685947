/*
 * What every Redis connection needs first, the daemon's and the command line's: the password, and a look at
 * the server.
 */
#ifndef ROIWATCH_DAEMON_REDIS_LOGIN_H
#define ROIWATCH_DAEMON_REDIS_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/redis_settings.h"
#include "lib/base/must.h"

/* Reads the first line of redis.password_file. *ret_password is for secret_free, NULL where none is configured. */
MUST_CHECK int redis_password(const struct redis_settings *settings, char **ret_password);

/* Is this error line a refused login or right? */
bool redis_error_denied(const char *error);

/* What may be behind it where hiredis says this of a Redis before its first answer; "" where nothing is known. */
const char *redis_closed_hint(const struct redis_address *address, const char *said);

enum redis_info {
    REDIS_INFO_OK,
    REDIS_INFO_LOADING, /* not there yet: try again */
    REDIS_INFO_REFUSED, /* too old, or it would evict counters: why says so */
};

/* Judges the text of INFO; info NULL counts as loading. */
enum redis_info redis_check_info(const char *info, char *why, size_t why_size);

#endif
