#include "lib/attribution/touches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_NAME(id, name) [id] = name,
static const char *const model_names[] = {ATTRIBUTION_MODELS(MODEL_NAME)};
#undef MODEL_NAME

#define FATE_WHY(id, why) [id] = why,
static const char *const fate_whys[] = {TOUCH_FATES(FATE_WHY)};
#undef FATE_WHY

const char *attribution_model_name(enum attribution_model model)
{
    return model_names[model];
}

const char *touch_fate_why(enum touch_fate fate)
{
    return fate_whys[fate];
}

static int compare_spans(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int r = size ? memcmp(a.data, b.data, size) : 0;
    return r ? r : (a.size > b.size) - (a.size < b.size);
}

static int compare_touches(const void *left, const void *right)
{
    const struct touch *a = left, *b = right;
    if (a->ts_ms != b->ts_ms)
        return a->ts_ms < b->ts_ms ? -1 : 1;
    int r = compare_spans(a->topic, b->topic);
    if (r)
        return r;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static enum touch_fate fate_by_time(const struct touch_rules *rules, int64_t order_ms,
                                    const struct touch *touch)
{
    int64_t lookback_ms = touch->is_click ? rules->click_lookback_ms : rules->view_lookback_ms;
    if (touch->ts_ms > order_ms)
        return TOUCH_AFTER_ORDER;
    if (!touch->is_click && rules->view_lookback_ms == 0)
        return TOUCH_VIEWS_OFF;
    return order_ms - touch->ts_ms > lookback_ms ? TOUCH_TOO_OLD : TOUCH_COUNTS;
}

/* Views stand behind an eligible click, wherever in time that is. */
static void set_views_back(const struct touch *touches, size_t n, enum touch_fate *fates)
{
    bool any_click = false;
    for (size_t i = 0; i < n; i++)
        any_click = any_click || (fates[i] == TOUCH_COUNTS && touches[i].is_click);
    for (size_t i = 0; any_click && i < n; i++)
        if (fates[i] == TOUCH_COUNTS && !touches[i].is_click)
            fates[i] = TOUCH_BEHIND_CLICK;
}

static void keep_newest(size_t most, size_t n, enum touch_fate *fates)
{
    size_t kept = 0;
    for (size_t i = n; i-- > 0;) {
        if (fates[i] != TOUCH_COUNTS)
            continue;
        if (kept == most)
            fates[i] = TOUCH_BEYOND_MOST;
        else
            kept++;
    }
}

static void collapse(const struct touch *touches, size_t n, enum touch_fate *fates)
{
    const struct touch *next = NULL;
    for (size_t i = n; i-- > 0;) {
        if (fates[i] != TOUCH_COUNTS)
            continue;
        if (next && span_equal(next->campaign, touches[i].campaign))
            fates[i] = TOUCH_COLLAPSED;
        else
            next = &touches[i];
    }
}

size_t touches_judge(const struct touch_rules *rules, int64_t order_ms, struct touch *touches, size_t n,
                     enum touch_fate *ret_fates)
{
    if (n > 1)
        qsort(touches, n, sizeof(*touches), compare_touches);
    for (size_t i = 0; i < n; i++) {
        bool twice = i > 0 && compare_touches(&touches[i - 1], &touches[i]) == 0;
        ret_fates[i] = twice ? TOUCH_TWICE : fate_by_time(rules, order_ms, &touches[i]);
    }
    set_views_back(touches, n, ret_fates);
    keep_newest(rules->max_touches, n, ret_fates);
    if (rules->collapse)
        collapse(touches, n, ret_fates);
    size_t n_counting = 0;
    for (size_t i = 0; i < n; i++)
        n_counting += ret_fates[i] == TOUCH_COUNTS;
    return n_counting;
}

/* The weight of all between is shared evenly among them: everything is multiplied by their number instead. */
static void weigh_position(const int64_t position[POSITION_WEIGHTS], size_t n, int64_t *weights)
{
    int64_t between = n > 2 ? (int64_t)n - 2 : 1;
    for (size_t i = 0; i < n; i++)
        weights[i] = position[1];
    weights[0] = position[0] * between;
    weights[n - 1] = position[2] * between;
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    for (size_t i = 0; sum == 0 && i < n; i++)
        weights[i] = 1;
}

/* Weights are doubles, as 62 bits: the newest has 2^61. */
static void weigh_decay(int64_t half_life_ms, const int64_t *times_ms, size_t n, int64_t *weights)
{
    int64_t newest_ms = times_ms[n - 1];
    for (size_t i = 0; i < n; i++) {
        double age = (double)(newest_ms - times_ms[i]) / (double)half_life_ms;
        weights[i] = (int64_t)ldexp(exp2(-age), 61);
    }
}

void touches_weigh(const struct touch_rules *rules, enum attribution_model model, const int64_t *times_ms,
                   size_t n_counting, int64_t *ret_weights)
{
    size_t n = n_counting;
    memset(ret_weights, 0, n * sizeof(*ret_weights));
    switch (model) {
    case MODEL_FIRST_CLICK:
        ret_weights[0] = 1;
        break;
    case MODEL_LINEAR:
        for (size_t i = 0; i < n; i++)
            ret_weights[i] = 1;
        break;
    case MODEL_POSITION:
        if (n == 1)
            ret_weights[0] = 1;
        else
            weigh_position(rules->position_micro, n, ret_weights);
        break;
    case MODEL_TIME_DECAY:
        weigh_decay(rules->half_life_ms, times_ms, n, ret_weights);
        break;
    default:
        ret_weights[n - 1] = 1;
        break;
    }
}
