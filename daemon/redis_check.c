#include "daemon/redis_check.h"

#include <errno.h>
#include <string.h>

#include "daemon/redis_login.h"
#include "daemon/redis_rights.h"
#include "daemon/redis_words.h"

enum { WHY_SIZE = 512 };

static void check_done(struct redis_check *check);

/* What a step of the check was answered by a server that does not do it. */
static void check_refused(struct redis_check *check, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR && redis_error_denied(reply->str))
        check->fault(check->context, REDIS_FAULT_DENIED, reply->str);
    else
        redisAsyncDisconnect(check->redis);
}

static void on_login(redisAsyncContext *redis, void *data, void *privdata)
{
    struct redis_check *check = privdata;
    redisReply *reply = data;
    (void)redis;
    if (!reply || check->over)
        return;
    if (reply->type == REDIS_REPLY_ERROR)
        check_refused(check, reply);
    else
        check_done(check);
}

static void on_info(redisAsyncContext *redis, void *data, void *privdata)
{
    struct redis_check *check = privdata;
    redisReply *reply = data;
    (void)redis;
    if (!reply || check->over)
        return;
    char why[256];
    switch (redis_check_info(reply->type == REDIS_REPLY_ERROR ? NULL : reply->str, why, sizeof(why))) {
    case REDIS_INFO_OK:
        check_done(check);
        break;
    case REDIS_INFO_LOADING:
        check_refused(check, reply);
        break;
    case REDIS_INFO_REFUSED:
        check->fault(check->context, REDIS_FAULT_CONFIGURATION, why);
        break;
    }
}

static void on_script(redisAsyncContext *redis, void *data, void *privdata)
{
    struct redis_script *script = privdata;
    redisReply *reply = data;
    (void)redis;
    if (!reply || script->check->over)
        return;
    if (reply->type != REDIS_REPLY_STRING || reply->len != REDIS_SHA_SIZE - 1) {
        check_refused(script->check, reply);
        return;
    }
    memcpy(script->sha, reply->str, REDIS_SHA_SIZE);
    check_done(script->check);
}

static void on_rights(redisAsyncContext *redis, void *data, void *privdata)
{
    struct redis_check *check = privdata;
    redisReply *reply = data;
    char why[WHY_SIZE];
    (void)redis;
    if (!reply || check->over)
        return;
    if (reply->type == REDIS_REPLY_ERROR)
        check_refused(check, reply);
    else if (redis_rights_judge(check->settings, reply, why, sizeof(why)))
        check_done(check);
    else
        check->fault(check->context, REDIS_FAULT_DENIED, why);
}

/* The last step: its script must be there. */
static void ask_rights(struct redis_check *check)
{
    CLEANUP(call_deinit) struct call call;
    CLEANUP(redis_words_deinit) struct redis_words words = {0};
    call_init(&call);
    redis_rights_ask(check->settings, &call);
    check->rights_asked = true;
    check->n_open++;
    if (call_status(&call) < 0 || redis_words_fill(&words, check->scripts[SCRIPT_RIGHTS].sha, &call) < 0 ||
        redisAsyncCommandArgv(check->redis, on_rights, check, (int)words.n, words.words, words.sizes) !=
            REDIS_OK)
        redisAsyncDisconnect(check->redis);
}

static void check_done(struct redis_check *check)
{
    if (--check->n_open > 0 || check->over)
        return;
    if (!check->rights_asked) {
        ask_rights(check);
        return;
    }
    check->done(check->context);
}

int redis_check_scripts(struct redis_check *check)
{
    for (size_t i = SCRIPT_NONE + 1; i < N_SCRIPTS; i++) {
        check->scripts[i].check = check;
        struct span text = script_text((enum script)i);
        const char *argv[] = {"SCRIPT", "LOAD", text.data};
        const size_t sizes[] = {6, 4, text.size};
        check->n_open++;
        if (redisAsyncCommandArgv(check->redis, on_script, &check->scripts[i], 3, argv, sizes) != REDIS_OK)
            return -ENOTCONN;
    }
    return 0;
}

int redis_check_begin(struct redis_check *check, redisAsyncContext *redis, const char *password)
{
    const struct redis_settings *settings = check->settings;
    check->redis = redis;
    check->n_open = 0;
    check->rights_asked = false;
    if (password) {
        const char *argv[] = {"AUTH", settings->username ? settings->username : "default", password};
        check->n_open++;
        if (redisAsyncCommandArgv(check->redis, on_login, check, 3, argv, NULL) != REDIS_OK)
            return -ENOTCONN;
    }
    check->n_open += 2;
    if (redisAsyncCommand(check->redis, on_login, check, "SELECT %d", (int)settings->address.db) !=
            REDIS_OK ||
        redisAsyncCommand(check->redis, on_info, check, "INFO") != REDIS_OK)
        return -ENOTCONN;
    return redis_check_scripts(check);
}
