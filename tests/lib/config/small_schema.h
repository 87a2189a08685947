/*
 * For tests: a small schema with a row of every type, and reading by it.
 */
#ifndef ROIWATCH_TESTS_LIB_CONFIG_SMALL_SCHEMA_H
#define ROIWATCH_TESTS_LIB_CONFIG_SMALL_SCHEMA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/config/read.h"
#include "lib/config/value.h"
#include "lib/config/yaml.h"
#include "tests/lib/config/errors_text.h"

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

static inline void item_check(struct config_run *run, const struct config_node *node, void *record)
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

static inline bool doubled_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    const char *text = config_scalar(run, node, "number");
    if (!text || !value_int(text, ret_value))
        return false;
    *(int64_t *)ret_value *= 2;
    return true;
}

static inline void doubled_write(const void *value, bool json, struct buffer *buffer)
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

static inline void loaded_deinit(struct loaded *loaded)
{
    arena_deinit(&loaded->arena);
    config_errors_deinit(&loaded->errors);
}

static inline void load(struct loaded *loaded, const char *yaml)
{
    struct config_node *root;
    *loaded = (struct loaded){0};
    assert_int_equal(yaml_parse(&loaded->arena, span_of(yaml), "f", true, &loaded->errors, &root), 0);
    assert_non_null(root);
    assert_int_equal(config_read(&loaded->arena, &shape, root, &loaded->world, &loaded->errors), 0);
}

static inline void assert_refused(const char *yaml, const char *expected)
{
    CLEANUP(loaded_deinit) struct loaded loaded;
    load(&loaded, yaml);
    char *text = errors_text(&loaded.errors);
    assert_string_equal(text, expected);
    free(text);
}

#endif
