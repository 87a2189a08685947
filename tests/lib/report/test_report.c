#include "lib/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define UNIT INT64_C(1000000)

/* A campaign with round numbers: cost 400, revenue 500, 1.6 orders of 2. */
static struct snapshot sample(void)
{
    struct snapshot snapshot = {
        .cost_micros = 400 * UNIT,
        .value_micros = 500 * UNIT,
        .cohort_value_micros = 450 * UNIT,
        .from_ms = 1795298400000,
        .to_ms = 1795303680000,
        .as_of_ms = 1795303612345,
    };
    int64_t *column = snapshot.sum.column;
    column[CELL_IMPRESSIONS] = 3000;
    column[CELL_MEDIA_COST] = 390 * UNIT;
    column[CELL_CLICKS] = 70;
    column[CELL_ORDERS] = 2;
    column[CELL_CONVERSIONS] = 1600000;
    column[CELL_REVENUE] = 500 * UNIT;
    column[CELL_COHORT_REVENUE] = 450 * UNIT;
    column[CELL_MARGIN] = 100 * UNIT;
    column[CELL_COHORT_MARGIN] = -90 * UNIT;
    column[CELL_REFUNDED] = 25 * UNIT;
    column[CELL_REFUNDED_CONVERSIONS] = 80000;
    column[CELL_EXCLUDED] = 12345;
    return snapshot;
}

struct lines {
    char text[4096];
    size_t size;
};

static void add_line(void *context, const char *name, const char *text)
{
    struct lines *lines = context;
    lines->size +=
        (size_t)snprintf(lines->text + lines->size, sizeof(lines->text) - lines->size, "%s=%s\n", name, text);
    assert_true(lines->size < sizeof(lines->text));
}

static void a_key_has_every_field_of_the_contract(void **state)
{
    (void)state;
    struct snapshot snapshot = sample();
    struct lines lines = {0};
    report_fields(&snapshot, "EUR", 9, add_line, &lines);
    assert_string_equal(lines.text, "impressions=3000\n"
                                    "clicks=70\n"
                                    "orders=2\n"
                                    "conversions_micro=1600000\n"
                                    "refunded_conversions_micro=80000\n"
                                    "cost_micros=400000000\n"
                                    "media_cost_micros=390000000\n"
                                    "revenue_micros=500000000\n"
                                    "refunded_micros=25000000\n"
                                    "cohort_revenue_micros=450000000\n"
                                    "value_micros=500000000\n"
                                    "cohort_value_micros=450000000\n"
                                    "roi=0.250000\n"
                                    "roas=1.250000\n"
                                    "ctr=0.023333\n"
                                    "cvr=0.022857\n"
                                    "cpc_micros=5714286\n"
                                    "cpm_micros=133333333\n"
                                    "cpa_micros=250000000\n"
                                    "aov_micros=312500000\n"
                                    "excluded_micros=12345\n"
                                    "from_ms=1795298400000\n"
                                    "to_ms=1795303680000\n"
                                    "as_of_ms=1795303612345\n"
                                    "currency=EUR\n"
                                    "rev=9\n");
}

static const struct measures measures = {
    .items = {{"leads", "measure:leads", "cost_per:leads_micros", "cost_per:leads", true, {"lead", 4}},
              {"likes", "measure:likes", "cost_per:likes_micros", "cost_per:likes", false, {"like", 4}}},
    .n = 2};

