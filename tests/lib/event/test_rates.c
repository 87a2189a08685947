#include "tests/lib/event/rating.h"
#include "tests/lib/zone_file.h"

static void a_rate_is_a_decimal_of_up_to_18_digits(void **state)
{
    static const struct {
        const char *text;
        int64_t significand, n_decimals;
    } good[] = {
        {"1", 1, 0},
        {"0.92", 92, 2},
        {"0.0000345", 345, 7},
        {"137000", 137000, 0},
        {"1.500", 15, 1},
        {"2.000", 2, 0},
        {"0.000000000000000001", 1, 18},
        {"999999999999999999", 999999999999999999, 0},
        {"0.999999999999999999", 999999999999999999, 18},
    };
    static const char *const bad[] = {
        "",
        "0",
        "0.0",
        "-1",
        "+1",
        "1e3",
        "1E-3",
        ".5",
        "5.",
        "01",
        "1,5",
        "NaN",
        " 1",
        "0x10",
        "1 EUR",
        "1000000000000000000",
        "0.0000000000000000001",
        "1.000000000000000001",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct rate rate;
        assert_true(rate_parse(span_of(good[i].text), &rate));
        assert_true(rate.significand == good[i].significand);
        assert_true(rate.n_decimals == good[i].n_decimals);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct rate rate = {.significand = 77};
        if (rate_parse(span_of(bad[i]), &rate))
            fail_msg("%s is taken for a rate", bad[i]);
        assert_true(rate.significand == 77);
    }
}

static void an_amount_is_rounded_half_to_even_and_checked(void **state)
{
    static const struct {
        const char *rate;
        int64_t micros, converted;
    } good[] = {
        {"0.5", 1, 0},
        {"0.5", 3, 2},
        {"0.5", 5, 2},
        {"0.5", -1, 0},
        {"0.5", -3, -2},
        {"0.92", 10000000, 9200000},
        {"0.0000345", 1000000, 34},           /* 34.5: to the even one */
        {"0.0000345", 3000000, 104},          /* 103.5 */
        {"0.0000345", 250000000000, 8625000}, /* 250,000 dong */
        {"1", INT64_MAX, INT64_MAX},
        {"1", INT64_MIN, INT64_MIN},
        {"0.000000000000000001", INT64_MAX, 9},
        {"999999999999999999", 9, 8999999999999999991},
        {"137000", 2500000, 342500000000},
    };
    static const struct {
        const char *rate;
        int64_t micros;
    } beyond[] = {
        {"1.000001", INT64_MAX},           {"2", 4611686018427387904},        {"999999999999999999", 10},
        {"999999999999999999", INT64_MAX}, {"999999999999999999", INT64_MIN},
    };
    struct rate rate;
    int64_t converted = 77;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_true(rate_parse(span_of(good[i].rate), &rate));
        assert_true(rate_convert(&rate, good[i].micros, &converted));
        if (converted != good[i].converted)
            fail_msg("%lld by %s is %lld", (long long)good[i].micros, good[i].rate, (long long)converted);
    }
    converted = 77;
    for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
        assert_true(rate_parse(span_of(beyond[i].rate), &rate));
        assert_false(rate_convert(&rate, beyond[i].micros, &converted));
        assert_true(converted == 77);
    }
}

static void the_latest_row_that_names_the_currency_holds(void **state)
{
    enum { DAY = 86400000 };
    CLEANUP(rating_deinit) struct rating rating;
    struct tz *utc;

    (void)state;
    assert_int_equal(tz_utc(&utc), 0);
    rating_init(&rating,
                "rates:\n"
                "  - {from: 1970-01-03, USD: 0.92, GBP: 1.17}\n"
                "  - {from: 1970-01-05, VND: 0.0000345}\n"
                "  - {from: 1970-01-07, USD: 0.95}\n",
                utc);
    tz_free(utc);
    assert_null(rates_at(rating.rates, "USD", 2 * DAY - 1));
    assert_true(rates_at(rating.rates, "USD", 2 * DAY)->significand == 92);
    assert_true(rates_at(rating.rates, "USD", 6 * DAY - 1)->significand == 92);
    assert_true(rates_at(rating.rates, "USD", 6 * DAY)->significand == 95);
    assert_true(rates_at(rating.rates, "USD", INT64_MAX)->significand == 95);
    assert_true(rates_at(rating.rates, "GBP", INT64_MAX)->significand == 117);
    assert_null(rates_at(rating.rates, "VND", 4 * DAY - 1));
    assert_true(rates_at(rating.rates, "VND", 4 * DAY)->n_decimals == 7);
    assert_true(rates_name(rating.rates, "VND"));
    assert_false(rates_name(rating.rates, "EUR"));
    assert_false(rates_name(rating.rates, "AAA"));
    assert_false(rates_name(rating.rates, "ZZZ"));
    assert_null(rates_at(rating.rates, "ZZZ", INT64_MAX));
    assert_null(rates_at(NULL, "USD", INT64_MAX));
    assert_false(rates_name(NULL, "USD"));
}

