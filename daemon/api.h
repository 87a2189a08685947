/*
 * The API: campaigns and alerts as they stand in Redis, as JSON.
 *
 * DESIGN
 *   An answer is made of what the reader keys say, read over the one connection to Redis, a few campaigns at a
 * time, so that the calls of the counting never wait behind thousands of others. Replies come in the order of the
 * calls, so each is written to the body as it comes and nothing else is kept. Campaigns are listed in the order
 * of their ids' bytes, from the index PREFIX~names: whoever pages with `after` misses none and gets none twice.
 */
#ifndef ROIWATCH_DAEMON_API_H
#define ROIWATCH_DAEMON_API_H

#include "daemon/http.h"

/* Handlers of routes whose context is the app. */
void api_campaigns(void *context, struct http_request *request);
void api_campaign(void *context, struct http_request *request); /* the id is what is below the route */
void api_alerts(void *context, struct http_request *request);

#endif
