/*
 * Judging: a walked message to an event, by the fields and rules of its type.
 */
#ifndef ROIWATCH_EVENT_JUDGE_H
#define ROIWATCH_EVENT_JUDGE_H

#include "lib/base/must.h"
#include "lib/event/decode.h"
#include "lib/event/event.h"
#include "lib/event/message.h"

/*
 * Returns 0 and sets *ret_event, whose spans point into the message's text; or an enum reject_reason, and
 * sets *ret_refused to the field that is at fault. The other parameters are those of decode().
 */
MUST_CHECK int message_judge(const struct message *message, const struct decode_rules *rules,
                             int64_t record_ts_ms, enum event_type topic_type, struct event *ret_event,
                             enum field *ret_refused);

/* Whether events of that type have the field. */
bool event_type_reads(enum event_type type, enum field field);

#endif
