/*
 * Settings of decoding: limits.
 */
#ifndef ROIWATCH_EVENT_EVENT_SETTINGS_H
#define ROIWATCH_EVENT_EVENT_SETTINGS_H

#include <stdint.h>

struct config_row;

struct limits_settings {
    int64_t campaigns;     /* beyond it new campaigns are counted under (overflow) */
    int64_t message_bytes; /* a longer value is too_large */
};

extern const struct config_row limits_row;

#endif
