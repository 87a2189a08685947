#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/config/yaml.h"
#include "tests/lib/config/errors_text.h"

struct parsed {
    struct arena arena;
    struct config_errors errors;
    struct config_node *root;
};

static struct parsed parse(struct span bytes)
{
    struct parsed parsed = {0};
    assert_int_equal(yaml_parse(&parsed.arena, bytes, "f.yaml", true, &parsed.errors, &parsed.root), 0);
    return parsed;
}

static void parsed_deinit(struct parsed *parsed)
{
    arena_deinit(&parsed->arena);
    config_errors_deinit(&parsed->errors);
}

static void assert_refused(struct span bytes, const char *expected)
{
    CLEANUP(parsed_deinit) struct parsed parsed = parse(bytes);
    char *text = errors_text(&parsed.errors);
    assert_string_equal(text, expected);
    free(text);
}

static void every_value_knows_its_place(void **state)
{
    (void)state;
    CLEANUP(parsed_deinit)
    struct parsed parsed = parse(span_of("# comment\na: 1\nb:\n  - x\n  - {c: 'y'}\n"));
    const struct config_node *b = config_node_child(parsed.root, "b");
    assert_int_equal(parsed.errors.n_errors, 0);
    assert_int_equal(parsed.root->kind, CONFIG_MAPPING);
    assert_int_equal(b->kind, CONFIG_SEQUENCE);
    assert_int_equal(b->n_children, 2);
    assert_int_equal(b->key_place.line, 3);
    assert_int_equal(b->key_place.column, 1);
    assert_string_equal(b->first->text, "x");
    assert_int_equal(b->first->place.line, 4);
    assert_int_equal(b->first->place.column, 5);
    const struct config_node *c = config_node_child(b->last, "c");
    assert_string_equal(c->text, "y");
    assert_string_equal(c->place.file, "f.yaml");
    assert_int_equal(c->place.column, 9);
    assert_false(c->plain);
}

static void an_empty_document_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# nothing\n", "---\n...\n"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(parsed_deinit) struct parsed parsed = parse(span_of(texts[i]));
        assert_int_equal(parsed.root->kind, CONFIG_MAPPING);
        assert_int_equal(parsed.root->n_children, 0);
        assert_int_equal(parsed.root->place.line, 1);
    }
    CLEANUP(parsed_deinit) struct parsed parsed = parse(span_of(texts[2]));
    assert_true(config_node_is_null(parsed.root));
}

static void only_a_plain_scalar_is_null(void **state)
{
    (void)state;
    CLEANUP(parsed_deinit) struct parsed parsed = parse(span_of("[~, null, Null, NULL, '~', \"\", none]"));
    const struct config_node *node = parsed.root->first;
    for (size_t i = 0; node; i++, node = node->next)
        assert_int_equal(config_node_is_null(node), i < parsed.root->n_children - 3);
}

static void what_makes_one_text_stand_for_another_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *errors;
    } cases[] = {
        {"a: &x 1\nb: *x\n", "f.yaml:1:4: anchors (&) are not allowed: write the value out\n"
                             "f.yaml:2:4: aliases (*) are not allowed: write the value out\n"},
        {"a: !!int 1\n", "f.yaml:1:4: tags (!) are not allowed: leave them out\n"},
        {"a: !x {}\n", "f.yaml:1:4: tags (!) are not allowed: leave them out\n"},
        {"a: &x []\n", "f.yaml:1:4: anchors (&) are not allowed: write the value out\n"},
        {"a: 1\n---\nb: 1\n", "f.yaml:2:1: a second document (---) is not allowed\n"},
        {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: stands twice, first in line 1; write it once\n"},
        {"x: {a: 1, a: 2, a: 3}\n", "f.yaml:1:11: x.a: stands twice, first in line 1; write it once\n"
                                    "f.yaml:1:17: x.a: stands twice, first in line 1; write it once\n"},
        {"? [a]\n: 1\n", "f.yaml:1:3: a key must be a text, not a list or a map\n"},
        {"? {a: b}\n: 1\n", "f.yaml:1:3: a key must be a text, not a list or a map\n"},
        {"*a : 1\n", "f.yaml:1:1: aliases (*) are not allowed: write the value out\n"},
        {"a: \"x\\0y\"\n", "f.yaml:1:4: a text holds a NUL character\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(span_of(cases[i].yaml), cases[i].errors);
}

static void broken_yaml_is_told_with_its_place(void **state)
{
    (void)state;
    assert_refused(
        span_of("a: [1\nb: 2\n"),
        "f.yaml:2:2: is no YAML: while parsing a flow sequence, did not find expected ',' or ']'\n");
    assert_refused(
        span_of("a:\n\tb: 1\n"),
        "f.yaml:2:1: is no YAML: while scanning for the next token, found character that cannot start any "
        "token (a tab? indent with spaces; quote texts that begin with @ ` or %)\n");
    CLEANUP(parsed_deinit) struct parsed parsed = parse(span_of("a: \xff\xfe\n"));
    assert_int_equal(parsed.errors.n_errors, 1);
    assert_null(parsed.root);
}

static void nesting_has_a_bound(void **state)
{
    (void)state;
    assert_refused(span_of("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), "");
    assert_refused(span_of("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), "f.yaml:1:17: nested more than 16 deep\n");
}

static void a_file_beyond_the_cap_is_not_even_looked_at(void **state)
{
    (void)state;
    assert_refused(span_from("", (size_t)YAML_BYTES_MAX + 1), "f.yaml: is larger than 64 MiB\n");
}

static void any_prefix_of_a_document_is_safe(void **state)
{
    (void)state;
    static const char text[] =
        "kafka: {brokers: \"a:1\", topics: [x, 'y']}\ncampaigns:\n  ? a\n  : - &b {c: |\n"
        "        text\n      }\n  d: *b\n--- !x\n% e\n";
    for (size_t size = 0; size < sizeof(text); size++) {
        char *copy = malloc(size + 1); /* so that reading beyond it is seen */
        memcpy(copy, text, size);
        CLEANUP(parsed_deinit) struct parsed parsed = parse(span_from(copy, size));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_knows_its_place),
        cmocka_unit_test(an_empty_document_is_an_empty_map),
        cmocka_unit_test(only_a_plain_scalar_is_null),
        cmocka_unit_test(what_makes_one_text_stand_for_another_is_refused),
        cmocka_unit_test(broken_yaml_is_told_with_its_place),
        cmocka_unit_test(nesting_has_a_bound),
        cmocka_unit_test(a_file_beyond_the_cap_is_not_even_looked_at),
        cmocka_unit_test(any_prefix_of_a_document_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
