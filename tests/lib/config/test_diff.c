#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/config/diff.h"
#include "lib/config/read.h"
#include "lib/config/yaml.h"
#include "tests/lib/config/errors_text.h"

struct price {
    const char *name; /* of a map's entry */
    int64_t cpc_micros;
    int64_t from;
    bool has_from;
};

struct prices {
    struct price *items;
    size_t n;
};

struct names {
    const char **items;
    size_t n;
};

struct world {
    int64_t wait_ms;
    struct {
        int64_t deep;
    } inner;
    struct names names;
    struct prices list;
    struct prices map;
};

static const struct config_row price_rows[] = {
    {.key = "cpc",
     .type = CONFIG_MONEY,
     .fallback = "0",
     .most = 1000000000,
     .effect = EFFECT_LIVE,
     .offset = offsetof(struct price, cpc_micros)},
    {.key = "from",
     .type = CONFIG_DATE,
     .flags = CONFIG_MARKED,
     .effect = EFFECT_FROM_NOW_ON,
     .offset = offsetof(struct price, from),
     .mark_offset = offsetof(struct price, has_from)},
};
static const struct config_shape price_shape = {price_rows, ARRAY_SIZE(price_rows), sizeof(struct price),
                                                NULL};
static const struct config_row price_element = {.type = CONFIG_RECORD, .shape = &price_shape};
static const struct config_row name_element = {.type = CONFIG_TEXT, .least = 1, .most = 10};
static const struct config_row inner_rows[] = {
    {.key = "deep", .type = CONFIG_INT, .fallback = "1", .effect = EFFECT_REFUSED},
};
static const struct config_shape inner_shape = {inner_rows, ARRAY_SIZE(inner_rows), sizeof(int64_t), NULL};
static const struct config_row world_rows[] = {
    {.key = "wait", .type = CONFIG_DURATION, .fallback = "1s", .offset = offsetof(struct world, wait_ms)},
    {.key = "inner", .type = CONFIG_RECORD, .shape = &inner_shape, .offset = offsetof(struct world, inner)},
    {.key = "names",
     .type = CONFIG_LIST,
     .fallback = "[]",
     .most = 9,
     .effect = EFFECT_REBUILD,
     .element = &name_element,
     .item_size = sizeof(const char *),
     .offset = offsetof(struct world, names)},
    {.key = "list",
     .type = CONFIG_LIST,
     .fallback = "[]",
     .most = 9,
     .effect = EFFECT_FROM_NOW_ON,
     .element = &price_element,
     .item_size = sizeof(struct price),
     .offset = offsetof(struct world, list)},
    {.key = "map",
     .type = CONFIG_MAP,
     .fallback = "{}",
     .most = 9,
     .effect = EFFECT_LIVE,
     .element = &price_element,
     .item_size = sizeof(struct price),
     .offset = offsetof(struct world, map)},
};
static const struct config_shape world_shape = {world_rows, ARRAY_SIZE(world_rows), sizeof(struct world),
                                                NULL};

static void read_world(struct arena *arena, const char *text, struct world *world)
{
    struct config_errors errors = CONFIG_ERRORS_INIT;
    struct config_node *root = NULL;
    *world = (struct world){0};
    assert_int_equal(yaml_parse(arena, span_of(text), "a.yaml", true, &errors, &root), 0);
    assert_int_equal(config_read(arena, &world_shape, root, world, &errors), 0);
    char *said = errors_text(&errors);
    assert_string_equal(said, "");
    free(said);
    config_errors_deinit(&errors);
}

static void note(void *context, const char *path, enum config_effect effect)
{
    struct buffer *notes = context;
    buffer_printf(notes, "%s (%s)\n", path, config_effect_name(effect));
}

static void expect(const char *before, const char *after, const char *changes)
{
    struct arena arena = {0};
    struct buffer notes = BUFFER_INIT;
    struct world old, fresh;
    read_world(&arena, before, &old);
    read_world(&arena, after, &fresh);
    assert_int_equal(config_diff(&world_shape, &old, &fresh, note, &notes), 0);
    buffer_append_zeros(&notes, 1);
    assert_string_equal(notes.data, changes);
    buffer_deinit(&notes);
    arena_deinit(&arena);
}

static void equal_records_differ_in_nothing(void **state)
{
    (void)state;
    expect("{}", "{wait: 1000ms}", "");
    expect("map: {a: {cpc: 1.0}, b: {}}", "map: {b: {}, a: {cpc: 1}}", "");
    expect("list: [{from: 2026-01-01}]", "list: [{from: 2026-01-01}]", "");
}

static void each_change_is_named_with_its_own_effect(void **state)
{
    (void)state;
    expect("{}", "{wait: 2s, inner: {deep: 2}}", "wait (at the next start)\ninner.deep (refused)\n");
    expect("list: [{cpc: 1}, {cpc: 2}]", "list: [{cpc: 1}, {cpc: 3}]", "list[1].cpc (live)\n");
    expect("list: [{cpc: 1}]", "list: [{cpc: 1, from: 2026-01-01}]", "list[0].from (from now on)\n");
    expect("list: [{from: 2026-01-02}]", "list: [{from: 2026-01-01}]", "list[0].from (from now on)\n");
}

static void elements_without_an_effect_have_that_of_their_list(void **state)
{
    (void)state;
    expect("names: [a, b]", "names: [a, c]", "names[1] (needs a rebuild)\n");
    expect("names: [a, b]", "names: [a]", "names (needs a rebuild)\n");
    expect("list: []", "list: [{cpc: 1}]", "list (from now on)\n");
}

static void entries_of_a_map_come_and_go_by_their_key(void **state)
{
    (void)state;
    expect("map: {a: {cpc: 1}, gone: {}}", "map: {fresh: {}, a: {cpc: 2}}",
           "map.gone (live)\nmap.a.cpc (live)\nmap.fresh (live)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_records_differ_in_nothing),
        cmocka_unit_test(each_change_is_named_with_its_own_effect),
        cmocka_unit_test(elements_without_an_effect_have_that_of_their_list),
        cmocka_unit_test(entries_of_a_map_come_and_go_by_their_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
