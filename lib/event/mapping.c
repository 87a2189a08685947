#include "lib/event/mapping.h"

#include <errno.h>

#include "lib/config/read.h"
#include "lib/config/yaml.h"

struct compile {
    struct mapping *mapping;
    struct config_run *run;
    const struct config_node *node; /* of the record */
    enum field field;               /* whose sources are added */
    bool failed;                    /* an error was added */
};

static uint16_t fail(struct compile *compile, const char *what)
{
    if (!compile->failed)
        config_fail_key(compile->run, compile->node, "fields", "%s (at %s)", what,
                        field_name(compile->field));
    compile->failed = true;
    return MAPPING_NONE;
}

static uint16_t add_slot(struct compile *compile, struct mapping_slot slot)
{
    struct mapping *mapping = compile->mapping;

    for (uint16_t i = 0; slot.kind != SLOT_VALUE && i < mapping->n_slots; i++) {
        const struct mapping_slot *other = &mapping->slots[i];
        if (other->kind == slot.kind && other->url == slot.url && span_equal(other->name, slot.name))
            return i;
    }
    if (mapping->n_slots == MAPPING_SLOTS_MAX)
        return fail(compile, "there are more than 128 different paths");
    mapping->slots[mapping->n_slots] = slot;
    return mapping->n_slots++;
}

static uint16_t add_node(struct compile *compile, uint16_t parent, const struct path_step *step)
{
    struct mapping *mapping = compile->mapping;
    struct mapping_node *node = &mapping->nodes[mapping->n_nodes];

    if (mapping->n_nodes == MAPPING_NODES_MAX)
        return fail(compile, "the paths have more than 255 different names");
    *node = (struct mapping_node){*step, compile->field, MAPPING_NONE, mapping->nodes[parent].first_child,
                                  MAPPING_NONE};
    mapping->nodes[parent].first_child = mapping->n_nodes;
    return mapping->n_nodes++;
}

/* Whether an element of an array could be told by both steps. */
static bool is_ambiguous(const struct path_step *a, const struct path_step *b)
{
    if (a->kind == STEP_NAME || b->kind == STEP_NAME)
        return false;
    return a->kind != b->kind || !span_equal(a->key, b->key);
}

/* The child of parent that the step leads to; made where there is none. */
static uint16_t descend(struct compile *compile, uint16_t parent, const struct path_step *step)
{
    const struct mapping *mapping = compile->mapping;

    for (uint16_t i = mapping->nodes[parent].first_child; i != MAPPING_NONE; i = mapping->nodes[i].next) {
        if (path_step_equal(&mapping->nodes[i].step, step))
            return i;
        if (is_ambiguous(&mapping->nodes[i].step, step))
            return fail(compile,
                        "the elements of one array are told either by index or by one key, not by both");
    }
    return add_node(compile, parent, step);
}

/* The slot of a path; MAPPING_NONE after an error. */
static uint16_t add_path(struct compile *compile, const struct path *path)
{
    uint16_t at = 0, slot;

    if (path->n_steps == 0)
        return add_slot(compile, (struct mapping_slot){SLOT_HEADER, path->header, MAPPING_NONE});
    for (size_t i = 0; i < path->n_steps; i++) {
        at = descend(compile, at, &path->steps[i]);
        if (at == MAPPING_NONE)
            return MAPPING_NONE;
    }
    slot = compile->mapping->nodes[at].slot;
    if (slot == MAPPING_NONE)
        slot = add_slot(compile, (struct mapping_slot){SLOT_VALUE, {NULL, 0}, MAPPING_NONE});
    compile->mapping->nodes[at].slot = slot;
    if (path->parameter.size == 0 || slot == MAPPING_NONE)
        return slot;
    return add_slot(compile, (struct mapping_slot){SLOT_PARAMETER, path->parameter, slot});
}

static void add_alternative(struct compile *compile, struct alternative alternative)
{
    struct mapping *mapping = compile->mapping;

    if (mapping->n_alternatives == MAPPING_ALTERNATIVES_MAX) {
        (void)fail(compile, "there are more than 256 alternatives");
        return;
    }
    mapping->alternatives[mapping->n_alternatives++] = alternative;
    mapping->n[compile->field]++;
}

static bool is_time(enum field field)
{
    return field == FIELD_TS || field == FIELD_FROM || field == FIELD_TO;
}

static bool is_money(enum field field)
{
    return field == FIELD_REVENUE || field == FIELD_COST || field == FIELD_MARGIN || field == FIELD_AMOUNT;
}

