#include "daemon/redis_login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/files.h"

enum { PASSWORD_MAX = 4096, REDIS_MAJOR_MIN = 7 };

static void file_close(FILE **file)
{
    if (*file)
        fclose(*file);
}

int redis_password(const struct redis_settings *settings, char **ret_password)
{
    *ret_password = NULL;
    if (!settings->password_file)
        return 0;
    char path[SECRET_PATH_SIZE];
    CLEANUP(file_close) FILE *file = fopen(secret_path(settings->password_file, path), "re");
    if (!file)
        return -errno;
    char *password = calloc(1, PASSWORD_MAX);
    if (!password)
        return -ENOMEM;
    size_t size = fread(password, 1, PASSWORD_MAX - 1, file);
    while (size > 0 && (password[size - 1] == '\n' || password[size - 1] == '\r'))
        password[--size] = '\0';
    *ret_password = password;
    return 0;
}

bool redis_error_denied(const char *error)
{
    return strncmp(error, "NOAUTH", 6) == 0 || strncmp(error, "WRONGPASS", 9) == 0 ||
           strncmp(error, "NOPERM", 6) == 0 || strstr(error, "invalid password") ||
           strstr(error, "without any password configured");
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
