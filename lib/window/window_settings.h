/*
 * Settings of windows and of completeness.
 */
#ifndef ROIWATCH_WINDOW_WINDOW_SETTINGS_H
#define ROIWATCH_WINDOW_WINDOW_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/window/window.h"

struct config_row;
struct config_custom;

enum lateness_idle { IDLE_CLOCK, IDLE_LOG };

struct lateness_settings {
    int64_t disorder_ms;     /* how far events of a lane come out of order */
    int64_t future_ms;       /* how far an event may be ahead of its record */
    enum lateness_idle idle; /* what moves a lane that was read to its end */
};

struct windows_settings {
    struct window_spec *items; /* in the configured order; at least one */
    size_t n;
};

/* A window's name, read to a struct window_spec. */
extern const struct config_custom window_custom;

extern const struct config_row windows_row;
extern const struct config_row lateness_row;

#endif
