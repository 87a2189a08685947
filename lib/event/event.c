#include "lib/event/event.h"

#include "lib/base/must.h"

/* Texts for values that no enumerator has come from a mistake of ours and must still be printable. */
#define NAME_OF(names, value) ((size_t)(value) < ARRAY_SIZE(names) ? names[value] : "invalid")

const char *event_type_name(enum event_type type)
{
#define ROW(name, text, topic_key) [name] = text,
    static const char *const names[] = {[EVENT_NONE] = "none", EVENT_TYPES(ROW)};
#undef ROW
    return NAME_OF(names, type);
}

const char *event_type_topic_key(enum event_type type)
{
#define ROW(name, text, topic_key) [name] = topic_key,
    static const char *const keys[] = {[EVENT_NONE] = "mixed", EVENT_TYPES(ROW)};
#undef ROW
    return NAME_OF(keys, type);
}

enum event_type event_type_find(struct span name)
{
    for (enum event_type type = EVENT_NONE + 1; type < N_EVENT_TYPES; type++)
        if (span_equal(name, span_of(event_type_name(type))))
            return type;
    return EVENT_NONE;
}

const char *reject_reason_name(enum reject_reason reason)
{
#define ROW(name, text, what) [name] = text,
    static const char *const names[] = {[REJECT_NONE] = "none", REJECT_REASONS(ROW)};
#undef ROW
    return NAME_OF(names, reason);
}

const char *reject_reason_meaning(enum reject_reason reason)
{
#define ROW(name, text, what) [name] = what,
    static const char *const meanings[] = {[REJECT_NONE] = "the event is accepted", REJECT_REASONS(ROW)};
#undef ROW
    return NAME_OF(meanings, reason);
}
