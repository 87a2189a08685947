#include "lib/event/rates_settings.h"

#include <errno.h>
#include <stdio.h>

#include "lib/config/read.h"
#include "lib/config/value.h"

enum { ROWS_MAX = 10000, CURRENCIES_MAX = 200, DATE_MOST = 84006 /* 2200-01-01 */ };

bool currency_is_code(const char *text)
{
    return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static bool read_from(struct config_run *run, const struct config_node *node, int64_t *ret_date)
{
    const char *text = config_scalar(run, node, "date");

    if (!text)
        return false;
    if (!value_date(text, ret_date) || *ret_date < 0 || *ret_date > DATE_MOST) {
        config_fail(run, node, "`from` is \"%.64s\"; allowed are dates from 1970-01-01 to 2200-01-01", text);
        return false;
    }
    return true;
}

static bool read_rate(struct config_run *run, const struct config_node *node, struct named_rate *ret_rate)
{
    const char *text;

    if (!currency_is_code(node->key)) {
        config_fail(run, node,
                    "\"%.64s\" is no currency; allowed are `from` and three upper-case letters, such as USD",
                    node->key);
        return false;
    }
    text = config_scalar(run, node, "rate");
    if (!text)
        return false;
    if (!rate_parse(span_of(text), &ret_rate->rate)) {
        config_fail(run, node,
                    "\"%.64s\" is no rate of %s; allowed are decimals above 0 with up to %d digits, such as "
                    "0.92 or 0.0000345",
                    text, node->key, RATE_DIGITS_MAX);
        return false;
    }
    ret_rate->currency = node->key;
    return true;
}

static bool row_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    struct rates_row row = {0};
    bool ok = true, has_from = false;

    if (node->kind != CONFIG_MAPPING || node->n_children > CURRENCIES_MAX) {
        config_fail(run, node,
                    "must be a map of `from` and at most %d rates, such as {from: 2026-01-01, USD: 0.92}",
                    CURRENCIES_MAX);
        return false;
    }
    row.items = arena_alloc(run->arena, node->n_children * sizeof(*row.items));
    if (!row.items) {
        run->error = -ENOMEM;
        return false;
    }
    for (const struct config_node *child = node->first; child; child = child->next) {
        bool is_from = strcmp(child->key, "from") == 0;
        has_from |= is_from;
        if (is_from)
            ok &= read_from(run, child, &row.from_date);
        else
            ok &= read_rate(run, child, &row.items[row.n++]);
    }
    if (!has_from)
        config_fail(run, node, "needs `from`: the first local date of the account on which the rates hold");
    if (row.n == 0)
        config_fail(run, node, "names no currency; at least one is needed, such as USD: 0.92");
    if (!ok || !has_from || row.n == 0)
        return false;
    *(struct rates_row *)ret_value = row;
    return true;
}

/* The digits of a rate with its point, as rate_parse takes them. */
static void write_rate(const struct rate *rate, struct buffer *buffer)
{
    char digits[2 * RATE_DIGITS_MAX + 3];
    int n_decimals = (int)rate->n_decimals;
    int size = snprintf(digits, sizeof(digits), "%0*lld", n_decimals + 1, (long long)rate->significand);

    buffer_append(buffer, digits, (size_t)(size - n_decimals));
    if (n_decimals)
        buffer_printf(buffer, ".%s", digits + size - n_decimals);
}

static void row_write(const void *value, bool json, struct buffer *buffer)
{
    const struct rates_row *row = value;
    const char *quote = json ? "\"" : "";

    buffer_printf(buffer, "{%sfrom%s: %s", quote, quote, quote);
    value_write_date(row->from_date, buffer);
    buffer_append_text(buffer, quote);
    for (size_t i = 0; i < row->n; i++) {
        buffer_printf(buffer, ", %s%s%s: ", quote, row->items[i].currency, quote);
        write_rate(&row->items[i].rate, buffer);
    }
    buffer_append_text(buffer, "}");
}

static const struct config_custom row_custom = {
    .name = "map of a date and rates",
    .size = sizeof(struct rates_row),
    .read = row_read,
    .write = row_write,
};

static const struct config_row row_element = {.type = CONFIG_CUSTOM, .custom = &row_custom};

const struct config_row rates_row = {
    .key = "rates",
    .type = CONFIG_LIST,
    .fallback = "[]",
    .most = ROWS_MAX,
    .effect = EFFECT_FROM_NOW_ON,
    .element = &row_element,
    .item_size = sizeof(struct rates_row),
    .help =
        "Units of the account's currency per unit of others, by date: `{from: 2026-01-01, USD: 0.92}`. The "
        "latest row that names a currency holds, from the first instant of its local date; before the first "
        "the currency is unknown. Up to 18 digits.",
};

void rates_settings_check(struct config_run *run, const struct config_node *record,
                          const struct rates_settings *rates, const char *own_currency)
{
    for (size_t i = 0; i < rates->n; i++) {
        const struct rates_row *row = &rates->items[i];
        if (i && row->n && row[-1].n && row->from_date <= row[-1].from_date)
            config_fail_item(run, record, "rates", i, "`from` must be later than that of the row before");
        for (size_t j = 0; own_currency && j < row->n; j++)
            if (strcmp(row->items[j].currency, own_currency) == 0)
                config_fail_item(run, record, "rates", i, "%s is the account's own currency; leave it out",
                                 own_currency);
    }
}
