#include "daemon/settings_counting.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/settings_rules.h"
#include "daemon/settings_table.h"
#include "daemon/zones.h"
#include "lib/config/read.h"
#include "lib/config/write.h"
#include "lib/config/yaml.h"

static bool any_mapping(const struct mapping_settings *mapping)
{
    for (size_t i = 0; i < mapping->topics.n; i++)
        if (mapping->topics.items[i].spec.mapping)
            return true;
    return mapping->all.mapping != NULL;
}

static void append_preset(const struct mapping_spec *spec, struct buffer *text)
{
    if (spec->preset)
        buffer_append_text(text, mapping_preset_text(spec->preset));
}

/* 0 is no version, so no text has it. */
static uint64_t version_of(const struct settings *settings, struct buffer *text)
{
    append_preset(&settings->mapping.all, text);
    for (size_t i = 0; i < settings->mapping.topics.n; i++)
        append_preset(&settings->mapping.topics.items[i].spec, text);
    uint64_t version = hash_bytes(buffer_span(text));
    return version ? version : 1;
}

int settings_counting_make(struct settings *settings)
{
    struct counting_rules *counting = &settings->counting;
    bool mapping = any_mapping(&settings->mapping), rates = settings->rates.n > 0;
    *counting = (struct counting_rules){0};
    if (!mapping && !rates && !lookup_is_configured(&settings->lookup.ad_id))
        return 0;
    struct settings_table table;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    settings_table_counting(&table);
    config_write_yaml(&table.shape, settings, &text);
    const char *kept = arena_text(&settings->arena, buffer_span(&text));
    if (!kept || buffer_status(&text) < 0)
        return -ENOMEM;
    counting->text = span_of(kept);
    counting->mapping = mapping ? &settings->mapping : NULL;
    counting->rates = rates ? settings->account_rates : NULL;
    counting->version = version_of(settings, &text);
    return buffer_status(&text);
}

static void settings_freep(struct settings **settings)
{
    settings_free(*settings);
}

int settings_counting_read(struct span text, struct settings **ret_settings, struct config_errors *errors)
{
    CLEANUP(settings_freep) struct settings *settings = calloc(1, sizeof(*settings));
    struct config_node *root = NULL;
    struct settings_table table;
    if (!settings)
        return -ENOMEM;
    settings_table_counting(&table);
    int r = zones_new(&settings->zones);
    if (r == 0)
        r = yaml_parse(&settings->arena, text, "the rules before", true, errors, &root);
    if (r == 0 && root)
        r = config_read(&settings->arena, &table.shape, root, settings, errors);
    if (r == 0 && root && errors->n_errors == 0)
        r = settings_rates_make(settings, root, errors);
    if (r == 0 && errors->n_errors == 0)
        r = settings_counting_make(settings);
    if (r == 0 && errors->no_memory)
        r = -ENOMEM;
    if (r < 0)
        return r;
    if (errors->n_errors)
        return SETTINGS_INVALID;
    *ret_settings = STEAL(settings);
    return 0;
}
