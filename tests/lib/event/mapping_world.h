/*
 * What the tests of mapping share: a mapping out of YAML, a decoder that accepts every type, and decoding by it.
 */
#ifndef ROIWATCH_TESTS_MAPPING_WORLD_H
#define ROIWATCH_TESTS_MAPPING_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/config/read.h"
#include "lib/config/yaml.h"
#include "lib/event/decode.h"
#include "lib/event/mapping_settings.h"
#include "tests/lib/config/errors_text.h"

struct mapping_world {
    struct arena arena;
    struct config_errors errors;
    struct mapping_settings settings;
    struct decoder *decoder;
};

/* Reads `mapping: …`. */
static inline void mapping_read(struct mapping_world *world, const char *yaml)
{
    struct config_row row = mapping_row;
    struct config_shape shape = {&row, 1, sizeof(struct mapping_settings), NULL};
    struct config_node *root;

    *world = (struct mapping_world){0};
    assert_int_equal(yaml_parse(&world->arena, span_of(yaml), "f", true, &world->errors, &root), 0);
    assert_non_null(root);
    assert_int_equal(config_read(&world->arena, &shape, root, &world->settings, &world->errors), 0);
}

static inline void mapping_world_init(struct mapping_world *world, const char *yaml)
{
    struct decode_rules rules = {
        .future_ms = 300000, .message_bytes = 65536, .currency = "USD", .has_lookup = true};

    mapping_read(world, yaml);
    if (world->errors.n_errors) {
        char *text = errors_text(&world->errors);
        print_error("%s", text);
        free(text);
    }
    assert_int_equal(world->errors.n_errors, 0);
    assert_int_equal(decoder_new(&rules, &world->decoder), 0);
}

static inline void mapping_world_deinit(struct mapping_world *world)
{
    decoder_free(world->decoder);
    config_errors_deinit(&world->errors);
    arena_deinit(&world->arena);
}

static inline int map_input(struct mapping_world *world, struct decode_input input, struct event *event,
                            const char **field)
{
    input.mapping = world->settings.all.mapping;
    input.record_ts_ms = NO_RECORD_TIME;
    *event = (struct event){0};
    return decode_input(world->decoder, &input, event, field);
}

static inline struct event map_accept(struct mapping_world *world, const char *value)
{
    struct event event;
    const char *field = "";
    int r = map_input(world, (struct decode_input){.value = span_of(value)}, &event, &field);

    if (r != 0)
        fail_msg("%s: %s %s", value, reject_reason_name((enum reject_reason)r), field);
    return event;
}

static inline void map_refuse(struct mapping_world *world, const char *value, enum reject_reason reason,
                              const char *at)
{
    struct event event;
    const char *field = "";
    int r = map_input(world, (struct decode_input){.value = span_of(value)}, &event, &field);

    if (r != (int)reason)
        fail_msg("%s: %s %s", value, reject_reason_name((enum reject_reason)r), field);
    if (at)
        assert_string_equal(field, at);
}

static inline void assert_text(struct span span, const char *text)
{
    if (!span_equal(span, span_of(text)))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)span.size, span.data ? span.data : "", text);
}

#endif
