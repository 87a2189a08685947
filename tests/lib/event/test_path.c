#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/config/arena.h"
#include "lib/event/path.h"

static void assert_span(struct span span, const char *text)
{
    assert_int_equal(span.size, strlen(text));
    assert_memory_equal(span.data, text, span.size);
}

static struct path parse(struct arena *arena, const char *text)
{
    struct path path = {0};
    const char *why = "";

    if (path_parse(arena, text, &path, &why) != 0)
        fail_msg("%s %s", text, why);
    assert_ptr_equal(path.text, text);
    return path;
}

static void a_path_has_its_steps(void **state)
{
    CLEANUP(arena_deinit) struct arena arena = ARENA_INIT;
    struct path path = parse(&arena, "a.\"b.c\"[12][key=x y.z].d-e f");

    (void)state;
    assert_int_equal(path.n_steps, 5);
    assert_int_equal(path.steps[0].kind, STEP_NAME);
    assert_span(path.steps[0].name, "a");
    assert_span(path.steps[1].name, "b.c");
    assert_int_equal(path.steps[2].kind, STEP_INDEX);
    assert_int_equal(path.steps[2].index, 12);
    assert_int_equal(path.steps[3].kind, STEP_SELECT);
    assert_span(path.steps[3].key, "key");
    assert_span(path.steps[3].name, "x y.z");
    assert_span(path.steps[4].name, "d-e f");
    assert_int_equal(path.parameter.size, 0);
}

static void a_path_ends_with_a_parameter_or_is_a_header(void **state)
{
    CLEANUP(arena_deinit) struct arena arena = ARENA_INIT;
    struct path path = parse(&arena, "page.url?utm_campaign");

    (void)state;
    assert_int_equal(path.n_steps, 2);
    assert_span(path.parameter, "utm_campaign");
    assert_int_equal(path.header.size, 0);
    path = parse(&arena, "header:ce_type");
    assert_int_equal(path.n_steps, 0);
    assert_span(path.header, "ce_type");
}

static void what_is_no_path_is_told_why(void **state)
{
    CLEANUP(arena_deinit) struct arena arena = ARENA_INIT;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "has an empty name"},
        {".a", "has an empty name"},
        {"a..b", "has an empty name"},
        {"[0]", "has an empty name"},
        {"\"\"", "has an empty name"},
        {"a.?x", "has an empty name"},
        {"?x", "has an empty name"},
        {"header:", "has an empty name"},
        {"a?", "has an empty name behind the ?"},
        {"\"a", "has an open quote"},
        {"a[0", "has an open bracket"},
        {"a[", "has an open bracket"},
        {"a.", "ends with something"},
        {"a]", "ends with something"},
        {"a[0]b", "ends with something"},
        {"\"a\"b", "ends with something"},
        {"a\"b\"", "ends with something"},
        {"a[]", "has brackets with neither"},
        {"a[x]", "has brackets with neither"},
        {"a[-1]", "has brackets with neither"},
        {"a[10000]", "has brackets with neither"},
        {"a[99999999999]", "has brackets with neither"},
        {"a[=x]", "has brackets with neither"},
        {"a[k=]", "has brackets with neither"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m", "has more than 12 steps"},
        {"a[0][0][0][0][0][0][0][0][0][0][0][0]", "has more than 12 steps"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct path path;
        const char *why = "";
        if (path_parse(&arena, rows[i].text, &path, &why) != PATH_BAD ||
            strncmp(why, rows[i].why, strlen(rows[i].why)))
            fail_msg("%s: %s", rows[i].text, why);
    }
    (void)parse(&arena, "a.b.c.d.e.f.g.h.i.j.k.l");
    (void)parse(&arena, "a[9999]");
}

static void a_path_has_at_most_256_bytes(void **state)
{
    CLEANUP(arena_deinit) struct arena arena = ARENA_INIT;
    char text[PATH_BYTES_MAX + 2];
    struct path path;
    const char *why;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[PATH_BYTES_MAX + 1] = '\0';
    assert_int_equal(path_parse(&arena, text, &path, &why), PATH_BAD);
    assert_string_equal(why, "has more than 256 bytes");
    text[PATH_BYTES_MAX] = '\0';
    assert_int_equal(path_parse(&arena, text, &path, &why), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_has_its_steps),
        cmocka_unit_test(a_path_ends_with_a_parameter_or_is_a_header),
        cmocka_unit_test(what_is_no_path_is_told_why),
        cmocka_unit_test(a_path_has_at_most_256_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
