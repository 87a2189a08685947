#include "daemon/redis_login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/files.h"

enum { REDIS_MAJOR_MIN = 7 };

int redis_password(const struct redis_settings *settings, char **ret_password)
{
    *ret_password = NULL;
    if (!settings->password_file)
        return 0;
    int r = secret_read(settings->password_file, ret_password);
    if (r < 0)
        return r;
    size_t first_line = strcspn(*ret_password, "\r\n");
    explicit_bzero(*ret_password + first_line, strlen(*ret_password + first_line));
    return 0;
}

bool redis_error_denied(const char *error)
{
    return strncmp(error, "NOAUTH", 6) == 0 || strncmp(error, "WRONGPASS", 9) == 0 ||
           strncmp(error, "NOPERM", 6) == 0 || strstr(error, "The user executing the script can't") ||
           strstr(error, "ACL failure in script") || strstr(error, "invalid password") ||
           strstr(error, "without any password configured");
}

const char *redis_closed_hint(const struct redis_address *address, const char *said)
{
    bool hung_up = strstr(said, "closed the connection") || strstr(said, strerror(ECONNRESET));
    return address->tls || address->path || !hung_up
               ? ""
               : "; if this is the tls-port of Redis, redis.url needs rediss://";
}

/* The value of `name:` in INFO's text, up to its line end. */
static bool info_value(const char *info, const char *name, char *value, size_t size)
{
    size_t name_size = strlen(name);
    for (const char *line = info; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, name_size) != 0 || line[name_size] != ':')
            continue;
        line += name_size + 1;
        size_t n = strcspn(line, "\r\n");
        snprintf(value, size, "%.*s", (int)n, line);
        return true;
    }
    return false;
}

enum redis_info redis_check_info(const char *info, char *why, size_t why_size)
{
    char value[64];
    if (!info || (info_value(info, "loading", value, sizeof(value)) && strcmp(value, "1") == 0))
        return REDIS_INFO_LOADING;
    if (info_value(info, "redis_version", value, sizeof(value)) && atoi(value) < REDIS_MAJOR_MIN) {
        snprintf(why, why_size, "Redis %s is too old: roiwatch needs Redis %d or later (scripts with flags)",
                 value, REDIS_MAJOR_MIN);
        return REDIS_INFO_REFUSED;
    }
    if (info_value(info, "maxmemory_policy", value, sizeof(value)) && strcmp(value, "noeviction") != 0) {
        snprintf(why, why_size,
                 "Redis has maxmemory-policy %s, which would evict counters silently: set `maxmemory-policy "
                 "noeviction`",
                 value);
        return REDIS_INFO_REFUSED;
    }
    return REDIS_INFO_OK;
}
