#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/money.h"

/* Names the row that failed. */
#define CHECK(text, condition)                                                                               \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fail_msg("'%s': %s", text, #condition);                                                          \
    } while (0)

struct amount {
    const char *text;
    int64_t micros;
    bool negative;
};

static void check_amounts(const struct amount *amounts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t micros = -77;
        bool negative = !amounts[i].negative;

        CHECK(amounts[i].text, money_parse(span_of(amounts[i].text), &micros, &negative) == 0);
        CHECK(amounts[i].text, micros == amounts[i].micros);
        CHECK(amounts[i].text, negative == amounts[i].negative);
    }
}

static void amounts_are_read_to_micro_units(void **state)
{
    static const struct amount amounts[] = {
        {"0", 0, false},
        {"1", 1000000, false},
        {"-1", -1000000, true},
        {"12.5", 12500000, false},
        {"0.000001", 1, false},
        {"-0.000001", -1, true},
        {"1e0", 1000000, false},
        {"1E+2", 100000000, false},
        {"1.5e-3", 1500, false},
        {"125e-1", 12500000, false},
        {"0.00125e4", 12500000, false},
        {"0.1", 100000, false},
        {"0.3", 300000, false},
        {"4.35", 4350000, false},
        {"1e-000000000000000000000000000006", 1, false},
    };
    (void)state;
    check_amounts(amounts, ARRAY_SIZE(amounts));
}

static void a_half_goes_to_the_even_micro_unit(void **state)
{
    static const struct amount amounts[] = {
        {"0.0000005", 0, false},
        {"0.0000015", 2, false},
        {"0.0000025", 2, false},
        {"0.0000035", 4, false},
        {"-0.0000015", -2, true},
        {"-0.0000025", -2, true},
        {"0.00000049999999999999999999999", 0, false},
        {"0.00000050000000000000000000001", 1, false},
        {"0.0000025000000000000000000000", 2, false},
        {"0.0000099999999", 10, false},
        {"0.9999995", 1000000, false},
        {"5e-7", 0, false},
        {"15e-7", 2, false},
        {"25e-7", 2, false},
        {"51e-8", 1, false},
        {"9e-8", 0, false},
    };
    (void)state;
    check_amounts(amounts, ARRAY_SIZE(amounts));
}

static void negative_is_judged_before_rounding_and_a_negative_zero_is_none(void **state)
{
    static const struct amount amounts[] = {
        {"-0", 0, false},        {"-0.0", 0, false},   {"-0e5", 0, false},
        {"-0.0000001", 0, true}, {"-1e-400", 0, true}, {"-0.000000000e999999999999999999999", 0, false},
        {"-0.0000005", 0, true},
    };
    (void)state;
    check_amounts(amounts, ARRAY_SIZE(amounts));
}

static void the_whole_range_of_int64_is_read(void **state)
{
    static const struct amount amounts[] = {
        {"9223372036854.775807", INT64_MAX, false},
        {"-9223372036854.775808", INT64_MIN, true},
        {"9223372036854.7758074999999", INT64_MAX, false},
        {"-9223372036854.7758085", INT64_MIN, true},
        {"9223372036854775807e-6", INT64_MAX, false},
        {"123456789012345678901234567890e-24", 123456789012, false},
        {"123456789012345678901234567890e-30", 123457, false},
        {"0.000000000000000000000000000000000000012e39", 12000000, false},
        {"1e-400", 0, false},
        {"1e-999999999999999999999999999999", 0, false},
        {"0e999999999999999999999999999999", 0, false},
    };
    (void)state;
    check_amounts(amounts, ARRAY_SIZE(amounts));
}

static void what_is_beyond_int64_is_out_of_range(void **state)
{
    static const char *const texts[] = {
        "9223372036854.775808",
        "9223372036854.7758075",
        "-9223372036854.775809",
        "-9223372036854.7758086",
        "10000000000000",
        "18446744073709.551616",
        "18446744073710.551616",
        "99999999999999999999",
        "1e400",
        "-1e400",
        "1e999999999999999999999999999999",
        "123456789012345678901234567890",
        "0.0000001e400",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t micros = -77;
        bool negative = true;

        CHECK(texts[i], money_parse(span_of(texts[i]), &micros, &negative) == MONEY_OUT_OF_RANGE);
        CHECK(texts[i], micros == -77 && negative);
    }
}

static void what_is_no_json_number_is_bad(void **state)
{
    static const char *const texts[] = {
        "",     "-",     "+1",  "01",   "-01",   "00",   "1.",       ".5", "-.5", "1.e5",
        "1e",   "1e+",   "1e-", "1e.5", "1.2.3", "1,5",  "1 000",    " 1", "1 ",  "1_0",
        "0x10", "1e5.0", "NaN", "nan",  "inf",   "-inf", "Infinity", "1f", "--1", "1-",
        "e5",   "12a",   "\t1", "1\n",  "1e5e5", "€1",   "1.5EUR",
    };
    int64_t micros;
    bool negative;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        CHECK(texts[i], money_parse(span_of(texts[i]), &micros, &negative) == MONEY_BAD);
    }
    assert_int_equal(money_parse((struct span){NULL, 0}, &micros, &negative), MONEY_BAD);
    assert_int_equal(money_parse(span_from("1\0", 2), &micros, &negative), MONEY_BAD);
}

