#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/attribution/split.h"
#include "lib/attribution/touches.h"
#include "lib/base/must.h"

#define DAY INT64_C(86400000)
#define ORDER (100 * DAY)

static const struct touch_rules usual = {
    .click_lookback_ms = 30 * DAY,
    .max_touches = 50,
    .half_life_ms = 7 * DAY,
    .position_micro = {40000000, 20000000, 40000000},
};

static struct touch click(int64_t ts_ms, const char *campaign)
{
    static int64_t offset;
    return (struct touch){ts_ms, true, span_of(campaign), span_of("clicks"), 0, offset++};
}

static struct touch view(int64_t ts_ms, const char *campaign)
{
    struct touch touch = click(ts_ms, campaign);
    touch.is_click = false;
    return touch;
}

/* "a+ b-after …": each touch in order with what became of it, + where it counts. */
static void expect(const struct touch_rules *rules, const struct touch *touches, size_t n, const char *fates)
{
    struct touch sorted[16];
    enum touch_fate given[16];
    char text[512] = "";
    memcpy(sorted, touches, n * sizeof(*touches));
    size_t n_counting = touches_judge(rules, ORDER, sorted, n, given), counted = 0;
    for (size_t i = 0; i < n; i++) {
        static const char *const marks[] = {
            [TOUCH_COUNTS] = "+",
            [TOUCH_AFTER_ORDER] = "-after",
            [TOUCH_TOO_OLD] = "-old",
            [TOUCH_VIEWS_OFF] = "-off",
            [TOUCH_BEHIND_CLICK] = "-view",
            [TOUCH_BEYOND_MOST] = "-most",
            [TOUCH_COLLAPSED] = "-followed",
            [TOUCH_TWICE] = "-twice",
        };
        size_t size = strlen(text);
        snprintf(text + size, sizeof(text) - size, "%s%.*s%s", i ? " " : "", (int)sorted[i].campaign.size,
                 sorted[i].campaign.data, marks[given[i]]);
        counted += given[i] == TOUCH_COUNTS;
    }
    assert_string_equal(text, fates);
    assert_int_equal(n_counting, counted);
}

static void both_lookbacks_include_their_ends(void **state)
{
    (void)state;
    struct touch_rules rules = usual;
    rules.view_lookback_ms = DAY;
    expect(&rules,
           (struct touch[]){click(ORDER, "now"), click(ORDER + 1, "later"), click(ORDER - 30 * DAY, "edge"),
                            click(ORDER - 30 * DAY - 1, "old")},
           4, "old-old edge+ now+ later-after");
    expect(&rules,
           (struct touch[]){view(ORDER - DAY, "edge"), view(ORDER - DAY - 1, "old"), view(ORDER, "now")}, 3,
           "old-old edge+ now+");
    rules.click_lookback_ms = 0;
    expect(&rules, (struct touch[]){click(ORDER, "now"), click(ORDER - 1, "before")}, 2, "before-old now+");
}

static void views_count_only_where_no_click_is_eligible(void **state)
{
    (void)state;
    struct touch_rules rules = usual;
    struct touch seen[] = {view(ORDER - 1, "v"), click(ORDER - DAY, "c")};
    expect(&rules, seen, 2, "c+ v-off");
    rules.view_lookback_ms = DAY;
    expect(&rules, seen, 2, "c+ v-view");
    expect(&rules, (struct touch[]){view(ORDER - 1, "v"), click(ORDER + 1, "c")}, 2, "v+ c-after");
    expect(&rules, (struct touch[]){view(ORDER - 1, "v"), click(ORDER - 31 * DAY, "c")}, 2, "c-old v+");
}

static void touches_of_one_time_stand_by_topic_partition_and_offset(void **state)
{
    (void)state;
    struct touch a = {ORDER, true, span_of("a"), span_of("t2"), 0, 0};
    struct touch b = {ORDER, true, span_of("b"), span_of("t"), 1, 0};
    struct touch c = {ORDER, true, span_of("c"), span_of("t"), 0, 10};
    struct touch d = {ORDER, true, span_of("d"), span_of("t"), 0, 9};
    expect(&usual, (struct touch[]){a, b, c, d}, 4, "d+ c+ b+ a+");
}

