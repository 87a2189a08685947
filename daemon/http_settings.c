#include "daemon/http_settings.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/config/read.h"
#include "lib/config/schema.h"
#include "lib/config/value.h"

enum { PORT_MAX = 65535, HOST_SIZE = 64 };

static bool port_parse(const char *text, uint16_t *ret_port)
{
    int64_t port;
    if (!value_int(text, &port) || port < 1 || port > PORT_MAX)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

bool http_address_parse(const char *text, union http_address *ret_address)
{
    char host[HOST_SIZE];
    uint16_t port;
    bool bracketed = text[0] == '[';
    const char *end = bracketed ? strstr(text, "]:") : strchr(text, ':');
    if (!end || (size_t)(end - text) >= sizeof(host) || !port_parse(end + 1 + bracketed, &port))
        return false;
    size_t size = (size_t)(end - text) - bracketed;
    memcpy(host, text + bracketed, size);
    host[size] = '\0';
    union http_address address = {0};
    if (bracketed) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) != 1)
            return false;
    } else {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
        const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
        if (inet_pton(AF_INET, number, &address.v4.sin_addr) != 1)
            return false;
    }
    *ret_address = address;
    return true;
}

#define LISTEN_ALLOWED                                                                                       \
    "allowed are ADDRESS:PORT with an IP address or localhost, such as 127.0.0.1:9464 or \"[::1]:9464\" "    \
    "(in "                                                                                                   \
    "quotes), and ~ for no listener"

static bool listen_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    union http_address address;
    if (node->kind != CONFIG_SCALAR) {
        config_fail(run, node, "is no address; " LISTEN_ALLOWED);
        return false;
    }
    const char *text = config_scalar(run, node, "address");
    if (!text)
        return false;
    if (!http_address_parse(text, &address)) {
        config_fail(run, node, "\"%.64s\" is no address to listen on; " LISTEN_ALLOWED, text);
        return false;
    }
    *(const char **)ret_value = text;
    return true;
}

static void listen_write(const void *value, bool json, struct buffer *buffer)
{
    const char *text = *(const char *const *)value;
    if (text)
        value_write_text(text, json, buffer);
    else
        buffer_append_text(buffer, json ? "null" : "~");
}

static const struct config_custom listen_custom = {
    .name = "address",
    .size = sizeof(const char *),
    .read = listen_read,
    .write = listen_write,
};

static const struct config_row http_rows[] = {
    {
        .key = "listen",
        .type = CONFIG_CUSTOM,
        .flags = CONFIG_OPTIONAL,
        .custom = &listen_custom,
        .fallback = "127.0.0.1:9464",
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct http_settings, listen),
        .help =
            "ADDRESS:PORT of the listener, IPv6 in brackets and quotes; ~ for none. Nobody is asked who he "
            "is: other addresses than loopback are for trusted networks.",
    },
};

static const struct config_shape http_shape = {
    .rows = http_rows,
    .n_rows = ARRAY_SIZE(http_rows),
    .size = sizeof(struct http_settings),
};

const struct config_row http_row = {
    .key = "http",
    .type = CONFIG_RECORD,
    .shape = &http_shape,
    .help = "Health, metrics and API.",
};
