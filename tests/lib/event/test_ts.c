#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/event/ts.h"

/* Names the row that failed. */
#define CHECK(text, condition)                                                                               \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fail_msg("'%s': %s", text, #condition);                                                          \
    } while (0)

static void rfc_3339_text_is_read_to_ms(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2000-01-01T00:00:00Z", 946684800000},
        {"2026-11-22T00:06:52.345Z", 1795306012345},
        {"2026-11-22t00:06:52.345z", 1795306012345},
        {"2026-11-22T01:06:52.345+01:00", 1795306012345},
        {"2026-11-21T18:36:52.345-05:30", 1795306012345},
        {"2026-11-22T00:06:52.345-00:00", 1795306012345},
        {"2026-11-22T00:06:52.345+00:00", 1795306012345},
        {"2026-11-22T23:59:59+23:59", 1795305659000},
        {"2026-11-22T00:06:52.3Z", 1795306012300},
        {"2026-11-22T00:06:52.34Z", 1795306012340},
        {"2026-11-22T00:06:52.3459999999999999Z", 1795306012345},
        {"2026-11-22T00:06:52.0009Z", 1795306012000},
        {"2000-02-29T12:00:00Z", 951825600000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2400-02-29T00:00:00Z", 13574563200000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"0000-01-01T00:00:00Z", -62167219200000},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t ms = -77;

        CHECK(rows[i].text, ts_from_text(span_of(rows[i].text), &ms));
        CHECK(rows[i].text, ms == rows[i].ms);
    }
}

static void other_text_is_no_time(void **state)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T00:06:52",
        "2026-11-22T00:06Z",
        "2026-11-22T00Z",
        "2026-11-22 00:06:52Z",
        "2026-11-22T00:06:52 Z",
        " 2026-11-22T00:06:52Z",
        "2026-11-22T00:06:52Z ",
        "2026-11-22T00:06:52ZZ",
        "2026-11-22T00:06:52.Z",
        "2026-11-22T00:06:52,5Z",
        "2026-11-22T00:06:52.5",
        "2026-11-22T00:06:60Z",
        "2016-12-31T23:59:60Z",
        "2026-11-22T00:60:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T0:06:52Z",
        "2026-11-22T00:6:52Z",
        "2026-11-22T00:06:5Z",
        "2026-11-22T+0:06:52Z",
        "2026-11-22T00:06:52+1:00",
        "2026-11-22T00:06:52+01",
        "2026-11-22T00:06:52+0100",
        "2026-11-22T00:06:52+24:00",
        "2026-11-22T00:06:52+00:60",
        "2026-11-22T00:06:52+01:00Z",
        "2026-11-22T00:06:52UTC",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-1-1T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "20260101T000000Z",
        "26-11-22T00:06:52Z",
        "12026-11-22T00:06:52Z",
        "2026/11/22T00:06:52Z",
        "1795306012345",
        "2026-W47-7T00:00:00Z",
        "tomorrow",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t ms = -77;

        CHECK(texts[i], !ts_from_text(span_of(texts[i]), &ms));
        CHECK(texts[i], ms == -77);
    }
}

static bool from_integer(struct span text, int64_t *ret_ms)
{
    struct number number;
    return number_scan(text, &number) && ts_from_number(&number, ret_ms);
}

static void integers_are_ms(void **state)
{
    int64_t ms = -77;

    (void)state;
    assert_true(from_integer(span_of("1795306012345"), &ms) && ms == 1795306012345);
    assert_true(from_integer(span_of("-5"), &ms) && ms == -5);
    assert_true(from_integer(span_of("9223372036854775807"), &ms) && ms == INT64_MAX);
    assert_true(from_integer(span_of("-9223372036854775808"), &ms) && ms == INT64_MIN);
    assert_false(from_integer(span_of("9223372036854775808"), &ms));
    assert_false(from_integer(span_of("-9223372036854775809"), &ms));
    assert_false(from_integer(span_of("1795306012345000000000"), &ms));
    assert_false(from_integer(span_of("1795306012345.0"), &ms));
    assert_false(from_integer(span_of("1795306012e3"), &ms));
    assert_false(from_integer(span_of(""), &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_3339_text_is_read_to_ms),
        cmocka_unit_test(other_text_is_no_time),
        cmocka_unit_test(integers_are_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
