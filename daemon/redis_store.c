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

enum { SHA_SIZE = 41, RETRY_FIRST_MS = 100, RETRY_LAST_MS = 2000, CHECK_SELECT = 1, WHY_SIZE = 512 };

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
    size_t checks_open; /* answers outstanding before the connection is ready */
    bool ready;
    bool was_ready; /* since the start */
    bool closing;
    struct redis_stats stats;
    char sha[N_SCRIPTS][SHA_SIZE];
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
    store->closing = true;
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
    store->redis = NULL;
    store_retry(store, why, tls);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
    struct redis_store *store = redis->data;
    store_disconnected(store, store->silent        ? "no answer for 15 s"
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

static void check_done(struct redis_store *store)
{
    if (--store->checks_open > 0 || store->closing)
        return;
    store->ready = store->was_ready = true;
    store->stats.connections++;
    store->retry_ms = RETRY_FIRST_MS;
    store->handlers.ready(store->handlers.context);
}

static void on_login(redisAsyncContext *redis, void *data, void *privdata)
{
    struct redis_store *store = redis->data;
    redisReply *reply = data;
    (void)privdata;
    if (!reply || store->closing)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        if (redis_error_denied(reply->str))
            store_fault(store, REDIS_FAULT_DENIED, reply->str);
        else
            redisAsyncDisconnect(redis);
        return;
    }
    check_done(store);
}

static void on_info(redisAsyncContext *redis, void *data, void *privdata)
{
    struct redis_store *store = redis->data;
    redisReply *reply = data;
    (void)privdata;
    if (!reply || store->closing)
        return;
    char why[256];
    switch (redis_check_info(reply->type == REDIS_REPLY_ERROR ? NULL : reply->str, why, sizeof(why))) {
    case REDIS_INFO_OK:
        check_done(store);
        break;
    case REDIS_INFO_LOADING:
        redisAsyncDisconnect(redis);
        break;
    case REDIS_INFO_REFUSED:
        store_fault(store, REDIS_FAULT_CONFIGURATION, why);
        break;
    }
}

static void on_script(redisAsyncContext *redis, void *data, void *privdata)
{
    struct redis_store *store = redis->data;
    redisReply *reply = data;
    size_t script = (size_t)(uintptr_t)privdata;
    if (!reply || store->closing)
        return;
    if (reply->type != REDIS_REPLY_STRING || reply->len != SHA_SIZE - 1) {
        if (reply->type == REDIS_REPLY_ERROR && redis_error_denied(reply->str))
            store_fault(store, REDIS_FAULT_DENIED, reply->str);
        else
            redisAsyncDisconnect(redis);
        return;
    }
    memcpy(store->sha[script], reply->str, SHA_SIZE);
    check_done(store);
}

static int load_scripts(struct redis_store *store)
{
    for (size_t i = SCRIPT_NONE + 1; i < N_SCRIPTS; i++) {
        struct span text = script_text((enum script)i);
        const char *argv[] = {"SCRIPT", "LOAD", text.data};
        const size_t sizes[] = {6, 4, text.size};
        store->checks_open++;
        if (redisAsyncCommandArgv(store->redis, on_script, (void *)(uintptr_t)i, 3, argv, sizes) != REDIS_OK)
            return -ENOTCONN;
    }
    return 0;
}

/* Logs in, selects, looks at the server, loads the scripts: all sent at once, ready when all are answered. */
static int store_check(struct redis_store *store, const char *password)
{
    const struct redis_settings *settings = store->settings;
    store->checks_open = 0;
    if (password) {
        const char *argv[] = {"AUTH", settings->username ? settings->username : "default", password};
        store->checks_open++;
        if (redisAsyncCommandArgv(store->redis, on_login, NULL, 3, argv, NULL) != REDIS_OK)
            return -ENOTCONN;
    }
    store->checks_open += CHECK_SELECT + 1;
    if (redisAsyncCommand(store->redis, on_login, NULL, "SELECT %d", (int)settings->address.db) != REDIS_OK ||
        redisAsyncCommand(store->redis, on_info, NULL, "INFO") != REDIS_OK)
        return -ENOTCONN;
    return load_scripts(store);
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
    return store_check(store, password);
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
    store->closing = true;
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
    if (reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0 &&
        !ticket->store->closing) {
        /* The server forgot the scripts: load them again; the caller starts over and finds them. */
        ticket->store->checks_open++;
        (void)load_scripts(ticket->store);
        ticket->store->checks_open--;
    }
    (void)redis;
    ticket->answer(ticket->context, ticket->tag, converted);
    free(ticket);
}

int redis_store_send(struct redis_store *store, const struct call *call, redis_answer answer, void *context,
                     uint64_t tag)
{
    if (!store->ready || !store->redis)
        return -ENOTCONN;
    int r = redis_words_fill(&store->words, store->sha[call->script], call);
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
