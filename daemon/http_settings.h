/*
 * Settings of the HTTP listener.
 */
#ifndef ROIWATCH_DAEMON_HTTP_SETTINGS_H
#define ROIWATCH_DAEMON_HTTP_SETTINGS_H

#include <netinet/in.h>
#include <stdbool.h>

#include "lib/base/must.h"

struct config_row;

struct http_settings {
    const char *listen; /* HOST:PORT, or NULL: no listener */
};

/* Where a listener binds. */
union http_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Reads 127.0.0.1:9464, [::1]:9464 or localhost:9464. False where the text is none of these: names are not
 * looked up, as that would hold up the counting. */
MUST_CHECK bool http_address_parse(const char *text, union http_address *ret_address);

extern const struct config_row http_row;

#endif
