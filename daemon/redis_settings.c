#include "daemon/redis_settings.h"

#include <errno.h>

#include "daemon/redis_tls.h"
#include "lib/config/read.h"
#include "lib/config/value.h"

enum { REDIS_PORT = 6379, PORT_MAX = 65535, DB_MAX = 1000000, SOCKET_PATH_MAX = 107 };

#define URL_ALLOWED "allowed are redis://HOST:PORT/DB, rediss://HOST:PORT/DB and unix:///PATH?db=N"

static char *url_part(struct config_run *run, const char *from, const char *to)
{
    char *copy = arena_text(run->arena, span_from(from, (size_t)(to - from)));
    if (!copy)
        run->error = -ENOMEM;
    return copy;
}

static bool url_number(const char *text, int64_t most, int64_t *ret_value)
{
    int64_t value;
    if (!value_int(text, &value) || value < 0 || value > most)
        return false;
    *ret_value = value;
    return true;
}

/* PATH?db=N */
static bool read_unix_url(struct config_run *run, const struct config_node *node, const char *rest,
                          struct redis_address *address)
{
    const char *end = strchrnul(rest, '?');
    if (*end && (strncmp(end, "?db=", 4) != 0 || !url_number(end + 4, DB_MAX, &address->db))) {
        config_fail(run, node, "\"%.64s\" is not understood behind the path; allowed is ?db=N", end);
        return false;
    }
    if (rest[0] != '/' || end == rest + 1 || end - rest > SOCKET_PATH_MAX) {
        config_fail(run, node,
                    "needs the absolute path of a socket, 2 to 107 bytes, such as unix:///run/redis.sock");
        return false;
    }
    address->path = url_part(run, rest, end);
    return address->path;
}

/* HOST or [HOST], and perhaps :PORT, up to end. */
static bool read_authority(struct config_run *run, const char *from, const char *end,
                           struct redis_address *address)
{
    bool bracketed = *from == '[';
    const char *closing = bracketed ? memchr(from, ']', (size_t)(end - from)) : NULL;
    if (bracketed && !closing)
        return false;
    const char *colon = memchr(closing ? closing : from, ':', (size_t)(end - (closing ? closing : from)));
    const char *host_end = closing ? closing : colon ? colon : end;
    if (closing && closing + 1 != end && closing + 1 != colon)
        return false;
    address->host = url_part(run, from + bracketed, host_end);
    address->port = REDIS_PORT;
    if (!address->host || host_end == from + bracketed)
        return false;
    const char *port = colon ? url_part(run, colon + 1, end) : NULL;
    return !colon || (port && url_number(port, PORT_MAX, &address->port) && address->port > 0);
}

static bool read_tcp_url(struct config_run *run, const struct config_node *node, const char *rest,
                         struct redis_address *address)
{
    const char *end = strchrnul(rest, '/');
    if (strchr(rest, '@')) {
        config_fail(run, node,
                    "must hold no user and no password; use redis.username and redis.password_file");
        return false;
    }
    if (!read_authority(run, rest, end, address) ||
        (*end && end[1] && !url_number(end + 1, DB_MAX, &address->db))) {
        config_fail(run, node, "\"%.64s\" is no address of a Redis; " URL_ALLOWED, node->text);
        return false;
    }
    return true;
}

static bool read_tls_url(struct config_run *run, const struct config_node *node, const char *rest,
                         struct redis_address *address)
{
    address->tls = true;
    if (redis_tls_available())
        return read_tcp_url(run, node, rest, address);
    config_fail(
        run, node,
        "rediss:// needs hiredis 1.0 or later with TLS, and this roiwatch was built without it (Debian "
        "12 has none); use Debian 13, or let stunnel on this machine speak TLS and give its address as "
        "redis://localhost:PORT or unix:///PATH");
    return false;
}

static bool address_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    const char *text = config_scalar(run, node, "URL");
    struct redis_address address = {.url = text};
    bool ok;
    if (!text)
        return false;
    if (strncmp(text, "redis://", 8) == 0)
        ok = read_tcp_url(run, node, text + 8, &address);
    else if (strncmp(text, "rediss://", 9) == 0)
        ok = read_tls_url(run, node, text + 9, &address);
    else if (strncmp(text, "unix://", 7) == 0)
        ok = read_unix_url(run, node, text + 7, &address);
    else {
        bool later = strncmp(text, "redis+cluster://", 16) == 0;
        config_fail(run, node,
                    later ? "%.*s:// is not yet in this version; %s" : "\"%.*s\" is no URL that is known; %s",
                    (int)(later ? strcspn(text, ":") : strnlen(text, 64)), text, URL_ALLOWED);
        return false;
    }
    if (ok)
        *(struct redis_address *)ret_value = address;
    return ok;
}

