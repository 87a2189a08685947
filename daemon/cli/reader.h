/*
 * What the reading commands read: reader keys of campaigns, the alert stream, how far the pipeline is.
 */
#ifndef ROIWATCH_DAEMON_CLI_READER_H
#define ROIWATCH_DAEMON_CLI_READER_H

#include "daemon/cli/redis.h"

/* HGETALL of roi:{CAMPAIGN} (window NULL) or roi:{CAMPAIGN}:WINDOW, sent only: store_take with STORE_ARRAY
 * gives it. */
MUST_CHECK int reader_send_key(struct store *store, struct span campaign, const char *window);
/* HGETALL of roi:meta. */
MUST_CHECK int reader_meta(struct store *store, redisReply **ret_fields);

/* Campaign ids of roi:campaigns, at most `limit` of them; the set may hold more. */
struct campaign_list {
    struct buffer *ids; /* owned, each one id */
    size_t n;
    int64_t n_in_all; /* members of the set */
};
MUST_CHECK int reader_campaigns(struct store *store, size_t limit, struct campaign_list *ret_list);
void campaign_list_deinit(struct campaign_list *list);

/* Entries of roi:alerts, oldest first: an array of [id, fields]. */
MUST_CHECK int reader_last_alerts(struct store *store, int64_t count, redisReply **ret_entries);
/* Entries after an id; waits up to block_ms for one where that is not 0 (at most a second at once). An empty
 * array or nil: none. */
MUST_CHECK int reader_alerts_after(struct store *store, const char *id, int64_t block_ms,
                                   redisReply **ret_streams);

/* Visits entries of a reply of either call, oldest first. */
struct alert_entry {
    const char *id;
    const redisReply *fields;
};
bool alert_entry_at(const redisReply *entries, size_t i, struct alert_entry *ret_entry);
/* The entries inside a reply of reader_alerts_after, or NULL. */
const redisReply *alerts_of_stream(const redisReply *streams);

/* One line for people and one JSON object, without the line end. */
void alert_line(struct buffer *buffer, const struct alert_entry *entry);
MUST_CHECK int alert_entry_json(struct buffer *buffer, const struct alert_entry *entry); /* -ENOMEM */

#endif
