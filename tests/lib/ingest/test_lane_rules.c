/* Lane rules: their text, and what becomes of them where other rules come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/ingest/lane_rules.h"

static struct lane_steps steps_of(const char *text)
{
    struct lane_steps steps;
    assert_int_equal(lane_steps_parse(text, &steps), 0);
    return steps;
}

static void assert_steps(const struct lane_steps *steps, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    lane_steps_print(steps, &text);
    buffer_append_u8(&text, '\0');
    assert_int_equal(buffer_status(&text), 0);
    assert_string_equal(text.data, expected);
}

static void what_was_printed_is_read_back(void **state)
{
    static const char *const texts[] = {
        "none/300000/1000",
        "impression/0/1",
        "order/9223372036854775807/1048576",
        "none/300000/1000<57:click/300000/500",
        "none/300000/1000<0:click/300000/500<9223372036854775806:order/1/2",
        "click/300000/500/2592600000/-",
        "click/300000/500/0/00000000000000ff",
        "none/300000/1000/9223372036854775807/0123456789abcdef<57:click/1/2<58:click/1/2/3/fedcba9876543210",
        "refund/1/1<1:spend/1/1<2:engagement/1/1<3:none/1/1<4:none/1/2<5:none/1/3<6:none/1/4<7:none/1/5",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct lane_steps steps = steps_of(texts[i]);
        assert_steps(&steps, texts[i]);
    }
}

static void the_parts_of_a_step_are_type_future_and_message_bytes(void **state)
{
    (void)state;
    struct lane_steps steps = steps_of("click/300000/500<57:none/2/3");
    assert_int_equal(steps.n, 2);
    assert_int_equal(steps.step[0].rules.type, EVENT_CLICK);
    assert_int_equal(steps.step[0].rules.future_ms, 300000);
    assert_int_equal(steps.step[0].rules.message_bytes, 500);
    assert_int_equal(steps.step[0].until, 57);
    assert_int_equal(steps.step[1].rules.type, EVENT_NONE);
    assert_true(steps.step[1].until == INT64_MAX);
}

static void behind_them_stand_the_time_of_repeats_and_the_version(void **state)
{
    (void)state;
    struct lane_steps steps = steps_of("none/2/3/4/00000000000000ab<5:none/2/3<6:none/2/3/7/-");
    assert_int_equal(steps.step[0].rules.repeat_ms, 4);
    assert_int_equal(steps.step[0].rules.version, 0xab);
    assert_int_equal(steps.step[1].rules.repeat_ms, 0);
    assert_int_equal(steps.step[1].rules.version, 0);
    assert_int_equal(steps.step[2].rules.repeat_ms, 7);
    assert_int_equal(steps.step[2].rules.version, 0);
}

static void malformed_texts_are_refused_and_set_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "none",
        "none/1",
        "none/1/",
        "none/x/1",
        "nonsense/1/1",
        "None/1/1",
        "none/1/1 ",
        "none/1/1x",
        "none/1/1/",
        "none/1/1/1",
        "none/1/1/1/",
        "none/1/1/x/-",
        "none/1/1/1/--",
        "none/1/1/1/-x",
        "none/1/1/1/0000000000000000",
        "none/1/1/1/0123456789abcde",
        "none/1/1/1/0123456789abcdef0",
        "none/1/1/1/0123456789ABCDEF",
        "none/1/1<",
        "none/1/1<5",
        "none/1/1<5:",
        "none/1/1<:none/1/1",
        "none/1/1<5;none/1/1",
        "none/1/1<5:nonsense/1/1",
        "impressionimpression/1/1",
        "none/1/1<1:none/1/2<2:none/1/3<3:none/1/4<4:none/1/5<5:none/1/6<6:none/1/7<7:none/1/8<8:none/1/9",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct lane_steps steps = {.n = 77};
        assert_int_equal(lane_steps_parse(texts[i], &steps), LANE_RULES_MALFORMED);
        assert_int_equal(steps.n, 77);
    }
}

static void rules_are_equal_in_every_part_or_not_equal(void **state)
{
    static const struct lane_rules rules = {EVENT_CLICK, 2, 3, 4, 5};
    static const struct lane_rules others[] = {{EVENT_ORDER, 2, 3, 4, 5},
                                               {EVENT_CLICK, 1, 3, 4, 5},
                                               {EVENT_CLICK, 2, 1, 4, 5},
                                               {EVENT_CLICK, 2, 3, 1, 5},
                                               {EVENT_CLICK, 2, 3, 4, 1}};
    (void)state;
    assert_true(lane_rules_equal(&rules, &(struct lane_rules){EVENT_CLICK, 2, 3, 4, 5}));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_false(lane_rules_equal(&rules, &others[i]));
}

static void at_an_offset_hold_the_first_rules_that_end_beyond_it(void **state)
{
    static const struct {
        int64_t offset, future_ms;
    } cases[] = {{0, 1}, {56, 1}, {57, 2}, {60, 2}, {61, 3}, {INT64_MAX - 1, 3}};
    (void)state;
    struct lane_steps steps = steps_of("none/1/9<57:none/2/9<61:none/3/9");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(lane_steps_at(&steps, cases[i].offset)->rules.future_ms, cases[i].future_ms);
}

/* Ours are always none/7/7. */
static const struct take {
    const char *before;
    int64_t least, most;
    const char *after; /* NULL: too many */
} takes[] = {
    /* Equal: nothing to say, level or not. */
    {"none/7/7", 5, 5, "none/7/7"},
    {"none/7/7", 5, 9, "none/7/7"},
    {"none/1/7<7:none/7/7", 5, 9, "none/1/7<7:none/7/7"},
    /* Level: nobody is in the middle of anything. */
    {"none/1/7", 5, 5, "none/7/7"},
    {"click/7/7", 0, 0, "none/7/7"},
    {"none/7/1", 5, 5, "none/7/7"},
    {"none/7/7/1/-", 5, 5, "none/7/7"},
    {"none/7/7/0/000000000000000a", 5, 9, "none/7/7/0/000000000000000a<9:none/7/7"},
    /* Not level: what the furthest has counted is still theirs. */
    {"none/1/7", 5, 9, "none/1/7<9:none/7/7"},
    {"none/1/7<7:none/2/7", 5, 9, "none/1/7<7:none/2/7<9:none/7/7"},
    /* Passed by all. */
    {"none/1/7<5:none/7/7", 5, 9, "none/7/7"},
    {"none/1/7<6:none/7/7", 5, 9, "none/1/7<6:none/7/7"},
    {"none/1/7<3:none/2/7<4:none/3/7", 5, 9, "none/3/7<9:none/7/7"},
    {"none/1/7<9:none/2/7", 9, 9, "none/7/7"},
    /* Rules by which nobody has counted anything leave no step. */
    {"none/1/7<9:none/2/7", 5, 9, "none/1/7<9:none/7/7"},
    {"none/7/7<9:none/2/7", 5, 9, "none/7/7"},
    {"none/1/7<7:none/7/7<9:none/2/7", 5, 9, "none/1/7<7:none/7/7"},
    /* As many as there is room for. */
    {"none/1/1<11:none/1/2<12:none/1/3<13:none/1/4<14:none/1/5<15:none/1/6<16:none/1/8<17:none/1/9", 5, 20,
     NULL},
    {"none/1/1<11:none/1/2<12:none/1/3<13:none/1/4<14:none/1/5<15:none/1/6<16:none/1/8<17:none/1/9", 5, 17,
     "none/1/1<11:none/1/2<12:none/1/3<13:none/1/4<14:none/1/5<15:none/1/6<16:none/1/8<17:none/7/7"},
    {"none/1/1<11:none/1/2<12:none/1/3<13:none/1/4<14:none/1/5<15:none/1/6<16:none/1/8<17:none/1/9", 11, 20,
     "none/1/2<12:none/1/3<13:none/1/4<14:none/1/5<15:none/1/6<16:none/1/8<17:none/1/9<20:none/7/7"},
    {"none/1/1<11:none/1/2<12:none/1/3<13:none/1/4<14:none/1/5<15:none/1/6<16:none/1/8<17:none/7/7", 5, 20,
     "none/1/1<11:none/1/2<12:none/1/3<13:none/1/4<14:none/1/5<15:none/1/6<16:none/1/8<17:none/7/7"},
};

static void taking_adds_a_step_only_where_the_shards_are_not_level(void **state)
{
    static const struct lane_rules ours = {.type = EVENT_NONE, .future_ms = 7, .message_bytes = 7};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(takes); i++) {
        struct lane_steps steps = steps_of(takes[i].before);
        bool changed;
        int r = lane_steps_take(&steps, &ours, takes[i].least, takes[i].most, &changed);
        assert_int_equal(r, takes[i].after ? 0 : LANE_RULES_TOO_MANY);
        assert_steps(&steps, takes[i].after ? takes[i].after : takes[i].before);
        if (r == 0)
            assert_int_equal(changed, strcmp(takes[i].before, takes[i].after) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_printed_is_read_back),
        cmocka_unit_test(the_parts_of_a_step_are_type_future_and_message_bytes),
        cmocka_unit_test(behind_them_stand_the_time_of_repeats_and_the_version),
        cmocka_unit_test(malformed_texts_are_refused_and_set_nothing),
        cmocka_unit_test(rules_are_equal_in_every_part_or_not_equal),
        cmocka_unit_test(at_an_offset_hold_the_first_rules_that_end_beyond_it),
        cmocka_unit_test(taking_adds_a_step_only_where_the_shards_are_not_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
