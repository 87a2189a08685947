/*
 * What is counted, in one table: the columns of a cell.
 *
 * A cell holds the counters of one campaign in one slice of time (or in `total`): N_CELL_COLUMNS signed
 * 64-bit integers, big endian, in this order, trailing zero bytes cut; CELL_LAYOUT grows whenever the meaning of a
 * stored cell changes. The last MEASURES_MAX columns are those of the configured measures, in the order of
 * struct measures (lib/report/measures.h): what is sent and kept in memory ends with the last that is configured.
 *
 * Money is in micro-units of the account currency, `_micro` counts are millionths of an order.
 */
#ifndef ROIWATCH_SHARD_COLUMNS_H
#define ROIWATCH_SHARD_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#define CELL_LAYOUT 3

enum { MEASURES_MAX = 8 };

/* X(enum name, text name, what it sums) */
#define CELL_COLUMNS(X)                                                                                      \
    X(CELL_IMPRESSIONS, "impressions", "impressions by event time")                                          \
    X(CELL_MEDIA_COST, "media_cost_micros", "cost that events carried")                                      \
    X(CELL_CLICKS, "clicks", "clicks by event time")                                                         \
    X(CELL_ORDERS, "orders", "orders that gave any credit, by order time")                                   \
    X(CELL_CONVERSIONS, "conversions_micro", "credited share of orders")                                     \
    X(CELL_REVENUE, "revenue_micros", "credited revenue by order time, refunds deducted")                    \
    X(CELL_COHORT_REVENUE, "cohort_revenue_micros", "credited revenue by touch time, refunds deducted")      \
    X(CELL_MARGIN, "margin_micros", "credited margin by order time, refunds deducted")                       \
    X(CELL_COHORT_MARGIN, "cohort_margin_micros", "credited margin by touch time, refunds deducted")         \
    X(CELL_REFUNDED, "refunded_micros", "what refunds took away")                                            \
    X(CELL_REFUNDED_CONVERSIONS, "refunded_conversions_micro", "share of orders that refunds took back")     \
    X(CELL_EXCLUDED, "excluded_micros", "absolute money too late for every window; only in total")           \
    X(CELL_MEASURE_1, "measure_1", "the first measure: engagements, or millionths of orders")                \
    X(CELL_MEASURE_2, "measure_2", "and so on")                                                              \
    X(CELL_MEASURE_3, "measure_3", "")                                                                       \
    X(CELL_MEASURE_4, "measure_4", "")                                                                       \
    X(CELL_MEASURE_5, "measure_5", "")                                                                       \
    X(CELL_MEASURE_6, "measure_6", "")                                                                       \
    X(CELL_MEASURE_7, "measure_7", "")                                                                       \
    X(CELL_MEASURE_8, "measure_8", "")

#define CELL_COLUMN_ENUM(name, text, what) name,
enum cell_column { CELL_COLUMNS(CELL_COLUMN_ENUM) N_CELL_COLUMNS };
#undef CELL_COLUMN_ENUM

const char *cell_column_name(enum cell_column column);

struct cell {
    int64_t column[N_CELL_COLUMNS];
};

/* Adds every column. False, and nothing is added, where one would leave 64 bits. */
bool cell_accumulate(struct cell *sum, const struct cell *more);

/*
 * What is counted per lane, exactly as often as its offsets are: stored in the campaign shard
 * (lane number mod shards) as a cell of its own width. Rejections follow, one column per reason.
 */
#define LANE_COLUMNS(X)                                                                                      \
    X(LANE_IMPRESSIONS, "impressions", "accepted impressions")                                               \
    X(LANE_CLICKS, "clicks", "accepted clicks")                                                              \
    X(LANE_ORDERS, "orders", "accepted orders, each order id once")                                          \
    X(LANE_REFUNDS, "refunds", "accepted refunds, those that wait for their order included")                 \
    X(LANE_ENGAGEMENTS, "engagements", "accepted engagements, measured or not")                              \
    X(LANE_SPEND, "spend", "accepted spend, restatements included")                                          \
    X(LANE_CUT, "refunds_cut", "refunds that asked for more than was left of their order")                   \
    X(LANE_DUPLICATES, "duplicates", "repeats of a click, an order or a refund that was counted before")     \
    X(LANE_LATE, "late", "accepted events that were too late for every window")                              \
    X(LANE_OVERFLOW, "overflow", "accepted events of campaigns beyond limits.campaigns")                     \
    X(LANE_LATE_TOUCHES, "late_touches", "touches later than lateness.disorder: orders may be decided")

#define LANE_COLUMN_ENUM(name, text, what) name,
enum lane_column { LANE_COLUMNS(LANE_COLUMN_ENUM) LANE_REJECTED }; /* LANE_REJECTED + reason - 1 */
#undef LANE_COLUMN_ENUM

const char *lane_column_name(enum lane_column column);

#endif
