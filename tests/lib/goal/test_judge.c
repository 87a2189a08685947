#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/goal/judge.h"

#define T0 INT64_C(1795300020000)
#define S INT64_C(1000)

/* A goal on cost: `below 50` is the rule tests' "value > 50", `target 100` their "value < 100". Values are
 * whole units. */
static struct goal_spec goal_on_cost(bool below, int64_t bound, int64_t for_s, int64_t keep_s)
{
    return (struct goal_spec){
        .name = "g",
        .metric = METRIC_COST,
        .below = below,
        .bound_micro = bound * 1000000,
        .recover_micro = bound * 1000000,
        .for_ms = for_s * S,
        .keep_firing_for_ms = keep_s * S,
    };
}

static enum goal_change step(const struct goal_spec *goal, struct goal_status *status, int64_t value,
                             int64_t at_ms)
{
    struct snapshot snapshot = {.cost_micros = value * 1000000};
    struct goal_status next;
    enum goal_change change = goal_judge(goal, status, goal_verdict(goal, &snapshot), at_ms, &next);
    *status = next;
    return change;
}

static const struct measures measures = {
    .items = {{"leads", "measure:leads", "cost_per:leads_micros", "cost_per:leads", true, {"lead", 4}},
              {"likes", "measure:likes", "cost_per:likes_micros", "cost_per:likes", false, {"like", 4}}},
    .n = 2};

/* 2.5 leads and 4 likes for 10: exactly at the bound is no breach, a millionth more or less is. */
static void measures_are_judged_in_orders_and_counts(void **state)
{
    (void)state;
    static const struct {
        enum metric row;
        size_t measure;
        bool below;
        int64_t bound_micro;
    } cases[] = {
        {METRIC_MEASURE, 0, false, 2500000},
        {METRIC_MEASURE, 1, false, 4000000},
        {METRIC_COST_PER, 0, true, 4000000},
        {METRIC_COST_PER, 1, true, 2500000},
    };
    struct snapshot snapshot = {.cost_micros = 10000000, .measures = &measures};
    snapshot.sum.column[CELL_MEASURE_1] = 2500000;
    snapshot.sum.column[CELL_MEASURE_2] = 4;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct goal_spec goal = {.metric = metric_of(cases[i].row, cases[i].measure),
                                 .measures = &measures,
                                 .below = cases[i].below,
                                 .bound_micro = cases[i].bound_micro,
                                 .recover_micro = cases[i].bound_micro};
        assert_int_equal(goal_verdict(&goal, &snapshot), VERDICT_GOOD);
        goal.bound_micro += cases[i].below ? -1 : 1;
        goal.recover_micro = goal.bound_micro;
        assert_int_equal(goal_verdict(&goal, &snapshot), VERDICT_BREACH);
    }
    struct goal_spec goal = {.metric = metric_of(METRIC_COST_PER, 0), .measures = &measures, .below = true};
    snapshot.sum.column[CELL_MEASURE_1] = 0;
    assert_int_equal(goal_verdict(&goal, &snapshot), VERDICT_UNDEFINED);
}

/* Expected states as letters: o ok, p pending, f firing, r recovering (the rule tests call it firing still).
 */
static char letter(enum goal_state state)
{
    static const char letters[N_GOAL_STATES] = {
        [GOAL_OK] = 'o',      [GOAL_INSUFFICIENT] = 'i', [GOAL_STALE] = 's',
        [GOAL_PENDING] = 'p', [GOAL_RECOVERING] = 'r',   [GOAL_FIRING] = 'f'};
    return letters[state];
}

struct series {
    const char *name;
    bool below;
    int64_t bound, for_s, keep_s, step_s;
    int64_t values[8];
    const char *expected;
};

