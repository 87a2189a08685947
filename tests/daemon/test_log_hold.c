#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/log_hold.h"

static const struct log_place here = {"a.c", 1, "f"}, there = {"a.c", 2, "f"};

static struct log_hold *fresh(void)
{
    struct log_hold *hold = calloc(1, sizeof(*hold));
    assert_non_null(hold);
    return hold;
}

static bool asks(struct log_hold *hold, const struct log_place *place, const char *text, int64_t now_ms)
{
    return log_hold_asks(hold, place, LOG_LEVEL_ERROR, text, now_ms);
}

static void the_same_text_is_said_once_a_minute_and_then_counted(void **state)
{
    (void)state;
    struct log_hold *hold = fresh();
    struct log_memory memory;
    assert_true(asks(hold, &here, "gone", 1000));
    for (int i = 0; i < 500; i++)
        assert_false(asks(hold, &here, "gone", 1001 + i));
    assert_false(log_hold_take(hold, 1000 + LOG_HOLD_MS - 1, false, &memory));
    assert_true(log_hold_take(hold, 1000 + LOG_HOLD_MS, false, &memory));
    assert_int_equal(memory.n_held, 500);
    assert_string_equal(memory.text, "gone");
    assert_ptr_equal(memory.place, &here);
    assert_false(log_hold_take(hold, 1000 + LOG_HOLD_MS, false, &memory));
    assert_true(asks(hold, &here, "gone", 1000 + LOG_HOLD_MS));
    free(hold);
}

static void a_minute_without_repeats_begins_anew(void **state)
{
    (void)state;
    struct log_hold *hold = fresh();
    assert_true(asks(hold, &here, "gone", 0));
    assert_true(asks(hold, &here, "gone", LOG_HOLD_MS));
    assert_false(asks(hold, &here, "gone", LOG_HOLD_MS + 1));
    free(hold);
}

static void other_texts_of_a_place_are_said_up_to_a_number(void **state)
{
    (void)state;
    struct log_hold *hold = fresh();
    struct log_memory memory;
    char text[32];
    for (int i = 0; i < 30; i++) {
        snprintf(text, sizeof(text), "partition %d", i);
        assert_int_equal(asks(hold, &here, text, i), i < LOG_LINES_MOST);
    }
    assert_true(asks(hold, &there, "partition 1", 40));
    assert_true(asks(hold, &there, "partition 2", 41));
    assert_false(asks(hold, &there, "partition 1", 42));
    assert_true(log_hold_take(hold, 50, true, &memory));
    assert_int_equal(memory.n_held, 30 - LOG_LINES_MOST);
    assert_string_equal(memory.text, "partition 29");
    assert_true(log_hold_take(hold, 50, true, &memory));
    assert_false(log_hold_take(hold, 50, true, &memory));
    free(hold);
}

static void more_places_than_are_kept_say_everything(void **state)
{
    (void)state;
    static struct log_place places[LOG_PLACES_MOST + 1];
    struct log_hold *hold = fresh();
    for (size_t i = 0; i < LOG_PLACES_MOST; i++)
        assert_true(asks(hold, &places[i], "x", 0));
    assert_true(asks(hold, &places[LOG_PLACES_MOST], "x", 1));
    assert_true(asks(hold, &places[LOG_PLACES_MOST], "x", 2));
    assert_false(asks(hold, &places[0], "x", 3));
    /* One whose minute is over makes room. */
    assert_true(asks(hold, &places[LOG_PLACES_MOST], "x", LOG_HOLD_MS));
    assert_false(asks(hold, &places[LOG_PLACES_MOST], "x", LOG_HOLD_MS + 1));
    free(hold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_is_said_once_a_minute_and_then_counted),
        cmocka_unit_test(a_minute_without_repeats_begins_anew),
        cmocka_unit_test(other_texts_of_a_place_are_said_up_to_a_number),
        cmocka_unit_test(more_places_than_are_kept_say_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
