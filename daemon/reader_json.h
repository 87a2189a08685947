/*
 * What stands in Redis of a campaign and of an alert, as JSON: the same for `roiwatch show --json`, `roiwatch
 * alerts --json` and the API. Numbers are numbers, with the digits that Redis holds.
 */
#ifndef ROIWATCH_DAEMON_READER_JSON_H
#define ROIWATCH_DAEMON_READER_JSON_H

#include "lib/base/buffer.h"
#include "lib/shard/call.h"

/* A campaign in parts: its own key's fields (a reply of HGETALL), then one call a window. Fields that are
 * absent in Redis are absent here; a window without any is left out. */
struct campaign_json {
    struct buffer *buffer;
    bool any_window;
};
void campaign_json_begin(struct campaign_json *json, struct span id, const struct reply *fields);
void campaign_json_window(struct campaign_json *json, const char *window, const struct reply *fields);
void campaign_json_end(struct campaign_json *json);

/* An alert, from the fields of its entry in the stream; what is absent there is null. */
void alert_json(struct buffer *buffer, const struct reply *fields);

#endif
