#include "daemon/alert_settings.h"

#include "lib/config/schema.h"
#include "lib/window/window.h"

static const struct config_row alerts_rows[] = {
    {
        .key = "stale_after",
        .type = CONFIG_DURATION,
        .fallback = "10m",
        .least = 1000,
        .most = 30 * DAY_MS,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct alerts_settings, stale_after_ms),
        .help = "Numbers that are further behind than this are no ground for a verdict.",
    },
    {
        .key = "silent_after",
        .type = CONFIG_DURATION,
        .fallback = "1h",
        .least = 1000,
        .most = 30 * DAY_MS,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct alerts_settings, silent_after_ms),
        .help = "A topic that had events in the day before and then none for so long has gone silent: no "
                "verdict.",
    },
    {
        .key = "stream_length",
        .type = CONFIG_INT,
        .fallback = "100000",
        .least = 1,
        .most = 100000000,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct alerts_settings, stream_length),
        .help = "Alerts that are kept in the Redis stream.",
    },
    {
        .key = "kafka_topic",
        .type = CONFIG_LATER,
        .flags = CONFIG_NOT_YET,
        .fallback = "~",
        .effect = EFFECT_LIVE,
        .help = "A topic that gets each alert too.",
    },
    {
        .key = "webhooks",
        .type = CONFIG_LATER,
        .flags = CONFIG_NOT_YET,
        .fallback = "[]",
        .effect = EFFECT_LIVE,
        .help = "Receivers of alerts that speak Alertmanager's API.",
    },
};

static const struct config_shape alerts_shape = {
    .rows = alerts_rows,
    .n_rows = ARRAY_SIZE(alerts_rows),
    .size = sizeof(struct alerts_settings),
};

const struct config_row alerts_row = {
    .key = "alerts",
    .type = CONFIG_RECORD,
    .shape = &alerts_shape,
    .help = "When goals are judged, and where alerts go.",
};
