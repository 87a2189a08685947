#include "daemon/settings_reload.h"

#include <errno.h>

#include "daemon/settings_table.h"
#include "daemon/slices_text.h"

enum { NAMES_MOST = 8 };

void reload_plan_deinit(struct reload_plan *plan)
{
    for (size_t i = 0; i < N_RELOAD_FATES; i++)
        buffer_deinit(&plan->names[i]);
}

static void plan_add(struct reload_plan *plan, enum reload_fate fate, const char *path)
{
    struct buffer *names = &plan->names[fate];
    if (plan->n[fate]++ >= NAMES_MOST)
        return;
    buffer_append_text(names, names->size ? ", " : "");
    buffer_append_text(names, path);
}

static enum reload_fate fate_of(const char *path, enum config_effect effect)
{
    if (strcmp(path, "windows") == 0 || strncmp(path, "windows[", strlen("windows[")) == 0)
        return RELOAD_TAKEN; /* or RELOAD_RECOUNTS, which their slices decide */
    switch (effect) {
    case EFFECT_REFUSED:
        return RELOAD_REFUSED;
    case EFFECT_RESTART:
        return RELOAD_WAITS;
    case EFFECT_LIVE:
        return RELOAD_TAKEN;
    default:
        return RELOAD_FORWARD;
    }
}

static void on_changed(void *context, const char *path, enum config_effect effect)
{
    plan_add(context, fate_of(path, effect), path);
}

static void plan_close(struct reload_plan *plan)
{
    for (size_t i = 0; i < N_RELOAD_FATES; i++)
        if (plan->n[i] > NAMES_MOST)
            buffer_printf(&plan->names[i], " and %zu more", plan->n[i] - NAMES_MOST);
}

int reload_plan_make(struct reload_plan *plan, const struct settings *before, const struct settings *fresh)
{
    struct settings_table table;
    settings_table_init(&table);
    int r = config_diff(&table.shape, before, fresh, on_changed, plan);
    CLEANUP(buffer_deinit) struct buffer slices = BUFFER_INIT;
    slices_text(before, &slices);
    if (!slices_cover(fresh, buffer_span(&slices)))
        plan_add(plan, RELOAD_RECOUNTS,
                 "windows of keys or goals that reach further, what measures count, or lateness.disorder");
    plan_close(plan);
    for (size_t i = 0; r == 0 && i < N_RELOAD_FATES; i++)
        r = buffer_status(&plan->names[i]);
    return r < 0 ? r : buffer_status(&slices);
}

bool reload_plan_is_possible(const struct reload_plan *plan)
{
    return plan->n[RELOAD_REFUSED] == 0 && plan->n[RELOAD_RECOUNTS] == 0;
}

int settings_keep_start(struct settings *fresh, const struct settings *started)
{
    struct kafka_start start = fresh->kafka.start;
    int64_t flush_ms = fresh->redis.flush_ms;
    fresh->kafka = started->kafka;
    fresh->redis = started->redis;
    fresh->kafka.start = start;
    fresh->redis.flush_ms = flush_ms;
    return settings_fingerprint(fresh);
}
