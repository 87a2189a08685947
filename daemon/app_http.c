/*
 * What is answered over HTTP: the routes, and what the app knows for them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/app.h"
#include "daemon/log.h"
#include "daemon/metrics.h"

static void handle_livez(void *context, struct http_request *request)
{
    CLEANUP(url_parameters_deinit) struct url_parameters parameters = {0};
    CLEANUP(buffer_deinit) struct buffer body = BUFFER_INIT;
    (void)context;
    if (!http_parameters(request, &parameters))
        return;
    /* Whoever reads this knows that the loop turns. */
    buffer_append_text(&body, "{\"alive\":true}\n");
    http_answer(request, HTTP_OK, HTTP_TYPE_JSON, &body);
}

/* All that was given is read; a reload, which stops for a moment, is no reason to look elsewhere. */
static bool is_reading(const struct app *app)
{
    bool reloading = app->partitions == PARTITIONS_PAUSED || app->reassigning;
    bool reading = app->ingest && app->partitions == PARTITIONS_TAKEN &&
                   ingest_phase(app->ingest) == INGEST_RUNNING &&
                   app->placed_epoch == ingest_epoch(app->ingest);
    return reading || reloading;
}

static void kafka_facts(struct app *app, struct health_facts *facts)
{
    static const char nothing[] = "";
    size_t slot = 0;
    const rd_kafka_topic_partition_list_t *offered = kafka_source_offered(app->source);
    facts->has_assignment = offered && app->partitions != PARTITIONS_NONE;
    facts->n_partitions = facts->has_assignment ? (size_t)offered->cnt : 0;
    facts->kafka_silent_ms = kafka_source_silent_ms(app->source);
    facts->partition_silent_ms = kafka_source_partitions_silent_ms(app->source, &slot);
    facts->silent_partition = facts->partition_silent_ms > 0 ? offered->elems[slot].topic : nothing;
    facts->topics_known = app->counts_known;
    facts->n_topic_partitions = app_n_partitions(app);
    facts->reading = is_reading(app);
    if (app->letters) {
        facts->n_letters = kafka_letters_open(app->letters);
        facts->letters_silent_ms = kafka_letters_silent_ms(app->letters);
    }
}

bool app_health(struct app *app, struct health_facts *ret_facts, struct health *ret_health)
{
    *ret_facts = (struct health_facts){
        .stopping = app->stopping,
        .redis_connected = redis_store_is_ready(app->store),
        .redis_silent_ms = redis_stats_silent_ms(redis_store_stats(app->store)),
        .redis_refusal = redis_stats_refusal(redis_store_stats(app->store)),
        .loss = app->loss_asked || (app->ingest && ingest_phase(app->ingest) == INGEST_LOST),
        .status = app->counts_known ? app_pipeline_status(app) : PIPELINE_CATCHING_UP,
        .as_of_ms = app->shards_as_of_ms,
        .behind_ms = app_behind_ms(app),
    };
    kafka_facts(app, ret_facts);
    return health_judge(ret_facts, ret_health);
}

static void handle_readyz(void *context, struct http_request *request)
{
    CLEANUP(url_parameters_deinit) struct url_parameters parameters = {0};
    CLEANUP(buffer_deinit) struct buffer body = BUFFER_INIT;
    struct health_facts facts;
    struct health health;
    if (!http_parameters(request, &parameters))
        return;
    bool ready = app_health(context, &facts, &health);
    health_json(&facts, &health, &body);
    http_answer(request, ready ? HTTP_OK : HTTP_UNAVAILABLE, HTTP_TYPE_JSON, &body);
}

static void handle_metrics(void *context, struct http_request *request)
{
    CLEANUP(url_parameters_deinit) struct url_parameters parameters = {0};
    CLEANUP(buffer_deinit) struct buffer body = BUFFER_INIT;
    if (!http_parameters(request, &parameters))
        return;
    metrics_page(context, &body);
    http_answer(request, HTTP_OK, HTTP_TYPE_METRICS, &body);
}

static const struct http_route routes[] = {
    {"/livez", handle_livez},
    {"/readyz", handle_readyz},
    {"/metrics", handle_metrics},
    {"/api/v1/campaigns", api_campaigns},
    {"/api/v1/campaigns/", api_campaign},
    {"/api/v1/alerts", api_alerts},
};

int app_open_http(struct app *app)
{
    if (!app->settings->http.listen)
        return 0;
    return http_new(app->event, app->settings->http.listen, routes, ARRAY_SIZE(routes), app, &app->http);
}

void app_reopen_http(struct app *app, const struct settings *before)
{
    const char *old = before->http.listen, *fresh = app->settings->http.listen;
    if (old == fresh || (old && fresh && strcmp(old, fresh) == 0))
        return;
    http_free(app->http);
    app->http = NULL;
    int r = app_open_http(app);
    if (r < 0)
        log_line(LOG_LEVEL_ERROR,
                 "http: %s: %s; roiwatch counts on without metrics and API until its next start", fresh,
                 strerror(-r));
}
