#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/must.h"
#include "lib/config/nearest.h"

static void distances_count_the_least_number_of_edits(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},       {"", "abc", 3},           {"abc", "", 3},
        {"abc", "abc", 0}, {"abc", "ABC", 0},        {"abc", "abd", 1},
        {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"brokrs", "brokers", 1},
        {"ab", "ba", 1},   {"flush", "slush", 1},    {"a", "xyz", 3},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(edit_distance(span_of(cases[i].a), span_of(cases[i].b)), cases[i].distance);
        assert_int_equal(edit_distance(span_of(cases[i].b), span_of(cases[i].a)), cases[i].distance);
    }
}

static void a_very_long_word_is_near_to_nothing(void **state)
{
    (void)state;
    char word[66];
    memset(word, 'a', sizeof(word));
    assert_int_equal(edit_distance(span_from(word, 65), span_from(word, 65)), UINT32_MAX);
    assert_int_equal(edit_distance(span_from(word, 64), span_from(word, 64)), 0);
}

static const char *nearest_of(const char *word)
{
    static const char *const words[] = {"earliest", "latest", "log", "clock"};
    struct nearest nearest;
    nearest_start(&nearest, span_of(word));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        nearest_offer(&nearest, words[i]);
    return nearest.best;
}

static void the_nearest_word_is_offered_only_where_it_is_near(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("lastest"), "latest");
    assert_string_equal(nearest_of("erliest"), "earliest");
    assert_string_equal(nearest_of("lgo"), "log");
    assert_null(nearest_of("kafka"));
    assert_null(nearest_of(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_count_the_least_number_of_edits),
        cmocka_unit_test(a_very_long_word_is_near_to_nothing),
        cmocka_unit_test(the_nearest_word_is_offered_only_where_it_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
