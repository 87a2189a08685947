/*
 * Touches: which of a person's clicks and views count for an order, and with what weight.
 *
 * The rules are the contract's "Attribution, exactly"; the models are those that the field names so: last click,
 * first click, linear, position (U-shaped) and time decay (2^(-age / half life), age against the newest touch).
 */
#ifndef ROIWATCH_ATTRIBUTION_TOUCHES_H
#define ROIWATCH_ATTRIBUTION_TOUCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/span.h"

/* X(enum, name as configured) */
#define ATTRIBUTION_MODELS(X)                                                                                \
    X(MODEL_LAST_CLICK, "last_click")                                                                        \
    X(MODEL_FIRST_CLICK, "first_click")                                                                      \
    X(MODEL_LINEAR, "linear")                                                                                \
    X(MODEL_POSITION, "position")                                                                            \
    X(MODEL_TIME_DECAY, "time_decay")

#define ATTRIBUTION_MODEL_ENUM(id, name) id,
enum attribution_model { ATTRIBUTION_MODELS(ATTRIBUTION_MODEL_ENUM) N_ATTRIBUTION_MODELS };
#undef ATTRIBUTION_MODEL_ENUM

const char *attribution_model_name(enum attribution_model model);

struct touch {
    int64_t ts_ms;
    bool is_click; /* else a view */
    struct span campaign;
    struct span topic;
    int32_t partition;
    int64_t offset;
};

enum { POSITION_WEIGHTS = 3 };

struct touch_rules {
    int64_t click_lookback_ms;
    int64_t view_lookback_ms;                 /* 0: views never count */
    size_t max_touches;                       /* 1 to TOUCHES_COUNT_MOST */
    bool collapse;                            /* of each run of one campaign only the last touch counts */
    int64_t half_life_ms;                     /* above 0 */
    int64_t position_micro[POSITION_WEIGHTS]; /* relative: first, all between, last */
};

enum { TOUCHES_COUNT_MOST = 1000 };

/* What became of a touch. X(enum, why, for people) */
#define TOUCH_FATES(X)                                                                                       \
    X(TOUCH_COUNTS, "counts")                                                                                \
    X(TOUCH_AFTER_ORDER, "after the order")                                                                  \
    X(TOUCH_TOO_OLD, "older than the lookback")                                                              \
    X(TOUCH_VIEWS_OFF, "views do not count (view_lookback is 0)")                                            \
    X(TOUCH_BEHIND_CLICK, "a view, and there is an eligible click")                                          \
    X(TOUCH_BEYOND_MOST, "older than the newest max_touches")                                                \
    X(TOUCH_COLLAPSED, "followed by a touch of the same campaign")                                           \
    X(TOUCH_TWICE, "the same touch under another identity")

#define TOUCH_FATE_ENUM(id, why) id,
enum touch_fate { TOUCH_FATES(TOUCH_FATE_ENUM) N_TOUCH_FATES };
#undef TOUCH_FATE_ENUM

const char *touch_fate_why(enum touch_fate fate);

/*
 * Sorts the touches by (time, topic as bytes, partition, offset), which is their order in all rules, and says of
 * each what becomes of it. fates has n elements, in the order after sorting. Returns how many count.
 */
size_t touches_judge(const struct touch_rules *rules, int64_t order_ms, struct touch *touches, size_t n,
                     enum touch_fate *ret_fates);

/*
 * The weights of the touches that count, in order of time: times has n_counting elements, as has ret_weights. The
 * sum of the weights is above 0, and each fits 62 bits.
 */
void touches_weigh(const struct touch_rules *rules, enum attribution_model model, const int64_t *times_ms,
                   size_t n_counting, int64_t *ret_weights);

#endif
