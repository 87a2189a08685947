#include "daemon/redis_store.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/files.h"
#include "daemon/redis_io.h"
#include "daemon/redis_login.h"
#include "daemon/redis_tls.h"
#include "daemon/redis_tree.h"
#include "daemon/redis_words.h"

enum { RETRY_FIRST_MS = 100, RETRY_LAST_MS = 2000, WHY_SIZE = 512 };

struct redis_store {
    sd_event *event;
    const struct redis_settings *settings;
    struct redis_handlers handlers;
    redisAsyncContext *redis; /* NULL between attempts */
    struct redis_io io;
    struct redis_tls tls;
    sd_event_source *retry;
    int64_t silent_since_ms; /* calls are waiting and nothing has come since; -1: not so */
    bool silent;             /* the connection is being given up for that */
    int64_t retry_ms;
    struct redis_check check;
    char refusal[160]; /* why the connection is being given up, else empty */
    bool ready;
    bool was_ready; /* since the start */
    bool closing;
    struct redis_stats stats;
    struct redis_words words; /* reused by send */
};

/* What an answer needs to find its way: one a call. */
struct ticket {
    struct redis_store *store;
    redis_answer answer;
    void *context;
    uint64_t tag;
    enum script script;
    int64_t sent_us; /* steady */
};

static int store_connect(struct redis_store *store);

static int store_on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct redis_store *store = userdata;
    (void)source;
    (void)usec;
    store->retry = sd_event_source_unref(store->retry);
    return store_connect(store);
}

static void store_fault(struct redis_store *store, enum redis_fault fault, const char *why)
{
    store->closing = store->check.over = true;
    store->handlers.fault(store->handlers.context, fault, why);
}

/* Tries again after a while that doubles up to RETRY_LAST_MS. */
static void store_retry(struct redis_store *store, const char *why, bool wait)
{
    bool first = store->retry_ms == RETRY_FIRST_MS || store->ready;
    store->ready = false;
    store->stats.errors[REDIS_ERROR_CONNECTION]++;
    if (store->closing)
        return;
    if (first || wait)
        store->handlers.lost(store->handlers.context, why, wait);
    uint64_t delay_us = (uint64_t)store->retry_ms * 1000;
    store->retry_ms = store->retry_ms * 2 > RETRY_LAST_MS ? RETRY_LAST_MS : store->retry_ms * 2;
    if (!store->retry)
        (void)sd_event_add_time_relative(store->event, &store->retry, CLOCK_MONOTONIC, delay_us, 10000,
                                         store_on_retry, store);
}

/* A file that cannot be used: at the start a mistake of the configuration, later perhaps one that is just being
 * renewed. */
static void store_file_refused(struct redis_store *store, const char *why)
{
    if (store->was_ready)
        store_retry(store, why, true);
    else
        store_fault(store, REDIS_FAULT_CONFIGURATION, why);
}

/* The connection is gone, and its context in a moment: hiredis frees it. */
static void store_disconnected(struct redis_store *store, const char *said)
{
    char why[WHY_SIZE];
    bool tls = redis_tls_explain(&store->tls, why, sizeof(why));
    if (!tls)
        snprintf(why, sizeof(why), "%s%s", said,
                 store->was_ready ? "" : redis_closed_hint(&store->settings->address, said));
    store->tls = (struct redis_tls){0};
    store->refusal[0] = '\0';
    store->redis = NULL;
    store_retry(store, why, tls);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
    struct redis_store *store = redis->data;
    store_disconnected(store, store->refusal[0]    ? store->refusal
                              : store->silent      ? "no answer for 15 s"
                              : status == REDIS_OK ? "closed"
                                                   : redis->errstr);
}

static void on_connect(const redisAsyncContext *redis, int status)
{
    struct redis_store *store = redis->data;
    if (status == REDIS_OK)
        return;
    char why[WHY_SIZE];
    snprintf(why, sizeof(why), "%s", redis->errstr);
    store->redis = NULL; /* as above */
    store_retry(store, why, false);
}

static void on_checked(void *context)
{
    struct redis_store *store = context;
    store->ready = store->was_ready = true;
    store->stats.connections++;
    store->retry_ms = RETRY_FIRST_MS;
    store->handlers.ready(store->handlers.context);
}

static void on_check_fault(void *context, enum redis_fault fault, const char *why)
{
    store_fault(context, fault, why);
}

/* What cannot be used any more before it was any good. */
static void store_drop(struct redis_store *store, redisAsyncContext *redis, const char *why, bool wait)
{
    redisAsyncFree(redis);
    store_retry(store, why, wait);
}

/* Owns the context in any case. */
static int store_open(struct redis_store *store, redisAsyncContext *redis, const char *password)
{
    char why[WHY_SIZE];
    enum redis_tls_result tls = redis_tls_begin(&store->tls, store->settings, &redis->c, why, sizeof(why));
    if (tls == REDIS_TLS_FAILED)
        return store_drop(store, redis, why, true), 0;
    if (tls == REDIS_TLS_FILES) {
        redisAsyncFree(redis);
        store_file_refused(store, why);
        return 0;
    }
    redis->data = store;
    store->redis = redis;
    int r = redis_io_attach(&store->io, store->event, redis);
    if (r < 0)
        return r;
    redisAsyncSetConnectCallback(redis, on_connect);
    redisAsyncSetDisconnectCallback(redis, on_disconnect);
    return redis_check_begin(&store->check, redis, password);
}