static void address_write(const void *value, bool json, struct buffer *buffer)
{
    value_write_text(((const struct redis_address *)value)->url, json, buffer);
}

static const struct config_custom address_custom = {
    .name = "URL",
    .size = sizeof(struct redis_address),
    .read = address_read,
    .write = address_write,
};

static const struct config_row redis_rows[] = {
    {
        .key = "url",
        .type = CONFIG_CUSTOM,
        .flags = CONFIG_REQUIRED,
        .custom = &address_custom,
        .example = "redis://localhost:6379/0",
        .offset = offsetof(struct redis_settings, address),
        .help =
            "redis://HOST:PORT/DB, rediss://HOST:PORT/DB (TLS, Debian 13) or unix:///PATH?db=N, without a "
            "password.",
    },
    {
        .key = "prefix",
        .type = CONFIG_TEXT,
        .fallback = "roi:",
        .least = 1,
        .most = 64,
        .offset = offsetof(struct redis_settings, prefix),
        .help = "All keys begin with it; no braces. Another prefix is another set of numbers.",
    },
    {
        .key = "username",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = 256,
        .offset = offsetof(struct redis_settings, username),
        .help = "User of Redis' access lists; ~ for the default user.",
    },
    {
        .key = "password_file",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = 4095,
        .offset = offsetof(struct redis_settings, password_file),
        .help = "A file whose first line is the password; read at each connection. A name without / is a "
                "systemd credential, for the packaged units a file in /etc/roiwatch/credentials.",
    },
    {
        .key = "ca_file",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = 4095,
        .offset = offsetof(struct redis_settings, ca_file),
        .help = "With rediss://: the CAs (PEM) that may have signed the certificate of Redis; ~ for the "
                "system's. Its "
                "name must be the host's. The three files are read at each connection and found as "
                "redis.password_file is.",
    },
    {
        .key = "cert_file",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = 4095,
        .offset = offsetof(struct redis_settings, cert_file),
        .help = "With rediss://: roiwatch's own certificate and its chain (PEM), where Redis demands one.",
    },
    {
        .key = "key_file",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .fallback = "~",
        .least = 1,
        .most = 4095,
        .offset = offsetof(struct redis_settings, key_file),
        .help = "The key (PEM, without a password) of redis.cert_file.",
    },
    {
        .key = "shards",
        .type = CONFIG_INT,
        .fallback = "64",
        .least = 1,
        .most = 16384,
        .effect = EFFECT_REFUSED,
        .offset = offsetof(struct redis_settings, shards),
        .help = "Into how many parts the counters are split; fixed at the first start.",
    },
    {
        .key = "flush",
        .type = CONFIG_DURATION,
        .fallback = "250ms",
        .least = 10,
        .most = 10000,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct redis_settings, flush_ms),
        .help = "How long counts are gathered before they are written.",
    },
};

/* Files for TLS where there is none would promise what is not so. */
static void tls_check(struct config_run *run, const struct config_node *node,
                      const struct redis_settings *redis)
{
    const char *given = redis->ca_file     ? "ca_file"
                        : redis->cert_file ? "cert_file"
                        : redis->key_file  ? "key_file"
                                           : NULL;
    if (given && redis->address.url && !redis->address.tls)
        config_fail_key(run, node, given,
                        "is for TLS only, and redis.url does not begin with rediss://; nothing would be "
                        "encrypted");
    else if (!redis->cert_file != !redis->key_file)
        config_fail_key(run, node, redis->cert_file ? "cert_file" : "key_file",
                        "needs redis.%s beside it: a certificate and its key go together",
                        redis->cert_file ? "key_file" : "cert_file");
}

static void redis_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct redis_settings *redis = record;
    tls_check(run, node, redis);
    if (redis->username && !redis->password_file)
        config_fail_key(run, node, "username",
                        "needs redis.password_file beside it: without a password nobody is logged in");
    for (const char *p = redis->prefix ? redis->prefix : ""; *p; p++)
        if (strchr("{}", *p) || (unsigned char)*p < 0x20 || *p == 0x7f) {
            config_fail_key(run, node, "prefix", "must hold no braces and no control characters");
            return;
        }
}

static const struct config_shape redis_shape = {
    .rows = redis_rows,
    .n_rows = ARRAY_SIZE(redis_rows),
    .size = sizeof(struct redis_settings),
    .check = redis_check,
};

const struct config_row redis_row = {
    .key = "redis",
    .type = CONFIG_RECORD,
    .shape = &redis_shape,
    .help = "Where the numbers are kept.",
};
