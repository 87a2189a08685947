#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/event/query.h"

/* The first value of a name, decoded; NULL where it is not there. The caller frees it. */
static char *value_of(const char *url, const char *wanted)
{
    struct query query = query_of(span_of(url));
    struct span name, value;

    while (query_next(&query, &name, &value))
        if (query_name_is(name, span_of(wanted))) {
            char *text = calloc(1, value.size + 1);
            assert_non_null(text);
            value = query_decode(value, text);
            memmove(text, value.data, value.size);
            text[value.size] = '\0';
            return text;
        }
    return NULL;
}

static void parameters_are_found_and_decoded(void **state)
{
    static const struct {
        const char *url, *value;
    } rows[] = {
        {"https://shop.example/?utm_campaign=spring", "spring"},
        {"https://shop.example/a?x=1&utm_campaign=spring+sale&y=2", "spring sale"},
        {"https://shop.example/?utm_campaign=spring%20sale#utm_campaign=not", "spring sale"},
        {"/?utm_campaign=%C3%A9t%c3%a9", "été"},
        {"utm_source=x&utm_campaign=bare", "bare"},
        {"?utm_campaign=a=b", "a=b"},
        {"?utm_campaign=", ""},
        {"?utm_campaign", ""},
        {"?&&utm_campaign=x&", "x"},
        {"?=y&utm_campaign=x", "x"},
        {"?utm%5Fcampaign=x", "x"},
        {"?utm_campaign=first&utm_campaign=second", "first"},
        {"?a=?&utm_campaign=x", "x"},
        {"?utm_campaign=%E9t%E9", "%E9t%E9"}, /* Latin-1: as it is written */
        {"?utm_campaign=100%", "100%"},
        {"?utm_campaign=%4", "%4"},
        {"?utm_campaign=%zz", "%zz"},
        {"?utm_campaign=a%26b", "a&b"},
        {"?UTM_CAMPAIGN=x", NULL},
        {"?utm_campaign2=x", NULL},
        {"?utm_campaig=x", NULL},
        {"?utm%campaign=x", NULL},
        {"https://shop.example/#?utm_campaign=x", NULL},
        {"https://shop.example/", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *value = value_of(rows[i].url, "utm_campaign");
        if (!value != !rows[i].value || (value && strcmp(value, rows[i].value) != 0))
            fail_msg("%s: %s", rows[i].url, value ? value : "(none)");
        free(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parameters_are_found_and_decoded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