/* Facts from the rule tests of Prometheus (Apache-2.0), as data of ours. */
static const struct series all_series[] = {
    {"TestAlertingRule 0", false, 100, 60, 0, 300, {75, 85, 95, 105, 105, 95, 85}, "pffoopf"},
    {"TestAlertingRule 1", false, 100, 60, 0, 300, {80, 90, 100, 110, 120, 130, 140}, "pfooooo"},
    {"TestKeepFiringFor", true, 50, 60, 60, 60, {75, 85, 70, 70, 10, 10}, "pfffro"},
    {"TestPendingAndKeepFiringFor", true, 50, 60, 60, 60, {75, 10}, "po"},
    {"no wait at all", true, 50, 0, 0, 60, {75, 10, 75}, "fof"},
    {"a breach during the recovering count starts it again",
     true,
     50,
     0,
     120,
     60,
     {75, 10, 75, 10, 10, 10},
     "frfrro"},
};

static void states_follow_the_rule_tests_of_prometheus(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all_series); i++) {
        const struct series *series = &all_series[i];
        struct goal_spec goal = goal_on_cost(series->below, series->bound, series->for_s, series->keep_s);
        struct goal_status status = GOAL_STATUS_INIT;
        char seen[9] = {0};
        for (size_t k = 0; series->expected[k]; k++) {
            (void)step(&goal, &status, series->values[k], T0 + (int64_t)k * series->step_s * S);
            seen[k] = letter(status.state);
        }
        if (strcmp(seen, series->expected) != 0)
            fail_msg("%s: %s, expected %s", series->name, seen, series->expected);
    }
}

static void a_longer_for_puts_a_firing_goal_back_to_pending_and_resolves_it(void **state)
{
    (void)state;
    struct goal_spec goal = goal_on_cost(true, 50, 15, 0);
    struct goal_status status = GOAL_STATUS_INIT;
    assert_int_equal(step(&goal, &status, 75, T0), GOAL_CHANGED);
    assert_int_equal(step(&goal, &status, 75, T0 + 15 * S), GOAL_FIRED);
    goal.for_ms = 3600 * S;
    assert_int_equal(step(&goal, &status, 75, T0 + 30 * S), GOAL_RESOLVED);
    assert_int_equal(status.state, GOAL_PENDING);
    assert_int_equal(status.since_ms, T0);
    assert_int_equal(step(&goal, &status, 75, T0 + 3600 * S), GOAL_FIRED);
    assert_int_equal(status.since_ms, T0);
}

static void firing_and_resolved_are_told_once_with_the_same_firing_time(void **state)
{
    (void)state;
    struct goal_spec goal = goal_on_cost(true, 50, 60, 60);
    struct goal_status status = GOAL_STATUS_INIT;
    const int64_t values[] = {10, 75, 75, 75, 10, 75, 10, 10, 10};
    const enum goal_change changes[] = {GOAL_CHANGED,   GOAL_CHANGED,  GOAL_FIRED,
                                        GOAL_UNCHANGED, GOAL_CHANGED,  GOAL_CHANGED,
                                        GOAL_CHANGED,   GOAL_RESOLVED, GOAL_UNCHANGED};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct goal_status before = status;
        assert_int_equal(step(&goal, &status, values[i], T0 + (int64_t)i * 60 * S), changes[i]);
        if (changes[i] == GOAL_FIRED)
            assert_int_equal(status.since_ms, T0 + 60 * S);
        if (changes[i] == GOAL_RESOLVED)
            assert_int_equal(before.fired_ms, T0 + 120 * S);
    }
    assert_int_equal(status.fired_ms, NEVER);
    assert_int_equal(status.since_ms, NEVER);
}

static void a_firing_goal_short_of_recover_is_firing_and_past_it_recovering(void **state)
{
    (void)state;
    struct goal_spec goal = goal_on_cost(false, 100, 0, 600);
    goal.recover_micro = 120 * 1000000;
    struct goal_status status = GOAL_STATUS_INIT;
    assert_int_equal(step(&goal, &status, 99, T0), GOAL_FIRED);
    assert_int_equal(step(&goal, &status, 119, T0 + 60 * S), GOAL_UNCHANGED);
    assert_int_equal(step(&goal, &status, 120, T0 + 120 * S), GOAL_CHANGED);
    assert_int_equal(status.state, GOAL_RECOVERING);
    assert_int_equal(step(&goal, &status, 110, T0 + 180 * S), GOAL_CHANGED);
    assert_int_equal(status.state, GOAL_FIRING);
    assert_int_equal(status.fired_ms, T0);
}

