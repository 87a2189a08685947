#include "lib/event/path.h"

#include <errno.h>

#include "lib/config/arena.h"

#define HEADER_PREFIX "header:"

struct parse {
    const char *at; /* what is left of the text */
    struct path_step steps[PATH_STEPS_MAX];
    size_t n_steps;
    const char *why; /* NULL while all is well */
};

static bool add_step(struct parse *parse, struct path_step step)
{
    if (parse->n_steps == PATH_STEPS_MAX) {
        parse->why = "has more than 12 steps";
        return false;
    }
    parse->steps[parse->n_steps++] = step;
    return true;
}

/* A member's name, bare or in quotes. */
static bool take_name(struct parse *parse)
{
    struct path_step step = {.kind = STEP_NAME};
    bool quoted = *parse->at == '"';
    const char *start = parse->at + quoted;
    size_t size = strcspn(start, quoted ? "\"" : ".[]?\"");

    if (quoted && start[size] != '"') {
        parse->why = "has an open quote";
        return false;
    }
    if (size == 0) {
        parse->why = "has an empty name";
        return false;
    }
    step.name = span_from(start, size);
    parse->at = start + size + quoted;
    return add_step(parse, step);
}

static bool read_index(struct span inside, uint32_t *ret_index)
{
    uint32_t index = 0;

    for (size_t i = 0; i < inside.size; i++) {
        if (inside.data[i] < '0' || inside.data[i] > '9')
            return false;
        index = index * 10 + (uint32_t)(inside.data[i] - '0');
        if (index > PATH_INDEX_MAX)
            return false;
    }
    *ret_index = index;
    return inside.size > 0;
}

/* [0] or [key=text]; the cursor is behind the bracket. */
static bool take_element(struct parse *parse)
{
    struct span inside = span_from(parse->at, strcspn(parse->at, "]"));
    const char *equals = inside.size ? memchr(inside.data, '=', inside.size) : NULL;
    struct path_step step = {.kind = equals ? STEP_SELECT : STEP_INDEX};

    if (parse->at[inside.size] != ']') {
        parse->why = "has an open bracket";
        return false;
    }
    parse->at += inside.size + 1;
    if (equals) {
        step.key = span_from(inside.data, (size_t)(equals - inside.data));
        step.name = span_from(equals + 1, inside.size - step.key.size - 1);
    }
    if (equals ? step.key.size == 0 || step.name.size == 0 : !read_index(inside, &step.index)) {
        parse->why = "has brackets with neither an index up to 9999, as in [0], nor a key and a text, as in "
                     "[key=gclid]";
        return false;
    }
    return add_step(parse, step);
}

static bool take_steps(struct parse *parse)
{
    do {
        if (!take_name(parse))
            return false;
        while (*parse->at == '[') {
            parse->at++;
            if (!take_element(parse))
                return false;
        }
    } while (*parse->at == '.' && *++parse->at);
    return true;
}

static bool take_path(struct parse *parse, struct path *path)
{
    if (strncmp(parse->at, HEADER_PREFIX, strlen(HEADER_PREFIX)) == 0) {
        path->header = span_of(parse->at + strlen(HEADER_PREFIX));
        parse->why = path->header.size ? NULL : "has an empty name";
        return path->header.size > 0;
    }
    if (!take_steps(parse))
        return false;
    if (*parse->at == '?') {
        path->parameter = span_of(++parse->at);
        parse->why = path->parameter.size ? NULL : "has an empty name behind the ?";
        return path->parameter.size > 0;
    }
    if (*parse->at || parse->at[-1] == '.')
        parse->why = "ends with something that is no name; allowed are names with dots between them, [0], "
                     "[key=text] and ?parameter";
    return !parse->why;
}

int path_parse(struct arena *arena, const char *text, struct path *ret_path, const char **ret_why)
{
    struct parse parse = {.at = text};
    struct path path = {.text = text};

    if (strlen(text) > PATH_BYTES_MAX)
        parse.why = "has more than 256 bytes";
    if (parse.why || !take_path(&parse, &path)) {
        *ret_why = parse.why;
        return PATH_BAD;
    }
    path.n_steps = parse.n_steps;
    path.steps = arena_alloc(arena, parse.n_steps * sizeof(parse.steps[0]));
    if (!path.steps)
        return -ENOMEM;
    if (parse.n_steps)
        memcpy(path.steps, parse.steps, parse.n_steps * sizeof(parse.steps[0]));
    *ret_path = path;
    return 0;
}

bool path_step_equal(const struct path_step *a, const struct path_step *b)
{
    return a->kind == b->kind && span_equal(a->name, b->name) && span_equal(a->key, b->key) &&
           a->index == b->index;
}
