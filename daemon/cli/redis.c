#include "daemon/cli/redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "daemon/files.h"
#include "daemon/redis_login.h"

enum { TIMEOUT_S = 5, ARGUMENTS_MAX = 64 };

void reply_free(redisReply **reply)
{
    if (*reply)
        freeReplyObject(*reply);
    *reply = NULL;
}

struct span reply_span(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
        return (struct span){0};
    return span_from(reply->str, reply->len);
}

static const redisReply *find_field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2) {
        if (span_equal(reply_span(fields->element[i]), span_of(name)))
            return fields->element[i + 1];
    }
    return NULL;
}

struct span reply_field(const redisReply *fields, const char *name)
{
    const redisReply *value = find_field(fields, name);
    return value ? reply_span(value) : (struct span){0};
}

bool reply_has_field(const redisReply *fields, const char *name)
{
    return find_field(fields, name) != NULL;
}

int64_t span_i64(struct span text, int64_t fallback)
{
    char copy[24];
    char *end;
    if (text.size == 0 || text.size >= sizeof(copy))
        return fallback;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    errno = 0;
    int64_t value = strtoll(copy, &end, 10);
    return errno || *end ? fallback : value;
}

__attribute__((format(printf, 3, 4))) static int complain(struct store *store, int code, const char *format,
                                                          ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(store->complaint, sizeof(store->complaint), format, arguments);
    va_end(arguments);
    if (!store->quiet)
        fprintf(stderr, "roiwatch: %s\n", store->complaint);
    return code;
}

/* A context is of no use after an error of its own. */
static void store_close(struct store *store)
{
    if (store->context)
        redisFree(store->context);
    store->context = NULL;
    store->tls = (struct redis_tls){0};
    store->n_pending = 0;
}

static int lost(struct store *store)
{
    char why[sizeof(store->complaint)];
    bool tls = redis_tls_explain(&store->tls, why, sizeof(why));
    const char *said = store->context->errstr[0] ? store->context->errstr : "the connection is lost";
    if (!tls)
        snprintf(why, sizeof(why), "%s%s", said, redis_closed_hint(&store->settings->address, said));
    int code = complain(store, tls ? CLI_CONFIGURATION : CLI_UNAVAILABLE, "Redis at %s: %s",
                        store->settings->address.url, why);
    store_close(store);
    return code;
}

/* What the server itself said: its first word decides. */
static int refused(struct store *store, const redisReply *reply)
{
    static const char *const away[] = {"LOADING", "BUSY", "CLUSTERDOWN", "MASTERDOWN",
                                       "ERR max number of clients"};
    int code = redis_error_denied(reply->str) ? CLI_DENIED : CLI_FAILED;
    for (size_t i = 0; i < ARRAY_SIZE(away); i++) {
        if (strncmp(reply->str, away[i], strlen(away[i])) == 0)
            code = CLI_UNAVAILABLE;
    }
    return complain(store, code, "Redis at %s: %s", store->settings->address.url, reply->str);
}

/* Replies that nobody will take any more would be taken for those of the next commands. */
static int give_up_pending(struct store *store, int code)
{
    if (store->n_pending)
        store_close(store);
    return code;
}

static int type_bit(const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return STORE_TEXT;
    case REDIS_REPLY_INTEGER:
        return STORE_INTEGER;
    case REDIS_REPLY_ARRAY:
        return STORE_ARRAY;
    case REDIS_REPLY_NIL:
        return STORE_NIL;
    default:
        return 0;
    }
}

static int send_call(struct store *store)
{
    const char *words[ARGUMENTS_MAX];
    size_t sizes[ARGUMENTS_MAX];
    size_t n = store->call.n_args;
    if (call_status(&store->call) || n > ARGUMENTS_MAX)
        return complain(store, CLI_FAILED, n > ARGUMENTS_MAX ? "too many arguments" : "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct span word = call_get(&store->call, i);
        words[i] = word.data ? word.data : "";
        sizes[i] = word.size;
    }
    if (redisAppendCommandArgv(store->context, (int)n, words, sizes) != REDIS_OK)
        return lost(store);
    store->n_pending++;
    return CLI_OK;
}

int store_take(struct store *store, int types, redisReply **ret_reply)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    void *taken = NULL;
    if (!store->context)
        return CLI_UNAVAILABLE;
    if (redisGetReply(store->context, &taken) != REDIS_OK || !taken)
        return lost(store);
    reply = taken;
    store->n_pending--;
    if (reply->type == REDIS_REPLY_ERROR)
        return give_up_pending(store, refused(store, reply));
    if (!(type_bit(reply) & types))
        return give_up_pending(store, complain(store, CLI_FAILED,
                                               "Redis at %s: a reply of type %d where another was due",
                                               store->settings->address.url, reply->type));
    *ret_reply = STEAL(reply);
    return CLI_OK;
}

