/*
 * What the tests of rates share: rates out of YAML, as the configuration gives them.
 */
#ifndef ROIWATCH_TESTS_RATING_H
#define ROIWATCH_TESTS_RATING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/config/read.h"
#include "lib/config/yaml.h"
#include "lib/event/rates_settings.h"
#include "tests/lib/config/errors_text.h"

struct rating {
    struct arena arena;
    struct config_errors errors;
    struct rates_settings settings;
    const struct rates *rates; /* of UTC */
};

static inline void rating_check(struct config_run *run, const struct config_node *node, void *record)
{
    rates_settings_check(run, node, record, "EUR");
}

/* Reads `rates: …`. */
static inline void rating_read(struct rating *rating, const char *yaml)
{
    struct config_row row = rates_row;
    struct config_shape shape = {&row, 1, sizeof(struct rates_settings), rating_check};
    struct config_node *root;

    *rating = (struct rating){0};
    assert_int_equal(yaml_parse(&rating->arena, span_of(yaml), "f", true, &rating->errors, &root), 0);
    assert_non_null(root);
    assert_int_equal(config_read(&rating->arena, &shape, root, &rating->settings, &rating->errors), 0);
}

static inline void rating_init(struct rating *rating, const char *yaml, const struct tz *tz)
{
    rating_read(rating, yaml);
    assert_int_equal(rating->errors.n_errors, 0);
    assert_int_equal(rates_make(&rating->arena, &rating->settings, tz, &rating->rates), 0);
}

static inline void rating_deinit(struct rating *rating)
{
    config_errors_deinit(&rating->errors);
    arena_deinit(&rating->arena);
}

#endif
