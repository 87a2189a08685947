#include "daemon/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/http_internal.h"
#include "daemon/http_settings.h"
#include "daemon/log.h"
#include "daemon/metrics.h"

enum {
    CONNECTIONS_MAX = 64,
    CONNECTIONS_PER_ADDRESS = 32,
    IDLE_S = 10,          /* nothing is sent or received */
    REQUEST_MS = 15000,   /* from a connection's first byte, or the end of its last request, to the end of the
                               answer */
    MEMORY_BYTES = 16384, /* of a connection: request line and headers must fit */
    BACKLOG = 64,
    LOOK_MS = 500, /* how often deadlines are looked at */
    BIND_AGAIN_MS = 5000,
    CLOSE_TURNS = 4,
};

int64_t http_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void timer_set(struct http *http, int64_t delay_ms)
{
    (void)sd_event_source_set_time_relative(http->timer, (uint64_t)delay_ms * 1000);
    (void)sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

void http_wake(struct http *http)
{
    timer_set(http, 0);
}

/* When there is something to do again without anything being received. */
static void timer_arm(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (!http->daemon)
        timer_set(http, BIND_AGAIN_MS);
    else if (MHD_get_timeout(http->daemon, &timeout_ms) == MHD_YES && timeout_ms < LOOK_MS)
        timer_set(http, (int64_t)timeout_ms);
    else if (http->n_connections > 0)
        timer_set(http, LOOK_MS);
    else
        (void)sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
}

/* A client that takes too long finds its connection closed: libmicrohttpd itself only looks at silence. */
static void connections_expire(struct http *http, int64_t now_ms)
{
    for (struct http_connection *connection = http->connections; connection; connection = connection->next)
        if (now_ms >= connection->deadline_ms)
            (void)shutdown(connection->fd, SHUT_RDWR);
}

static void http_run(struct http *http)
{
    int64_t now_ms = http_now_ms();
    http_requests_expire(http, now_ms, false);
    connections_expire(http, now_ms);
    (void)MHD_run(http->daemon);
    timer_arm(http);
}

static int on_io(sd_event_source *io, int fd, uint32_t events, void *userdata)
{
    (void)io;
    (void)fd;
    (void)events;
    http_run(userdata);
    return 0;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = cls;
    struct http_connection *connection = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        connection = calloc(1, sizeof(*connection));
        if (!connection || !info) { /* then only libmicrohttpd's own bound holds for it */
            free(connection);
            return;
        }
        connection->http = http;
        connection->fd = info->connect_fd;
        connection->deadline_ms = http_now_ms() + REQUEST_MS;
        connection->next = http->connections;
        if (http->connections)
            http->connections->previous = connection;
        http->connections = connection;
        http->n_connections++;
        *socket_context = connection;
    } else if (connection) {
        if (connection->next)
            connection->next->previous = connection->previous;
        if (connection->previous)
            connection->previous->next = connection->next;
        else
            http->connections = connection->next;
        http->n_connections--;
        free(connection);
        *socket_context = NULL;
    }
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **request,
                         enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_connection *connection = info ? info->socket_context : NULL;
    if (connection)
        connection->deadline_ms = http_now_ms() + REQUEST_MS;
    http_request_end(cls, mhd, request, code);
}

/* What clients do wrong is no failure of ours. */
static void on_log(void *cls, const char *format, va_list args)
{
    (void)cls;
    (void)format;
    (void)args;
}

/* Paths are decoded by us, where a malformed escape can be told. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static int socket_open(const char *listen_text)
{
    union http_address address;
    if (!http_address_parse(listen_text, &address))
        return -EINVAL;
    bool six = address.any.sa_family == AF_INET6;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &address.any, six ? sizeof(address.v6) : sizeof(address.v4)) < 0 ||
        listen(fd, BACKLOG) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

static struct MHD_Daemon *daemon_start(struct http *http, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, http_request_handle,
        http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_URI_LOG_CALLBACK, http_request_begin,
        http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        http, MHD_OPTION_END);
}

/* Binds and begins to serve; what cannot be bound now is tried again later. */
static int http_open(struct http *http)
{
    int fd = socket_open(http->listen);
    if (fd < 0) {
        if (!http->refused_said)
            log_line(
                LOG_LEVEL_ERROR,
                "http: %s cannot be listened on: %s; roiwatch counts on without metrics and API and tries "
                "again every %d s. Give it another address: http.listen (~ for none)",
                http->listen, strerror(-fd), BIND_AGAIN_MS / 1000);
        http->refused_said = true;
        return 0;
    }
    http->daemon = daemon_start(http, fd);
    if (!http->daemon) {
        close(fd);
        return -ENOMEM;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info)
        return -ENOTSUP;
    log_line(LOG_LEVEL_INFO, "http: listening on %s", http->listen);
    return sd_event_add_io(http->event, &http->io, info->epoll_fd, EPOLLIN, on_io, http);
}

static int on_timer(sd_event_source *timer, uint64_t usec, void *userdata)
{
    struct http *http = userdata;
    (void)timer;
    (void)usec;
    if (!http->daemon) {
        int r = http_open(http);
        timer_arm(http);
        return r;
    }
    http_run(http);
    return 0;
}

int http_new(sd_event *event, const char *listen_text, const struct http_route *routes, size_t n_routes,
             void *context, struct http **ret_http)
{
    struct http *http = calloc(1, sizeof(*http));
    if (!http)
        return -ENOMEM;
    http->event = sd_event_ref(event);
    http->routes = routes;
    http->n_routes = n_routes;
    http->context = context;
    http->listen = strdup(listen_text);
    int r = http->listen ? 0 : -ENOMEM;
    if (r == 0)
        r = sd_event_add_time_relative(event, &http->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, http);
    if (r >= 0)
        r = http_open(http);
    if (r < 0) {
        http_free(http);
        return r;
    }
    timer_arm(http);
    *ret_http = http;
    return 0;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    http->closing = true;
    if (http->daemon) {
        /* libmicrohttpd must not be stopped while a connection is suspended. */
        http_requests_expire(http, 0, true);
        for (int i = 0; i < CLOSE_TURNS; i++)
            (void)MHD_run(http->daemon);
        sd_event_source_disable_unref(http->io);
        MHD_stop_daemon(http->daemon);
    }
    sd_event_source_disable_unref(http->timer);
    sd_event_unref(http->event);
    free(http->listen);
    free(http);
}

static void emit_connections(const void *module, struct metrics_page *page)
{
    metric_add(page, (int64_t)((const struct http *)module)->n_connections, NULL, NULL);
}

#define ADD_ANSWERED(status, number)                                                                         \
    snprintf(code, sizeof(code), "%d", status);                                                              \
    metric_add(page, (int64_t)((const struct http *)module)->answered[status], code, NULL);

static void emit_requests(const void *module, struct metrics_page *page)
{
    char code[8];
    HTTP_STATUS_CODES(ADD_ANSWERED)
}

static const struct metric_row rows[] = {
    {"roiwatch_http_connections", {0}, KIND_GAUGE, "Open connections to this listener.", emit_connections},
    {"roiwatch_http_requests_total", {"code"}, KIND_COUNTER, "Requests answered, by status.", emit_requests},
};

const struct metric_table http_metrics = {rows, ARRAY_SIZE(rows)};
