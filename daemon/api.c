#include "daemon/api.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/reader_json.h"
#include "lib/base/json.h"
#include "lib/config/value.h"

enum {
    LIMIT_DEFAULT = 100,
    LIMIT_MAX = 1000,
    QUERIES_MAX = 8,     /* at once; more are told to come back */
    CALLS_AT_ONCE = 128, /* of one query */
    BODY_MAX = 64 * 1024 * 1024,
};

/* One request while Redis is asked. It lives until its last answer is there, whatever became of the request. */
struct query {
    struct app *app;
    struct http_request *request; /* NULL: answered, or gone */
    struct buffer body;
    size_t n_open; /* answers outstanding */
    int64_t limit;
    bool single; /* one campaign, not a list */

    struct buffer ids; /* one behind the other */
    size_t *ends;      /* owned: of each id in ids */
    size_t n_ids;
    bool more; /* there are ids behind these */
    size_t n_asked;
    size_t n_read;   /* whole campaigns */
    size_t part;     /* of the next one: 0 its own key, then its windows */
    size_t n_fields; /* of all keys so far */
    struct campaign_json json;
    size_t n_windows;
    char windows[WINDOWS_MAX][WINDOW_NAME_SIZE]; /* as configured when the request came */
};

static void query_free(struct query *query)
{
    query->app->n_queries--;
    buffer_deinit(&query->body);
    buffer_deinit(&query->ids);
    free(query->ends);
    free(query);
}

/* The request ended without an answer from here. */
static void on_gone(void *waiting)
{
    struct query *query = waiting;
    query->request = NULL;
    if (query->n_open == 0)
        query_free(query);
}

static void query_refuse(struct query *query, enum http_status status, const char *why)
{
    struct http_request *request = query->request;
    query->request = NULL;
    if (request)
        http_refuse(request, status, "%s", why);
}

static void query_answer(struct query *query)
{
    struct http_request *request = query->request;
    query->request = NULL;
    if (query->body.size > BODY_MAX)
        http_refuse(request, HTTP_INTERNAL, "the answer would be too large; ask for fewer with limit");
    else
        http_answer(request, HTTP_OK, HTTP_TYPE_JSON, &query->body);
}

/* Sends app->call. False where it could not be sent: then the request is refused. */
static bool query_send(struct query *query, redis_answer answer)
{
    struct app *app = query->app;
    int r = call_status(&app->call);
    if (r == 0)
        r = redis_store_send(app->store, &app->call, answer, query, 0);
    if (r < 0) {
        query_refuse(query, r == -ENOMEM ? HTTP_INTERNAL : HTTP_UNAVAILABLE,
                     r == -ENOMEM ? "out of memory" : "Redis is away; see /readyz");
        return false;
    }
    query->n_open++;
    return true;
}

static bool is_foreign(const struct reply *reply)
{
    static const char word[] = "WRONGTYPE";
    return reply->text.size >= strlen(word) && memcmp(reply->text.data, word, strlen(word)) == 0;
}

/* Takes an answer: false where there is nothing to do with it. foreign: a key of another type is as if it were
 * empty. */
static bool query_take(struct query *query, const struct reply *reply, bool foreign)
{
    query->n_open--;
    if (query->request && !reply)
        query_refuse(query, HTTP_UNAVAILABLE, "the connection to Redis was lost; try again");
    else if (query->request && reply->type == REPLY_ERROR && !(foreign && is_foreign(reply)))
        query_refuse(query, HTTP_UNAVAILABLE, "Redis refuses to answer; see /readyz and the log");
    return query->request != NULL;
}

static void call_key_of(struct app *app, const char *name)
{
    struct layout layout = {.prefix = span_of(app->settings->redis.prefix)};
    buffer_clear(&app->scratch);
    layout_root_key(&layout, name, &app->scratch);
    call_arg(&app->call, buffer_span(&app->scratch));
}

static struct span query_id(const struct query *query, size_t i)
{
    size_t begin = i ? query->ends[i - 1] : 0;
    return span_from(query->ids.data + begin, query->ends[i] - begin);
}

static void on_fields(void *context, uint64_t tag, const struct reply *reply);

