#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/config/value.h"

typedef bool (*value_reader)(const char *text, int64_t *ret_value);

struct reads {
    value_reader read;
    const char *text;
    int64_t value;
};

static void every_text_reads_as_its_number(void **state)
{
    (void)state;
    static const struct reads cases[] = {
        {value_int, "0", 0},
        {value_int, "-12", -12},
        {value_int, "9223372036854775807", INT64_MAX},
        {value_duration, "0", 0},
        {value_duration, "0s", 0},
        {value_duration, "250ms", 250},
        {value_duration, "30s", 30000},
        {value_duration, "5m", 300000},
        {value_duration, "1h", 3600000},
        {value_duration, "7d", 604800000},
        {value_size, "0", 0},
        {value_size, "512B", 512},
        {value_size, "64KiB", 65536},
        {value_size, "1MiB", 1048576},
        {value_size, "2GiB", INT64_C(2147483648)},
        {value_decimal, "2.50", 2500000},
        {value_decimal, "-0.000001", -1},
        {value_decimal, "1.00000000", 1000000},
        {value_date, "1970-01-02", 1},
        {value_time, "1970-01-01T00:00:01Z", 1000},
        {value_time, "1970-01-01t00:00:01.5z", 1500},
        {value_time, "1970-01-01T02:00:00.0019+02:00", 1},
        {value_time, "1970-01-01T00:00:00-01:30", 5400000},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t value = -1;
        print_message("%s\n", cases[i].text);
        assert_true(cases[i].read(cases[i].text, &value));
        assert_int_equal(value, cases[i].value);
    }
}

static void what_is_no_number_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const struct reads cases[] = {
        {value_int, "", 0},
        {value_int, "-", 0},
        {value_int, "1 ", 0},
        {value_int, "+1", 0},
        {value_int, "9223372036854775808", 0},
        {value_duration, "30", 0},
        {value_duration, "s", 0},
        {value_duration, "1.5h", 0},
        {value_duration, "-1s", 0},
        {value_duration, "1h30m", 0},
        {value_duration, "1 s", 0},
        {value_duration, "1S", 0},
        {value_duration, "99999999999999999d", 0},
        {value_size, "1", 0},
        {value_size, "1KB", 0},
        {value_size, "1kib", 0},
        {value_size, "9999999999999GiB", 0},
        {value_decimal, "1.0000001", 0},
        {value_decimal, "1e2", 0},
        {value_decimal, ".5", 0},
        {value_decimal, "1,5", 0},
        {value_decimal, "99999999999999", 0},
        {value_date, "2026-02-29", 0},
        {value_date, "2026-1-1", 0},
        {value_time, "2026-01-01", 0},
        {value_time, "2026-01-01T00:00:00", 0},
        {value_time, "2026-01-01T00:00:60Z", 0},
        {value_time, "2026-01-01T24:00:00Z", 0},
        {value_time, "2026-01-01T00:00:00.Z", 0},
        {value_time, "2026-01-01T00:00:00Zx", 0},
        {value_time, "2026-01-01T00:00:00+1:00", 0},
        {value_time, "2026-01-01T00:00:00+01:00x", 0},
        {value_time, "2026-01-01X00:00:00Z", 0},
        {value_time, "2026-01-01T00-00:00Z", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t value = -7;
        print_message("%s\n", cases[i].text);
        assert_false(cases[i].read(cases[i].text, &value));
        assert_int_equal(value, -7);
    }
}

struct writes {
    void (*write)(int64_t value, struct buffer *buffer);
    int64_t value;
    const char *text;
};

static void numbers_are_written_in_the_largest_unit_that_divides(void **state)
{
    (void)state;
    static const struct writes cases[] = {
        {value_write_duration, 0, "0"},
        {value_write_duration, 250, "250ms"},
        {value_write_duration, 60000, "1m"},
        {value_write_duration, 90000, "90s"},
        {value_write_duration, 86400000, "1d"},
        {value_write_size, 0, "0"},
        {value_write_size, 1023, "1023B"},
        {value_write_size, 1048576, "1MiB"},
        {value_write_decimal, 0, "0"},
        {value_write_decimal, 2500000, "2.5"},
        {value_write_decimal, -1, "-0.000001"},
        {value_write_decimal, 100000000, "100"},
        {value_write_date, 20454, "2026-01-01"},
        {value_write_time, 0, "1970-01-01T00:00:00Z"},
        {value_write_time, -1, "1969-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer buffer = BUFFER_INIT;
        cases[i].write(cases[i].value, &buffer);
        buffer_append_zeros(&buffer, 1);
        assert_string_equal(buffer.data, cases[i].text);
    }
}

static void a_text_is_quoted_where_yaml_would_read_it_as_something_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool json;
        const char *written;
    } cases[] = {
        {"ad.orders", false, "ad.orders"},
        {"ad.orders", true, "\"ad.orders\""},
        {"", false, "\"\""},
        {"null", false, "\"null\""},
        {"~", false, "\"~\""},
        {"roi:", false, "\"roi:\""},
        {"a: b", false, "\"a: b\""},
        {"- a", false, "\"- a\""},
        {"a#b", false, "\"a#b\""},
        {"a\"b", false, "\"a\\\"b\""},
        {"a\nb", true, "\"a\\u000ab\""},
        {"é", false, "\"é\""},
        {"h:1/0", false, "h:1/0"},
        {"{x}", false, "\"{x}\""},
        {"@a", false, "\"@a\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer buffer = BUFFER_INIT;
        value_write_text(cases[i].text, cases[i].json, &buffer);
        buffer_append_zeros(&buffer, 1);
        assert_string_equal(buffer.data, cases[i].written);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_reads_as_its_number),
        cmocka_unit_test(what_is_no_number_is_refused_and_changes_nothing),
        cmocka_unit_test(numbers_are_written_in_the_largest_unit_that_divides),
        cmocka_unit_test(a_text_is_quoted_where_yaml_would_read_it_as_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
