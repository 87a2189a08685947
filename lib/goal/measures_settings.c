#include "lib/goal/measures_settings.h"

#include <errno.h>
#include <stdio.h>

#include "lib/config/errors.h"
#include "lib/config/read.h"

enum { NAME_MAX_BYTES = 64, WHAT_MAX_BYTES = 256, KEY_SIZE = 400 };

static const struct config_row measure_rows[] = {
    {
        .key = "action",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = WHAT_MAX_BYTES,
        .effect = EFFECT_REBUILD,
        .offset = offsetof(struct measure_settings, action),
        .help = "Counts engagements of this action.",
    },
    {
        .key = "orders_of_kind",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = WHAT_MAX_BYTES,
        .effect = EFFECT_REBUILD,
        .offset = offsetof(struct measure_settings, orders_of_kind),
        .help =
            "Counts the credited share of orders of this kind (sale: those that name none); refunds do not "
            "lower it. Either this or action.",
    },
};

/* It becomes part of a field's name, which people type. */
static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    return strlen(name) <= NAME_MAX_BYTES;
}

static void measure_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct measure_settings *measure = record;
    if (!is_name(measure->name))
        config_fail(run, node, "a measure's name has at most %d bytes and no blanks", NAME_MAX_BYTES);
    if (!measure->action == !measure->orders_of_kind)
        config_fail(run, node, "must say one of action and orders_of_kind, such as {action: like}");
}

static const struct config_shape measure_shape = {
    .rows = measure_rows,
    .n_rows = ARRAY_SIZE(measure_rows),
    .size = sizeof(struct measure_settings),
    .check = measure_check,
};

static const struct config_row measure_element = {.type = CONFIG_RECORD, .shape = &measure_shape};

const struct config_row measures_row = {
    .key = "measures",
    .type = CONFIG_MAP,
    .fallback = "{}",
    .most = MEASURES_MAX,
    .effect = EFFECT_REBUILD,
    .item = "NAME",
    .element = &measure_element,
    .item_size = sizeof(struct measure_settings),
    .help = "What is counted that is no sale, for goals (measure:NAME, cost_per:NAME) and readers.",
};

static bool is_measure(const struct measures_settings *measures, const char *name)
{
    for (size_t i = 0; i < measures->n; i++)
        if (strcmp(measures->items[i].name, name) == 0)
            return true;
    return false;
}

static void fail_measure(struct config_run *run, const struct config_node *owner, const char *path,
                         size_t goal, const struct measures_settings *measures, const char *name)
{
    char key[KEY_SIZE];
    CLEANUP(buffer_deinit) struct buffer known = BUFFER_INIT;
    const struct config_node *goals = config_node_child(owner, "goals");
    const struct config_node *node = goals ? goals->first : NULL;
    for (size_t i = 0; node && i < goal; i++)
        node = node->next;
    node = config_node_child(node, "metric");
    for (size_t i = 0; i < measures->n; i++)
        buffer_printf(&known, "%s%s", i ? ", " : "; configured are ", measures->items[i].name);
    if (buffer_status(&known) < 0) {
        run->error = -ENOMEM;
        return;
    }
    snprintf(key, sizeof(key), "%s.goals[%zu].metric", path, goal);
    config_error_add(run->errors, node ? node->place : run->place, key, "there is no measure \"%.64s\"%.*s",
                     name, (int)known.size, known.size ? known.data : "");
}

static void check_goals(struct config_run *run, const struct config_node *owner, const char *path,
                        const struct measures_settings *measures, const struct goal_list *goals)
{
    for (size_t i = 0; i < goals->n; i++) {
        const char *name = goals->items[i].metric.measure;
        if (name && !is_measure(measures, name))
            fail_measure(run, owner, path, i, measures, name);
    }
}

static bool names_measures(const struct goal_list *goals)
{
    for (size_t i = 0; i < goals->n; i++)
        if (goals->items[i].metric.measure)
            return true;
    return false;
}

void measures_settings_check(struct config_run *run, const struct config_node *root,
                             const struct measures_settings *measures,
                             const struct campaigns_settings *campaigns)
{
    check_goals(run, config_node_child(root, "defaults"), "defaults", measures, &campaigns->defaults.goals);
    const struct config_node *nodes = config_node_child(root, "campaigns");
    for (size_t i = 0; i < campaigns->configured.n; i++) {
        const struct campaign_settings *campaign = &campaigns->configured.items[i];
        char path[KEY_SIZE];
        if (!campaign->id || !names_measures(&campaign->goals))
            continue;
        snprintf(path, sizeof(path), strchr(campaign->id, '.') ? "campaigns.\"%s\"" : "campaigns.%s",
                 campaign->id);
        check_goals(run, config_node_child(nodes, campaign->id), path, measures, &campaign->goals);
    }
}

static const char *name_make(struct arena *arena, const char *before, const char *name, const char *behind)
{
    char text[NAME_MAX_BYTES + 32];
    int size = snprintf(text, sizeof(text), "%s%s%s", before, name, behind);
    return arena_text(arena, span_from(text, (size_t)size));
}

int measures_make(struct arena *arena, const struct measures_settings *settings,
                  struct measures *ret_measures)
{
    struct measures measures = {.n = settings->n};
    for (size_t i = 0; i < settings->n; i++) {
        const struct measure_settings *given = &settings->items[i];
        struct measure measure = {
            .name = given->name,
            .field = name_make(arena, "measure:", given->name, ""),
            .cost_field = name_make(arena, "cost_per:", given->name, "_micros"),
            .cost_name = name_make(arena, "cost_per:", given->name, ""),
            .of_orders = given->orders_of_kind != NULL,
            .what = span_of(given->orders_of_kind ? given->orders_of_kind : given->action),
        };
        if (!measure.field || !measure.cost_field || !measure.cost_name)
            return -ENOMEM;
        measures.items[i] = measure;
    }
    *ret_measures = measures;
    return 0;
}