/* Asks for the keys of the next campaigns. */
static void ask_keys(struct query *query)
{
    struct app *app = query->app;
    struct layout layout = {.prefix = span_of(app->settings->redis.prefix)};
    while (query->n_asked < query->n_ids && query->n_open + query->n_windows < CALLS_AT_ONCE) {
        for (size_t i = 0; i <= query->n_windows; i++) {
            buffer_clear(&app->scratch);
            layout_reader_key(&layout, query_id(query, query->n_asked), i ? query->windows[i - 1] : NULL,
                              &app->scratch);
            call_begin(&app->call, SCRIPT_NONE);
            call_arg_text(&app->call, "HGETALL");
            call_arg(&app->call, buffer_span(&app->scratch));
            if (!query_send(query, on_fields))
                return;
        }
        query->n_asked++;
    }
}

static void list_end(struct query *query)
{
    buffer_append_text(&query->body, "],\"next\":");
    if (query->more)
        json_append_text(&query->body, query_id(query, query->n_ids - 1));
    else
        buffer_append_text(&query->body, "null");
    buffer_append_text(&query->body, "}\n");
    query_answer(query);
}

static void single_end(struct query *query)
{
    if (query->n_fields == 0) {
        query_refuse(query, HTTP_NOT_FOUND, "no campaign of this id has been counted");
        return;
    }
    buffer_append_u8(&query->body, '\n');
    query_answer(query);
}

/* The next key of the next campaign. */
static void take_fields(struct query *query, const struct reply *reply)
{
    query->n_fields += reply->n_elements;
    if (query->part == 0) {
        if (query->n_read > 0)
            buffer_append_u8(&query->body, ',');
        campaign_json_begin(&query->json, query_id(query, query->n_read), reply);
    } else {
        campaign_json_window(&query->json, query->windows[query->part - 1], reply);
    }
    if (query->part++ < query->n_windows)
        return;
    campaign_json_end(&query->json);
    query->part = 0;
    query->n_read++;
}

static void on_fields(void *context, uint64_t tag, const struct reply *reply)
{
    struct query *query = context;
    (void)tag;
    if (query_take(query, reply, true)) {
        take_fields(query, reply);
        if (query->body.size > BODY_MAX || query->n_read == query->n_ids)
            (query->single ? single_end : list_end)(query);
        else if (query->part == 0)
            ask_keys(query);
    }
    if (!query->request && query->n_open == 0)
        query_free(query);
}

static int ids_add(struct query *query, struct span id)
{
    buffer_append_span(&query->ids, id);
    query->ends[query->n_ids++] = query->ids.size;
    return buffer_status(&query->ids);
}

static void on_names(void *context, uint64_t tag, const struct reply *reply)
{
    struct query *query = context;
    (void)tag;
    if (query_take(query, reply, false)) {
        size_t n = reply->n_elements;
        query->more = n > (size_t)query->limit;
        n = query->more ? (size_t)query->limit : n;
        query->ends = calloc(n + 1, sizeof(*query->ends));
        int r = query->ends ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < n; i++)
            r = ids_add(query, reply_at(reply, i)->text);
        if (r < 0)
            query_refuse(query, HTTP_INTERNAL, "out of memory");
        else if (n == 0)
            list_end(query);
        else
            ask_keys(query);
    }
    if (!query->request && query->n_open == 0)
        query_free(query);
}

static void on_alerts(void *context, uint64_t tag, const struct reply *reply)
{
    struct query *query = context;
    (void)tag;
    if (query_take(query, reply, false)) {
        buffer_append_text(&query->body, "{\"alerts\":[");
        for (size_t i = 0; i < reply->n_elements; i++) {
            if (i)
                buffer_append_u8(&query->body, ',');
            alert_json(&query->body, reply_at(reply_at(reply, i), 1));
        }
        buffer_append_text(&query->body, "]}\n");
        query_answer(query);
    }
    if (query->n_open == 0)
        query_free(query);
}

