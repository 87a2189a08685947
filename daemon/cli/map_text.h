/*
 * What `roiwatch map` says of one event.
 */
#ifndef ROIWATCH_DAEMON_CLI_MAP_TEXT_H
#define ROIWATCH_DAEMON_CLI_MAP_TEXT_H

#include "lib/base/buffer.h"
#include "lib/event/decode_trace.h"
#include "lib/event/mapping.h"

struct map_result {
    const struct decoder *decoder; /* which has read it last */
    const struct mapping *mapping; /* NULL: the contract's own names */
    enum event_type topic_type;
    const char *account_currency;
    enum reject_reason reason; /* REJECT_NONE: accepted */
    const char *field;         /* that was refused; "" */
    struct event event;        /* where accepted */
};

/* One line of the contract's JSON. */
void map_append_json(const struct map_result *result, struct buffer *buffer);
/* Some lines for people. */
void map_append_text(const struct map_result *result, struct buffer *buffer);

#endif
