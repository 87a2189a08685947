#include "daemon/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/redis_rights.h"
#include "daemon/settings_counting.h"
#include "daemon/settings_files.h"
#include "daemon/settings_rules.h"
#include "daemon/settings_table.h"
#include "daemon/zones.h"
#include "lib/config/document.h"
#include "lib/config/read.h"
#include "lib/config/write.h"

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    table_deinit(&settings->book.by_id);
    zones_free(settings->zones);
    arena_deinit(&settings->arena);
    free(settings);
}

static void settings_freep(struct settings **settings)
{
    settings_free(*settings);
}

/* What is allowed, but probably not meant. */
static void settings_warn(const struct settings *settings, const struct config_node *root,
                          struct config_errors *errors)
{
    const struct config_node *kafka = config_node_child(root, "kafka");
    const struct config_node *dead_letter = config_node_child(kafka, "dead_letter");
    if (!settings->kafka.dead_letter)
        config_warning_add(errors, dead_letter ? dead_letter->place : root->place, "kafka.dead_letter",
                           "there is no dead-letter topic: rejected events are counted and then gone");
    bool orders = settings->kafka.names[EVENT_ORDER].n || settings->kafka.names[EVENT_NONE].n;
    const struct config_node *topics = config_node_child(kafka, "topics");
    if (!orders)
        config_warning_add(errors, topics ? topics->place : root->place, "kafka.topics",
                           "there is no topic of orders: revenue comes only with a `type` in other topics");
}

int settings_fingerprint(struct settings *settings)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    const char *listen = settings->http.listen;
    settings->http.listen = NULL; /* each process has its own */
    settings_yaml(settings, &text);
    settings->http.listen = listen;
    snprintf(settings->fingerprint, sizeof(settings->fingerprint), "%016llx",
             (unsigned long long)hash_bytes(buffer_span(&text)));
    return buffer_status(&text);
}

static int settings_fill(struct settings *settings, const struct config_node *root,
                         struct config_errors *errors)
{
    struct settings_table table;
    settings_table_init(&table);
    int r = config_read(&settings->arena, &table.shape, root, settings, errors);
    if (r < 0)
        return r;
    if (errors->n_errors)
        return settings_zones_check(settings, root, errors);
    r = settings_rules_make(settings, root, errors);
    if (r < 0 || errors->n_errors)
        return r;
    settings_warn(settings, root, errors);
    r = settings_counting_make(settings);
    if (r < 0)
        return r;
    return settings_fingerprint(settings);
}

int settings_load(const char *path, const char *const *sets, size_t n_sets, struct settings **ret_settings,
                  struct config_errors *errors)
{
    CLEANUP(settings_freep) struct settings *settings = calloc(1, sizeof(*settings));
    struct config_node *root = NULL;
    if (!settings)
        return -ENOMEM;
    path = path ? path : SETTINGS_PATH;
    const char *slash = strrchr(path, '/');
    settings->folder = arena_text(&settings->arena, span_from(path, slash ? (size_t)(slash + 1 - path) : 0));
    int r = settings->folder ? zones_new(&settings->zones) : -ENOMEM;
    if (r == 0)
        r = settings_files_read(&settings->arena, path, sets, n_sets, errors, &root);
    if (r == 0 && root)
        r = settings_fill(settings, root, errors);
    if (r == 0 && errors->no_memory)
        r = -ENOMEM;
    if (r < 0)
        return r;
    if (errors->n_errors)
        return SETTINGS_INVALID;
    *ret_settings = STEAL(settings);
    return 0;
}

void settings_yaml(const struct settings *settings, struct buffer *buffer)
{
    struct settings_table table;
    settings_table_init(&table);
    config_write_yaml(&table.shape, settings, buffer);
}

void settings_json(const struct settings *settings, struct buffer *buffer)
{
    struct settings_table table;
    settings_table_init(&table);
    config_write_json(&table.shape, settings, buffer);
}

void settings_sample(struct buffer *buffer)
{
    struct settings_table table;
    settings_table_init(&table);
    buffer_append_text(
        buffer, "# roiwatch's configuration. Each key stands below what it means; where a # stands before "
                "it, it has\n# the default that is shown. `roiwatch check` says whether a file is right.\n");
    config_document_sample(&table.shape, buffer);
}

void settings_reference(struct buffer *buffer)
{
    struct settings_table table;
    settings_table_init(&table);
    buffer_append_text(
        buffer,
        "# Configuration\n\n"
        "Written by `roiwatch config --reference` from the rows in the code; a test compares the two.\n\n"
        "roiwatch reads one YAML file (`-c FILE`, else `" SETTINGS_PATH "`), then the files "
        "`campaigns.d/*.yaml` beside it, which\nadd campaigns, then `--set KEY=VALUE`, for which a key is a "
        "path with dots: `--set redis.flush=100ms`. Only\n`kafka.brokers` and `redis.url` are required. "
        "Unknown keys are errors, as are a campaign in two files, aliases, anchors\nand tags. Secrets stand "
        "in files of their own.\n\n"
        "Durations are whole numbers with `ms`, `s`, `m`, `h` or `d`, sizes with `B`, `KiB`, `MiB` or "
        "`GiB`; 0 needs no unit.\nMoney and other decimals have at most 6 digits after the point. `~` is "
        "none.\n\n"
        "*A change* says what a new value does: *live* and *from now on* without further steps (the latter "
        "does not touch what was\ncounted before), *needs a rebuild* counts the history again, *refused* "
        "stands as long as the data does.\n");
    config_document_reference(&table.shape, buffer);
    redis_rights_reference(buffer);
}

void settings_keys(struct buffer *buffer)
{
    struct settings_table table;
    settings_table_init(&table);
    config_document_keys(&table.shape, buffer);
}

void settings_manual(struct buffer *buffer)
{
    struct settings_table table;
    settings_table_init(&table);
    config_document_manual(&table.shape, buffer);
}
