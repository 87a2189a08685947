#include "daemon/redis_rights.h"

#include <stdio.h>
#include <string.h>

/*
 * Every command of the programs and of the scripts; AUTH needs no right. Each with all arguments, as the script says
 * which asks about them. Sorted.
 */
static const char *const rights[] = {
    "w bitfield K set u8 0 0",
    "w del K",
    "- evalsha s 0",
    "r exists K",
    "r get K",
    "w hdel K f",
    "r hexists K f",
    "r hget K f",
    "r hgetall K",
    "w hincrby K f 1",
    "r hlen K",
    "r hmget K f",
    "r hscan K 0",
    "w hset K f v",
    "w incr K",
    "- info",
    "p publish C m",
    "w sadd K m",
    "- scan 0",
    "r scard K",
    "- script load s",
    "- select 0",
    "w set K v",
    "w setrange K 0 v",
    "r smembers K",
    "w srem K m",
    "r sscan K 0",
    "- time",
    "w unlink K",
    "w xadd K * f v",
    "w xdel K 0-1",
    "r xlen K",
    "r xrange K - +",
    "r xread streams K 0",
    "r xrevrange K + -",
    "w zadd K 0 m",
    "r zrangebylex K - +",
    "r zrangebyscore K 0 1",
    "w zrem K m",
};

void redis_rights_ask(const struct redis_settings *settings, struct call *call)
{
    call_begin(call, SCRIPT_RIGHTS);
    call_arg_text(call, settings->prefix);
    for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
        call_arg_text(call, rights[i]);
}

/* +get, +script|load */
static void append_right(struct buffer *buffer, const char *right)
{
    static const char container[] = "script ";
    const char *name = strchr(right, ' ') + 1;
    int size = (int)strcspn(name, " ");
    if (strncmp(name, container, strlen(container)) == 0)
        buffer_printf(buffer, " +%.*s|%.*s", size, name, (int)strcspn(name + size + 1, " "), name + size + 1);
    else
        buffer_printf(buffer, " +%.*s", size, name);
}

bool redis_rights_judge(const struct redis_settings *settings, const redisReply *reply, char *why,
                        size_t why_size)
{
    CLEANUP(buffer_deinit) struct buffer missing = BUFFER_INIT;
    const char *user = settings->username ? settings->username : "default";
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return true;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            buffer_printf(&missing, " %s", reply->element[i]->str);
    buffer_append_u8(&missing, '\0');
    if (buffer_status(&missing) < 0)
        snprintf(why, why_size, "the user %.64s lacks rights", user);
    else
        snprintf(why, why_size, "the user %.64s lacks rights; give them to it: ACL SETUSER %.64s%s", user,
                 user, missing.data);
    return false;
}

void redis_rights_reference(struct buffer *buffer)
{
    buffer_append_text(
        buffer, "\n## Rights in Redis\n\n"
                "A user of its own for roiwatch needs the rights of this line and no others; put another "
                "`redis.prefix` in place\nof `roi:`. What is missing is named when a connection begins, "
                "and by `roiwatch check --live`. With `+config|get` as well,\nthe latter can also say "
                "whether Redis takes snapshots.\n\n"
                "    ACL SETUSER roiwatch on >PASSWORD resetkeys ~roi:* resetchannels &roi:alerts");
    for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
        append_right(buffer, rights[i]);
    buffer_append_text(buffer, "\n\nA lookup in a Redis hash needs its key as well: `~ads`.\n");
}