/* Those of one measure follow those of another, in the place of the table's two rows. */
static void a_key_has_fields_for_each_measure(void **state)
{
    (void)state;
    struct snapshot snapshot = sample();
    struct lines lines = {0};
    snapshot.measures = &measures;
    snapshot.sum.column[CELL_MEASURE_1] = 1500000;
    snapshot.sum.column[CELL_MEASURE_2] = 3;
    report_fields(&snapshot, "EUR", 9, add_line, &lines);
    assert_non_null(strstr(lines.text,
                           "cohort_value_micros=450000000\nmeasure:leads=1500000\nmeasure:likes=3\n"
                           "cost_per:leads_micros=266666667\ncost_per:likes_micros=133333333\nroi="));
    lines = (struct lines){0};
    snapshot.sum.column[CELL_MEASURE_1] = 0;
    report_fields(&snapshot, "EUR", 9, add_line, &lines);
    assert_non_null(
        strstr(lines.text, "measure:leads=0\nmeasure:likes=3\ncost_per:likes_micros=133333333\nroi="));
    assert_int_equal(report_n_fields(&measures), report_n_fields(NULL) + 4);
    assert_int_equal(report_field_unit(&measures, report_field_of(REPORT_MEASURE, 0)), REPORT_MICRO_ORDERS);
    assert_int_equal(report_field_unit(&measures, report_field_of(REPORT_MEASURE, 1)), REPORT_COUNT);
    assert_int_equal(report_field_unit(&measures, report_field_of(REPORT_COST_PER, 1)), REPORT_MONEY);
}

static void the_content_hash_sees_measures(void **state)
{
    (void)state;
    struct snapshot before = sample();
    before.measures = &measures;
    for (size_t i = CELL_MEASURE_1; i < N_CELL_COLUMNS; i++) {
        struct snapshot after = before;
        after.sum.column[i]++;
        assert_int_equal(report_content_hash(&after) != report_content_hash(&before), i < CELL_MEASURE_1 + 2);
    }
}

static void measures_are_found_by_what_they_count(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    struct measures some = {.items = {{.what = span_of("like")},
                                      {.of_orders = true, .what = span_of("like")},
                                      {.of_orders = true, .what = span_of("sale")},
                                      {.what = span_of("a b\xc3\xa9%")},
                                      {.what = span_of("like")}},
                            .n = 5};
    assert_int_equal(measures_of_action(&some, span_of("like")), 1 | 1 << 4);
    assert_int_equal(measures_of_action(&some, span_of("Like")), 0);
    assert_int_equal(measures_of_kind(&some, span_of("like")), 1 << 1);
    assert_int_equal(measures_of_kind(&some, span_of("sale")), 1 << 2);
    assert_int_equal(measures_of_kind(&some, (struct span){0}), 1 << 2);
    struct cell cell = {0};
    measures_set(1 | 1 << 4, 7, &cell);
    for (int i = 0; i < MEASURES_MAX; i++)
        assert_int_equal(cell.column[CELL_MEASURE_1 + i], i == 0 || i == 4 ? 7 : 0);
    measures_text(&some, &text);
    buffer_append_u8(&text, 0);
    assert_string_equal(text.data, " action:like kind:like kind:sale action:a%20b%C3%A9%25 action:like");
}

static void an_idle_campaign_has_zeros_and_no_ratios(void **state)
{
    (void)state;
    struct snapshot snapshot = {.from_ms = 0, .to_ms = 900000, .as_of_ms = -1};
    struct lines lines = {0};
    report_fields(&snapshot, "USD", 1, add_line, &lines);
    assert_string_equal(lines.text, "impressions=0\n"
                                    "clicks=0\n"
                                    "orders=0\n"
                                    "conversions_micro=0\n"
                                    "refunded_conversions_micro=0\n"
                                    "cost_micros=0\n"
                                    "media_cost_micros=0\n"
                                    "revenue_micros=0\n"
                                    "refunded_micros=0\n"
                                    "cohort_revenue_micros=0\n"
                                    "value_micros=0\n"
                                    "cohort_value_micros=0\n"
                                    "excluded_micros=0\n"
                                    "from_ms=0\n"
                                    "to_ms=900000\n"
                                    "as_of_ms=-1\n"
                                    "currency=USD\n"
                                    "rev=1\n");
}

