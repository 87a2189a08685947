/*
 * The sample and the reference are what the table says, and load.
 */
#include "daemon/files.h"
#include "tests/daemon/world.h"

static void read_source(const char *name, struct buffer *buffer)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", SOURCE_ROOT, name);
    assert_int_equal(file_read(path, 1 << 20, buffer), 0);
    buffer_append_zeros(buffer, 1);
}

/* `roiwatch config --sample > conf/roiwatch.yaml` and `roiwatch config --reference > docs/CONFIGURATION.md`
 * mend it. */
static void sample_and_reference_are_those_of_the_table(void **state)
{
    (void)state;
    CLEANUP(buffer_deinit) struct buffer file = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer table = BUFFER_INIT;
    read_source("conf/roiwatch.yaml", &file);
    settings_sample(&table);
    buffer_append_zeros(&table, 1);
    assert_string_equal(file.data, table.data);
    buffer_clear(&file);
    buffer_clear(&table);
    read_source("docs/CONFIGURATION.md", &file);
    settings_reference(&table);
    buffer_append_zeros(&table, 1);
    assert_string_equal(file.data, table.data);
}

static void the_sample_is_the_default_configuration(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    CLEANUP(buffer_deinit) struct buffer sample = BUFFER_INIT;
    char fingerprint[17];
    world_init(&world);
    assert_int_equal(load(&world, GOOD, NULL, 0), 0);
    snprintf(fingerprint, sizeof(fingerprint), "%s", world.settings->fingerprint);
    settings_sample(&sample);
    buffer_append_zeros(&sample, 1);
    assert_int_equal(load(&world, sample.data, NULL, 0), 0);
    assert_string_equal(world.settings->fingerprint, fingerprint);
}

/* Takes the # off every key of the sample: each must be spelled right and show its default. */
static void every_default_that_the_sample_shows_is_the_default(void **state)
{
    (void)state;
    CLEANUP(world_deinit) struct world world;
    CLEANUP(buffer_deinit) struct buffer sample = BUFFER_INIT;
    char fingerprint[17];
    world_init(&world);
    assert_int_equal(load(&world, GOOD, NULL, 0), 0);
    snprintf(fingerprint, sizeof(fingerprint), "%s", world.settings->fingerprint);
    settings_sample(&sample);
    buffer_append_zeros(&sample, 1);
    size_t n_uncommented = 0;
    for (char *p = sample.data; *p; p++)
        if (*p == '#' && p[1] != ' ') {
            memmove(p, p + 1, strlen(p));
            n_uncommented++;
        }
    assert_true(n_uncommented > 40);
    assert_int_equal(load(&world, sample.data, NULL, 0), 0);
    assert_string_equal(world.settings->fingerprint, fingerprint);
    assert_string_equal(world.settings->http.listen, "127.0.0.1:9464"); /* not in the fingerprint */
}

static void the_files_in_conf_load(void **state)
{
    (void)state;
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    struct settings *settings = NULL;
    assert_int_equal(settings_load(SOURCE_ROOT "/conf/roiwatch.yaml", NULL, 0, &settings, &errors), 0);
    assert_int_equal(errors.n_items, 0);
    assert_int_equal(settings->book.n_campaigns, 2);
    assert_int_equal(rule_book_find(&settings->book, span_of("spring-sale"))->n_goals, 2);
    settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_and_reference_are_those_of_the_table),
        cmocka_unit_test(the_sample_is_the_default_configuration),
        cmocka_unit_test(every_default_that_the_sample_shows_is_the_default),
        cmocka_unit_test(the_files_in_conf_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
