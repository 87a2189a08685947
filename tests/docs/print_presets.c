/* The tables of docs/MAPPING.md: what each preset reads, from the presets themselves. */
#include "tests/docs/print_presets.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/config/read.h"
#include "lib/config/yaml.h"
#include "lib/event/mapping_settings.h"
#include "lib/event/message.h"

static void print_source(const struct mapping_source *source)
{
    if (source->constant)
        printf("always `%s`", source->constant);
    for (size_t i = 0; i < source->n_paths; i++)
        printf("%s`%s`", i ? ", else " : "", source->paths[i].text);
    if (source->after_last)
        printf(" behind its last `%s`", source->after_last);
#define UNIT(name, text, is_time, power) [name] = text,
    static const char *const units[] = {MAPPING_UNITS(UNIT)};
#undef UNIT
    if (source->unit)
        printf(" in `%s`", units[source->unit]);
    if (source->sign == SIGN_DROP)
        printf(" without its sign");
    for (size_t i = 0; i < source->n_words; i++)
        printf("%s`%s` is `%s`", i ? ", " : ": ", source->words[i].written, source->words[i].means);
    const char *between = " (only of ";
    for (enum event_type type = EVENT_NONE + 1; type < N_EVENT_TYPES; type++)
        if (source->types & 1u << type) {
            printf("%s`%s`", between, event_type_name(type));
            between = ", ";
        }
    if (source->types)
        printf(")");
}

static void print_preset(unsigned preset)
{
    struct arena arena = ARENA_INIT;
    struct config_errors errors = CONFIG_ERRORS_INIT;
    struct config_node *root = NULL;
    struct mapping_spec spec = {0};
    char name[64];
    if (yaml_parse(&arena, span_of(mapping_preset_text(preset)), "preset", false, &errors, &root) != 0 ||
        !root || config_read(&arena, &mapping_fields_shape, root, &spec, &errors) != 0 || errors.n_errors)
        abort();
    snprintf(name, sizeof(name), "preset-%s", mapping_preset_name(preset));
    printf("<!-- table %s -->\n| field | read from |\n|---|---|\n", name);
    for (enum field field = FIELD_NONE + 1; field < N_FIELDS; field++)
        for (size_t i = 0; i < spec.fields.n; i++) {
            const struct mapping_field *row = &spec.fields.items[i];
            if (strcmp(row->name, field_name(field)) != 0)
                continue;
            printf("| `%s` | ", row->name);
            for (size_t j = 0; j < row->sources.n; j++) {
                printf("%s", j ? "; else " : "");
                print_source(&row->sources.items[j]);
            }
            printf(" |\n");
        }
    config_errors_deinit(&errors);
    arena_deinit(&arena);
}

void print_presets(void)
{
    for (unsigned preset = 1; mapping_preset_name(preset); preset++)
        print_preset(preset);
}
