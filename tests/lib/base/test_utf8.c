#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/must.h"
#include "lib/base/utf8.h"

static void valid_text_is_told_from_bytes(void **state)
{
    static const char *const valid[] = {"",
                                        "abc",
                                        "\xC2\x80",
                                        "\xDF\xBF",
                                        "\xE0\xA0\x80",
                                        "\xED\x9F\xBF",
                                        "\xEE\x80\x80",
                                        "\xEF\xBF\xBF",
                                        "\xF0\x90\x80\x80",
                                        "\xF4\x8F\xBF\xBF",
                                        "a\xC3\xA9z"};
    static const char *const invalid[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC2",
        "\xC2z",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xE1\x80",
        "\xE1\x80z",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF1\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFE",
        "\xFF",
        "a\xE9z",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(valid); i++)
        assert_true(utf8_is_valid(span_of(valid[i])));
    for (size_t i = 0; i < ARRAY_SIZE(invalid); i++)
        if (utf8_is_valid(span_of(invalid[i])))
            fail_msg("row %zu is taken for UTF-8", i);
    assert_true(utf8_is_valid((struct span){NULL, 0}));
    assert_true(utf8_is_valid(span_from("\0", 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(valid_text_is_told_from_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
