#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/config/document.h"
#include "lib/config/read.h"
#include "lib/config/value.h"
#include "lib/config/write.h"
#include "lib/config/yaml.h"
#include "tests/lib/config/errors_text.h"

/* A small schema with a row of every type. */
struct item {
    const char *name;
    int64_t price_micros;
};

struct world {
    bool on;
    int64_t count;
    int64_t wait_ms;
    int64_t bytes;
    int64_t ratio_micro;
    int64_t date;
    bool has_date;
    const char *text;
    const char *none;
    unsigned word;
    int64_t doubled;
    struct {
        int64_t deep;
    } inner;
    struct {
        struct item *items;
        size_t n;
    } list;
    struct {
        struct item *items;
        size_t n;
    } map;
    struct {
        const char **items;
        size_t n;
    } names;
    int64_t fixed;
};

static const struct config_row item_rows[] = {
    {.key = "price",
     .type = CONFIG_MONEY,
     .flags = CONFIG_REQUIRED,
     .most = 1000000000,
     .help = "What it costs.",
     .offset = offsetof(struct item, price_micros)},
};

static void item_check(struct config_run *run, const struct config_node *node, void *record)
{
    if (((const struct item *)record)->price_micros == 13000000)
        config_fail_key(run, node, "price", "must not be 13");
}

static const struct config_shape item_shape = {item_rows, ARRAY_SIZE(item_rows), sizeof(struct item),
                                               item_check};
static const struct config_row item_element = {.type = CONFIG_RECORD, .shape = &item_shape};
static const struct config_row name_element = {.type = CONFIG_TEXT, .least = 1, .most = 8};

static const struct config_row inner_rows[] = {
    {.key = "deep", .type = CONFIG_INT, .fallback = "5", .flags = 0, .help = "Deep.", .offset = 0},
};
static const struct config_shape inner_shape = {inner_rows, ARRAY_SIZE(inner_rows), sizeof(int64_t), NULL};

static bool doubled_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    const char *text = config_scalar(run, node, "number");
    if (!text || !value_int(text, ret_value))
        return false;
    *(int64_t *)ret_value *= 2;
    return true;
}

static void doubled_write(const void *value, bool json, struct buffer *buffer)
{
    (void)json;
    buffer_printf(buffer, "%lld", (long long)*(const int64_t *)value / 2);
}

static const struct config_custom doubled = {"number", sizeof(int64_t), doubled_read, doubled_write};
static const char *const words[] = {"clock", "log", NULL};

#define AT(field) .offset = offsetof(struct world, field)

static const struct config_row rows[] = {
    {.key = "on", .type = CONFIG_BOOL, .fallback = "true", .help = "On.", AT(on)},
    {.key = "count",
     .type = CONFIG_INT,
     .flags = CONFIG_REQUIRED,
     .least = 1,
     .most = 9,
     .example = "3",
     .help = "How many.",
     AT(count)},
    {.key = "wait",
     .type = CONFIG_DURATION,
     .fallback = "30s",
     .least = 1000,
     .most = 86400000,
     .help = "Wait.",
     .effect = EFFECT_LIVE,
     AT(wait_ms)},
    {.key = "bytes", .type = CONFIG_SIZE, .fallback = "1KiB", .help = "Bytes.", AT(bytes)},
    {.key = "ratio", .type = CONFIG_DECIMAL, .fallback = "0.25", .help = "Ratio.", AT(ratio_micro)},
    {.key = "date",
     .type = CONFIG_DATE,
     .flags = CONFIG_OPTIONAL | CONFIG_MARKED,
     .help = "Date.",
     AT(date),
     .mark_offset = offsetof(struct world, has_date)},
    {.key = "text",
     .type = CONFIG_TEXT,
     .fallback = "roi:",
     .least = 1,
     .most = 8,
     .help = "Text.",
     AT(text)},
    {.key = "none",
     .type = CONFIG_TEXT,
     .fallback = "~",
     .flags = CONFIG_OPTIONAL,
     .help = "None.",
     AT(none)},
    {.key = "word", .type = CONFIG_WORD, .fallback = "log", .words = words, .help = "Word.", AT(word)},
    {.key = "doubled",
     .type = CONFIG_CUSTOM,
     .fallback = "21",
     .custom = &doubled,
     .help = "Doubled.",
     AT(doubled)},
    {.key = "inner", .type = CONFIG_RECORD, .shape = &inner_shape, .help = "Inner.", AT(inner)},
    {.key = "list",
     .type = CONFIG_LIST,
     .flags = CONFIG_ONE_OR_LIST,
     .fallback = "[]",
     .most = 2,
     .help = "List.",
     .element = &item_element,
     .item_size = sizeof(struct item),
     AT(list)},
    {.key = "map",
     .type = CONFIG_MAP,
     .fallback = "{}",
     .help = "Map.",
     .item = "NAME",
     .element = &item_element,
     .item_size = sizeof(struct item),
     AT(map)},
    {.key = "names",
     .type = CONFIG_LIST,
     .fallback = "[a, b]",
     .least = 1,
     .most = 3,
     .help = "Names.",
     .element = &name_element,
     .item_size = sizeof(const char *),
     AT(names)},
    {.key = "fixed",
     .type = CONFIG_DURATION,
     .flags = CONFIG_NOT_YET,
     .fallback = "7d",
     .help = "Fixed.",
     AT(fixed)},
    {.key = "later", .type = CONFIG_LATER, .flags = CONFIG_NOT_YET, .fallback = "[40, 20]", .help = "Later."},
};
static const struct config_shape shape = {rows, ARRAY_SIZE(rows), sizeof(struct world), NULL};

struct loaded {
    struct arena arena;
    struct config_errors errors;
    struct world world;
};

