#include "daemon/identity_key.h"

#include <stdio.h>
#include <string.h>

#include "daemon/files.h"

bool identity_rules_load(const struct attribution_settings *settings, struct identity_rules *ret_rules,
                         char ret_why[IDENTITY_KEY_WHY_SIZE])
{
    struct identity_rules rules = {.hashed = settings->hash_identities};
    CLEANUP(secret_free) char *key = NULL;
    char path[SECRET_PATH_SIZE];
    if (!rules.hashed) {
        *ret_rules = rules;
        return true;
    }
    int r = secret_read(settings->identity_key_file, &key);
    size_t size = r == 0 ? strlen(key) : 0;
    if (r < 0) {
        snprintf(ret_why, IDENTITY_KEY_WHY_SIZE, "attribution.identity_key_file %.300s: %s",
                 secret_path(settings->identity_key_file, path), strerror(-r));
        return false;
    }
    if (size < IDENTITY_KEY_LEAST || size > IDENTITY_KEY_MOST) {
        snprintf(ret_why, IDENTITY_KEY_WHY_SIZE,
                 "attribution.identity_key_file %.300s holds %zu bytes; a key is text of %d to %d, such as "
                 "that of "
                 "`openssl rand -hex 32`",
                 secret_path(settings->identity_key_file, path), size, IDENTITY_KEY_LEAST, IDENTITY_KEY_MOST);
        return false;
    }
    memcpy(rules.key, key, size);
    rules.key_size = size;
    *ret_rules = rules;
    return true;
}
