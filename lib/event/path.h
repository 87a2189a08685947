/*
 * Paths: where in a message a value stands, as people write it.
 *
 *     properties.total                              members of objects
 *     "a.b".c                                       a name with dots in quotes
 *     items[0].id                                   an element by its index
 *     event_params[key=gclid].value.string_value    the first element whose member `key` is this text
 *     context.page.url?utm_campaign                 a parameter of the query of a URL
 *     header:ce_time                                a header of the Kafka record
 */
#ifndef ROIWATCH_EVENT_PATH_H
#define ROIWATCH_EVENT_PATH_H

#include "lib/base/must.h"
#include "lib/base/span.h"

struct arena;

enum { PATH_STEPS_MAX = 12, PATH_BYTES_MAX = 256, PATH_INDEX_MAX = 9999 };

enum step_kind { STEP_NAME, STEP_INDEX, STEP_SELECT };

struct path_step {
    enum step_kind kind;
    struct span name; /* STEP_NAME: the member's; STEP_SELECT: what stands under `key` */
    struct span key;  /* STEP_SELECT */
    uint32_t index;   /* STEP_INDEX */
};

/* Spans point into text. */
struct path {
    const char *text;
    struct path_step *steps; /* in the arena */
    size_t n_steps;          /* 0: a header */
    struct span parameter;   /* of the query; empty: none */
    struct span header;
};

enum path_result { PATH_BAD = 1 };

/* Reads a path; the text must outlive it. PATH_BAD sets *ret_why to a clause; or -ENOMEM. */
MUST_CHECK int path_parse(struct arena *arena, const char *text, struct path *ret_path, const char **ret_why);

bool path_step_equal(const struct path_step *a, const struct path_step *b);

#endif
