/*
 * The store: one asynchronous Redis connection in the event loop. It sends the core's calls and hands replies
 * back.
 *
 * After any connection error the context is freed and opened again with backoff; every call in flight is
 * answered with NULL first. A new connection logs in, selects the database, checks version and eviction
 * policy and loads the scripts; then it is ready.
 */
#ifndef ROIWATCH_DAEMON_REDIS_STORE_H
#define ROIWATCH_DAEMON_REDIS_STORE_H

#include <systemd/sd-event.h>

#include "daemon/redis_check.h"
#include "daemon/redis_settings.h"
#include "daemon/redis_stats.h"
#include "lib/shard/call.h"

struct redis_store;

enum { REDIS_SILENT_MS = 15000 };

struct redis_handlers {
    void (*ready)(void *context); /* connected and checked */
    /* Connection gone; it will be tried again. wait: it will be of no use until somebody does what why says; then this
     * comes at each try. */
    void (*lost)(void *context, const char *why, bool wait);
    void (*fault)(void *context, enum redis_fault fault, const char *why); /* not worth trying again */
    void *context;
};

/* reply NULL: the connection went, the outcome is not known. */
typedef void (*redis_answer)(void *context, uint64_t tag, const struct reply *reply);

MUST_CHECK int redis_store_new(sd_event *event, const struct redis_settings *settings,
                               const struct redis_handlers *handlers, struct redis_store **ret_store);
void redis_store_free(struct redis_store *store);
bool redis_store_is_ready(const struct redis_store *store);
/*
 * Time passes: a server that has let calls wait for REDIS_SILENT_MS without a byte is given up and connected to
 * again, as TCP alone may not notice for hours. Returns for how long calls have been waiting so, in ms; 0 where
 * none is.
 */
int64_t redis_store_tick(struct redis_store *store, int64_t now_ms);
/* Sends a call; the answer comes from the loop, never from here. -ENOTCONN where it is not ready. */
MUST_CHECK int redis_store_send(struct redis_store *store, const struct call *call, redis_answer answer,
                                void *context, uint64_t tag);

const struct redis_stats *redis_store_stats(const struct redis_store *store);

#endif
