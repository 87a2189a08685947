#include "lib/base/tz.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/base/buffer.h"
#include "tests/lib/zone_file.h"

#define DAY_S INT64_C(86400)
#define YEAR_2000_S INT64_C(946684800)
#define YEAR_2100_S INT64_C(4102444800)

static const char *const zones[] = {
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Pacific/Auckland",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Europe/Dublin",
    "Asia/Gaza",
    "America/Nuuk",
    "Africa/Cairo",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
    "Asia/Tehran",
    "UTC",
};

static void agrees_at(const struct tz *tz, int64_t at_s)
{
    if (tz_offset_s(tz, at_s * 1000) != libc_offset_s(at_s))
        print_message("TZ=%s at %lld s\n", getenv("TZ"), (long long)at_s);
    assert_int_equal(tz_offset_s(tz, at_s * 1000), libc_offset_s(at_s));
    assert_int_equal(tz_offset_s(tz, at_s * 1000 + 999), libc_offset_s(at_s));
    assert_int_equal(tz_date(tz, at_s * 1000), libc_date(at_s));
}

/* The first second after from_s at which the C library's offset differs, or to_s. */
static int64_t libc_next_change(int64_t from_s, int64_t to_s)
{
    int32_t offset_s = libc_offset_s(from_s);
    int64_t low = from_s;
    int64_t high = from_s;
    while (high < to_s && libc_offset_s(high) == offset_s) {
        low = high;
        high += 5 * DAY_S;
    }
    if (high >= to_s)
        return to_s;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (libc_offset_s(middle) == offset_s)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void every_offset_agrees_with_the_c_library(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
        struct tz *tz = zone_load(zones[i]);
        assert_non_null(tz);
        libc_zone(zones[i]);
        for (size_t n = 0; n < 5000; n++)
            agrees_at(tz, random_between(&seed, YEAR_2000_S, YEAR_2100_S));
        for (int64_t at_s = YEAR_2000_S; at_s < YEAR_2100_S; at_s = libc_next_change(at_s, YEAR_2100_S))
            for (int64_t around = -2; around <= 2; around++)
                agrees_at(tz, at_s + around);
        tz_free(tz);
    }
}

/* The least second near the date whose local date is it or a later one, by trying whole minutes. */
static int64_t libc_first_instant(int64_t date)
{
    int64_t at_s = date * DAY_S - 27 * 3600;
    while (libc_date(at_s) < date)
        at_s += 60;
    return at_s;
}

static void the_first_instant_of_a_date_is_what_a_search_finds(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
        struct tz *tz = zone_load(zones[i]);
        assert_non_null(tz);
        libc_zone(zones[i]);
        for (size_t n = 0; n < 40; n++) {
            int64_t date = random_between(&seed, YEAR_2000_S / DAY_S, YEAR_2100_S / DAY_S);
            assert_int_equal(tz_first_instant(tz, date), libc_first_instant(date) * 1000);
        }
        int64_t until_s = YEAR_2000_S + 40 * 366 * DAY_S;
        int64_t at_s = YEAR_2000_S;
        while ((at_s = libc_next_change(at_s, until_s)) < until_s)
            for (int64_t date = at_s / DAY_S - 1; date <= at_s / DAY_S + 2; date++)
                assert_int_equal(tz_first_instant(tz, date), libc_first_instant(date) * 1000);
        tz_free(tz);
    }
}

static int64_t date_of(const char *text)
{
    int64_t date;
    assert_int_equal(date_parse(span_of(text), &date), 0);
    return date;
}

static void days_are_as_long_as_their_clocks_say(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *date;
        int64_t start_utc_s; /* less the date's midnight in UTC */
        int64_t length_s;
    } days[] = {
        {"Europe/Paris", "2026-03-29", -3600, 23 * 3600},
        {"Europe/Paris", "2026-10-25", -7200, 25 * 3600},
        {"Europe/Paris", "2099-03-29", -3600, 23 * 3600},
        {"America/New_York", "2026-11-01", 4 * 3600, 25 * 3600},
        {"Australia/Lord_Howe", "2026-04-05", -11 * 3600, 24 * 3600 + 1800},
        {"Australia/Lord_Howe", "2026-10-04", -10 * 3600 - 1800, 24 * 3600 - 1800},
        {"America/Sao_Paulo", "2018-11-04", 3 * 3600, 23 * 3600}, /* starts at 01:00 */
        {"America/Sao_Paulo", "2018-02-17", 2 * 3600, 25 * 3600},
        {"Pacific/Apia", "2011-12-29", 10 * 3600, 24 * 3600},
        {"Pacific/Apia", "2011-12-30", 10 * 3600, 0}, /* never was: starts where the next does */
        {"Pacific/Apia", "2011-12-31", 10 * 3600 - DAY_S, 24 * 3600},
        {"America/St_Johns", "2009-11-01", 2 * 3600 + 1800, 25 * 3600}, /* midnight comes twice */
        {"Asia/Kolkata", "2026-06-01", -5 * 3600 - 1800, 24 * 3600},
    };
    for (size_t i = 0; i < ARRAY_SIZE(days); i++) {
        struct tz *tz = zone_load(days[i].zone);
        assert_non_null(tz);
        int64_t date = date_of(days[i].date);
        int64_t start_ms = tz_first_instant(tz, date);
        assert_int_equal(start_ms / 1000 - date * DAY_S, days[i].start_utc_s);
        assert_int_equal(tz_first_instant(tz, date + 1) - start_ms, days[i].length_s * 1000);
        tz_free(tz);
    }
}