static int run_now(struct store *store, int types, redisReply **ret_reply)
{
    int r = send_call(store);
    return r ? r : store_take(store, types, ret_reply);
}

static int log_in(struct store *store)
{
    CLEANUP(secret_free) char *password = NULL;
    CLEANUP(reply_free) redisReply *reply = NULL;
    int error = redis_password(store->settings, &password);
    char path[SECRET_PATH_SIZE];
    if (error)
        return complain(store, CLI_CONFIGURATION, "redis.password_file %s: %s",
                        secret_path(store->settings->password_file, path), strerror(-error));
    if (!password)
        return CLI_OK;
    store_begin(store, "AUTH");
    if (store->settings->username)
        call_arg_text(&store->call, store->settings->username);
    call_arg_text(&store->call, password);
    return run_now(store, STORE_TEXT, &reply);
}

static int select_database(struct store *store)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    if (store->settings->address.db == 0)
        return CLI_OK;
    store_begin(store, "SELECT");
    call_arg_i64(&store->call, store->settings->address.db);
    return run_now(store, STORE_TEXT, &reply);
}

static int start_tls(struct store *store)
{
    char why[sizeof(store->complaint)];
    if (redis_tls_begin(&store->tls, store->settings, store->context, why, sizeof(why)) == REDIS_TLS_OK)
        return CLI_OK;
    return complain(store, CLI_CONFIGURATION, "Redis at %s: %s", store->settings->address.url, why);
}

static int connect_now(struct store *store)
{
    const struct redis_address *address = &store->settings->address;
    struct timeval timeout = {.tv_sec = TIMEOUT_S};
    store->context = address->path ? redisConnectUnixWithTimeout(address->path, timeout)
                                   : redisConnectWithTimeout(address->host, (int)address->port, timeout);
    if (!store->context)
        return complain(store, CLI_FAILED, "out of memory");
    if (store->context->err || redisSetTimeout(store->context, timeout) != REDIS_OK)
        return lost(store);
    int r = start_tls(store);
    if (!r)
        r = log_in(store);
    if (!r)
        r = select_database(store);
    if (r)
        store_close(store);
    return r;
}

int store_open(struct store *store, const struct redis_settings *settings)
{
    *store = (struct store){
        .settings = settings, .quiet = store->quiet, .layout = {.prefix = span_of(settings->prefix)}};
    call_init(&store->call);
    return connect_now(store);
}

void store_deinit(struct store *store)
{
    store_close(store);
    call_deinit(&store->call);
}

void store_begin(struct store *store, const char *name)
{
    call_begin(&store->call, SCRIPT_NONE);
    call_arg_text(&store->call, name);
}

/* Opening logs in through store->call, so the waiting command is put aside. */
static int reopen(struct store *store)
{
    struct call waiting = store->call;
    call_init(&store->call);
    int r = connect_now(store);
    call_deinit(&store->call);
    store->call = waiting;
    return r;
}

int store_send(struct store *store)
{
    if (!store->context) {
        if (store->n_pending)
            return CLI_UNAVAILABLE;
        int r = reopen(store);
        if (r)
            return r;
    }
    return send_call(store);
}

int store_run(struct store *store, int types, redisReply **ret_reply)
{
    int r = store_send(store);
    return r ? r : store_take(store, types, ret_reply);
}

int store_read_meta(struct store *store)
{
    CLEANUP(reply_free) redisReply *fields = NULL;
    char key[512];
    snprintf(key, sizeof(key), "%.*s~meta", (int)store->layout.prefix.size, store->layout.prefix.data);
    store_begin(store, "HGETALL");
    call_arg_text(&store->call, key);
    int r = store_run(store, STORE_ARRAY, &fields);
    if (r)
        return r;
    int64_t shards = span_i64(reply_field(fields, "shards"), 0);
    if (shards < 1 || shards > UINT16_MAX)
        return complain(store, CLI_FAILED,
                        "nothing is counted under the prefix %s yet: no roiwatchd has started there",
                        store->settings->prefix);
    store->layout.n_shards = (uint32_t)shards;
    store->layout.generation = span_i64(reply_field(fields, "generation"), 1);
    return CLI_OK;
}
