#include "tests/lib/config/small_schema.h"

static void what_is_absent_has_its_default(void **state)
{
    (void)state;
    CLEANUP(loaded_deinit) struct loaded loaded;
    load(&loaded, "count: 3\n");
    assert_int_equal(loaded.errors.n_errors, 0);
    assert_true(loaded.world.on);
    assert_int_equal(loaded.world.wait_ms, 30000);
    assert_int_equal(loaded.world.bytes, 1024);
    assert_int_equal(loaded.world.ratio_micro, 250000);
    assert_false(loaded.world.has_date);
    assert_string_equal(loaded.world.text, "roi:");
    assert_null(loaded.world.none);
    assert_int_equal(loaded.world.word, 1);
    assert_int_equal(loaded.world.doubled, 42);
    assert_int_equal(loaded.world.inner.deep, 5);
    assert_int_equal(loaded.world.list.n, 0);
    assert_int_equal(loaded.world.names.n, 2);
    assert_string_equal(loaded.world.names.items[1], "b");
    assert_int_equal(loaded.world.fixed, 604800000);
}

static void what_is_given_is_read(void **state)
{
    (void)state;
    CLEANUP(loaded_deinit) struct loaded loaded;
    load(
        &loaded,
        "{on: false, count: 9, wait: 1d, date: 1970-01-03, text: '~', none: x, word: clock, inner: {deep: 6},"
        " list: [{price: 1.5}, {price: 2}], map: {b: {price: 2}, a: {price: 1}}, names: [q], fixed: 168h,"
        " later: [40, 20]}");
    assert_int_equal(loaded.errors.n_errors, 0);
    assert_false(loaded.world.on);
    assert_int_equal(loaded.world.wait_ms, 86400000);
    assert_true(loaded.world.has_date);
    assert_int_equal(loaded.world.date, 2);
    assert_string_equal(loaded.world.text, "~");
    assert_string_equal(loaded.world.none, "x");
    assert_int_equal(loaded.world.word, 0);
    assert_int_equal(loaded.world.inner.deep, 6);
    assert_int_equal(loaded.world.list.n, 2);
    assert_int_equal(loaded.world.list.items[0].price_micros, 1500000);
    assert_int_equal(loaded.world.map.n, 2);
    assert_string_equal(loaded.world.map.items[0].name, "a");
    assert_int_equal(loaded.world.map.items[1].price_micros, 2000000);
    assert_string_equal(loaded.world.names.items[0], "q");
}

static void a_single_item_needs_no_list(void **state)
{
    (void)state;
    CLEANUP(loaded_deinit) struct loaded loaded;
    load(&loaded, "{count: 1, list: {price: 3}}");
    assert_int_equal(loaded.errors.n_errors, 0);
    assert_int_equal(loaded.world.list.n, 1);
    assert_int_equal(loaded.world.list.items[0].price_micros, 3000000);
}

