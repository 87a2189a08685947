/*
 * Report: one table of everything that is said about a campaign in a window.
 *
 * A snapshot is the sums of one window. From it the table derives every field of the reader keys and every
 * metric of the goals; Redis keys, goals, `show`, `top`, alerts and the contract's tables all come from this
 * table, so that no formula stands twice. Ratios and derived money are rounded half to even, once. A field
 * that is undefined (a denominator of 0) is absent.
 */
#ifndef ROIWATCH_REPORT_REPORT_H
#define ROIWATCH_REPORT_REPORT_H

#include "lib/base/money.h"
#include "lib/base/must.h"
#include "lib/report/measures.h"
#include "lib/shard/columns.h"
#include "lib/window/cost.h"
#include "lib/window/window.h"

/* What goals and roi/roas use as the campaign's value. */
enum value_kind { VALUE_REVENUE, VALUE_MARGIN, VALUE_MARGIN_RATE };

struct value_rule {
    enum value_kind kind;
    int64_t margin_rate_micro; /* VALUE_MARGIN_RATE: 350000 is 0.35 */
};

/* The sums of one campaign in one window: the only input of the table. */
struct snapshot {
    struct cell
        sum; /* columns summed over the window's slices; CELL_EXCLUDED is that of the campaign, 0 for total */
    const struct measures *measures; /* what its last columns are; NULL: none is configured */
    int64_t spread_micros;           /* of media cost and cost: spend that is spread over time */
    int64_t cost_micros;             /* media cost, configured prices and fixed costs */
    int64_t value_micros;            /* by the value rule */
    int64_t cohort_value_micros;
    int64_t from_ms, to_ms; /* [from, to) */
    int64_t as_of_ms;
};

enum report_unit { REPORT_COUNT, REPORT_MICRO_ORDERS, REPORT_MONEY, REPORT_RATIO, REPORT_TIME };

/* Whether a field of that unit is in millionths already: of the currency, of an order. */
static inline bool report_is_micro(enum report_unit unit)
{
    return unit == REPORT_MONEY || unit == REPORT_MICRO_ORDERS;
}

/* X(enum, field name in Redis, unit, meaning, undefined when). Fields of the window's data; bounds, currency
 * and rev are added by report_fields. */
#define REPORT_FIELDS(X)                                                                                     \
    X(REPORT_IMPRESSIONS, "impressions", REPORT_COUNT, "impressions in the window, by event time", "")       \
    X(REPORT_CLICKS, "clicks", REPORT_COUNT, "clicks in the window, by event time", "")                      \
    X(REPORT_ORDERS, "orders", REPORT_COUNT,                                                                 \
      "orders that gave this campaign any credit, by order time; refunds do not lower it", "")               \
    X(REPORT_CONVERSIONS, "conversions_micro", REPORT_MICRO_ORDERS,                                          \
      "credited share of orders; refunds do not lower it", "")                                               \
    X(REPORT_REFUNDED_CONVERSIONS, "refunded_conversions_micro", REPORT_MICRO_ORDERS,                        \
      "share of credited orders that refunds took back, by value", "")                                       \
    X(REPORT_COST, "cost_micros", REPORT_MONEY,                                                              \
      "all cost: event cost, spend, configured prices, fixed costs", "")                                     \
    X(REPORT_MEDIA_COST, "media_cost_micros", REPORT_MONEY, "of that, what the events and spend carried",    \
      "")                                                                                                    \
    X(REPORT_REVENUE, "revenue_micros", REPORT_MONEY, "credited revenue by order time, refunds deducted",    \
      "")                                                                                                    \
    X(REPORT_REFUNDED, "refunded_micros", REPORT_MONEY, "what refunds took away", "")                        \
    X(REPORT_COHORT_REVENUE, "cohort_revenue_micros", REPORT_MONEY,                                          \
      "credited revenue by the time of the touch that earned it", "")                                        \
    X(REPORT_VALUE, "value_micros", REPORT_MONEY,                                                            \
      "what goals, roi and roas use: revenue, or margin where the campaign says so", "")                     \
    X(REPORT_COHORT_VALUE, "cohort_value_micros", REPORT_MONEY, "the same by the time of the touch", "")     \
    X(REPORT_MEASURE, "measure:NAME", REPORT_COUNT,                                                          \
      "a configured measure: engagements of an action, or 1e-6 of credited orders of a kind",                \
      "no such measure is configured")                                                                       \
    X(REPORT_COST_PER, "cost_per:NAME_micros", REPORT_MONEY, "cost / measure", "the measure is 0")           \
    X(REPORT_ROI, "roi", REPORT_RATIO, "(value - cost) / cost; 0.25 is 25 %", "cost is 0")                   \
    X(REPORT_ROAS, "roas", REPORT_RATIO, "value / cost", "cost is 0")                                        \
    X(REPORT_CTR, "ctr", REPORT_RATIO, "clicks / impressions", "no impressions")                             \
    X(REPORT_CVR, "cvr", REPORT_RATIO, "conversions / clicks", "no clicks")                                  \
    X(REPORT_CPC, "cpc_micros", REPORT_MONEY, "cost / clicks", "no clicks")                                  \
    X(REPORT_CPM, "cpm_micros", REPORT_MONEY, "cost / impressions, per thousand", "no impressions")          \
    X(REPORT_CPA, "cpa_micros", REPORT_MONEY, "cost / conversions", "no conversions")                        \
    X(REPORT_AOV, "aov_micros", REPORT_MONEY, "net revenue / conversions", "no conversions")                 \
    X(REPORT_EXCLUDED, "excluded_micros", REPORT_MONEY,                                                      \
      "absolute money that came too late for every window: in total, in no other window", "")

