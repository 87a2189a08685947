/*
 * Mappings from arbitrary YAML: what is accepted is written, reads again, and is then written the same; and messages
 * go through it without harm.
 */
#include <stdlib.h>

#include "lib/config/read.h"
#include "lib/config/write.h"
#include "lib/config/yaml.h"
#include "lib/event/decode.h"
#include "lib/event/mapping_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

static const char message[] = "{\"a\":{\"b\":[1,{\"k\":\"x\",\"v\":\"y\\u00e9\"},[\"?u=%41&v=b\"]],\"c\":"
                              "null},\"ts\":1795306000000,\"x\":\"?u=1\","
                              "\"type\":\"order\",\"order_id\":\"o\",\"revenue\":-1.5,\"k\":\"v.w\"}";

static bool read_settings(struct arena *arena, struct span yaml, struct mapping_settings *settings)
{
    struct config_errors errors = CONFIG_ERRORS_INIT;
    struct config_node *root = NULL;
    bool ok;

    MUST(yaml_parse(arena, yaml, "f", true, &errors, &root) == 0);
    if (root)
        MUST(config_read(arena, mapping_row.shape, root, settings, &errors) == 0);
    ok = root && errors.n_errors == 0;
    config_errors_deinit(&errors);
    return ok;
}

static void check_written(struct arena *arena, const struct mapping_settings *settings)
{
    CLEANUP(buffer_deinit) struct buffer first = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer second = BUFFER_INIT;
    struct mapping_settings again = {0};

    config_write_yaml(mapping_row.shape, settings, &first);
    MUST(read_settings(arena, buffer_span(&first), &again));
    config_write_yaml(mapping_row.shape, &again, &second);
    MUST(span_equal(buffer_span(&first), buffer_span(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct decode_rules rules = {.message_bytes = 8192, .currency = "EUR"};
    struct decode_input input = {.value = {message, sizeof(message) - 1}, .record_ts_ms = NO_RECORD_TIME};
    struct mapping_settings settings = {0};
    struct arena arena = ARENA_INIT;
    struct decoder *decoder;
    struct event event;

    if (read_settings(&arena, span_from(data, size), &settings)) {
        check_written(&arena, &settings);
        input.mapping = settings.all.mapping;
        MUST(decoder_new(&rules, &decoder) == 0);
        MUST(decode_input(decoder, &input, &event, NULL) >= 0);
        decoder_free(decoder);
    }
    arena_deinit(&arena);
    return 0;
}
