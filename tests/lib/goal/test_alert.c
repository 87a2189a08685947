#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "lib/goal/alert.h"
#include "lib/goal/summary.h"

static const struct campaign_label labels[] = {{"team", "emea"}};
static const struct campaign_rules rules = {.labels = labels, .n_labels = 1};
static const struct goal_spec roi_7d = {
    .name = "roi-7d", .metric = METRIC_ROI, .bound_micro = 500000, .window.name = "7d"};

/* The example of the contract. */
static const struct snapshot loss = {
    .sum.column[CELL_REVENUE] = 362560000,
    .cost_micros = 412000000,
    .value_micros = 362560000,
};

static struct alert example(void)
{
    return (struct alert){
        .campaign = span_of("spring-sale"),
        .goal = "roi-7d",
        .state = GOAL_FIRING,
        .verdict = VERDICT_BREACH,
        .spec = &roi_7d,
        .snapshot = &loss,
        .rules = &rules,
        .currency = "EUR",
        .since_ms = 1795299960000,
        .at_ms = 1795303560000,
        .fired_ms = 1795303560000,
        .as_of_ms = 1795303612345,
    };
}

static void assert_text(struct buffer *buffer, const char *expected)
{
    buffer_append_u8(buffer, 0);
    assert_int_equal(buffer_status(buffer), 0);
    assert_string_equal(buffer->data, expected);
}

static void the_json_object_is_that_of_the_contract(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer json = BUFFER_INIT;
    struct alert alert = example();
    char id[ALERT_ID_SIZE], expected[1024];
    alert_id(alert.campaign, alert.goal, alert.fired_ms, id);
    alert_append_json(&alert, &json);
    snprintf(
        expected, sizeof(expected),
        "{\"id\":\"%s\",\"campaign\":\"spring-sale\",\"goal\":\"roi-7d\",\"state\":\"firing\",\"metric\":"
        "\"roi\","
        "\"target\":\"0.500000\",\"window\":\"7d\",\"value\":\"-0.120000\",\"low\":null,\"high\":null,"
        "\"maturity\":null,"
        "\"cost_micros\":412000000,\"revenue_micros\":362560000,\"currency\":\"EUR\",\"excluded_micros\":0,"
        "\"since_ms\":1795299960000,\"at_ms\":1795303560000,\"as_of_ms\":1795303612345,"
        "\"summary\":\"spring-sale: 7d ROI -12.0 %% is under its goal 50.0 %% (cost 412.00 EUR, revenue "
        "362.56 EUR)\","
        "\"labels\":{\"team\":\"emea\"}}",
        id);
    assert_text(&json, expected);
}

static void the_goals_own_object_has_its_state_and_the_reason(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer json = BUFFER_INIT;
    struct alert alert = example();
    alert.state = GOAL_OK;
    alert.verdict = VERDICT_SHORT;
    alert.since_ms = NEVER;
    goal_append_json(&alert, &json);
    assert_text(
        &json,
        "{\"goal\":\"roi-7d\",\"state\":\"ok\",\"metric\":\"roi\",\"target\":\"0.500000\",\"window\":\"7d\","
        "\"value\":\"-0.120000\",\"low\":null,\"high\":null,\"maturity\":null,\"cost_micros\":412000000,"
        "\"revenue_micros\":362560000,\"currency\":\"EUR\",\"excluded_micros\":0,\"since_ms\":null,"
        "\"at_ms\":1795303560000,\"reason\":\"no breach\"}");
}

static void collect(void *context, const char *name, struct span value)
{
    struct buffer *buffer = context;
    buffer_append_text(buffer, name);
    buffer_append_u8(buffer, '=');
    buffer_append_span(buffer, value);
    buffer_append_u8(buffer, ' ');
}

static void fields_of_the_stream_leave_nulls_out(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer fields = BUFFER_INIT;
    struct alert alert = {.goal = "pipeline",
                          .state = GOAL_OK,
                          .verdict = VERDICT_GOOD,
                          .currency = "EUR",
                          .since_ms = 60000,
                          .at_ms = 120000,
                          .fired_ms = 60000,
                          .as_of_ms = NEVER};
    assert_int_equal(alert_fields(&alert, collect, &fields), 0);
    char id[ALERT_ID_SIZE], expected[256];
    alert_id(span_of(""), "pipeline", 60000, id);
    snprintf(expected, sizeof(expected),
             "id=%s campaign= goal=pipeline state=resolved currency=EUR since_ms=60000 at_ms=120000 "
             "summary=roiwatch is up to date again: goals are judged labels={} ",
             id);
    assert_text(&fields, expected);
}

static void an_id_depends_on_each_of_its_parts(void **state)
{
    (void)state;
    char a[ALERT_ID_SIZE], b[ALERT_ID_SIZE];
    alert_id(span_of("ab"), "c", 1, a);
    alert_id(span_of("a"), "bc", 1, b);
    assert_int_equal(strlen(a), 16);
    assert_string_not_equal(a, b);
    alert_id(span_of("ab"), "c", 2, b);
    assert_string_not_equal(a, b);
    alert_id(span_of("ab"), "c", 1, b);
    assert_string_equal(a, b);
}

static void hostile_names_are_escaped(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer json = BUFFER_INIT;
    struct alert alert = example();
    alert.campaign = span_of("a\"b\\c\n");
    alert_append_json(&alert, &json);
    buffer_append_u8(&json, 0);
    assert_non_null(strstr(json.data, "\"campaign\":\"a\\\"b\\\\c\\u000a\""));
}

