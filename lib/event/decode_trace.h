/*
 * For people: where the decoder found what it judged.
 */
#ifndef ROIWATCH_EVENT_DECODE_TRACE_H
#define ROIWATCH_EVENT_DECODE_TRACE_H

#include "lib/event/decode.h"
#include "lib/event/message.h"

struct decode_trace {
    const struct value *value; /* as it was judged: mapped, in the contract's unit; NULL where absent */
    const char *from;          /* the path, the member's name or the constant; "" where it was concluded */
    bool constant;
};

/* Of the last message, if it was JSON (its reason is repeated_name or a later one). Holds until the next. */
struct decode_trace decode_trace(const struct decoder *decoder, enum field field);

#endif