static void a_row_holds_from_the_first_instant_of_its_local_date(void **state)
{
    CLEANUP(rating_deinit) struct rating rating;
    struct tz *paris = zone_load("Europe/Paris");

    (void)state;
    rating_init(&rating, "rates: [{from: 2026-07-01, USD: 0.9}]", paris);
    tz_free(paris);
    assert_null(rates_at(rating.rates, "USD", 1782856799999)); /* 2026-06-30T21:59:59.999Z */
    assert_non_null(rates_at(rating.rates, "USD", 1782856800000));
}

static void a_wrong_row_is_told_with_its_place(void **state)
{
    static const struct {
        const char *yaml, *errors;
    } rows[] = {
        {"rates: [{USD: 0.9}]",
         "f:1:9: rates[0]: needs `from`: the first local date of the account on which the "
         "rates hold\n"},
        {"rates: [{from: 2026-01-01}]", "f:1:9: rates[0]: names no currency; at least one is needed, such as "
                                        "USD: 0.92\n"},
        {"rates: [{from: 2026-01-01, usd: 1}]",
         "f:1:33: rates[0]: \"usd\" is no currency; allowed are `from` and three upper-case letters, such as "
         "USD\n"},
        {"rates: [{from: 2026-01-01, USD: 0}]", "f:1:33: rates[0]: \"0\" is no rate of USD; allowed are "
                                                "decimals above 0 with up to 18 digits, such as "
                                                "0.92 or 0.0000345\n"},
        {"rates: [{from: 1969-12-31, USD: 1}]",
         "f:1:16: rates[0]: `from` is \"1969-12-31\"; allowed are dates from 1970-01-01 to 2200-01-01\n"},
        {"rates: [{from: 2026-01-01, EUR: 1}]",
         "f:1:9: rates[0]: EUR is the account's own currency; leave it out\n"},
        {"rates: [{from: 2026-01-02, USD: 1}, {from: 2026-01-02, GBP: 1}]",
         "f:1:37: rates[1]: `from` must be later than that of the row before\n"},
        {"rates: [7]",
         "f:1:9: rates[0]: must be a map of `from` and at most 200 rates, such as {from: 2026-01-01, "
         "USD: 0.92}\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(rating_deinit) struct rating rating;
        char *text;

        rating_read(&rating, rows[i].yaml);
        text = errors_text(&rating.errors);
        assert_string_equal(text, rows[i].errors);
        free(text);
    }
}

static void a_row_is_written_as_it_reads(void **state)
{
    static const char yaml[] = "{from: 2026-01-01, USD: 0.92, VND: 0.0000345, KWD: 3, BHD: 12.05}";
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    CLEANUP(rating_deinit) struct rating rating;
    char document[128];

    (void)state;
    (void)snprintf(document, sizeof(document), "rates: [%s]", yaml);
    rating_read(&rating, document);
    config_write_scalar(rates_row.element, rating.settings.items, false, &text);
    buffer_append_u8(&text, '\0');
    assert_string_equal(text.data, yaml);
    buffer_clear(&text);
    config_write_scalar(rates_row.element, rating.settings.items, true, &text);
    buffer_append_u8(&text, '\0');
    assert_string_equal(text.data,
                        "{\"from\": \"2026-01-01\", \"USD\": 0.92, \"VND\": 0.0000345, \"KWD\": 3, "
                        "\"BHD\": 12.05}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_a_decimal_of_up_to_18_digits),
        cmocka_unit_test(an_amount_is_rounded_half_to_even_and_checked),
        cmocka_unit_test(the_latest_row_that_names_the_currency_holds),
        cmocka_unit_test(a_row_holds_from_the_first_instant_of_its_local_date),
        cmocka_unit_test(a_wrong_row_is_told_with_its_place),
        cmocka_unit_test(a_row_is_written_as_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
