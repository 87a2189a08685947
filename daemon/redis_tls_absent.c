/* A hiredis without TLS: the configuration refuses rediss://, so that nothing else here is ever asked. */
#include "daemon/redis_tls.h"

#include <stdio.h>

bool redis_tls_available(void)
{
    return false;
}

enum redis_tls_result redis_tls_begin(struct redis_tls *tls, const struct redis_settings *settings,
                                      redisContext *context, char *why, size_t why_size)
{
    (void)context;
    *tls = (struct redis_tls){0};
    if (!settings->address.tls)
        return REDIS_TLS_OK;
    snprintf(why, why_size, "roiwatch was built without TLS for Redis");
    return REDIS_TLS_FILES;
}

bool redis_tls_explain(const struct redis_tls *tls, char *why, size_t why_size)
{
    (void)tls;
    (void)why;
    (void)why_size;
    return false;
}
