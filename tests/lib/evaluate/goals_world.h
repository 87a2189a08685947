/* What tests of goals ask and do in the evaluator's world. */
#ifndef ROIWATCH_TESTS_LIB_EVALUATE_GOALS_WORLD_H
#define ROIWATCH_TESTS_LIB_EVALUATE_GOALS_WORLD_H

#include "tests/lib/evaluate/world.h"

/* The goal of spring-sale in this world: cost below 50 within 5m. */

__attribute__((unused)) static struct value *alerts(struct world *world)
{
    return world_root(world, "alerts");
}

__attribute__((unused)) static struct span alert_field(struct world *world, size_t index, const char *name)
{
    struct value *stream = alerts(world);
    assert_true(index < stream->n_entries);
    const struct entry *entry = &stream->entries[index];
    struct value fields = {.pairs = entry->fields, .n_pairs = entry->n_fields};
    return hash_get(&fields, span_of(name));
}

__attribute__((unused)) static void assert_alert(struct world *world, size_t index, const char *name,
                                                 const char *expected)
{
    struct span text = alert_field(world, index, name);
    if (!span_equal(text, span_of(expected)))
        fail_msg("%s is %.*s, expected %s", name, (int)text.size, text.data, expected);
}

__attribute__((unused)) static void spend(struct world *world, int64_t at_ms, int64_t units)
{
    world_event(world, "spring-sale", at_ms, 1, units * MICROS, 0);
}

__attribute__((unused)) static void pass_minutes(struct world *world, int first, int last)
{
    for (int minute = first; minute <= last; minute++) {
        world_as_of(world, T0 + minute * MINUTE_MS);
        world_settle(world);
    }
}

__attribute__((unused)) static void assert_state(struct world *world, const char *expected)
{
    assert_true(world_says(world, "spring-sale", NULL, "state", expected));
}

#endif
