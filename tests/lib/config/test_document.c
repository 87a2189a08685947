#include "lib/config/document.h"
#include "tests/lib/config/small_schema.h"

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
        cmocka_unit_test(the_sample_shows_every_key_and_reads_as_the_defaults),
        cmocka_unit_test(the_reference_has_a_table_for_every_part_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
