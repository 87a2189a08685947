/* check --live: does Redis let us in, may we do all that we need, does it keep what we write? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/check_live.h"
#include "daemon/cli/redis.h"
#include "daemon/redis_login.h"
#include "daemon/redis_rights.h"
#include "daemon/slices_text.h"
#include "lib/event/ad_table.h"
#include "lib/shard/scripts.h"

enum { ERROR_SIZE = 256 };

/* The number after `name:` in INFO's text. */
static int64_t info_i64(const char *info, const char *name, int64_t fallback)
{
    char line[80];
    snprintf(line, sizeof(line), "\n%s:", name);
    const char *at = strstr(info, line);
    if (!at)
        return fallback;
    at += strlen(line);
    return span_i64(span_from(at, strcspn(at, "\r\n")), fallback);
}

static void check_info(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *info = NULL;
    char why[ERROR_SIZE] = "";
    store_begin(store, "INFO");
    int r = store_run(store, STORE_TEXT, &info);
    if (r) {
        live_fail(live, r, "%s", store->complaint);
        return;
    }
    switch (redis_check_info(info->str, why, sizeof(why))) {
    case REDIS_INFO_LOADING:
        live_fail(live, CLI_UNAVAILABLE, "Redis at %s is still loading its data",
                  live->settings->redis.address.url);
        break;
    case REDIS_INFO_REFUSED:
        live_fail(live, CLI_CONFIGURATION, "%s", why);
        break;
    case REDIS_INFO_OK:
        fprintf(stderr, "ok: Redis at %s\n", live->settings->redis.address.url);
        break;
    }
    live->maxmemory = info_i64(info->str, "maxmemory", 0);
    live->persistent = info_i64(info->str, "aof_enabled", 0) == 1;
    live->persistence_known = live->persistent;
}

/* Snapshots are told by CONFIG only, which a careful operator may have forbidden. */
static void check_save(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *config = NULL;
    if (live->persistent)
        return;
    store_begin(store, "CONFIG");
    call_arg_text(&store->call, "GET");
    call_arg_text(&store->call, "save");
    int r = store_run(store, STORE_ARRAY, &config);
    live->persistence_known = !r;
    live->persistent = !r && reply_field(config, "save").size > 0;
}

/* A command that writes, without an effect: a replica, a full server or a missing right refuses it. */
static void check_write(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "~check");
    store_begin(store, "DEL");
    call_arg(&store->call, buffer_span(&key));
    int r = store_run(store, STORE_INTEGER, &reply);
    if (r)
        live_fail(live, r == CLI_FAILED ? CLI_UNAVAILABLE : r, "roiwatch may not write: %s",
                  store->complaint);
}

/* Every right that the daemon needs, not only those that this command uses. */
static void check_rights(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *sha = NULL;
    CLEANUP(reply_free) redisReply *missing = NULL;
    CLEANUP(call_deinit) struct call rights;
    char why[ERROR_SIZE * 2];
    call_init(&rights);
    redis_rights_ask(&live->settings->redis, &rights);
    store_begin(store, "SCRIPT");
    call_arg_text(&store->call, "LOAD");
    call_arg(&store->call, script_text(rights.script));
    int r = call_status(&rights) < 0 ? CLI_FAILED : store_run(store, STORE_TEXT, &sha);
    if (!r) {
        store_begin(store, "EVALSHA");
        call_arg(&store->call, reply_span(sha));
        call_arg_i64(&store->call, (int64_t)rights.n_keys);
        for (size_t i = 0; i < rights.n_args; i++)
            call_arg(&store->call, call_get(&rights, i));
        r = store_run(store, STORE_ARRAY, &missing);
    }
    if (r)
        live_fail(live, r, "%s", store->complaint);
    else if (!redis_rights_judge(&live->settings->redis, missing, why, sizeof(why)))
        live_fail(live, CLI_DENIED, "Redis at %s: %s", live->settings->redis.address.url, why);
}

static void count_campaigns(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *count = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "campaigns");
    store_begin(store, "SCARD");
    call_arg(&store->call, buffer_span(&key));
    int r = store_run(store, STORE_INTEGER, &count);
    if (r)
        live_fail(live, r, "%s", store->complaint);
    else
        live->n_campaigns = count->integer;
}

/* The daemon waits for ads that are not there, and reads nothing meanwhile. */
static void check_lookup(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *count = NULL;
    const char *hash = live->settings->lookup.ad_id.redis_hash;
    if (!hash)
        return;
    store_begin(store, "HLEN");
    call_arg_text(&store->call, hash);
    int r = store_run(store, STORE_INTEGER, &count);
    if (r)
        live_fail(live, r, "the lookup in Redis hash %s: %s", hash, store->complaint);
    else if (count->integer == 0)
        live_warn(
            live,
            "Redis has no hash %s, or nothing in it: roiwatchd reads nothing from Kafka until it has ads",
            hash);
    else if (count->integer > AD_ROWS_MAX)
        live_fail(live, CLI_CONFIGURATION, "Redis hash %s has %lld ads; at most %d can be looked up", hash,
                  count->integer, AD_ROWS_MAX);
}

/* What stands in Redis was counted with these slices and measures; nothing stands there before a first start. */
static void check_slices(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *meta = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "~meta");
    store_begin(store, "HGETALL");
    call_arg(&store->call, buffer_span(&key));
    int r = store_run(store, STORE_ARRAY, &meta);
    if (r)
        live_fail(live, r, "%s", store->complaint);
    else if (meta->elements && !slices_cover(live->settings, reply_field(meta, "slices")))
        live_warn(live, "what stands in Redis was counted with other windows, measures or another "
                        "lateness.disorder: the next start counts all of the log again, where Kafka still "
                        "holds it");
}

void check_redis(struct live *live)
{
    CLEANUP(store_deinit) struct store store = {.quiet = true};
    int r = store_open(&store, &live->settings->redis);
    if (r) {
        live_fail(live, r, "%s", store.complaint);
        return;
    }
    check_info(live, &store);
    check_rights(live, &store);
    if (live->code == CLI_DENIED)
        return;
    check_write(live, &store);
    check_save(live, &store);
    count_campaigns(live, &store);
    check_lookup(live, &store);
    check_slices(live, &store);
}
