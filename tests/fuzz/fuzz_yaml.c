/*
 * Configuration bytes: parsing, setting and writing back must hold for any input.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/config/read.h"
#include "lib/config/write.h"
#include "lib/config/yaml.h"
#include "lib/event/event_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct config_errors errors = CONFIG_ERRORS_INIT;
    struct config_node *root = NULL;
    struct config_node value = {.kind = CONFIG_SCALAR, .plain = true, .text = "9KiB", .place.file = "f"};
    struct limits_settings limits = {0};
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    if (yaml_parse(&arena, span_from(data, size), "f", true, &errors, &root) == 0 && root) {
        (void)config_node_set(&arena, root, span_from(data, size < 16 ? size : 16), &value, &errors);
        (void)config_read(&arena, limits_row.shape, root, &limits, &errors);
        config_write_yaml(limits_row.shape, &limits, &text);
    }
    config_errors_deinit(&errors);
    arena_deinit(&arena);
    return 0;
}