#define REPORT_FIELD_ENUM(name, text, unit, meaning, undefined) name,
enum report_field { REPORT_FIELDS(REPORT_FIELD_ENUM) N_REPORT_FIELDS };
#undef REPORT_FIELD_ENUM

/*
 * Two rows stand for a field of each measure (NAME). Such a field is a value beyond the table's: report_field_of. The
 * rows themselves are never defined.
 */
enum report_field report_field_of(enum report_field row, size_t measure);
/* The table's row of a field. */
enum report_field report_field_row(enum report_field field);
/* All fields there are, in the table's order; measures NULL: none. */
size_t report_n_fields(const struct measures *measures);
enum report_field report_field_at(const struct measures *measures, size_t i);

/* Names and units depend on the measures: NULL for the table's own fields. */
const char *report_field_name(const struct measures *measures, enum report_field field);
enum report_unit report_field_unit(const struct measures *measures, enum report_field field);
const char *report_field_meaning(enum report_field field);
const char *report_field_undefined(enum report_field field);

/* The exact value of a field as a fraction: money and counts over 1. False where it is undefined. */
bool report_fraction(const struct snapshot *snapshot, enum report_field field, __int128 *ret_numerator,
                     __int128 *ret_denominator);
/* The field as it stands in Redis: counts and money as integers, ratios with 6 digits. False where undefined
 * (or beyond int64). */
enum { REPORT_TEXT_SIZE = 48 };
bool report_text(const struct snapshot *snapshot, enum report_field field, char ret_text[REPORT_TEXT_SIZE]);

/* Calls emit for every defined field of the reader key roi:{CAMPAIGN}:WINDOW, in table order, then from_ms,
 * to_ms, as_of_ms, currency and rev. */
void report_fields(const struct snapshot *snapshot, const char *currency, int64_t rev,
                   void (*emit)(void *context, const char *name, const char *text), void *context);

/* Hash of every field but from_ms, to_ms, as_of_ms and rev: a key is rewritten when it changes. */
uint64_t report_content_hash(const struct snapshot *snapshot);

/* Metrics of goals: X(enum, name in the configuration, field, is money) */
#define METRICS(X)                                                                                           \
    X(METRIC_ROI, "roi", REPORT_ROI)                                                                         \
    X(METRIC_ROAS, "roas", REPORT_ROAS)                                                                      \
    X(METRIC_COST, "cost", REPORT_COST)                                                                      \
    X(METRIC_REVENUE, "revenue", REPORT_REVENUE)                                                             \
    X(METRIC_VALUE, "value", REPORT_VALUE)                                                                   \
    X(METRIC_CPA, "cpa", REPORT_CPA)                                                                         \
    X(METRIC_CPC, "cpc", REPORT_CPC)                                                                         \
    X(METRIC_CPM, "cpm", REPORT_CPM)                                                                         \
    X(METRIC_CTR, "ctr", REPORT_CTR)                                                                         \
    X(METRIC_CVR, "cvr", REPORT_CVR)                                                                         \
    X(METRIC_ORDERS, "orders", REPORT_ORDERS)                                                                \
    X(METRIC_CLICKS, "clicks", REPORT_CLICKS)                                                                \
    X(METRIC_IMPRESSIONS, "impressions", REPORT_IMPRESSIONS)                                                 \
    X(METRIC_MEASURE, "measure:NAME", REPORT_MEASURE)                                                        \
    X(METRIC_COST_PER, "cost_per:NAME", REPORT_COST_PER)

#define METRIC_ENUM(name, text, field) name,
enum metric { METRICS(METRIC_ENUM) N_METRICS };
#undef METRIC_ENUM

/* Metrics of measures are values beyond the table's, as fields are. */
enum metric metric_of(enum metric row, size_t measure);
const char *metric_name(const struct measures *measures, enum metric metric);
enum report_field metric_field(enum metric metric);

/* Derives cost and value of a snapshot whose `sum`, bounds and as_of are set. False where money leaves int64.
 */
MUST_CHECK bool snapshot_finish(struct snapshot *snapshot, const struct price_sum *prices,
                                const struct cost_plan *plan, const struct value_rule *rule);

#endif