/* Sets only what a ratio or a derived amount is made of. */
struct derived_case {
    enum report_field field;
    int64_t value_micros, cost_micros;
    int64_t impressions, clicks, conversions_micro, revenue_micros;
    const char *text; /* NULL: absent */
};

static struct snapshot derived_snapshot(const struct derived_case *derived)
{
    struct snapshot snapshot = {.value_micros = derived->value_micros, .cost_micros = derived->cost_micros};
    snapshot.sum.column[CELL_IMPRESSIONS] = derived->impressions;
    snapshot.sum.column[CELL_CLICKS] = derived->clicks;
    snapshot.sum.column[CELL_CONVERSIONS] = derived->conversions_micro;
    snapshot.sum.column[CELL_REVENUE] = derived->revenue_micros;
    return snapshot;
}

static void ratios_are_rounded_half_to_even(void **state)
{
    (void)state;
    static const struct derived_case cases[] = {
        {REPORT_ROI, .cost_micros = 0, .value_micros = 5, .text = NULL},
        {REPORT_ROAS, .cost_micros = 0, .value_micros = 5, .text = NULL},
        {REPORT_ROI, .cost_micros = 100, .value_micros = 0, .text = "-1.000000"},
        {REPORT_ROI, .cost_micros = 100, .value_micros = -50, .text = "-1.500000"},
        {REPORT_ROI, .cost_micros = 100, .value_micros = 100, .text = "0.000000"},
        {REPORT_ROI, .cost_micros = 3000000, .value_micros = 2999999, .text = "0.000000"},  /* -0.00000033 */
        {REPORT_ROI, .cost_micros = 2000000, .value_micros = 1999999, .text = "0.000000"},  /* -0.0000005 */
        {REPORT_ROI, .cost_micros = 2000000, .value_micros = 1999997, .text = "-0.000002"}, /* -0.0000015 */
        {REPORT_ROI, .cost_micros = 2000000, .value_micros = 2000003, .text = "0.000002"},
        {REPORT_ROI, .cost_micros = 2000000, .value_micros = 2000005, .text = "0.000002"},
        {REPORT_ROAS, .cost_micros = 3, .value_micros = 2, .text = "0.666667"},
        {REPORT_ROAS, .cost_micros = 1, .value_micros = INT64_MAX / 1000000, .text = "9223372036854.000000"},
        {REPORT_ROAS, .cost_micros = 1, .value_micros = INT64_MAX, .text = NULL}, /* beyond int64 */
        {REPORT_CTR, .impressions = 0, .clicks = 5, .text = NULL},
        {REPORT_CTR, .impressions = 2000000, .clicks = 1, .text = "0.000000"},
        {REPORT_CTR, .impressions = 2000000, .clicks = 3, .text = "0.000002"},
        {REPORT_CTR, .impressions = 1, .clicks = 5, .text = "5.000000"},
        {REPORT_CVR, .clicks = 0, .conversions_micro = 5, .text = NULL},
        {REPORT_CVR, .clicks = 2, .conversions_micro = 1, .text = "0.000000"},
        {REPORT_CVR, .clicks = 2, .conversions_micro = 3, .text = "0.000002"},
        {REPORT_CVR, .clicks = 4, .conversions_micro = 1000000, .text = "0.250000"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[REPORT_TEXT_SIZE];
        struct snapshot snapshot = derived_snapshot(&cases[i]);
        assert_int_equal(report_text(&snapshot, cases[i].field, text), cases[i].text != NULL);
        if (cases[i].text)
            assert_string_equal(text, cases[i].text);
    }
}

static void derived_money_is_rounded_half_to_even(void **state)
{
    (void)state;
    static const struct derived_case cases[] = {
        {REPORT_CPC, .cost_micros = 5, .clicks = 0, .text = NULL},
        {REPORT_CPC, .cost_micros = 5, .clicks = 2, .text = "2"},
        {REPORT_CPC, .cost_micros = 7, .clicks = 2, .text = "4"},
        {REPORT_CPC, .cost_micros = 0, .clicks = 2, .text = "0"},
        {REPORT_CPM, .cost_micros = 5, .impressions = 0, .text = NULL},
        {REPORT_CPM, .cost_micros = 1, .impressions = 2000, .text = "0"},
        {REPORT_CPM, .cost_micros = 3, .impressions = 2000, .text = "2"},
        {REPORT_CPM, .cost_micros = 9000000000000000000, .impressions = 1000, .text = "9000000000000000000"},
        {REPORT_CPM, .cost_micros = 9000000000000000000, .impressions = 1, .text = NULL},
        {REPORT_CPA, .cost_micros = 5, .conversions_micro = 0, .text = NULL},
        {REPORT_CPA, .cost_micros = 10000000, .conversions_micro = 333333, .text = "30000030"},
        {REPORT_CPA, .cost_micros = 1, .conversions_micro = 400000, .text = "2"},
        {REPORT_CPA, .cost_micros = 3, .conversions_micro = 2000000, .text = "2"},
        {REPORT_AOV, .revenue_micros = 5, .conversions_micro = 0, .text = NULL},
        {REPORT_AOV, .revenue_micros = 99000000, .conversions_micro = 1500000, .text = "66000000"},
        {REPORT_AOV, .revenue_micros = -1, .conversions_micro = 2000000, .text = "0"},
        {REPORT_AOV, .revenue_micros = -3, .conversions_micro = 2000000, .text = "-2"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[REPORT_TEXT_SIZE];
        struct snapshot snapshot = derived_snapshot(&cases[i]);
        assert_int_equal(report_text(&snapshot, cases[i].field, text), cases[i].text != NULL);
        if (cases[i].text)
            assert_string_equal(text, cases[i].text);
    }
}

static void a_fraction_is_the_exact_value(void **state)
{
    (void)state;
    struct snapshot snapshot = sample();
    __int128 numerator = 77;
    __int128 denominator = 77;
    assert_true(report_fraction(&snapshot, REPORT_REVENUE, &numerator, &denominator));
    assert_true(numerator == 500 * UNIT && denominator == 1);
    assert_true(report_fraction(&snapshot, REPORT_ROI, &numerator, &denominator));
    assert_true(numerator * 4 == denominator);
    assert_true(report_fraction(&snapshot, REPORT_CVR, &numerator, &denominator));
    assert_true(numerator * 70 * UNIT == 1600000 * denominator);
    assert_true(report_fraction(&snapshot, REPORT_CPA, &numerator, &denominator));
    assert_true(numerator == 250 * UNIT * denominator);
    snapshot.cost_micros = 0;
    numerator = 77;
    assert_false(report_fraction(&snapshot, REPORT_ROI, &numerator, &denominator));
    assert_true(numerator == 77);
}

static void the_content_hash_sees_fields_and_nothing_else(void **state)
{
    (void)state;
    const struct snapshot before = sample();
    const uint64_t hash = report_content_hash(&before);
    for (size_t i = 0; i < N_CELL_COLUMNS; i++) {
        struct snapshot after = before;
        after.sum.column[i]++;
        /* Margin is no field: it shows in the value where the rule takes it. */
        bool shown = i != CELL_MARGIN && i != CELL_COHORT_MARGIN && i < CELL_MEASURE_1;
        assert_int_equal(report_content_hash(&after) != hash, shown);
    }
    struct snapshot after = before;
    after.cost_micros++;
    assert_true(report_content_hash(&after) != hash);
    after = before;
    after.value_micros++;
    assert_true(report_content_hash(&after) != hash);
    after = before;
    after.cohort_value_micros++;
    assert_true(report_content_hash(&after) != hash);
    after = before;
    after.from_ms++;
    after.to_ms++;
    after.as_of_ms++;
    assert_true(report_content_hash(&after) == hash);
}

static void every_field_says_when_it_is_undefined(void **state)
{
    (void)state;
    struct snapshot idle = {0};
    for (enum report_field field = 0; field < N_REPORT_FIELDS; field++) {
        char text[REPORT_TEXT_SIZE];
        bool always = report_field_undefined(field)[0] == '\0';
        assert_int_equal(report_text(&idle, field, text), always);
        assert_true(report_field_name(NULL, field)[0] && report_field_meaning(field)[0]);
        bool money = strstr(report_field_name(NULL, field), "_micros") != NULL;
        assert_int_equal(report_field_unit(NULL, field) == REPORT_MONEY, money);
    }
}

static void metrics_name_their_field(void **state)
{
    (void)state;
    assert_string_equal(metric_name(NULL, METRIC_ROI), "roi");
    assert_string_equal(metric_name(NULL, METRIC_IMPRESSIONS), "impressions");
    assert_string_equal(metric_name(&measures, metric_of(METRIC_MEASURE, 1)), "measure:likes");
    assert_string_equal(metric_name(&measures, metric_of(METRIC_COST_PER, 0)), "cost_per:leads");
    assert_int_equal(metric_field(metric_of(METRIC_MEASURE, 1)), report_field_of(REPORT_MEASURE, 1));
    assert_int_equal(metric_field(metric_of(METRIC_COST_PER, 0)), report_field_of(REPORT_COST_PER, 0));
    for (enum metric metric = 0; metric < N_METRICS; metric++) {
        const char *field = report_field_name(NULL, metric_field(metric));
        size_t size = strlen(metric_name(NULL, metric));
        assert_memory_equal(field, metric_name(NULL, metric), size);
        assert_true(field[size] == '\0' || strcmp(field + size, "_micros") == 0);
    }
}

static const struct price price = {INT64_MIN, 2500000, 400000, 1000000};
static const struct fixed_cost fixed = {3000, 0, 3};

static void cost_is_media_and_prices_and_fixed_costs(void **state)
{
    (void)state;
    struct tz *tz;
    assert_int_equal(tz_utc(&tz), 0);
    const struct cost_plan plan = {.prices = &price, .n_prices = 1, .fixed = &fixed, .n_fixed = 1, .tz = tz};
    struct snapshot snapshot = sample();
    struct price_sum prices = {0};
    snapshot.from_ms = DAY_MS;
    snapshot.to_ms = DAY_MS + DAY_MS / 2;
    price_sum_add(&prices, &plan, 0, 3000, 70, 1600000);
    assert_true(snapshot_finish(&snapshot, &prices, &plan, &(struct value_rule){VALUE_REVENUE, 0}));
    assert_int_equal(snapshot.cost_micros, 390 * UNIT + 7500000 + 28 * UNIT + 1600000 + 500);
    tz_free(tz);
}

static void value_follows_the_rule(void **state)
{
    (void)state;
    static const struct {
        struct value_rule rule;
        int64_t revenue, cohort_revenue;
        int64_t value, cohort_value;
    } cases[] = {
        {{VALUE_REVENUE, 350000}, 501, 401, 501, 401},
        {{VALUE_MARGIN, 350000}, 501, 401, 100 * UNIT, -90 * UNIT},
        {{VALUE_MARGIN_RATE, 350000}, 1000, -1000, 350, -350},
        {{VALUE_MARGIN_RATE, 500000}, 5, 7, 2, 4},
        {{VALUE_MARGIN_RATE, 500000}, -5, -7, -2, -4},
        {{VALUE_MARGIN_RATE, 0}, 5, 7, 0, 0},
        {{VALUE_MARGIN_RATE, 1000000}, INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN},
    };
    const struct cost_plan plan = {0};
    const struct price_sum prices = {0};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct snapshot snapshot = sample();
        snapshot.sum.column[CELL_REVENUE] = cases[i].revenue;
        snapshot.sum.column[CELL_COHORT_REVENUE] = cases[i].cohort_revenue;
        assert_true(snapshot_finish(&snapshot, &prices, &plan, &cases[i].rule));
        assert_int_equal(snapshot.value_micros, cases[i].value);
        assert_int_equal(snapshot.cohort_value_micros, cases[i].cohort_value);
        assert_int_equal(snapshot.cost_micros, 390 * UNIT);
    }
}

static void money_beyond_64_bits_leaves_the_snapshot_as_it_was(void **state)
{
    (void)state;
    struct tz *tz;
    assert_int_equal(tz_utc(&tz), 0);
    const struct fixed_cost dear[] = {{INT64_MAX - 1, 0, 1}, {2, 0, 1}};
    const struct cost_plan free_plan = {.tz = tz};
    const struct cost_plan one_plan = {.fixed = dear + 1, .n_fixed = 1, .tz = tz};
    const struct cost_plan dear_plan = {.fixed = dear, .n_fixed = 2, .tz = tz};
    static const struct value_rule revenue = {VALUE_REVENUE, 0};
    static const struct value_rule twice = {VALUE_MARGIN_RATE, 2000000};
    const struct {
        int64_t media, revenue, cohort_revenue, clicks_priced;
        const struct cost_plan *plan;
        const struct value_rule *rule;
        bool fits;
    } cases[] = {
        {INT64_MAX, INT64_MAX, 0, 0, &free_plan, &revenue, true},
        {INT64_MAX, 0, 0, 1, &free_plan, &revenue, false},
        {INT64_MAX - 1, 0, 0, 1, &free_plan, &revenue, true},
        {INT64_MAX - 1, 0, 0, 0, &one_plan, &revenue, false},
        {INT64_MAX - 2, 0, 0, 0, &one_plan, &revenue, true},
        {0, 0, 0, 0, &dear_plan, &revenue, false},
        {0, INT64_MAX / 2 + 1, 0, 0, &free_plan, &twice, false},
        {0, 0, INT64_MAX / 2 + 1, 0, &free_plan, &twice, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct snapshot snapshot = {
            .to_ms = DAY_MS, .cost_micros = -7, .value_micros = -7, .cohort_value_micros = -7};
        const struct price_sum prices = {.cpc = cases[i].clicks_priced};
        snapshot.sum.column[CELL_MEDIA_COST] = cases[i].media;
        snapshot.sum.column[CELL_REVENUE] = cases[i].revenue;
        snapshot.sum.column[CELL_COHORT_REVENUE] = cases[i].cohort_revenue;
        assert_int_equal(snapshot_finish(&snapshot, &prices, cases[i].plan, cases[i].rule), cases[i].fits);
        assert_int_equal(snapshot.cost_micros == -7, !cases[i].fits);
        assert_int_equal(snapshot.value_micros == -7, !cases[i].fits);
        assert_int_equal(snapshot.cohort_value_micros == -7, !cases[i].fits);
    }
    tz_free(tz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_every_field_of_the_contract),
        cmocka_unit_test(a_key_has_fields_for_each_measure),
        cmocka_unit_test(the_content_hash_sees_measures),
        cmocka_unit_test(measures_are_found_by_what_they_count),
        cmocka_unit_test(an_idle_campaign_has_zeros_and_no_ratios),
        cmocka_unit_test(ratios_are_rounded_half_to_even),
        cmocka_unit_test(derived_money_is_rounded_half_to_even),
        cmocka_unit_test(a_fraction_is_the_exact_value),
        cmocka_unit_test(the_content_hash_sees_fields_and_nothing_else),
        cmocka_unit_test(every_field_says_when_it_is_undefined),
        cmocka_unit_test(metrics_name_their_field),
        cmocka_unit_test(cost_is_media_and_prices_and_fixed_costs),
        cmocka_unit_test(value_follows_the_rule),
        cmocka_unit_test(money_beyond_64_bits_leaves_the_snapshot_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