struct number_case {
    enum metric metric;
    int64_t micro;
    const char *expected;
};

static void numbers_are_for_people(void **state)
{
    (void)state;
    const struct number_case numbers[] = {
        {METRIC_ROI, -120000, "-12.0 %"}, {METRIC_ROI, -400, "0.0 %"},
        {METRIC_ROI, -500, "0.0 %"},      {METRIC_ROI, 501, "0.1 %"},
        {METRIC_ROAS, 2499999, "2.50"},   {METRIC_COST, 412000000, "412.00 EUR"},
        {METRIC_CPA, 5000, "0.00 EUR"},   {METRIC_CPA, 15000, "0.02 EUR"},
        {METRIC_ORDERS, 17000000, "17"},  {METRIC_COST, INT64_MIN, "-9223372036854.78 EUR"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        metric_append(NULL, numbers[i].metric, numbers[i].micro, INT64_MAX, "EUR", &text);
        assert_text(&text, numbers[i].expected);
    }
}

static void different_amounts_look_different(void **state)
{
    (void)state;
    static const struct {
        enum metric metric;
        int64_t micro, beside_micro;
        const char *expected;
    } rows[] = {
        {METRIC_ROI, 499985, 500100, "50.00 %"},         {METRIC_ROI, 500100, 499985, "50.01 %"},
        {METRIC_ROI, 499999, 500000, "49.9999 %"},       {METRIC_ROI, 500000, 500000, "50.0 %"},
        {METRIC_COST, 10004000, 10000000, "10.004 EUR"}, {METRIC_COST, 10000000, 10004000, "10.000 EUR"},
        {METRIC_ROAS, 1250001, 1250000, "1.250001"},     {METRIC_ORDERS, 17000000, 17400000, "17"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        metric_append(NULL, rows[i].metric, rows[i].micro, rows[i].beside_micro, "EUR", &text);
        assert_text(&text, rows[i].expected);
    }
}

static void a_summary_names_the_measure(void **state)
{
    (void)state;
    static const struct measures measures = {
        .items = {{"leads", "measure:leads", "cost_per:leads_micros", "cost_per:leads", true, {"lead", 4}}},
        .n = 1};
    struct goal_spec goal = {.name = "leads",
                             .metric = metric_of(METRIC_MEASURE, 0),
                             .measures = &measures,
                             .bound_micro = 3000000,
                             .recover_micro = 3000000,
                             .window.name = "month"};
    struct alert alert = example();
    struct snapshot snapshot = *alert.snapshot;
    alert.spec = &goal;
    alert.snapshot = &snapshot;
    snapshot.measures = &measures;
    snapshot.sum.column[CELL_MEASURE_1] = 2500000;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    alert_append_summary(&alert, &text);
    assert_text(&text,
                "spring-sale: month measure:leads 2.50 is under its goal 3.00 (cost 412.00 EUR, revenue "
                "362.56 EUR)");
    CLEANUP(buffer_deinit) struct buffer json = BUFFER_INIT;
    goal.metric = metric_of(METRIC_COST_PER, 0);
    goal_append_json(&alert, &json);
    buffer_append_u8(&json, 0);
    assert_non_null(strstr(json.data, "\"metric\":\"cost_per:leads\",\"target\":\"3.000000\""));
    assert_non_null(strstr(json.data, "\"value\":\"164.800000\""));
}

static void a_summary_says_which_way(void **state)
{
    (void)state;
    struct goal_spec budget = {.name = "budget",
                               .metric = METRIC_COST,
                               .below = true,
                               .bound_micro = 400000000,
                               .recover_micro = 400000000,
                               .window.name = "month"};
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    struct alert alert = example();
    alert.spec = &budget;
    alert_append_summary(&alert, &text);
    assert_text(&text, "spring-sale: month cost 412.00 EUR is over its limit 400.00 EUR (cost 412.00 EUR, "
                       "revenue 362.56 EUR)");
    alert.state = GOAL_OK;
    alert.verdict = VERDICT_GOOD;
    buffer_clear(&text);
    alert_append_summary(&alert, &text);
    assert_text(&text, "spring-sale: month cost 412.00 EUR is back within its limit 400.00 EUR (cost 412.00 "
                       "EUR, revenue 362.56 EUR)");
    budget.recover_micro = 412000000;
    buffer_clear(&text);
    alert_append_summary(&alert, &text);
    assert_text(&text,
                "spring-sale: month cost 412.00 EUR has come down to its recovery threshold 412.00 EUR "
                "(cost 412.00 EUR, revenue 362.56 EUR)");
    alert.spec = NULL;
    buffer_clear(&text);
    alert_append_summary(&alert, &text);
    assert_text(&text, "spring-sale: goal roi-7d is no longer configured");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_json_object_is_that_of_the_contract),
        cmocka_unit_test(the_goals_own_object_has_its_state_and_the_reason),
        cmocka_unit_test(fields_of_the_stream_leave_nulls_out),
        cmocka_unit_test(an_id_depends_on_each_of_its_parts),
        cmocka_unit_test(hostile_names_are_escaped),
        cmocka_unit_test(numbers_are_for_people),
        cmocka_unit_test(different_amounts_look_different),
        cmocka_unit_test(a_summary_names_the_measure),
        cmocka_unit_test(a_summary_says_which_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
