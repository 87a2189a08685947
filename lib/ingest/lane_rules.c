#include "lib/ingest/lane_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION_DIGITS = 16 };

bool lane_rules_equal(const struct lane_rules *a, const struct lane_rules *b)
{
    return a->type == b->type && a->future_ms == b->future_ms && a->message_bytes == b->message_bytes &&
           a->repeat_ms == b->repeat_ms && a->version == b->version;
}

static bool type_find(const char *name, enum event_type *ret_type)
{
    for (int type = EVENT_NONE; type < N_EVENT_TYPES; type++) {
        if (strcmp(event_type_name((enum event_type)type), name) == 0) {
            *ret_type = (enum event_type)type;
            return true;
        }
    }
    return false;
}

/* "/REPEAT_MS/VERSION" at *text, which moves behind it; nothing is 0 and 0, as earlier versions wrote it. */
static bool rest_parse(const char **text, struct lane_rules *rules)
{
    int size = 0;
    if (**text != '/')
        return true;
    if (sscanf(*text, "/%" SCNd64 "/%n", &rules->repeat_ms, &size) != 1 || size == 0)
        return false;
    *text += size;
    if (**text == '-') {
        *text += 1;
        return true;
    }
    if (strspn(*text, "0123456789abcdef") != VERSION_DIGITS)
        return false;
    rules->version = strtoull(*text, NULL, 16);
    *text += VERSION_DIGITS;
    return rules->version != 0;
}

/* One step at *text, which moves behind it. */
static bool step_parse(const char **text, struct lane_step *step)
{
    char name[16];
    int size = 0;
    *step = (struct lane_step){.until = INT64_MAX};
    if (sscanf(*text, "%15[a-z]/%" SCNd64 "/%" SCNd64 "%n", name, &step->rules.future_ms,
               &step->rules.message_bytes, &size) != 3)
        return false;
    *text += size;
    if (!rest_parse(text, &step->rules))
        return false;
    if (**text == '<') {
        size = 0;
        if (sscanf(*text, "<%" SCNd64 ":%n", &step->until, &size) != 1 || size == 0)
            return false;
        *text += size;
    }
    return type_find(name, &step->rules.type);
}

int lane_steps_parse(const char *text, struct lane_steps *ret_steps)
{
    struct lane_steps steps = {.n = 0};
    do {
        if (steps.n == LANE_STEPS_MAX || !step_parse(&text, &steps.step[steps.n]))
            return LANE_RULES_MALFORMED;
    } while (steps.step[steps.n++].until != INT64_MAX);
    if (*text)
        return LANE_RULES_MALFORMED;
    *ret_steps = steps;
    return 0;
}

void lane_steps_print(const struct lane_steps *steps, struct buffer *buffer)
{
    for (size_t i = 0; i < steps->n; i++) {
        const struct lane_step *step = &steps->step[i];
        buffer_printf(buffer, "%s/%" PRId64 "/%" PRId64, event_type_name(step->rules.type),
                      step->rules.future_ms, step->rules.message_bytes);
        if (step->rules.version)
            buffer_printf(buffer, "/%" PRId64 "/%016" PRIx64, step->rules.repeat_ms, step->rules.version);
        else if (step->rules.repeat_ms)
            buffer_printf(buffer, "/%" PRId64 "/-", step->rules.repeat_ms);
        if (step->until != INT64_MAX)
            buffer_printf(buffer, "<%" PRId64 ":", step->until);
    }
}

/* Puts our rules behind the others, from most on. False without room. */
static bool step_add(struct lane_steps *steps, const struct lane_rules *ours, int64_t least, int64_t most)
{
    struct lane_step *last = &steps->step[steps->n - 1];
    int64_t begin = steps->n > 1 ? last[-1].until : least;
    if (most > begin) {
        if (steps->n == LANE_STEPS_MAX)
            return false;
        last->until = most;
        steps->step[steps->n++] = (struct lane_step){*ours, INT64_MAX};
    } else if (steps->n > 1 && lane_rules_equal(&last[-1].rules, ours)) {
        last[-1].until = INT64_MAX;
        steps->n--;
    } else {
        last->rules = *ours;
    }
    return true;
}

int lane_steps_take(struct lane_steps *steps, const struct lane_rules *ours, int64_t least, int64_t most,
                    bool *ret_changed)
{
    struct lane_steps taken = {.n = 0};
    for (size_t i = 0; i < steps->n; i++)
        if (steps->step[i].until > least)
            taken.step[taken.n++] = steps->step[i];
    bool same = lane_rules_equal(&taken.step[taken.n - 1].rules, ours);
    bool changed = taken.n != steps->n || !same;
    if (!same && !step_add(&taken, ours, least, most))
        return LANE_RULES_TOO_MANY;
    *steps = taken;
    *ret_changed = changed;
    return 0;
}

const struct lane_step *lane_steps_at(const struct lane_steps *steps, int64_t offset)
{
    size_t i = 0;
    while (i + 1 < steps->n && steps->step[i].until <= offset)
        i++;
    return &steps->step[i];
}
