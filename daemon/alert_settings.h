/*
 * Settings of the alerts.
 */
#ifndef ROIWATCH_DAEMON_ALERT_SETTINGS_H
#define ROIWATCH_DAEMON_ALERT_SETTINGS_H

#include <stdint.h>

struct config_row;

struct alerts_settings {
    int64_t stale_after_ms;  /* as_of further behind than this: no verdict */
    int64_t silent_after_ms; /* a topic without events for so long: no verdict */
    int64_t stream_length;   /* entries kept in roi:alerts */
};

extern const struct config_row alerts_row;

#endif