/* NULL where the request was refused. */
static struct query *query_new(struct app *app, struct http_request *request)
{
    if (!redis_store_is_ready(app->store)) {
        http_refuse(request, HTTP_UNAVAILABLE, "Redis is away; see /readyz");
        return NULL;
    }
    if (app->n_queries >= QUERIES_MAX) {
        http_refuse(request, HTTP_UNAVAILABLE, "%d requests are being answered already; try again",
                    QUERIES_MAX);
        return NULL;
    }
    struct query *query = calloc(1, sizeof(*query));
    if (!query) {
        http_refuse(request, HTTP_INTERNAL, "out of memory");
        return NULL;
    }
    query->app = app;
    query->request = request;
    query->json.buffer = &query->body;
    const struct windows_settings *windows = &app->settings->windows;
    for (; query->n_windows < windows->n && query->n_windows < WINDOWS_MAX; query->n_windows++)
        memcpy(query->windows[query->n_windows], windows->items[query->n_windows].name, WINDOW_NAME_SIZE);
    app->n_queries++;
    return query;
}

/* From here on the answer comes later, if anything was asked. */
static void query_wait(struct query *query)
{
    if (query->request)
        http_wait(query->request, on_gone, query);
    else if (query->n_open == 0)
        query_free(query);
}

static bool limit_read(struct http_request *request, const struct url_parameters *parameters, size_t at,
                       int64_t *ret_limit)
{
    struct buffer text = BUFFER_INIT;
    *ret_limit = LIMIT_DEFAULT;
    if (!parameters->given[at])
        return true;
    buffer_append_span(&text, buffer_span(&parameters->values[at]));
    buffer_append_u8(&text, '\0');
    bool ok = buffer_status(&text) == 0 && value_int(text.data, ret_limit) && *ret_limit >= 1 &&
              *ret_limit <= LIMIT_MAX;
    buffer_deinit(&text);
    if (!ok)
        http_refuse(request, HTTP_BAD_REQUEST, "limit must be a whole number from 1 to %d", LIMIT_MAX);
    return ok;
}

void api_campaigns(void *context, struct http_request *request)
{
    CLEANUP(url_parameters_deinit) struct url_parameters parameters = {.names = {"after", "limit"}};
    struct app *app = context;
    int64_t limit;
    if (!http_parameters(request, &parameters) || !limit_read(request, &parameters, 1, &limit))
        return;
    struct query *query = query_new(app, request);
    if (!query)
        return;
    query->limit = limit;
    buffer_append_text(&query->body, "{\"campaigns\":[");
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "ZRANGEBYLEX");
    call_key_of(app, "~names");
    buffer_clear(&app->scratch);
    if (parameters.values[0].size) {
        buffer_append_u8(&app->scratch, '(');
        buffer_append_span(&app->scratch, buffer_span(&parameters.values[0]));
    } else {
        buffer_append_u8(&app->scratch, '-');
    }
    call_arg(&app->call, buffer_span(&app->scratch));
    call_arg_text(&app->call, "+");
    call_arg_text(&app->call, "LIMIT");
    call_arg_i64(&app->call, 0);
    call_arg_i64(&app->call, limit + 1);
    (void)query_send(query, on_names);
    query_wait(query);
}

void api_campaign(void *context, struct http_request *request)
{
    CLEANUP(url_parameters_deinit) struct url_parameters parameters = {0};
    if (!http_parameters(request, &parameters))
        return;
    struct query *query = query_new(context, request);
    if (!query)
        return;
    query->single = true;
    query->ends = calloc(1, sizeof(*query->ends));
    if (!query->ends || ids_add(query, http_rest(request)) < 0)
        query_refuse(query, HTTP_INTERNAL, "out of memory");
    else
        ask_keys(query);
    query_wait(query);
}

void api_alerts(void *context, struct http_request *request)
{
    CLEANUP(url_parameters_deinit) struct url_parameters parameters = {.names = {"limit"}};
    struct app *app = context;
    int64_t limit;
    if (!http_parameters(request, &parameters) || !limit_read(request, &parameters, 0, &limit))
        return;
    struct query *query = query_new(app, request);
    if (!query)
        return;
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "XREVRANGE");
    call_key_of(app, "alerts");
    call_arg_text(&app->call, "+");
    call_arg_text(&app->call, "-");
    call_arg_text(&app->call, "COUNT");
    call_arg_i64(&app->call, limit);
    (void)query_send(query, on_alerts);
    query_wait(query);
}
