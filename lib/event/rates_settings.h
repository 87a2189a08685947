/*
 * Settings of rates: rows of a date and what holds from it on, as `{from: 2026-01-01, USD: 0.92, GBP: 1.17}`.
 */
#ifndef ROIWATCH_EVENT_RATES_SETTINGS_H
#define ROIWATCH_EVENT_RATES_SETTINGS_H

#include <stddef.h>

#include "lib/event/rates.h"

struct config_node;
struct config_row;
struct config_run;

struct named_rate {
    const char *currency; /* three upper-case letters */
    struct rate rate;
};

struct rates_row {
    int64_t from_date; /* a local date of the account: days since 1970-01-01 */
    struct named_rate *items;
    size_t n;
};

struct rates_settings {
    struct rates_row *items; /* ascending from_date */
    size_t n;
};

extern const struct config_row rates_row;

/* Looks at the rows together: ascending dates, and none that names the account's own currency (NULL: unknown). */
void rates_settings_check(struct config_run *run, const struct config_node *record,
                          const struct rates_settings *rates, const char *own_currency);

/* Three upper-case letters. */
bool currency_is_code(const char *text);

#endif
