/*
 * What one decision costs: from the bytes of an identity's touches to the shares of an order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/attribution/ledger.h"
#include "lib/attribution/split.h"
#include "lib/attribution/touch_record.h"
#include "tests/bench/bench.h"

enum { DECISIONS = 2000, ROUNDS = 20 };

#define ORDER_MS INT64_C(1795300200000)

static int record_make(size_t n_touches, struct buffer *bytes)
{
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    char campaign[32];
    for (size_t i = 0; i < n_touches; i++) {
        struct touch_entry entry = {.ts_ms = ORDER_MS - (int64_t)(n_touches - i) * 1000,
                                    .offset = (int64_t)i,
                                    .is_click = true,
                                    .has_id = true};
        snprintf(campaign, sizeof(campaign), "campaign-%03zu", i % 7);
        entry.campaign = span_of(campaign);
        touch_id_make(TOUCH_ID_EVENT, span_from(&i, sizeof(i)), entry.id);
        int r = touch_record_add(&record, &entry);
        buffer_clear(bytes);
        touch_record_pack(&record, bytes);
        /* Packed at once, as the campaign's name is used again; read back for the next one. */
        r = r < 0 ? r : buffer_status(bytes);
        r = r < 0 ? r : touch_record_unpack(&record, buffer_span(bytes));
        if (r < 0)
            return r;
    }
    return 0;
}

static size_t decide(struct touch_record *record, struct span bytes, struct touch *touches, int64_t *parts)
{
    static const struct touch_rules rules = {.click_lookback_ms = INT64_C(30) * 86400000,
                                             .max_touches = LEDGER_SHARES_MOST,
                                             .half_life_ms = 86400000};
    enum touch_fate fates[LEDGER_SHARES_MOST];
    int64_t times_ms[LEDGER_SHARES_MOST], weights[LEDGER_SHARES_MOST];
    if (touch_record_unpack(record, bytes) < 0)
        return 0;
    for (size_t i = 0; i < record->n; i++) {
        const struct touch_entry *entry = &record->entries[i];
        touches[i] = (struct touch){entry->ts_ms, entry->is_click, entry->campaign, span_of("clicks"), 0,
                                    entry->offset};
    }
    size_t n = touches_judge(&rules, ORDER_MS, touches, record->n, fates);
    for (size_t i = 0; i < n; i++)
        times_ms[i] = touches[i].ts_ms;
    touches_weigh(&rules, MODEL_LINEAR, times_ms, n, weights);
    split_amount(1000000, weights, n, parts);
    split_amount(89990000, weights, n, parts);
    split_amount(31230000, weights, n, parts);
    return n;
}

double micro_credit(size_t n_touches)
{
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    struct touch touches[LEDGER_SHARES_MOST];
    int64_t parts[LEDGER_SHARES_MOST];
    double best = -1;
    if (record_make(n_touches, &bytes) < 0)
        return -1;
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec began, ended;
        clock_gettime(CLOCK_MONOTONIC, &began);
        for (int i = 0; i < DECISIONS; i++)
            if (decide(&record, buffer_span(&bytes), touches, parts) != n_touches)
                return -1;
        clock_gettime(CLOCK_MONOTONIC, &ended);
        double ns = (double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec);
        if (best < 0 || ns / DECISIONS < best)
            best = ns / DECISIONS;
    }
    return best;
}
