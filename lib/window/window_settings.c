#include "lib/window/window_settings.h"

#include "lib/config/read.h"
#include "lib/config/value.h"

static void fail_window(struct config_run *run, const struct config_node *node, int result)
{
    static const char *const calendar[] = {"today", "yesterday", "week", "month", "total"};
    const char *allowed = "durations such as 5m, 24h or 30d, and today, yesterday, week, month, total";
    struct nearest nearest;
    nearest_start(&nearest, span_of(node->text));
    for (size_t i = 0; i < ARRAY_SIZE(calendar); i++)
        nearest_offer(&nearest, calendar[i]);
    if (result == WINDOW_UNEVEN)
        config_fail(run, node,
                    "\"%.64s\" is uneven; allowed are whole minutes, beyond 2h whole quarter hours",
                    node->text);
    else if (result == WINDOW_OUT_OF_RANGE)
        config_fail(run, node, "\"%.64s\" is out of range; allowed are 1m to 400d", node->text);
    else if (nearest.best)
        config_fail(run, node, "\"%.64s\" is no window; allowed are %s; did you mean \"%s\"?", node->text,
                    allowed, nearest.best);
    else
        config_fail(run, node, "\"%.64s\" is no window; allowed are %s", node->text, allowed);
}

static bool window_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    struct window_spec *window = ret_value;
    const char *text = config_scalar(run, node, "window");
    if (!text)
        return false;
    int r = window_parse(span_of(text), window);
    if (r == 0)
        return true;
    *window = (struct window_spec){0};
    if (r < 0)
        run->error = r;
    else
        fail_window(run, node, r);
    return false;
}

static void window_write(const void *value, bool json, struct buffer *buffer)
{
    value_write_text(((const struct window_spec *)value)->name, json, buffer);
}

const struct config_custom window_custom = {
    .name = "window",
    .size = sizeof(struct window_spec),
    .read = window_read,
    .write = window_write,
};

static const struct config_row window_element = {.type = CONFIG_CUSTOM, .custom = &window_custom};

const struct config_row windows_row = {
    .key = "windows",
    .type = CONFIG_LIST,
    .fallback = "[5m, 1h, 24h, 7d, 30d, today, month, total]",
    .least = 1,
    .most = WINDOWS_MAX,
    .effect = EFFECT_REBUILD,
    .element = &window_element,
    .item_size = sizeof(struct window_spec),
    .help = "Each campaign has a key for each window: durations that roll, calendar windows in the "
            "campaign's zone "
            "(today, yesterday, week, month) and total. A rebuild is needed only where one reaches further "
            "back than "
            "all before.",
};

static const char *const idle_words[] = {[IDLE_CLOCK] = "clock", [IDLE_LOG] = "log", NULL};

static const struct config_row lateness_rows[] = {
    {
        .key = "disorder",
        .type = CONFIG_DURATION,
        .fallback = "30s",
        .most = 7 * DAY_MS,
        .effect = EFFECT_REBUILD,
        .offset = offsetof(struct lateness_settings, disorder_ms),
        .help = "How far the events of one partition come out of order: numbers are complete up to the "
                "newest event "
                "less this.",
    },
    {
        .key = "future",
        .type = CONFIG_DURATION,
        .fallback = "5m",
        .most = 30 * DAY_MS,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct lateness_settings, future_ms),
        .help = "An event that is further ahead of its Kafka record's own time is rejected as future.",
    },
    {
        .key = "idle",
        .type = CONFIG_WORD,
        .fallback = "clock",
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct lateness_settings, idle),
        .words = idle_words,
        .help = "What moves a partition that was read to its end: clock (the time of day) or log (the other "
                "partitions only, for replays and backfills).",
    },
};

static const struct config_shape lateness_shape = {
    .rows = lateness_rows,
    .n_rows = ARRAY_SIZE(lateness_rows),
    .size = sizeof(struct lateness_settings),
};

const struct config_row lateness_row = {
    .key = "lateness",
    .type = CONFIG_RECORD,
    .shape = &lateness_shape,
    .help = "When a number counts as complete, and which events are refused as too early.",
};