static void loaded_deinit(struct loaded *loaded)
{
    arena_deinit(&loaded->arena);
    config_errors_deinit(&loaded->errors);
}

static void load(struct loaded *loaded, const char *yaml)
{
    struct config_node *root;
    *loaded = (struct loaded){0};
    assert_int_equal(yaml_parse(&loaded->arena, span_of(yaml), "f", true, &loaded->errors, &root), 0);
    assert_non_null(root);
    assert_int_equal(config_read(&loaded->arena, &shape, root, &loaded->world, &loaded->errors), 0);
}

static void assert_refused(const char *yaml, const char *expected)
{
    CLEANUP(loaded_deinit) struct loaded loaded;
    load(&loaded, yaml);
    char *text = errors_text(&loaded.errors);
    assert_string_equal(text, expected);
    free(text);
}

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

static void write_yaml(const struct loaded *loaded, struct buffer *buffer)
{
    config_write_yaml(&shape, &loaded->world, buffer);
    buffer_append_zeros(buffer, 1);
}

static void what_is_written_reads_back_as_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "count: 1",
        "{count: 2, list: {price: 3}, map: {'a.b': {price: 1}, '{': {price: 2}}, none: 'null', date: "
        "2026-01-01}",
        "{count: 2, list: [{price: 3}, {price: 0.000001}], names: ['x: y'], word: clock, on: false, wait: "
        "60s}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        CLEANUP(buffer_deinit) struct buffer first = BUFFER_INIT, second = BUFFER_INIT, third = BUFFER_INIT;
        CLEANUP(buffer_deinit) struct buffer json = BUFFER_INIT;
        CLEANUP(loaded_deinit) struct loaded loaded, again, from_json;
        load(&loaded, texts[i]);
        write_yaml(&loaded, &first);
        load(&again, first.data);
        write_yaml(&again, &second);
        assert_string_equal(first.data, second.data);
        config_write_json(&shape, &loaded.world, &json);
        buffer_append_zeros(&json, 1);
        load(&from_json, json.data);
        write_yaml(&from_json, &third);
        assert_string_equal(first.data, third.data);
        assert_int_equal(loaded.errors.n_errors + again.errors.n_errors + from_json.errors.n_errors, 0);
    }
}

static void the_canonical_forms_are_exactly_these(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    CLEANUP(loaded_deinit) struct loaded loaded;
    load(&loaded, "{count: 2, list: [{price: 3}, {price: 0.5}], map: {a: {price: 1}}, wait: 60s}");
    write_yaml(&loaded, &text);
    assert_string_equal(text.data,
                        "on: true\ncount: 2\nwait: 1m\nbytes: 1KiB\nratio: 0.25\ntext: \"roi:\"\nnone: ~\n"
                        "word: log\ndoubled: 21\ninner:\n  deep: 5\nlist:\n  - price: 3\n  - price: 0.5\n"
                        "map:\n  a:\n    price: 1\nnames:\n  - a\n  - b\nfixed: 7d\nlater: [40, 20]\n");
    buffer_clear(&text);
    config_write_json(&shape, &loaded.world, &text);
    buffer_append_zeros(&text, 1);
    assert_string_equal(text.data,
                        "{\"on\":true,\"count\":2,\"wait\":\"1m\",\"bytes\":\"1KiB\",\"ratio\":0.25,\"text\":"
                        "\"roi:\",\"none\":null,\"word\":\"log\",\"doubled\":21,\"inner\":{\"deep\":5},"
                        "\"list\":[{\"price\":3},{\"price\":0.5}],\"map\":{\"a\":{\"price\":1}},\"names\":"
                        "[\"a\",\"b\"],\"fixed\":\"7d\",\"later\":[40, 20]}\n");
}

static void the_sample_shows_every_key_and_reads_as_the_defaults(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer sample = BUFFER_INIT;
    CLEANUP(loaded_deinit) struct loaded loaded;
    config_document_sample(&shape, &sample);
    buffer_append_zeros(&sample, 1);
    assert_non_null(strstr(
        sample.data, "\n# How many. Required. Allowed: 1 to 9. A change: at the next start.\ncount: 3\n"));
    assert_non_null(strstr(sample.data, "\n# Wait. Allowed: 1s to 1d. A change: live.\n#wait: 30s\n"));
    assert_non_null(
        strstr(sample.data, "\n# Inner.\ninner:\n  # Deep. A change: at the next start.\n  #deep: 5\n"));
    assert_non_null(strstr(sample.data, "#text: \"roi:\"\n"));
    assert_non_null(strstr(sample.data, "#later: [40, 20]\n"));
    load(&loaded, sample.data);
    assert_int_equal(loaded.errors.n_errors, 0);
    assert_int_equal(loaded.world.count, 3);
}

static void the_reference_has_a_table_for_every_part_once(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    config_document_reference(&shape, &text);
    buffer_append_zeros(&text, 1);
    assert_non_null(strstr(text.data, "\n| `wait` | duration | `30s` | 1s to 1d | live | Wait. |\n"));
    assert_non_null(
        strstr(text.data, "\n| `count` | number | required | 1 to 9 | at the next start | How many. |\n"));
    assert_non_null(strstr(text.data, "\n### inner\n\n| key"));
    assert_non_null(strstr(text.data, "\n### list[]\n\n| key"));
    assert_non_null(strstr(text.data, "\n### map.NAME\n\nAs `list[]`.\n"));
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
        cmocka_unit_test(what_is_written_reads_back_as_the_same),
        cmocka_unit_test(the_canonical_forms_are_exactly_these),
        cmocka_unit_test(the_sample_shows_every_key_and_reads_as_the_defaults),
        cmocka_unit_test(the_reference_has_a_table_for_every_part_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