static void no_verdict_ends_a_wait_but_no_alert(void **state)
{
    (void)state;
    struct goal_spec goal = goal_on_cost(true, 50, 60, 60);
    const enum goal_verdict silent[] = {VERDICT_UNDEFINED, VERDICT_LOW_COST, VERDICT_FEW_ORDERS,
                                        VERDICT_STALE};
    for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
        enum goal_state rest = silent[i] == VERDICT_STALE ? GOAL_STALE : GOAL_INSUFFICIENT;
        struct goal_status pending = {true, GOAL_PENDING, T0, T0, NEVER};
        struct goal_status firing = {true, GOAL_FIRING, T0, T0 + 60 * S, T0 + 60 * S};
        struct goal_status recovering = {true, GOAL_RECOVERING, T0, T0 + 60 * S, T0};
        struct goal_status next;
        assert_int_equal(goal_judge(&goal, &pending, silent[i], T0 + 60 * S, &next), GOAL_CHANGED);
        assert_int_equal(next.state, rest);
        assert_int_equal(next.since_ms, NEVER);
        assert_int_equal(goal_judge(&goal, &firing, silent[i], T0 + 120 * S, &next), GOAL_UNCHANGED);
        assert_int_equal(goal_judge(&goal, &recovering, silent[i], T0 + 120 * S, &next), GOAL_CHANGED);
        assert_int_equal(next.state, GOAL_FIRING);
        assert_int_equal(next.fired_ms, T0);
    }
}

static void an_edge_before_the_last_change_changes_nothing(void **state)
{
    (void)state;
    struct goal_spec goal = goal_on_cost(true, 50, 0, 0);
    struct goal_status status = {true, GOAL_OK, NEVER, T0, NEVER};
    assert_int_equal(step(&goal, &status, 75, T0 - 60 * S), GOAL_UNCHANGED);
    assert_int_equal(status.state, GOAL_OK);
    assert_int_equal(step(&goal, &status, 75, T0), GOAL_FIRED);
}

struct verdict_case {
    struct goal_spec goal;
    struct snapshot snapshot;
    enum goal_verdict expected;
};

