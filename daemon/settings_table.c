#include "daemon/settings_table.h"

#include <assert.h>

#include "daemon/settings.h"
#include "lib/config/read.h"
#include "lib/config/value.h"

static bool currency_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    const char *text = config_scalar(run, node, "currency");
    if (!text)
        return false;
    if (!currency_is_code(text)) {
        config_fail(run, node, "\"%.64s\" is no currency; allowed are three upper-case letters, such as EUR",
                    text);
        return false;
    }
    *(const char **)ret_value = text;
    return true;
}

static void currency_write(const void *value, bool json, struct buffer *buffer)
{
    value_write_text(*(const char *const *)value, json, buffer);
}

static const struct config_custom currency_custom = {
    .name = "currency",
    .size = sizeof(const char *),
    .read = currency_read,
    .write = currency_write,
};

static const struct config_row account_rows[] = {
    {
        .key = "currency",
        .type = CONFIG_CUSTOM,
        .custom = &currency_custom,
        .fallback = "EUR",
        .effect = EFFECT_REFUSED,
        .offset = offsetof(struct account_settings, currency),
        .help = "ISO 4217 code of the currency in which everything is counted; fixed at the first start.",
    },
    {
        .key = "timezone",
        .type = CONFIG_TEXT,
        .fallback = "UTC",
        .least = 1,
        .most = 64,
        .effect = EFFECT_REBUILD,
        .offset = offsetof(struct account_settings, timezone),
        .help = "IANA name, such as Europe/Paris: whose days calendar windows and dates mean.",
    },
};

static const struct config_shape account_shape = {
    .rows = account_rows,
    .n_rows = ARRAY_SIZE(account_rows),
    .size = sizeof(struct account_settings),
};

static const struct config_row account_row = {
    .key = "account",
    .type = CONFIG_RECORD,
    .shape = &account_shape,
    .help = "What holds for all campaigns.",
};

static const struct config_row retention_row = {
    .key = "retention",
    .type = CONFIG_DURATION,
    .fallback = "400d",
    .least = DAY_MS,
    .most = 3660 * DAY_MS,
    .effect = EFFECT_LIVE,
    .flags = CONFIG_NOT_YET,
    .help = "A campaign without any event for so long, in event time, is forgotten. In this version all are "
            "kept.",
};

struct joined_row {
    const struct config_row *row;
    size_t offset;
};

static const struct joined_row joined[] = {
    {&kafka_row, offsetof(struct settings, kafka)},
    {&redis_row, offsetof(struct settings, redis)},
    {&account_row, offsetof(struct settings, account)},
    {&rates_row, offsetof(struct settings, rates)},
    {&windows_row, offsetof(struct settings, windows)},
    {&lateness_row, offsetof(struct settings, lateness)},
    {&attribution_row, offsetof(struct settings, attribution)},
    {&ledger_row, offsetof(struct settings, ledger)},
    {&measures_row, offsetof(struct settings, measures)},
    {&lookup_row, offsetof(struct settings, lookup)},
    {&mapping_row, offsetof(struct settings, mapping)},
    {&limits_row, offsetof(struct settings, limits)},
    {&retention_row, offsetof(struct settings, retention_ms)},
    {&alerts_row, offsetof(struct settings, alerts)},
    {&http_row, offsetof(struct settings, http)},
    {&defaults_row, offsetof(struct settings, campaigns)},
    {&campaigns_row, offsetof(struct settings, campaigns)},
};

static const struct joined_row counting[] = {
    {&account_row, offsetof(struct settings, account)},
    {&rates_row, offsetof(struct settings, rates)},
    {&lookup_source_row, offsetof(struct settings, lookup)},
    {&mapping_row, offsetof(struct settings, mapping)},
};

static_assert(ARRAY_SIZE(joined) <= SETTINGS_ROWS_MAX, "the joined table has room for every row");

static bool same_window(const struct window_spec *a, const struct window_spec *b)
{
    return a->name[0] && a->kind == b->kind && a->length_ms == b->length_ms;
}

static void settings_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct settings *settings = record;
    const struct windows_settings *windows = &settings->windows;
    measures_settings_check(run, node, &settings->measures, &settings->campaigns);
    rates_settings_check(run, node, &settings->rates, settings->account.currency);
    for (size_t i = 0; i < windows->n; i++)
        for (size_t j = 0; j < i; j++)
            if (same_window(&windows->items[i], &windows->items[j]))
                config_fail_item(run, node, "windows", i, "%s is the same window as %s; name it once",
                                 windows->items[i].name, windows->items[j].name);
}

static void counting_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct settings *settings = record;
    rates_settings_check(run, node, &settings->rates, settings->account.currency);
}

static void table_fill(struct settings_table *table, const struct joined_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        table->rows[i] = *rows[i].row;
        table->rows[i].offset += rows[i].offset;
    }
    table->shape = (struct config_shape){.rows = table->rows, .n_rows = n, .size = sizeof(struct settings)};
}

void settings_table_init(struct settings_table *table)
{
    table_fill(table, joined, ARRAY_SIZE(joined));
    table->shape.check = settings_check;
}

void settings_table_counting(struct settings_table *table)
{
    table_fill(table, counting, ARRAY_SIZE(counting));
    table->shape.check = counting_check;
}
