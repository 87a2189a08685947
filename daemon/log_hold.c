#include "daemon/log_hold.h"

#include <stdio.h>

#include "lib/base/table.h"

static struct log_memory *memory_of(struct log_hold *hold, const struct log_place *place, int64_t now_ms)
{
    struct log_memory *free_one = NULL;
    for (size_t i = 0; i < LOG_PLACES_MOST; i++) {
        struct log_memory *memory = &hold->places[i];
        if (memory->place == place)
            return memory;
        bool over = memory->place && memory->n_held == 0 && now_ms - memory->since_ms >= LOG_HOLD_MS;
        if (!free_one && (!memory->place || over))
            free_one = memory;
    }
    if (free_one)
        *free_one = (struct log_memory){.place = place, .since_ms = now_ms};
    return free_one;
}

bool log_hold_asks(struct log_hold *hold, const struct log_place *place, enum log_level level,
                   const char *text, int64_t now_ms)
{
    struct log_memory *memory = memory_of(hold, place, now_ms);
    if (!memory)
        return true;
    if (now_ms - memory->since_ms >= LOG_HOLD_MS && memory->n_held == 0)
        *memory = (struct log_memory){.place = place, .since_ms = now_ms};
    uint64_t hash = hash_bytes(span_of(text));
    bool held = memory->n_said >= LOG_LINES_MOST;
    for (unsigned i = 0; !held && i < memory->n_said; i++)
        held = memory->said[i] == hash;
    if (!held)
        memory->said[memory->n_said++] = hash;
    memory->n_held += held;
    memory->level = level;
    snprintf(memory->text, sizeof(memory->text), "%s", text);
    return !held;
}

bool log_hold_take(struct log_hold *hold, int64_t now_ms, bool all, struct log_memory *ret_memory)
{
    for (size_t i = 0; i < LOG_PLACES_MOST; i++) {
        struct log_memory *memory = &hold->places[i];
        if (!memory->place || (!all && now_ms - memory->since_ms < LOG_HOLD_MS))
            continue;
        *ret_memory = *memory;
        memory->place = NULL;
        if (ret_memory->n_held > 0)
            return true;
    }
    return false;
}
