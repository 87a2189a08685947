#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/must.h"
#include "lib/event/event.h"

static void types_have_their_names_and_topics(void **state)
{
    (void)state;
    assert_string_equal(event_type_name(EVENT_NONE), "none");
    assert_string_equal(event_type_name(EVENT_IMPRESSION), "impression");
    assert_string_equal(event_type_name(EVENT_SPEND), "spend");
    assert_string_equal(event_type_name(N_EVENT_TYPES), "invalid");
    assert_string_equal(event_type_topic_key(EVENT_NONE), "mixed");
    assert_string_equal(event_type_topic_key(EVENT_CLICK), "clicks");
    assert_string_equal(event_type_topic_key((enum event_type)99), "invalid");
}

static void a_type_is_found_by_its_exact_name(void **state)
{
    (void)state;
    for (enum event_type type = EVENT_NONE + 1; type < N_EVENT_TYPES; type++)
        assert_int_equal(event_type_find(span_of(event_type_name(type))), type);
    assert_int_equal(event_type_find(span_of("Click")), EVENT_NONE);
    assert_int_equal(event_type_find(span_of("clicks")), EVENT_NONE);
    assert_int_equal(event_type_find(span_of("none")), EVENT_NONE);
    assert_int_equal(event_type_find(span_of("")), EVENT_NONE);
    assert_int_equal(event_type_find((struct span){NULL, 0}), EVENT_NONE);
}

static void reasons_are_the_contracts_list_in_its_order(void **state)
{
    static const char *const names[] = {
        "none",
        "empty",
        "not_json",
        "not_object",
        "repeated_name",
        "unknown_type",
        "missing_field",
        "bad_type",
        "bad_time",
        "future",
        "bad_money",
        "negative_money",
        "money_range",
        "bad_id",
        "reserved_id",
        "unknown_currency",
        "unknown_ad",
        "bad_range",
        "too_large",
        "unknown_order",
        "refund_after_horizon",
    };
    (void)state;
    assert_int_equal(ARRAY_SIZE(names), N_REJECT_REASONS);
    for (size_t i = 0; i < N_REJECT_REASONS; i++) {
        assert_string_equal(reject_reason_name((enum reject_reason)i), names[i]);
        assert_true(strlen(reject_reason_meaning((enum reject_reason)i)) > 10);
    }
    assert_string_equal(reject_reason_name(N_REJECT_REASONS), "invalid");
    assert_string_equal(reject_reason_meaning(N_REJECT_REASONS), "invalid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_their_names_and_topics),
        cmocka_unit_test(a_type_is_found_by_its_exact_name),
        cmocka_unit_test(reasons_are_the_contracts_list_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