static void utc_needs_no_file(void **state)
{
    (void)state;
    struct tz *tz;
    assert_int_equal(tz_utc(&tz), 0);
    assert_int_equal(tz_offset_s(tz, 1795303612345), 0);
    assert_int_equal(tz_date(tz, 0), 0);
    assert_int_equal(tz_date(tz, -1), -1);
    assert_int_equal(tz_date(tz, DAY_S * 1000 - 1), 0);
    assert_int_equal(tz_first_instant(tz, 20000), 20000 * DAY_S * 1000);
    tz_free(tz);
    tz_free(NULL);
}

static void append_header(struct buffer *file, uint32_t n_leaps, uint32_t n_times)
{
    buffer_append_text(file, "TZif2");
    buffer_append_zeros(file, 15);
    buffer_append_u32(file, 0);
    buffer_append_u32(file, 0);
    buffer_append_u32(file, n_leaps);
    buffer_append_u32(file, n_times);
    buffer_append_u32(file, 1);
    buffer_append_u32(file, 4);
}

/* Where things stand in a sketched file. */
enum {
    AT_VERSION = 4,
    AT_COUNTS = 20,
    AT_HEADER = 54, /* the second one, that counts */
    AT_N_TYPES = AT_HEADER + 36,
    AT_TIMES = AT_HEADER + 44,
    AT_TYPES_OF_EACH = AT_TIMES + 16,
    AT_OFFSET = AT_TYPES_OF_EACH + 2,
};

/* A valid file with two transitions, 100 s before and after the epoch, of one type, an hour east. */
static struct buffer sketch_file(uint32_t n_leaps, const char *footer)
{
    struct buffer file = BUFFER_INIT;
    append_header(&file, 0, 0);
    buffer_append_zeros(&file, 6 + 4);
    append_header(&file, n_leaps, 2);
    buffer_append_i64(&file, -100);
    buffer_append_i64(&file, 100);
    buffer_append_zeros(&file, 2);
    buffer_append_u32(&file, 3600);
    buffer_append_zeros(&file, 2 + 4 + (size_t)n_leaps * 12);
    buffer_append_text(&file, footer);
    assert_int_equal(buffer_status(&file), 0);
    return file;
}

static int parse_sketch(const char *footer, struct tz **ret_tz)
{
    struct buffer file = sketch_file(0, footer);
    int r = tz_parse(buffer_span(&file), ret_tz);
    buffer_deinit(&file);
    return r;
}

static void a_file_that_is_no_zone_is_malformed(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *bytes;
        size_t size;
    } patches[] = {
        {0, "t", 1},
        {AT_VERSION, "\0", 1}, /* version 1 */
        {AT_HEADER, "t", 1},
        {AT_HEADER + AT_VERSION, "\0", 1},
        {AT_N_TYPES, "\0\0\0\0", 4},
        {AT_TIMES, "\0\0\0\0\0\0\0\x64", 8}, /* both at one instant */
        {AT_TIMES, "\0\0\0\0\0\0\0\x65", 8}, /* not ascending */
        {AT_TYPES_OF_EACH + 1, "\x01", 1},   /* there is one type only */
        {AT_TYPES_OF_EACH, "\xff", 1},
        {AT_OFFSET, "\x00\x01\x6d\xa1", 4}, /* 26 h and a second */
        {AT_OFFSET, "\xff\xfe\xa0\x6f", 4}, /* -25 h and a second */
        {AT_OFFSET, "\x80\x00\x00\x00", 4},
    };
    struct tz *tz = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(patches); i++) {
        struct buffer file = sketch_file(0, "\n<+01>-1\n");
        memcpy(file.data + patches[i].at, patches[i].bytes, patches[i].size);
        assert_int_equal(tz_parse(buffer_span(&file), &tz), TZ_MALFORMED);
        assert_null(tz);
        buffer_deinit(&file);
    }
    assert_int_equal(tz_parse((struct span){0}, &tz), TZ_MALFORMED);
}

static void a_footer_is_one_line_and_the_end(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n", "\nUTC\n", "\nUTC0", "\nUTC0\n\n", "UTC0\n", "\nUTC0\nx"};
    struct tz *tz = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(parse_sketch(bad[i], &tz), TZ_MALFORMED);
        assert_null(tz);
    }
    assert_int_equal(parse_sketch("\nUTC0\n", &tz), 0);
    assert_int_equal(tz_offset_s(tz, 99999), 3600);
    assert_int_equal(tz_offset_s(tz, 100000), 0);
    tz_free(tz);
}

