#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/config/yaml.h"
#include "tests/lib/config/errors_text.h"

struct world {
    struct arena arena;
    struct config_errors errors;
    struct table seen;
};

static void world_deinit(struct world *world)
{
    arena_deinit(&world->arena);
    config_errors_deinit(&world->errors);
    table_deinit(&world->seen);
}

static struct config_node *parse(struct world *world, const char *text, const char *file)
{
    struct config_node *root;
    assert_int_equal(yaml_parse(&world->arena, span_of(text), file, true, &world->errors, &root), 0);
    return root;
}

static void set(struct world *world, struct config_node *root, const char *path, const char *value)
{
    struct config_node *node = parse(world, value, "--set");
    assert_int_equal(config_node_set(&world->arena, root, span_of(path), node, &world->errors), 0);
}

static void merge(struct world *world, struct config_node *root, const char *text, const char *file)
{
    assert_int_equal(config_node_merge(&world->arena, root, parse(world, text, file), "campaigns",
                                       &world->seen, &world->errors),
                     0);
}

static void assert_errors(const struct world *world, const char *expected)
{
    char *text = errors_text(&world->errors);
    assert_string_equal(text, expected);
    free(text);
}

static void a_set_replaces_adds_and_makes_maps_on_the_way(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world = {0};
    struct config_node *root = parse(&world, "a: {b: 1, c: 2}\nd: ~\n", "f");
    set(&world, root, "a.b", "[7, 8]");
    set(&world, root, "d.e.f", "9");
    set(&world, root, "g.\"h.i\".j", "10");
    assert_errors(&world, "");
    const struct config_node *wanted =
        parse(&world, "{a: {b: [7, 8], c: 2}, d: {e: {f: 9}}, g: {h.i: {j: 10}}}", "wanted");
    assert_true(config_node_equal(root, wanted));
}

static void a_set_into_a_value_or_by_a_broken_path_is_an_error(void **state)
{
    (void)state;
    static const char *const broken[] = {"", ".", "a.", ".a", "a..b", "\"a", "\"a\"b", "\"\"", "a.\"b\"."};
    CLEANUP(world_deinit) struct world world = {0};
    struct config_node *root = parse(&world, "a: {b: 1}\n", "f");
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
        set(&world, root, broken[i], "1");
    assert_int_equal(world.errors.n_errors, ARRAY_SIZE(broken));
    config_errors_deinit(&world.errors);
    set(&world, root, "a.b.c", "1");
    set(&world, root, "a.", "1");
    assert_errors(&world, "--set:1:1: \"a.b.c\" cannot be set: a part of it is a value or a list\n"
                          "--set:1:1: \"a.\" is no path of a key; allowed are names with dots between\n");
}

static void campaigns_of_several_files_become_one_map(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world = {0};
    struct config_node *root = parse(&world, "a: 1\n", "f");
    merge(&world, root, "", "empty");
    merge(&world, root, "campaigns:\n", "null");
    merge(&world, root, "campaigns: {x: {}}\n", "one");
    merge(&world, root, "campaigns: {y: 1, z: 2}\n", "two");
    assert_errors(&world, "");
    assert_true(config_node_equal(root, parse(&world, "{a: 1, campaigns: {x: {}, y: 1, z: 2}}", "wanted")));
}

static void a_campaign_in_two_files_and_foreign_keys_are_errors(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world = {0};
    struct config_node *root = parse(&world, "campaigns:\n  x: {}\n", "f");
    merge(&world, root, "campaigns:\n  x: {}\n  y: {}\n", "one");
    merge(&world, root, "campaigns: {y: {}}\nkafka: {}\n", "two");
    merge(&world, root, "campaigns: [y]\n", "three");
    merge(&world, root, "[y]\n", "four");
    assert_errors(&world, "one:2:3: campaigns.x: stands in two files, first at f:2:3; write it once\n"
                          "two:2:1: kafka: is not allowed in this file; allowed is only campaigns\n"
                          "two:1:13: campaigns.y: stands in two files, first at one:3:3; write it once\n"
                          "three:1:12: campaigns: must be a map\n"
                          "four:1:1: must be a map with the key campaigns\n");
}

static void nodes_are_equal_where_structure_and_texts_are(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"[40, 20, 40]", "- 40\n- 20\n- 40\n", true},
        {"{a: '1'}", "a: 1", true},
        {"~", "null", true},
        {"{a: 1}", "{b: 1}", false},
        {"[1]", "[1, 2]", false},
        {"[]", "{}", false},
        {"{}", "{}", true},
        {"[a]", "[b]", false},
        {"'~'", "null", false},
    };
    CLEANUP(world_deinit) struct world world = {0};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(config_node_equal(parse(&world, cases[i].a, "a"), parse(&world, cases[i].b, "b")),
                         cases[i].equal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_replaces_adds_and_makes_maps_on_the_way),
        cmocka_unit_test(a_set_into_a_value_or_by_a_broken_path_is_an_error),
        cmocka_unit_test(campaigns_of_several_files_become_one_map),
        cmocka_unit_test(a_campaign_in_two_files_and_foreign_keys_are_errors),
        cmocka_unit_test(nodes_are_equal_where_structure_and_texts_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
