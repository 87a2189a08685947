/*
 * Credit, written again from docs/CONTRACT.md ("Attribution, exactly"): who earns an order by given touches, and
 * what refunds take back of the shares.
 */
#ifndef ROIWATCH_TESTS_SIM_CREDIT_H
#define ROIWATCH_TESTS_SIM_CREDIT_H

#include "lib/attribution/attribution_rules.h"
#include "tests/sim/log.h"
#include "tests/sim/record.h"

struct sim_touch {
    int64_t ts_ms;
    bool is_click;
    struct span campaign;
    const char *topic;
    int32_t number;
    int64_t offset;
};

/*
 * The shares of an order whose touches are those under its identities; they are put in order. Shares of nothing are
 * left out. Returns the model, SIM_NO_MODEL where no touch decided.
 */
int credit_by_touches(const struct attribution_rules *rules, const struct sim_message *order,
                      struct sim_touch *touches, size_t n, struct sim_share shares[SIM_SHARES_MAX],
                      size_t *ret_n);

/* What is taken back of each share when so much was refunded in all: conversions, revenue and margin alone are set. */
void credit_back(const struct sim_record *record, int64_t refunded_micros,
                 struct sim_share back[SIM_SHARES_MAX]);

#endif