static void a_touch_under_two_identities_is_one(void **state)
{
    (void)state;
    struct touch a = click(ORDER - 1, "a");
    expect(&usual, (struct touch[]){a, click(ORDER, "b"), a}, 3, "a+ a-twice b+");
}

static void the_newest_count_and_are_collapsed_afterwards(void **state)
{
    (void)state;
    struct touch_rules rules = usual;
    struct touch run[] = {click(ORDER - 5, "a"), click(ORDER - 4, "b"), click(ORDER - 3, "a"),
                          click(ORDER - 2, "a"), click(ORDER - 1, "b")};
    rules.max_touches = 4;
    expect(&rules, run, 5, "a-most b+ a+ a+ b+");
    rules.collapse = true;
    expect(&rules, run, 5, "a-most b+ a-followed a+ b+");
    rules.max_touches = 1;
    expect(&rules, run, 5, "a-most b-most a-most a-most b+");
    expect(&rules, run, 0, "");
}

static void expect_split(enum attribution_model model, const struct touch_rules *rules, const int64_t *ages,
                         size_t n, const int64_t *shares)
{
    int64_t times[8], weights[8], given[8];
    for (size_t i = 0; i < n; i++)
        times[i] = ORDER - ages[i];
    touches_weigh(rules, model, times, n, weights);
    split_amount(1000000, weights, n, given);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(given[i], shares[i]);
}

/* Cases of PostHog's marketing analytics, see the conformance cases; and the ends of each model. */
static void every_model_splits_one_order_its_own_way(void **state)
{
    (void)state;
    struct touch_rules rules = usual;
    const int64_t ages[] = {3 * DAY, 2 * DAY, DAY};
    expect_split(MODEL_LAST_CLICK, &rules, ages, 3, (int64_t[]){0, 0, 1000000});
    expect_split(MODEL_FIRST_CLICK, &rules, ages, 3, (int64_t[]){1000000, 0, 0});
    expect_split(MODEL_LINEAR, &rules, ages, 3, (int64_t[]){333334, 333333, 333333});
    expect_split(MODEL_POSITION, &rules, ages, 3, (int64_t[]){400000, 200000, 400000});
    rules.half_life_ms = DAY;
    expect_split(MODEL_TIME_DECAY, &rules, ages, 3, (int64_t[]){142857, 285714, 571429});
    for (enum attribution_model model = 0; model < N_ATTRIBUTION_MODELS; model++)
        expect_split(model, &rules, ages, 1, (int64_t[]){1000000});
}

static void position_shares_the_middle_and_renormalises_two(void **state)
{
    (void)state;
    struct touch_rules rules = usual;
    const int64_t ages[] = {5, 4, 3, 2, 1};
    expect_split(MODEL_POSITION, &rules, ages, 2, (int64_t[]){500000, 500000});
    expect_split(MODEL_POSITION, &rules, ages, 5, (int64_t[]){400000, 66667, 66667, 66666, 400000});
    rules.position_micro[0] = 30000000;
    rules.position_micro[2] = 10000000;
    expect_split(MODEL_POSITION, &rules, ages, 2, (int64_t[]){750000, 250000});
    memset(rules.position_micro, 0, sizeof(rules.position_micro));
    rules.position_micro[1] = 1;
    expect_split(MODEL_POSITION, &rules, ages, 2, (int64_t[]){500000, 500000});
    expect_split(MODEL_POSITION, &rules, ages, 3, (int64_t[]){0, 1000000, 0});
}

static void decay_of_a_touch_that_is_far_too_old_is_nothing(void **state)
{
    (void)state;
    struct touch_rules rules = usual;
    rules.half_life_ms = 1;
    expect_split(MODEL_TIME_DECAY, &rules, (int64_t[]){30 * DAY, 1, 1}, 3, (int64_t[]){0, 500000, 500000});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_lookbacks_include_their_ends),
        cmocka_unit_test(views_count_only_where_no_click_is_eligible),
        cmocka_unit_test(touches_of_one_time_stand_by_topic_partition_and_offset),
        cmocka_unit_test(a_touch_under_two_identities_is_one),
        cmocka_unit_test(the_newest_count_and_are_collapsed_afterwards),
        cmocka_unit_test(every_model_splits_one_order_its_own_way),
        cmocka_unit_test(position_shares_the_middle_and_renormalises_two),
        cmocka_unit_test(decay_of_a_touch_that_is_far_too_old_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
