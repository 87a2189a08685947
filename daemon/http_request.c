/*
 * One request: found its route, answered at once or later.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/http_internal.h"
#include "lib/base/json.h"

enum { WAIT_MS = 5000, SENTENCE_MAX = 512 };

/* Called with the bare request line's target, before anything else is known of the request. */
void *http_request_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct http_request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->http = cls;
    request->connection = connection;
    request->target = strdup(target);
    if (!request->target) {
        free(request);
        return NULL;
    }
    return request;
}

static void waiting_remove(struct http_request *request)
{
    if (!request->gone)
        return;
    if (request->next)
        request->next->previous = request->previous;
    if (request->previous)
        request->previous->next = request->next;
    else
        request->http->waiting = request->next;
    request->gone = NULL;
}

/* The connection is done with the request: answered, or broken off. */
void http_request_end(void *cls, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *context;
    (void)cls;
    (void)connection;
    (void)code;
    if (!request)
        return;
    void (*gone)(void *waiting) = request->gone;
    waiting_remove(request);
    if (gone)
        gone(request->waiting);
    if (request->response)
        MHD_destroy_response(request->response);
    buffer_deinit(&request->rest);
    free(request->target);
    free(request);
    *context = NULL;
}

void http_wait(struct http_request *request, void (*gone)(void *waiting), void *waiting)
{
    struct http *http = request->http;
    request->gone = gone;
    request->waiting = waiting;
    request->deadline_ms = http_now_ms() + WAIT_MS;
    request->previous = NULL;
    request->next = http->waiting;
    if (http->waiting)
        http->waiting->previous = request;
    http->waiting = request;
}