static void verdicts_are_exact(void **state)
{
    (void)state;
    const struct verdict_case cases[] = {
        /* roi of 1/3 against 0.333333 and 0.333334 */
        {{.metric = METRIC_ROI, .bound_micro = 333333, .recover_micro = 333333},
         {.cost_micros = 3, .value_micros = 4},
         VERDICT_GOOD},
        {{.metric = METRIC_ROI, .bound_micro = 333334, .recover_micro = 333334},
         {.cost_micros = 3, .value_micros = 4},
         VERDICT_BREACH},
        {{.metric = METRIC_ROI, .bound_micro = 333333, .recover_micro = 333334},
         {.cost_micros = 3, .value_micros = 4},
         VERDICT_SHORT},
        {{.metric = METRIC_ROI, .bound_micro = 0}, {.value_micros = 4}, VERDICT_UNDEFINED},
        {{.metric = METRIC_COST, .below = true, .bound_micro = 5, .recover_micro = 5},
         {.cost_micros = 5},
         VERDICT_GOOD},
        {{.metric = METRIC_COST, .below = true, .bound_micro = 5, .recover_micro = 4},
         {.cost_micros = 5},
         VERDICT_SHORT},
        {{.metric = METRIC_COST, .below = true, .bound_micro = 5, .recover_micro = 4},
         {.cost_micros = 6},
         VERDICT_BREACH},
        {{.metric = METRIC_COST, .bound_micro = 9, .min_cost_micros = 6},
         {.cost_micros = 5},
         VERDICT_LOW_COST},
        {{.metric = METRIC_COST, .bound_micro = 9, .min_cost_micros = 5, .min_orders = 1},
         {.cost_micros = 5},
         VERDICT_FEW_ORDERS},
        {{.metric = METRIC_CLICKS, .bound_micro = 2000000, .recover_micro = 2000000},
         {.sum.column[CELL_CLICKS] = 2},
         VERDICT_GOOD},
        {{.metric = METRIC_CLICKS, .bound_micro = 2000001, .recover_micro = 2000001},
         {.sum.column[CELL_CLICKS] = 2},
         VERDICT_BREACH},
        {{.metric = METRIC_COST, .bound_micro = INT64_MAX, .recover_micro = INT64_MAX},
         {.cost_micros = INT64_MAX},
         VERDICT_GOOD},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (goal_verdict(&cases[i].goal, &cases[i].snapshot) != cases[i].expected)
            fail_msg("case %zu", i);
}

static void a_status_comes_back_from_its_bytes(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer buffer = BUFFER_INIT;
    struct goal_status status = {true, GOAL_RECOVERING, T0, T0 + 1, NEVER};
    struct goal_status back;
    goal_status_pack(&status, &buffer);
    assert_int_equal(goal_status_unpack(buffer_span(&buffer), &back), 0);
    assert_true(back.known);
    assert_int_equal(back.state, GOAL_RECOVERING);
    assert_int_equal(back.since_ms, T0);
    assert_int_equal(back.at_ms, T0 + 1);
    assert_int_equal(back.fired_ms, NEVER);
    assert_int_equal(goal_status_unpack(span_from(buffer.data, buffer.size - 1), &back), -EBADMSG);
    buffer.data[1] = N_GOAL_STATES;
    assert_int_equal(goal_status_unpack(buffer_span(&buffer), &back), -EBADMSG);
    assert_int_equal(goal_status_unpack(span_of(""), &back), 0);
    assert_false(back.known);
}

static void a_goal_says_when_its_clock_is_due(void **state)
{
    (void)state;
    struct goal_spec goal = goal_on_cost(true, 50, 60, 120);
    struct goal_status status = GOAL_STATUS_INIT;
    assert_int_equal(goal_due_ms(&goal, &status, T0), NEVER);
    status = (struct goal_status){true, GOAL_PENDING, T0, T0, NEVER};
    assert_int_equal(goal_due_ms(&goal, &status, T0), T0 + 60 * S);
    status.state = GOAL_RECOVERING;
    assert_int_equal(goal_due_ms(&goal, &status, T0), T0 + 120 * S);
    status.state = GOAL_FIRING;
    assert_int_equal(goal_due_ms(&goal, &status, T0), INT64_MAX);
    assert_int_equal(goal_due_ms(&goal, &status, T0 - 60 * S), T0);
}

static void an_ok_goal_claims_no_threshold(void **state)
{
    (void)state;
    assert_string_equal(goal_reason(GOAL_OK, VERDICT_GOOD), "no breach");
    assert_string_equal(goal_reason(GOAL_OK, VERDICT_SHORT), "no breach");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ok_goal_claims_no_threshold),
        cmocka_unit_test(measures_are_judged_in_orders_and_counts),
        cmocka_unit_test(states_follow_the_rule_tests_of_prometheus),
        cmocka_unit_test(a_longer_for_puts_a_firing_goal_back_to_pending_and_resolves_it),
        cmocka_unit_test(firing_and_resolved_are_told_once_with_the_same_firing_time),
        cmocka_unit_test(a_firing_goal_short_of_recover_is_firing_and_past_it_recovering),
        cmocka_unit_test(no_verdict_ends_a_wait_but_no_alert),
        cmocka_unit_test(an_edge_before_the_last_change_changes_nothing),
        cmocka_unit_test(verdicts_are_exact),
        cmocka_unit_test(a_status_comes_back_from_its_bytes),
        cmocka_unit_test(a_goal_says_when_its_clock_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