/* Whether the unit and the sign suit the field. */
static void check_options(struct compile *compile, const struct mapping_source *source)
{
#define IS_TIME(name, text, time, power) [name] = time,
    static const bool of_times[] = {MAPPING_UNITS(IS_TIME)};
#undef IS_TIME

    if (source->unit && !(of_times[source->unit] ? is_time : is_money)(compile->field))
        (void)fail(compile, of_times[source->unit]
                                ? "the units ms, s and us are for ts, from and to"
                                : "the units cents, micros and per_thousand are for money");
    if (source->sign && !is_money(compile->field))
        (void)fail(compile, "`sign` is for money");
    if (source->types && compile->field == FIELD_TYPE)
        (void)fail(compile, "`for` cannot decide over the type itself");
}

static void add_source(struct compile *compile, const struct mapping_source *source)
{
    check_options(compile, source);
    if (source->constant)
        add_alternative(compile, (struct alternative){source, source->constant, MAPPING_NONE});
    for (size_t i = 0; i < source->n_paths && !compile->failed; i++) {
        uint16_t slot = add_path(compile, &source->paths[i]);
        if (slot != MAPPING_NONE)
            add_alternative(compile, (struct alternative){source, source->paths[i].text, slot});
    }
}

static const struct mapping_field *find_field(const struct mapping_spec *spec, enum field field)
{
    for (size_t i = 0; spec && i < spec->fields.n; i++)
        if (strcmp(spec->fields.items[i].name, field_name(field)) == 0)
            return &spec->fields.items[i];
    return NULL;
}

/* A field that keeps its own name. */
static void add_own_name(struct compile *compile)
{
    struct mapping_source *source = arena_alloc(compile->run->arena, sizeof(*source));
    struct path *path = arena_alloc(compile->run->arena, sizeof(*path));
    const char *why;
    int r = -ENOMEM;

    if (source && path)
        r = path_parse(compile->run->arena, field_name(compile->field), path, &why);
    if (r != 0) {
        compile->run->error = -ENOMEM;
        return;
    }
    *source = (struct mapping_source){.paths = path, .n_paths = 1};
    add_source(compile, source);
}

/* The fields of the preset; NULL where there is no memory. */
static const struct mapping_spec *read_preset(struct config_run *run, const struct mapping_spec *spec)
{
    struct mapping_spec *preset = arena_alloc(run->arena, sizeof(*preset));
    struct config_node *root = NULL;
    int r = preset ? 0 : -ENOMEM;

    if (r == 0)
        r = yaml_parse(run->arena, span_of(mapping_preset_text(spec->preset)), "preset", false, run->errors,
                       &root);
    if (r == 0 && root)
        r = config_read(run->arena, &mapping_fields_shape, root, preset, run->errors);
    if (r < 0)
        run->error = r;
    return r == 0 ? preset : NULL;
}

static void add_fields(struct compile *compile, const struct mapping_spec *spec,
                       const struct mapping_spec *preset)
{
    for (enum field field = FIELD_NONE + 1; field < N_FIELDS && !compile->failed; field++) {
        const struct mapping_field *given = find_field(spec, field);
        compile->field = field;
        compile->mapping->first[field] = compile->mapping->n_alternatives;
        if (!given)
            given = find_field(preset, field);
        for (size_t i = 0; given && i < given->sources.n; i++)
            add_source(compile, &given->sources.items[i]);
        if (!given && !preset)
            add_own_name(compile);
    }
}

void mapping_compile(struct config_run *run, const struct config_node *node, struct mapping_spec *spec)
{
    struct compile compile = {.run = run, .node = node};
    const struct mapping_spec *preset = NULL;

    spec->mapping = NULL;
    if (!node || (!spec->preset && !spec->fields.n && !spec->confluent_header && !spec->negative_orders))
        return;
    compile.mapping = arena_alloc(run->arena, sizeof(*compile.mapping));
    if (spec->preset)
        preset = read_preset(run, spec);
    if (!compile.mapping || (spec->preset && !preset)) {
        run->error = run->error ? run->error : -ENOMEM;
        return;
    }
    compile.mapping->confluent_header = spec->confluent_header;
    compile.mapping->negative_orders = spec->negative_orders;
    compile.mapping->nodes[0] =
        (struct mapping_node){.first_child = MAPPING_NONE, .next = MAPPING_NONE, .slot = MAPPING_NONE};
    compile.mapping->n_nodes = 1;
    add_fields(&compile, spec, preset);
    spec->mapping = compile.mapping;
}
