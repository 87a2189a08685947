/*
 * The touches of an order as its user shards hold them now, and what became of each when it was decided.
 *
 * The ledger keeps no identities. The order's message is read again from Kafka, at the place that the ledger names, and
 * its identities are looked up.
 */
#ifndef ROIWATCH_DAEMON_CLI_EXPLAIN_TOUCHES_H
#define ROIWATCH_DAEMON_CLI_EXPLAIN_TOUCHES_H

#include "daemon/cli/redis.h"
#include "lib/attribution/ledger.h"
#include "lib/attribution/touch_record.h"
#include "lib/attribution/touches.h"

struct seen_touches {
    struct touch *touches; /* owned; in their order. Spans point into what follows */
    enum touch_fate *fates;
    int64_t *revenue_micros; /* what each earned by the ledger */
    size_t n;
    const char *unknown; /* why nothing is known, or NULL */
    char why[512];
    redisReply *records[IDENTITIES_MOST];
    redisReply *registry;
};

void seen_touches_deinit(struct seen_touches *seen);

/*
 * Fills *seen for an order of the ledger. Where the message or the touches cannot be had, seen->unknown says why, and the
 * result is CLI_OK all the same: what the ledger knows is worth telling. The settings' identities must be loaded.
 */
MUST_CHECK int seen_touches_read(const struct settings *settings, struct store *store,
                                 const struct ledger *ledger, struct seen_touches *seen);

#endif
