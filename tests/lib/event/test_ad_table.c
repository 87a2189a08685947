/* Lookup files: which are taken, which are refused and where; and what a table says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/event/ad_table.h"

#define HEADER "ad_id,campaign_id\n"
#define LONG_ID                                                                                              \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"   \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"   \
    "01234567890123456789012345678901234567890123456789012345"

static struct ad_table *table_of(const char *text)
{
    struct ad_table *table = NULL;
    size_t line;
    int r = ad_table_read(span_of(text), &table, &line);
    if (r != 0)
        fail_msg("line %zu of \"%s\": %s", line, text, ad_fault_text((enum ad_fault)r));
    return table;
}

static void assert_finds(const struct ad_table *table, const char *ad, const char *campaign)
{
    struct span found = ad_table_find(table, span_of(ad));
    if (!campaign) {
        assert_null(found.data);
        return;
    }
    assert_non_null(found.data);
    assert_true(span_equal(found, span_of(campaign)));
}

static void files_are_taken_however_their_lines_and_quotes_are(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *ad, *campaign;
    } cases[] = {
        {"ad_id,campaign_id", 0, "a", NULL},
        {HEADER, 0, "a", NULL},
        {HEADER "a,b", 1, "a", "b"},
        {HEADER "a,b\n", 1, "a", "b"},
        {"ad_id,campaign_id\r\na,b\r\nc,d\r\n", 2, "c", "d"},
        {"\xEF\xBB\xBF" HEADER "a,b\n", 1, "a", "b"},
        {"\"ad_id\",\"campaign_id\"\n\"a\",\"b\"\n", 1, "a", "b"},
        {HEADER "\"a,1\",\"say \"\"b\"\"\"\n", 1, "a,1", "say \"b\""},
        {HEADER "\"a\nb\",c\n", 1, "a\nb", "c"},
        {HEADER "\n\na,b\n\r\n\n", 1, "a", "b"},
        {HEADER " a , b \n", 1, " a ", " b "},
        {HEADER "a,b\na,b\n", 1, "a", "b"},
        {HEADER "a,(overflow)\n", 1, "a", "(overflow)"},
        {HEADER "\xC3\xA9,\xE2\x82\xAC\n", 1, "\xC3\xA9", "\xE2\x82\xAC"},
        {HEADER LONG_ID "," LONG_ID "\n", 1, LONG_ID, LONG_ID},
        {HEADER "a\rb,c\n", 1, "a\rb", "c"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ad_table *table = table_of(cases[i].text);
        assert_int_equal(ad_table_count(table), cases[i].n);
        assert_finds(table, cases[i].ad, cases[i].campaign);
        assert_finds(table, "another", NULL);
        ad_table_free(table);
    }
}

static void a_wrong_line_is_named(void **state)
{
    static const struct {
        const char *text;
        enum ad_fault fault;
        size_t line;
    } cases[] = {
        {"", AD_BAD_HEADER, 1},
        {"\n" HEADER, AD_BAD_HEADER, 1},
        {"campaign_id,ad_id\n", AD_BAD_HEADER, 1},
        {"ad_id;campaign_id\n", AD_BAD_HEADER, 1},
        {"ad_id,campaign_id,more\n", AD_BAD_HEADER, 1},
        {"\"ad_id,campaign_id\n", AD_BAD_HEADER, 1},
        {"a,b\nc,d\n", AD_BAD_HEADER, 1},
        {HEADER "a\n", AD_BAD_COLUMNS, 2},
        {HEADER "a,b,c\n", AD_BAD_COLUMNS, 2},
        {HEADER "a,b,\n", AD_BAD_COLUMNS, 2},
        {HEADER "a,b\nc\n", AD_BAD_COLUMNS, 3},
        {HEADER "a,b\n\nc\n", AD_BAD_COLUMNS, 4},
        {HEADER "\"a\n\n\",b\nc\n", AD_BAD_COLUMNS, 5},
        {HEADER ",b\n", AD_BAD_ID, 2},
        {HEADER "\"\",b\n", AD_BAD_ID, 2},
        {HEADER LONG_ID "x,b\n", AD_BAD_ID, 2},
        {HEADER "\xC3,b\n", AD_BAD_ID, 2},
        {HEADER "a,\n", AD_BAD_CAMPAIGN, 2},
        {HEADER "a," LONG_ID "x\n", AD_BAD_CAMPAIGN, 2},
        {HEADER "a,\xED\xA0\x80\n", AD_BAD_CAMPAIGN, 2},
        {HEADER "a,b\na,c\n", AD_TWICE, 3},
        {HEADER "a,b\nc,d\"e\n", AD_BAD_QUOTE, 3},
        {HEADER "a,b\nc,\"d\n", AD_BAD_QUOTE, 3},
        {HEADER "\"a\"b,c\n", AD_BAD_QUOTE, 2},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ad_table *table = NULL;
        size_t line = 0;
        int r = ad_table_read(span_of(cases[i].text), &table, &line);
        if (r != (int)cases[i].fault || line != cases[i].line)
            fail_msg("case %zu: %s at line %zu", i, ad_fault_text((enum ad_fault)r), line);
        assert_null(table);
    }
}

static void a_nul_is_in_no_id(void **state)
{
    (void)state;
    struct ad_table *table = NULL;
    assert_int_equal(ad_table_new(&table), 0);
    assert_int_equal(ad_table_add(table, span_from("a\0b", 3), span_of("c")), AD_BAD_ID);
    assert_int_equal(ad_table_add(table, span_of("a"), span_from("\0", 1)), AD_BAD_CAMPAIGN);
    assert_int_equal(ad_table_count(table), 0);
    ad_table_free(table);
}

static void a_table_takes_a_million_ads_and_no_more(void **state)
{
    (void)state;
    char ad[16];
    struct ad_table *table = NULL;
    assert_int_equal(ad_table_new(&table), 0);
    for (int i = 0; i < AD_ROWS_MAX; i++) {
        int size = snprintf(ad, sizeof(ad), "%d", i);
        assert_int_equal(ad_table_add(table, span_from(ad, (size_t)size), span_of("c")), 0);
    }
    assert_int_equal(ad_table_add(table, span_of("one more"), span_of("c")), AD_TOO_MANY);
    assert_int_equal(ad_table_add(table, span_of("0"), span_of("c")), 0);
    assert_int_equal(ad_table_count(table), AD_ROWS_MAX);
    assert_finds(table, "999999", "c");
    ad_table_free(table);
}

static void changes_are_rows_that_went_or_say_something_else(void **state)
{
    (void)state;
    struct ad_table *before = table_of(HEADER "a,x\nb,y\nc,z\n");
    struct ad_table *same = table_of(HEADER "c,z\nb,y\na,x\nd,x\n");
    struct ad_table *other = table_of(HEADER "a,x\nb,z\n");
    assert_int_equal(ad_table_changes(before, same), 0);
    assert_int_equal(ad_table_changes(before, other), 2);
    ad_table_free(before);
    ad_table_free(same);
    ad_table_free(other);
    ad_table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_taken_however_their_lines_and_quotes_are),
        cmocka_unit_test(a_wrong_line_is_named),
        cmocka_unit_test(a_nul_is_in_no_id),
        cmocka_unit_test(a_table_takes_a_million_ads_and_no_more),
        cmocka_unit_test(changes_are_rows_that_went_or_say_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