static void a_million_digits_are_read_exactly(void **state)
{
    enum { N_ZEROS = 1000000 };
    char *text = malloc(N_ZEROS + 32);
    size_t size;
    int64_t micros;
    bool negative;

    (void)state;
    assert_non_null(text);
    memcpy(text, "0.", 2);
    memset(text + 2, '0', N_ZEROS);
    memcpy(text + 2 + N_ZEROS, "15e1000001", 10);
    size = 2 + N_ZEROS + 10;
    assert_int_equal(money_parse(span_from(text, size), &micros, &negative), 0);
    assert_true(micros == 1500000);

    text[0] = '7';
    memset(text + 1, '0', N_ZEROS);
    memcpy(text + 1 + N_ZEROS, "e-1000000", 9);
    size = 1 + N_ZEROS + 9;
    assert_int_equal(money_parse(span_from(text, size), &micros, &negative), 0);
    assert_true(micros == 7000000);
    free(text);
}

static void amounts_are_written_with_six_digits(void **state)
{
    static const struct amount amounts[] = {
        {"0.000000", 0, false},
        {"0.000001", 1, false},
        {"-0.000001", -1, true},
        {"-0.999999", -999999, true},
        {"1.000000", 1000000, false},
        {"-12.500000", -12500000, true},
        {"9223372036854.775807", INT64_MAX, false},
        {"-9223372036854.775808", INT64_MIN, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
        char text[MICROS_TEXT_SIZE];

        micros_text(amounts[i].micros, text);
        assert_string_equal(text, amounts[i].text);
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    uint64_t bits = 88172645463325252u;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        char text[MICROS_TEXT_SIZE];
        int64_t micros, read;
        bool negative;

        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        micros = (int64_t)bits >> (i % 60);
        micros_text(micros, text);
        assert_int_equal(money_parse(span_of(text), &read, &negative), 0);
        assert_true(read == micros);
        assert_int_equal(negative, micros < 0);
    }
}

static void division_rounds_half_to_even(void **state)
{
    static const __int128 least = (__int128)1 << 126;
    static const struct {
        __int128 numerator, denominator;
        int64_t quotient;
    } rows[] = {
        {0, 7, 0},
        {1, 2, 0},
        {3, 2, 2},
        {5, 2, 2},
        {-1, 2, 0},
        {-3, 2, -2},
        {3, -2, -2},
        {-5, -2, 2},
        {2, 3, 1},
        {1, 3, 0},
        {-2, 3, -1},
        {INT64_MAX, 1, INT64_MAX},
        {INT64_MIN, 1, INT64_MIN},
        {INT64_MIN, 2, INT64_MIN / 2},
        {(__int128)INT64_MAX * 2 + 1 - 2, 2, INT64_MAX - 1},
        {(__int128)INT64_MIN * 2 - 1, 2, INT64_MIN},
        {(__int128)INT64_MAX * 1000000, 1000000, INT64_MAX},
        {least * -2, least * -2, 1},
        {least, least * -2, 0},
        {least + 1, least * -2, -1},
        {7, 0 - (__int128)INT64_MIN, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t quotient = -77;

        assert_true(divide_half_even(rows[i].numerator, rows[i].denominator, &quotient));
        assert_true(quotient == rows[i].quotient);
    }
}

static void a_quotient_beyond_int64_is_refused(void **state)
{
    int64_t quotient = -77;

    (void)state;
    assert_false(divide_half_even((__int128)INT64_MAX + 1, 1, &quotient));
    assert_false(divide_half_even((__int128)INT64_MIN - 1, 1, &quotient));
    assert_false(divide_half_even(INT64_MIN, -1, &quotient));
    assert_false(divide_half_even((__int128)INT64_MAX * 2 + 1, 2, &quotient));
    assert_false(divide_half_even((__int128)1 << 126, -1, &quotient));
    assert_false(divide_half_even(((__int128)1 << 126) * -2, -1, &quotient));
    assert_true(quotient == -77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_read_to_micro_units),
        cmocka_unit_test(a_half_goes_to_the_even_micro_unit),
        cmocka_unit_test(negative_is_judged_before_rounding_and_a_negative_zero_is_none),
        cmocka_unit_test(the_whole_range_of_int64_is_read),
        cmocka_unit_test(what_is_beyond_int64_is_out_of_range),
        cmocka_unit_test(what_is_no_json_number_is_bad),
        cmocka_unit_test(a_million_digits_are_read_exactly),
        cmocka_unit_test(amounts_are_written_with_six_digits),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(division_rounds_half_to_even),
        cmocka_unit_test(a_quotient_beyond_int64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
