/*
 * What http.c (the listener) and http_request.c (one request) share; nothing else includes it.
 */
#ifndef ROIWATCH_DAEMON_HTTP_INTERNAL_H
#define ROIWATCH_DAEMON_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "daemon/http.h"

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result http_result;
#else
typedef int http_result;
#endif

enum { HTTP_STATUS_MAX = 600 };

/* One open connection. */
struct http_connection {
    struct http *http;
    struct http_connection *next, *previous;
    int fd;
    int64_t deadline_ms; /* steady: its present request must be over then */
};

struct http_request {
    struct http *http;
    struct http_request *next, *previous; /* among those that wait */
    struct MHD_Connection *connection;
    char *target; /* owned: as the client wrote it */
    struct buffer rest;
    bool dispatched;
    bool suspended;
    struct MHD_Response *response; /* owned; NULL while there is none */
    enum http_status status;
    void (*gone)(void *waiting); /* of http_wait */
    void *waiting;
    int64_t deadline_ms; /* of http_wait */
};

struct http {
    sd_event *event;
    sd_event_source *io;
    sd_event_source *timer;
    struct MHD_Daemon *daemon; /* NULL: the address could not be bound yet */
    char *listen;              /* owned */
    const struct http_route *routes;
    size_t n_routes;
    void *context;
    struct http_connection *connections;
    size_t n_connections;
    struct http_request *waiting;
    bool refused_said; /* that the address cannot be bound */
    bool closing;
    uint64_t answered[HTTP_STATUS_MAX];
};

/* http.c */
int64_t http_now_ms(void);
/* libmicrohttpd has something to do: soon, but not from here. */
void http_wake(struct http *http);

/* http_request.c: what libmicrohttpd calls */
void *http_request_begin(void *cls, const char *target, struct MHD_Connection *connection);
http_result http_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **request);
void http_request_end(void *cls, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode code);
/* Answers every request that has waited too long, or all of them. */
void http_requests_expire(struct http *http, int64_t now_ms, bool all);

#endif
