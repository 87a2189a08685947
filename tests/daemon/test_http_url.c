#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/http_url.h"

static void assert_span(struct span span, const char *text)
{
    assert_int_equal(span.size, strlen(text));
    if (span.size)
        assert_memory_equal(span.data, text, span.size);
}

static void a_target_is_a_path_and_a_query(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"/livez", "/livez", ""},
        {"/a?b=c", "/a", "b=c"},
        {"/a?", "/a", ""},
        {"/a?b=c?d", "/a", "b=c?d"},
        {"", "", ""},
        {"/a%3Fb", "/a%3Fb", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct url url = url_split(span_of(cases[i].target));
        assert_span(url.path, cases[i].path);
        assert_span(url.query, cases[i].query);
    }
}

static void escapes_are_undone_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } cases[] = {
        {"plain", "plain"}, {"a%20b", "a b"},       {"%C3%a9", "\xc3\xa9"}, {"a+b", "a+b"}, {"%25", "%"},
        {"", ""},           {"%7Broi%7D", "{roi}"}, {"%2F%2f", "//"},       {"%", NULL},    {"%2", NULL},
        {"a%", NULL},       {"%zz", NULL},          {"%0", NULL},           {"%00", NULL},  {"%-1", NULL},
        {"% 1", NULL},      {"%1g", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer buffer = BUFFER_INIT;
        print_message("%s\n", cases[i].text);
        assert_int_equal(url_decode(span_of(cases[i].text), &buffer), cases[i].bytes != NULL);
        if (cases[i].bytes)
            assert_span(buffer_span(&buffer), cases[i].bytes);
    }
}

static void parameters_are_known_once_and_well_written(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        int result;
        const char *culprit, *after, *limit; /* NULL: not given */
    } cases[] = {
        {"", 0, "", NULL, NULL},
        {"after=x", 0, "", "x", NULL},
        {"limit=5&after=a%26b", 0, "", "a&b", "5"},
        {"after=", 0, "", "", NULL},
        {"after", 0, "", "", NULL},
        {"&&after=x&", 0, "", "x", NULL},
        {"after=a=b", 0, "", "a=b", NULL},
        {"limt=5", URL_UNKNOWN, "limt", NULL, NULL},
        {"=5", URL_UNKNOWN, "", NULL, NULL},
        {"AFTER=5", URL_UNKNOWN, "AFTER", NULL, NULL},
        {"limit=1&limit=2", URL_REPEATED, "limit", NULL, NULL},
        {"after=%f", URL_MALFORMED, "after", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(url_parameters_deinit) struct url_parameters parameters = {.names = {"after", "limit"}};
        struct span culprit = {0};
        print_message("%s\n", cases[i].query);
        assert_int_equal(url_parameters_read(span_of(cases[i].query), &parameters, &culprit),
                         cases[i].result);
        if (cases[i].result) {
            assert_span(culprit, cases[i].culprit);
            continue;
        }
        assert_int_equal(parameters.given[0], cases[i].after != NULL);
        assert_int_equal(parameters.given[1], cases[i].limit != NULL);
        assert_span(buffer_span(&parameters.values[0]), cases[i].after ? cases[i].after : "");
        assert_span(buffer_span(&parameters.values[1]), cases[i].limit ? cases[i].limit : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_a_path_and_a_query),
        cmocka_unit_test(escapes_are_undone_or_refused),
        cmocka_unit_test(parameters_are_known_once_and_well_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