static void each_mistake_is_told_with_place_key_and_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *errors;
    } cases[] = {
        {"{}", "f:1:1: count: is required. How many.\n"},
        {"[]", "f:1:1: must be a map with keys, not a list\n"},
        {"x", "f:1:1: must be a map with keys, not a value\n"},
        {"count: ~", "f:1:8: count: must be a number, but is empty\n"},
        {"count: 10", "f:1:8: count: 10 is out of range; allowed are 1 to 9\n"},
        {"count: ten", "f:1:8: count: \"ten\" is no number; allowed are whole numbers such as 64\n"},
        {"count: [1]", "f:1:8: count: must be a number, not a list\n"},
        {"count: {a: 1}", "f:1:8: count: must be a number, not a map\n"},
        {"count: 1\non: yes", "f:2:5: on: \"yes\" is not allowed; allowed are false, true\n"},
        {"count: 1\non: ture",
         "f:2:5: on: \"ture\" is not allowed; allowed are false, true; did you mean \"true\"?\n"},
        {"count: 1\nwait: 30",
         "f:2:7: wait: \"30\" is no duration; allowed are a whole number and its unit, such as "
         "250ms, 30s, 5m, 1h or 7d\n"},
        {"count: 1\nwait: 2d", "f:2:7: wait: 2d is out of range; allowed are 1s to 1d\n"},
        {"count: 1\nbytes: 1K",
         "f:2:8: bytes: \"1K\" is no size; allowed are a whole number and its unit, such as "
         "512B, 64KiB or 1MiB\n"},
        {"count: 1\nratio: 1/3",
         "f:2:8: ratio: \"1/3\" is no decimal; allowed are decimals with at most 6 digits after "
         "the point, such as 0.25\n"},
        {"count: 1\ndate: 2026-13-01",
         "f:2:7: date: \"2026-13-01\" is no date; allowed are dates such as 2026-01-31\n"},
        {"count: 1\ntext: ''", "f:2:7: text: has 0 bytes; allowed are 1 to 8 bytes\n"},
        {"count: 1\ntext: 123456789", "f:2:7: text: has 9 bytes; allowed are 1 to 8 bytes\n"},
        {"count: 1\ntext: ~", "f:2:7: text: must be a text, but is empty\n"},
        {"count: 1\nword: clok",
         "f:2:7: word: \"clok\" is not allowed; allowed are clock, log; did you mean \"clock\"?\n"},
        {"count: 1\nword: sundial", "f:2:7: word: \"sundial\" is not allowed; allowed are clock, log\n"},
        {"count: 1\ncoutn: 1", "f:2:1: coutn: unknown key; did you mean \"count\"?\n"},
        {"count: 1\ninner: {shallow: 1}", "f:2:9: inner.shallow: unknown key; allowed are deep\n"},
        {"count: 1\ninner: {deep: x}",
         "f:2:15: inner.deep: \"x\" is no number; allowed are whole numbers such as 64\n"},
        {"count: 1\ninner: 7", "f:2:8: inner: must be a map with keys, not a value\n"},
        {"count: 1\nlist: [{price: 1}, {}]", "f:2:20: list[1].price: is required. What it costs.\n"},
        {"count: 1\nlist: [{price: 1}, {price: 13}]", "f:2:28: list[1].price: must not be 13\n"},
        {"count: 1\nlist: [{price: 1}, {price: 1}, {price: 1}]",
         "f:2:7: list: has 3 items; allowed are at most 2 items\n"},
        {"count: 1\nmap: []", "f:2:6: map: must be a map, such as {name: value}\n"},
        {"count: 1\nmap: {a.b: {prise: 1, price: -1}}",
         "f:2:13: map.\"a.b\".prise: unknown key; did you mean \"price\"?\n"
         "f:2:30: map.\"a.b\".price: -1 is out of range; allowed are 0 to 1000\n"},
        {"count: 1\nmap: {'': {price: 1}}", "f:2:7: map.: a name has 0 bytes; allowed are 1 to 256\n"},
        {"count: 1\nnames: a", "f:2:8: names: must be a list, such as [a, b]\n"},
        {"count: 1\nnames: []", "f:2:8: names: has 0 items; allowed are 1 to 3 items\n"},
        {"count: 1\nnames: [a, 123456789]", "f:2:12: names[1]: has 9 bytes; allowed are 1 to 8 bytes\n"},
        {"count: 1\nfixed: 8d", "f:2:8: fixed: not yet in this version; allowed is only the default, 7d\n"},
        {"count: 1\nlater: [40]",
         "f:2:8: later: not yet in this version; allowed is only the default, [40, 20]\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(cases[i].yaml, cases[i].errors);
}

static void all_errors_are_told_at_once_up_to_a_bound(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer yaml = BUFFER_INIT;
    CLEANUP(loaded_deinit) struct loaded loaded;
    buffer_append_text(&yaml, "count: 1\nmap:\n");
    for (int i = 0; i < CONFIG_ERRORS_MAX + 50; i++)
        buffer_printf(&yaml, "  k%d: {price: x}\n", i);
    buffer_append_zeros(&yaml, 1);
    load(&loaded, yaml.data);
    assert_int_equal(loaded.errors.n_items, CONFIG_ERRORS_MAX);
    assert_int_equal(loaded.errors.n_errors, CONFIG_ERRORS_MAX + 50);
}

static void a_quoted_text_cannot_break_a_terminal(void **state)
{
    (void)state;
    assert_refused("count: \"\\e[1m\"",
                   "f:1:8: count: \"?[1m\" is no number; allowed are whole numbers such as 64\n");
    assert_refused(
        "count: aéééééééééééééééééééééééééééééééé",
        "f:1:8: count: \"aééééééééééééééééééééééééééééééé?\" is no number; allowed are whole numbers such as "
        "64\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(what_is_given_is_read),
        cmocka_unit_test(a_single_item_needs_no_list),
        cmocka_unit_test(each_mistake_is_told_with_place_key_and_what_is_allowed),
        cmocka_unit_test(all_errors_are_told_at_once_up_to_a_bound),
        cmocka_unit_test(a_quoted_text_cannot_break_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
