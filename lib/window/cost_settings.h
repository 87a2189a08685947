/*
 * Settings of costs: prices and fixed amounts with their local dates.
 */
#ifndef ROIWATCH_WINDOW_COST_SETTINGS_H
#define ROIWATCH_WINDOW_COST_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/window/cost.h"

struct config_node;
struct config_row;
struct config_run;

struct fixed_settings {
    int64_t amount_micros;
    int64_t from_date; /* local dates: days since 1970-01-01 */
    int64_t to_date;
    const char *label; /* NULL: none */
};

struct price_settings {
    int64_t from_date;
    bool has_from;
    int64_t cpm_micros;
    int64_t cpc_micros;
    int64_t cpa_micros;
    struct {
        struct fixed_settings *items;
        size_t n;
    } fixed;
};

/* One price without `from`, or rows with ascending `from`. */
struct cost_settings {
    struct price_settings *items;
    size_t n;
};

enum { PRICES_MAX = 1000 };

/* One row of a `cost` list, read to a struct price_settings. */
extern const struct config_row price_element;

/* Looks at the rows of record's `cost` together: `from` in each of a list, ascending, no date twice. */
void cost_settings_check(struct config_run *run, const struct config_node *record,
                         const struct cost_settings *cost);

#endif
