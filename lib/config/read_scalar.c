#include "lib/config/read.h"
#include "lib/config/read_parts.h"
#include "lib/config/value.h"

bool config_within_limits(struct config_run *run, const struct config_row *row,
                          const struct config_node *node, int64_t value)
{
    char limits[64];
    config_limits_text(row, limits);
    if (!limits[0] || (value >= row->least && value <= row->most))
        return true;
    if (node->kind == CONFIG_SCALAR && row->type != CONFIG_TEXT)
        config_fail(run, node, "%.64s is out of range; allowed are %s", node->text, limits);
    else
        config_fail(run, node, "has %lld %s; allowed are %s", (long long)value,
                    row->type == CONFIG_TEXT ? "bytes" : "items", limits);
    return false;
}

/* How each kind of number is read, and what to say where it is none. */
static const struct {
    bool (*parse)(const char *text, int64_t *ret_value);
    const char *allowed;
} numbers[] = {
    [CONFIG_INT] = {value_int, "whole numbers such as 64"},
    [CONFIG_DURATION] = {value_duration, "a whole number and its unit, such as 250ms, 30s, 5m, 1h or 7d"},
    [CONFIG_SIZE] = {value_size, "a whole number and its unit, such as 512B, 64KiB or 1MiB"},
    [CONFIG_MONEY] = {value_decimal, "decimals with at most 6 digits after the point, such as 2.50"},
    [CONFIG_DECIMAL] = {value_decimal, "decimals with at most 6 digits after the point, such as 0.25"},
    [CONFIG_DATE] = {value_date, "dates such as 2026-01-31"},
};

static bool read_number(struct config_run *run, const struct config_row *row, const struct config_node *node,
                        int64_t *ret_value)
{
    int64_t value;
    const char *text = config_scalar(run, node, config_type_name(row));
    if (!text)
        return false;
    if (!numbers[row->type].parse(text, &value)) {
        config_fail(run, node, "\"%.64s\" is no %s; allowed are %s", text, config_type_name(row),
                    numbers[row->type].allowed);
        return false;
    }
    if (!config_within_limits(run, row, node, value))
        return false;
    *ret_value = value;
    return true;
}

static bool read_text(struct config_run *run, const struct config_row *row, const struct config_node *node,
                      const char **ret_text)
{
    const char *text = config_scalar(run, node, "text");
    if (!text || !config_within_limits(run, row, node, (int64_t)strlen(text)))
        return false;
    *ret_text = text;
    return true;
}

static bool read_bool(struct config_run *run, const struct config_node *node, bool *ret_value)
{
    static const char *const words[] = {"false", "true", NULL};
    const char *text = config_scalar(run, node, "true or false");
    if (!text)
        return false;
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0) {
        config_fail_word(run, node, words);
        return false;
    }
    *ret_value = is_true;
    return true;
}

static bool read_word(struct config_run *run, const struct config_row *row, const struct config_node *node,
                      unsigned *ret_value)
{
    const char *text = config_scalar(run, node, "word");
    if (!text)
        return false;
    for (unsigned i = 0; row->words[i]; i++)
        if (strcmp(row->words[i], text) == 0) {
            *ret_value = i;
            return true;
        }
    config_fail_word(run, node, row->words);
    return false;
}

bool config_read_scalar(struct config_run *run, const struct config_row *row, const struct config_node *node,
                        void *ret_value)
{
    switch (row->type) {
    case CONFIG_BOOL:
        return read_bool(run, node, ret_value);
    case CONFIG_TEXT:
        return read_text(run, row, node, ret_value);
    case CONFIG_WORD:
        return read_word(run, row, node, ret_value);
    case CONFIG_CUSTOM:
        return row->custom->read(run, node, ret_value);
    default:
        return read_number(run, row, node, ret_value);
    }
}
