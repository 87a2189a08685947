#include "lib/goal/rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/event/event.h"

static void a_campaign_has_its_own_rules_or_the_defaults(void **state)
{
    (void)state;
    struct campaign_rules configured[] = {{.id = span_of("spring-sale")}, {.id = span_from("a\0b", 3)}};
    struct rule_book book = {.campaigns = configured, .n_campaigns = ARRAY_SIZE(configured)};
    for (size_t i = 0; i < ARRAY_SIZE(configured); i++)
        assert_int_equal(table_put(&book.by_id, configured[i].id, &configured[i]), 0);
    assert_ptr_equal(rule_book_find(&book, span_of("spring-sale")), &configured[0]);
    assert_ptr_equal(rule_book_find(&book, span_from("a\0b", 3)), &configured[1]);
    assert_ptr_equal(rule_book_find(&book, span_of("a")), &book.defaults);
    assert_ptr_equal(rule_book_find(&book, span_of("spring-sale2")), &book.defaults);
    assert_ptr_equal(rule_book_find(&book, span_of("Spring-Sale")), &book.defaults);
    assert_ptr_equal(rule_book_find(&book, (struct span){0}), &book.defaults);
    table_deinit(&book.by_id);
}

static void campaigns_that_roiwatch_names_itself_have_the_reserved_rules(void **state)
{
    (void)state;
    struct rule_book book = {0};
    assert_ptr_equal(rule_book_find(&book, span_of(CAMPAIGN_UNATTRIBUTED)), &book.reserved);
    assert_ptr_equal(rule_book_find(&book, span_of(CAMPAIGN_OVERFLOW)), &book.reserved);
    assert_ptr_equal(rule_book_find(&book, span_of("(overflow")), &book.defaults);
    assert_ptr_equal(rule_book_find(&book, span_of("(other)")), &book.defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_has_its_own_rules_or_the_defaults),
        cmocka_unit_test(campaigns_that_roiwatch_names_itself_have_the_reserved_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