static void a_zone_that_counts_leap_seconds_is_refused(void **state)
{
    (void)state;
    struct tz *tz = NULL;
    struct buffer file = sketch_file(1, "\n<+01>-1\n");
    assert_int_equal(tz_parse(buffer_span(&file), &tz), TZ_MALFORMED);
    assert_null(tz);
    buffer_deinit(&file);
}

static void counts_beyond_the_file_are_malformed(void **state)
{
    (void)state;
    struct tz *tz = NULL;
    struct buffer file = sketch_file(0, "\n<+01>-1\n");
    for (size_t header = 0; header <= AT_HEADER; header += AT_HEADER) {
        for (size_t count = 0; count < 6; count++) {
            char *field = file.data + header + AT_COUNTS + count * 4;
            char before[4];
            memcpy(before, field, sizeof(before));
            memset(field, 0xff, sizeof(before));
            assert_int_equal(tz_parse(buffer_span(&file), &tz), TZ_MALFORMED);
            memcpy(field, before, sizeof(before));
        }
    }
    assert_int_equal(tz_parse(buffer_span(&file), &tz), 0);
    tz_free(tz);
    buffer_deinit(&file);
}

static void without_a_rule_the_last_offset_holds(void **state)
{
    (void)state;
    struct tz *tz;
    assert_int_equal(parse_sketch("\n\n", &tz), 0);
    assert_int_equal(tz_offset_s(tz, YEAR_2100_S * 1000), 3600);
    assert_int_equal(tz_first_instant(tz, 30000), (30000 * DAY_S - 3600) * 1000);
    tz_free(tz);
}

static void a_truncated_file_is_malformed(void **state)
{
    (void)state;
    struct tz *tz = NULL;
    struct span bytes = zone_bytes("Europe/Paris");
    assert_true(bytes.size > 0);
    for (size_t size = 0; size < bytes.size; size++) {
        /* A copy of that very size, so that the sanitizer sees a read beyond it. */
        char *copy = malloc(size ? size : 1);
        memcpy(copy, bytes.data, size);
        assert_int_equal(tz_parse(span_from(copy, size), &tz), TZ_MALFORMED);
        free(copy);
    }
    free((char *)bytes.data);
}

static void ask_everything(const struct tz *tz)
{
    static const int64_t instants[] = {INT64_MIN, -1, 0, 1795303612345, 4102444800000, INT64_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(instants); i++) {
        int32_t offset_s = tz_offset_s(tz, instants[i]);
        assert_true(offset_s >= -25 * 3600 && offset_s <= 26 * 3600);
        (void)tz_date(tz, instants[i]);
        (void)tz_first_instant(tz, instants[i]);
        int64_t date = instants[i] / (DAY_S * 1000);
        if (instants[i] > INT64_MIN && instants[i] < INT64_MAX)
            assert_true(tz_first_instant(tz, date) <= tz_first_instant(tz, date + 1));
    }
}

static void a_mutated_file_is_read_safely(void **state)
{
    (void)state;
    uint64_t seed = 5;
    size_t n_accepted = 0;
    struct span bytes = zone_bytes("America/Sao_Paulo");
    char *copy = malloc(bytes.size);
    for (size_t n = 0; n < 20000; n++) {
        memcpy(copy, bytes.data, bytes.size);
        for (int64_t i = random_between(&seed, 1, 4); i > 0; i--)
            copy[next_random(&seed) % bytes.size] = (char)next_random(&seed);
        struct tz *tz = NULL;
        int r = tz_parse(span_from(copy, bytes.size), &tz);
        assert_true(r == 0 || r == TZ_MALFORMED);
        if (r == 0) {
            ask_everything(tz);
            n_accepted++;
        }
        tz_free(tz);
    }
    assert_true(n_accepted > 100 && n_accepted < 20000);
    free(copy);
    free((char *)bytes.data);
}

static void instants_at_the_ends_of_time_are_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
        struct tz *tz = zone_load(zones[i]);
        ask_everything(tz);
        tz_free(tz);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_offset_agrees_with_the_c_library),
        cmocka_unit_test(the_first_instant_of_a_date_is_what_a_search_finds),
        cmocka_unit_test(days_are_as_long_as_their_clocks_say),
        cmocka_unit_test(utc_needs_no_file),
        cmocka_unit_test(a_file_that_is_no_zone_is_malformed),
        cmocka_unit_test(a_footer_is_one_line_and_the_end),
        cmocka_unit_test(a_zone_that_counts_leap_seconds_is_refused),
        cmocka_unit_test(counts_beyond_the_file_are_malformed),
        cmocka_unit_test(without_a_rule_the_last_offset_holds),
        cmocka_unit_test(a_truncated_file_is_malformed),
        cmocka_unit_test(a_mutated_file_is_read_safely),
        cmocka_unit_test(instants_at_the_ends_of_time_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
