/*
 * Settings of the Redis store.
 */
#ifndef ROIWATCH_DAEMON_REDIS_SETTINGS_H
#define ROIWATCH_DAEMON_REDIS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct config_row;

/* redis.url, taken apart: either host and port or a socket's path. */
struct redis_address {
    const char *url;  /* as configured; never holds a secret */
    const char *host; /* NULL where path is set; an IPv6 address has no brackets */
    const char *path; /* of a Unix socket, or NULL */
    int64_t port;
    int64_t db;
    bool tls; /* rediss:// */
};

struct redis_settings {
    struct redis_address address;
    const char *prefix;
    const char *username;      /* NULL: none */
    const char *password_file; /* NULL: none; read when connecting */
    const char *ca_file;   /* NULL: the system's; this and the next two only with TLS, read when connecting */
    const char *cert_file; /* ours, with key_file; NULL: none */
    const char *key_file;
    int64_t shards; /* 1 to 16384 */
    int64_t flush_ms;
};

extern const struct config_row redis_row;

#endif