static int store_connect(struct redis_store *store)
{
    const struct redis_address *address = &store->settings->address;
    char why[WHY_SIZE], path[SECRET_PATH_SIZE];
    CLEANUP(secret_free) char *password = NULL;
    int r = redis_password(store->settings, &password);
    if (r < 0) {
        snprintf(why, sizeof(why), "redis.password_file %.150s: %s",
                 secret_path(store->settings->password_file, path), strerror(-r));
        store_file_refused(store, why);
        return 0;
    }
    redisAsyncContext *redis = address->path ? redisAsyncConnectUnix(address->path)
                                             : redisAsyncConnect(address->host, (int)address->port);
    if (!redis)
        return -ENOMEM;
    if (redis->err) {
        snprintf(why, sizeof(why), "%s", redis->errstr);
        store_drop(store, redis, why, false);
        return 0;
    }
    return store_open(store, redis, password);
}

int redis_store_new(sd_event *event, const struct redis_settings *settings,
                    const struct redis_handlers *handlers, struct redis_store **ret_store)
{
    struct redis_store *store = calloc(1, sizeof(*store));
    if (!store)
        return -ENOMEM;
    store->event = sd_event_ref(event);
    store->settings = settings;
    store->handlers = *handlers;
    store->check = (struct redis_check){
        .settings = settings, .done = on_checked, .fault = on_check_fault, .context = store};
    store->retry_ms = RETRY_FIRST_MS;
    store->silent_since_ms = -1;
    int r = store_connect(store);
    if (r < 0) {
        redis_store_free(store);
        return r;
    }
    *ret_store = store;
    return 0;
}

void redis_store_free(struct redis_store *store)
{
    if (!store)
        return;
    store->closing = store->check.over = true;
    store->ready = false;
    if (store->redis)
        redisAsyncFree(store->redis);
    sd_event_source_disable_unref(store->retry);
    redis_words_deinit(&store->words);
    sd_event_unref(store->event);
    free(store);
}

bool redis_store_is_ready(const struct redis_store *store)
{
    return store->ready;
}

static void give_up_silent(struct redis_store *store)
{
    redisAsyncContext *redis = store->redis;
    store->silent = true;
    redisAsyncFree(redis);
    if (store->redis == redis) { /* it was not connected yet: hiredis told nobody */
        store->tls = (struct redis_tls){0};
        store->redis = NULL;
        store_retry(store, "no answer for 15 s", false);
    }
    store->silent = false;
}

int64_t redis_store_tick(struct redis_store *store, int64_t now_ms)
{
    bool waiting = store->redis && store->redis->replies.head;
    if (!waiting || store->io.heard) {
        store->io.heard = false;
        store->silent_since_ms = waiting ? now_ms : -1;
        return 0;
    }
    if (store->silent_since_ms < 0)
        store->silent_since_ms = now_ms;
    int64_t silent_ms = now_ms - store->silent_since_ms;
    if (silent_ms >= REDIS_SILENT_MS && !store->closing) {
        store->silent_since_ms = -1;
        give_up_silent(store);
    }
    return silent_ms;
}

static void answer_refused(struct redis_store *store, redisAsyncContext *redis, const char *error)
{
    if (strncmp(error, "NOSCRIPT", 8) == 0) {
        /* The server forgot the scripts: load them again; the caller starts over and finds them. */
        if (redis_check_scripts(&store->check) < 0)
            redisAsyncDisconnect(redis);
    } else if (redis_error_denied(error)) {
        /* A right was taken away: the check of a new connection says which. */
        snprintf(store->refusal, sizeof(store->refusal), "%s", error);
        store->retry_ms = RETRY_LAST_MS;
        redisAsyncDisconnect(redis);
    }
}

static void on_answer(redisAsyncContext *redis, void *data, void *privdata)
{
    struct ticket *ticket = privdata;
    redisReply *reply = data;
    CLEANUP(redis_tree_deinit) struct redis_tree tree = {0};
    const struct reply *converted = NULL;
    if (reply)
        redis_stats_answered(&ticket->store->stats, ticket->script, ticket->sent_us,
                             reply->type == REDIS_REPLY_ERROR ? reply->str : NULL);
    else
        redis_stats_dropped(&ticket->store->stats);
    if (reply && redis_tree_convert(&tree, reply) == 0)
        converted = tree.root;
    if (reply && reply->type == REDIS_REPLY_ERROR && !ticket->store->closing)
        answer_refused(ticket->store, redis, reply->str);
    ticket->answer(ticket->context, ticket->tag, converted);
    free(ticket);
}

int redis_store_send(struct redis_store *store, const struct call *call, redis_answer answer, void *context,
                     uint64_t tag)
{
    if (!store->ready || !store->redis)
        return -ENOTCONN;
    int r = redis_words_fill(&store->words, store->check.scripts[call->script].sha, call);
    if (r < 0)
        return r;
    struct ticket *ticket = malloc(sizeof(*ticket));
    if (!ticket)
        return -ENOMEM;
    *ticket = (struct ticket){store, answer, context, tag, call->script, redis_stats_now_us()};
    if (redisAsyncCommandArgv(store->redis, on_answer, ticket, (int)store->words.n, store->words.words,
                              store->words.sizes) != REDIS_OK) {
        free(ticket);
        return -ENOTCONN;
    }
    redis_stats_sent(&store->stats, ticket->sent_us);
    return 0;
}

const struct redis_stats *redis_store_stats(const struct redis_store *store)
{
    return &store->stats;
}