static struct MHD_Response *response_make(struct buffer *body)
{
    /* MHD_RESPMEM_MUST_FREE frees with free(), which a buffer's bytes come from. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->size, body->size ? (void *)body->data : (void *)(uintptr_t) "",
                                        body->size ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response && body->size)
        *body = BUFFER_INIT;
    return response;
}

void http_answer(struct http_request *request, enum http_status status, const char *type, struct buffer *body)
{
    waiting_remove(request);
    request->status = buffer_status(body) == 0 ? status : HTTP_INTERNAL;
    if (request->status != status)
        buffer_deinit(body);
    request->response = response_make(body);
    if (request->response) {
        (void)MHD_add_response_header(request->response, "Content-Type", type);
        (void)MHD_add_response_header(request->response, "Cache-Control", "no-store");
        (void)MHD_add_response_header(request->response, "X-Content-Type-Options", "nosniff");
        if (status == HTTP_METHOD_NOT_ALLOWED)
            (void)MHD_add_response_header(request->response, "Allow", "GET, HEAD");
        if (status == HTTP_UNAVAILABLE)
            (void)MHD_add_response_header(request->response, "Retry-After", "1");
        if (request->http->closing)
            (void)MHD_add_response_header(request->response, "Connection", "close");
    }
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    http_wake(request->http);
}

void http_refuse(struct http_request *request, enum http_status status, const char *format, ...)
{
    CLEANUP(buffer_deinit) struct buffer body = BUFFER_INIT;
    char sentence[SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    buffer_append_text(&body, "{\"error\":");
    json_append_text(&body, span_of(sentence));
    buffer_printf(&body, ",\"status\":%d}\n", status);
    http_answer(request, status, HTTP_TYPE_JSON, &body);
}

void http_requests_expire(struct http *http, int64_t now_ms, bool all)
{
    for (struct http_request *request = http->waiting, *next; request; request = next) {
        next = request->next;
        if (!all && now_ms < request->deadline_ms)
            continue;
        void (*gone)(void *waiting) = request->gone;
        waiting_remove(request);
        gone(request->waiting);
        http_refuse(request, HTTP_UNAVAILABLE,
                    all ? "the listener is closing" : "Redis has not answered in time; try again");
    }
}

struct span http_rest(const struct http_request *request)
{
    return buffer_span(&request->rest);
}

static void parameter_refuse(struct http_request *request, const struct url_parameters *parameters,
                             int result, struct span culprit)
{
    char known[128] = "";
    for (size_t i = 0, size = 0; i < URL_PARAMETERS_MAX && parameters->names[i]; i++)
        size +=
            (size_t)snprintf(known + size, sizeof(known) - size, "%s%s", i ? ", " : "", parameters->names[i]);
    int size = culprit.size < 64 ? (int)culprit.size : 64;
    if (result == URL_REPEATED)
        http_refuse(request, HTTP_BAD_REQUEST, "the parameter %.*s is given twice", size, culprit.data);
    else if (result == URL_MALFORMED)
        http_refuse(request, HTTP_BAD_REQUEST, "the parameter %.*s is not percent-encoded as it should be",
                    size, culprit.data);
    else
        http_refuse(request, HTTP_BAD_REQUEST, "%.*s is no parameter here; known are: %s", size, culprit.data,
                    known[0] ? known : "none");
}

bool http_parameters(struct http_request *request, struct url_parameters *parameters)
{
    struct span culprit = {0};
    int r = url_parameters_read(url_split(span_of(request->target)).query, parameters, &culprit);
    if (r < 0)
        http_refuse(request, HTTP_INTERNAL, "out of memory");
    else if (r > 0)
        parameter_refuse(request, parameters, r, culprit);
    return r == 0;
}

/* Whether the path is the route's; what is below it goes to request->rest. */
static bool route_matches(const struct http_route *route, struct http_request *request, struct span path,
                          bool *ret_malformed)
{
    size_t size = strlen(route->path);
    bool below = route->path[size - 1] == '/';
    if (below ? path.size <= size : path.size != size)
        return false;
    if (memcmp(path.data, route->path, size) != 0)
        return false;
    *ret_malformed = below && !url_decode(span_from(path.data + size, path.size - size), &request->rest);
    return true;
}

static void refuse_unknown(struct http_request *request)
{
    CLEANUP(buffer_deinit) struct buffer known = BUFFER_INIT;
    for (size_t i = 0; i < request->http->n_routes; i++)
        buffer_printf(&known, "%s%s", i ? ", " : "", request->http->routes[i].path);
    http_refuse(request, HTTP_NOT_FOUND, "there is nothing here; known are %.*s", (int)known.size,
                known.data);
}

static void dispatch(struct http_request *request)
{
    struct http *http = request->http;
    struct span path = url_split(span_of(request->target)).path;
    bool malformed = false;
    for (size_t i = 0; i < http->n_routes; i++) {
        if (!route_matches(&http->routes[i], request, path, &malformed))
            continue;
        if (malformed)
            http_refuse(request, HTTP_BAD_REQUEST, "the path is not percent-encoded as it should be");
        else
            http->routes[i].handle(http->context, request);
        return;
    }
    refuse_unknown(request);
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    return (length && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding");
}

static void begin(struct http_request *request, const char *method)
{
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        http_refuse(request, HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered");
    else if (has_body(request->connection))
        http_refuse(request, HTTP_TOO_LARGE, "a request must have no body here");
    else
        dispatch(request);
}

static http_result respond(struct http_request *request)
{
    struct http *http = request->http;
    http_result r = MHD_queue_response(request->connection, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    http->answered[request->status]++;
    return r;
}

http_result http_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **context)
{
    struct http_request *request = *context;
    (void)cls;
    (void)url;
    (void)version;
    (void)upload;
    *upload_size = 0;
    if (!request)
        return MHD_NO;
    if (!request->dispatched) {
        request->dispatched = true;
        begin(request, method);
        if (request->gone) {
            request->suspended = true;
            MHD_suspend_connection(connection);
            return MHD_YES;
        }
    }
    return request->response ? respond(request) : MHD_NO;
}
