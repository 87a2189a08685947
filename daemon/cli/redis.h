/*
 * The Redis that commands read: one synchronous connection.
 *
 * Every reply's type is checked. Functions return an exit code and have said on stderr what is wrong:
 * CLI_UNAVAILABLE where the server is away or not ready, CLI_DENIED where it refuses a login or a right,
 * CLI_CONFIGURATION where TLS cannot be agreed upon (somebody has to set a certificate or the URL right; the server is
 * not away), CLI_FAILED for the rest. After any error but one that the server itself reported the connection is closed
 * and the next call opens it again.
 */
#ifndef ROIWATCH_DAEMON_CLI_REDIS_H
#define ROIWATCH_DAEMON_CLI_REDIS_H

#include <hiredis/hiredis.h>

#include "daemon/cli/cli.h"
#include "daemon/redis_tls.h"
#include "lib/shard/call.h"
#include "lib/shard/layout.h"

struct store {
    redisContext *context; /* owned; NULL while closed */
    struct redis_tls tls;  /* of the context */
    const struct redis_settings *settings;
    struct call call;     /* the command that is being built */
    struct layout layout; /* prefix, and after store_read_meta shards and generation */
    size_t n_pending;     /* commands sent without their replies */
    bool quiet;           /* say nothing on stderr; `complaint` holds it */
    char complaint[512];
};

/* Connects, logs in and selects the database. Of what was there only `quiet` is kept. deinit also what was refused. */
MUST_CHECK int store_open(struct store *store, const struct redis_settings *settings);
void store_deinit(struct store *store);

/* Begins a command with its name in store->call; more words go in with call_arg and its kin. */
void store_begin(struct store *store, const char *name);

/* Types that a reply may have, to be joined with |. */
enum store_type { STORE_TEXT = 1, STORE_INTEGER = 2, STORE_ARRAY = 4, STORE_NIL = 8 };

/* Sends the command that stands in store->call and takes its reply, which the caller owns (reply_free). */
MUST_CHECK int store_run(struct store *store, int types, redisReply **ret_reply);
/* The same in two steps, for many commands at once: replies come in the order of the commands. */
MUST_CHECK int store_send(struct store *store);
MUST_CHECK int store_take(struct store *store, int types, redisReply **ret_reply);

/* Reads PREFIX~meta into the layout. CLI_FAILED with a sentence where no daemon has ever written it. */
MUST_CHECK int store_read_meta(struct store *store);

/* For CLEANUP. */
void reply_free(redisReply **reply);

struct span reply_span(const redisReply *reply);
/* The value of a field in the reply of HGETALL or in an entry of a stream; an empty span where it is absent.
 */
struct span reply_field(const redisReply *fields, const char *name);
bool reply_has_field(const redisReply *fields, const char *name);
/* Decimal text as int64; fallback where it is none. */
int64_t span_i64(struct span text, int64_t fallback);

#endif
