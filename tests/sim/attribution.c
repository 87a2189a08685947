/*
 * The rules of one run: who earns an order, and how long things are remembered.
 */
#include "tests/sim/client.h"

void attribution_make(struct sim_world *world, int64_t disorder_ms)
{
    struct ingest_rules *rules = &world->rules;
    static const int64_t lookbacks[] = {60000, 600000, INT64_C(3600000), 30 * DAY_MS};
    static const int64_t horizons[] = {1200000, INT64_C(3600000), 400 * DAY_MS};
    static const int64_t positions[][POSITION_WEIGHTS] = {
        {40000000, 20000000, 40000000}, {0, 1000000, 0}, {1000000, 0, 3000000}, {1, 1, 1}};
    static const struct kind_model leads[] = {{"lead", MODEL_FIRST_CLICK}, {"sale", MODEL_LINEAR}};
    struct random *random = &world->random;
    struct sim_log *log = &world->log;
    struct touch_rules *touches = &rules->attribution.touches;
    int64_t position = random_below(random, ARRAY_SIZE(positions));
    rules->attribution = (struct attribution_rules){
        .model = (enum attribution_model)random_below(random, N_ATTRIBUTION_MODELS),
        .by_kind = leads,
        .n_by_kind = random_chance(random, 300) ? (size_t)random_in(random, 1, 2) : 0,
        .order_hold_ms = random_below(random, 600000),
        .trust_order_campaign = random_chance(random, 500)};
    *touches = (struct touch_rules){.click_lookback_ms = lookbacks[random_below(random, 4)],
                                    .view_lookback_ms =
                                        random_chance(random, 500) ? lookbacks[random_below(random, 4)] : 0,
                                    .max_touches = (size_t)random_in(random, 1, SIM_SHARES_MAX),
                                    .collapse = random_chance(random, 300),
                                    .half_life_ms = random_in(random, 1000, 7200000)};
    memcpy(touches->position_micro, positions[position], sizeof(touches->position_micro));
    rules->refund_horizon_ms = horizons[random_below(random, 3)];
    rules->book_at_refund = random_chance(random, 400);
    if (log->hidden_too) { /* what comes out of the dark may be of any age */
        touches->click_lookback_ms = 30 * DAY_MS;
        rules->refund_horizon_ms = 400 * DAY_MS;
    }
    log->keep_ms = touches->click_lookback_ms + rules->attribution.order_hold_ms;
    log->horizon_ms = rules->refund_horizon_ms;
    log->allowed_ms = disorder_ms;
    if (random_chance(random, 300)) { /* nobody is late */
        log->lateness_ms = 0;
        log->disorder_ms = random_below(random, log->allowed_ms + 1);
    }
}
