#include "lib/config/write.h"
#include "tests/lib/config/small_schema.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_as_the_same),
        cmocka_unit_test(the_canonical_forms_are_exactly_these),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
