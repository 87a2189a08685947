#include "lib/event/event_settings.h"

#include "lib/config/schema.h"

static const struct config_row limits_rows[] = {
    {
        .key = "campaigns",
        .type = CONFIG_INT,
        .fallback = "1000000",
        .least = 1,
        .most = 100000000,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct limits_settings, campaigns),
        .help =
            "Campaigns with counters of their own; more are counted together under (overflow). Configured "
            "campaigns always have their own.",
    },
    {
        .key = "message_bytes",
        .type = CONFIG_SIZE,
        .fallback = "1MiB",
        .least = 1024,
        .most = 64 * 1024 * 1024,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct limits_settings, message_bytes),
        .help = "A message with a longer value is rejected as too_large.",
    },
};

static const struct config_shape limits_shape = {
    .rows = limits_rows,
    .n_rows = ARRAY_SIZE(limits_rows),
    .size = sizeof(struct limits_settings),
};

const struct config_row limits_row = {
    .key = "limits",
    .type = CONFIG_RECORD,
    .shape = &limits_shape,
    .help = "How much roiwatch takes on.",
};
