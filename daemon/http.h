/*
 * The HTTP listener: GET and HEAD of a few resources, inside the one loop.
 *
 * DESIGN
 *   libmicrohttpd speaks HTTP and waits for nothing by itself: its epoll descriptor is a source of sd-event,
 * its timeout a timer. A route's handler answers at once, or says that the answer comes later (it has to ask
 * Redis); the connection is suspended until then. Nothing that a client does may hold up the counting:
 * connections, requests, the bytes of a request and the time of all three are bounded.
 *   An address that cannot be bound does not end the process, which has more important things to do: it is
 * said once and tried again every few seconds.
 */
#ifndef ROIWATCH_DAEMON_HTTP_H
#define ROIWATCH_DAEMON_HTTP_H

#include <systemd/sd-event.h>

#include "daemon/http_url.h"
#include "lib/base/buffer.h"
#include "lib/base/must.h"

/* X(enum, code) */
#define HTTP_STATUS_CODES(X)                                                                                 \
    X(HTTP_OK, 200)                                                                                          \
    X(HTTP_BAD_REQUEST, 400)                                                                                 \
    X(HTTP_NOT_FOUND, 404)                                                                                   \
    X(HTTP_METHOD_NOT_ALLOWED, 405)                                                                          \
    X(HTTP_TOO_LARGE, 413)                                                                                   \
    X(HTTP_INTERNAL, 500)                                                                                    \
    X(HTTP_UNAVAILABLE, 503)

#define HTTP_STATUS_ENUM(name, code) name = code,
enum http_status { HTTP_STATUS_CODES(HTTP_STATUS_ENUM) };
#undef HTTP_STATUS_ENUM

#define HTTP_TYPE_JSON "application/json"
#define HTTP_TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct http;
struct http_request;

struct http_route {
    const char *path; /* ends with `/` where all resources below it are meant */
    /* Ends with one of http_answer, http_refuse or http_wait. */
    void (*handle)(void *context, struct http_request *request);
};

/* listen is an address that http_address_parse takes. The routes live as long as the listener. -ENOMEM or
 * what sd-event says; an address that is in use is no error. */
MUST_CHECK int http_new(sd_event *event, const char *listen, const struct http_route *routes, size_t n_routes,
                        void *context, struct http **ret_http);
/* Who waits is told that the listener closes (`gone` is called for each), then it closes. */
void http_free(struct http *http);

/* What is below a route's path, with its escapes undone. */
struct span http_rest(const struct http_request *request);
/* Reads the parameters that the resource knows; false where the request was refused because of them. */
MUST_CHECK bool http_parameters(struct http_request *request, struct url_parameters *parameters);

/* The answer; the body's bytes are taken over and the buffer is left empty. May be called from the handler,
 * or later for a request that waits: then the request is not the caller's any more. */
void http_answer(struct http_request *request, enum http_status status, const char *type,
                 struct buffer *body);
/* An answer of one sentence: {"error": …, "status": …}. */
void http_refuse(struct http_request *request, enum http_status status, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The answer comes later, within a few seconds: else the request is answered with 503 and `gone` called,
 * after which it must not be answered any more. */
void http_wait(struct http_request *request, void (*gone)(void *waiting), void *waiting);

#endif
