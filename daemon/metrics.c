#include "daemon/metrics.h"

#include "daemon/app.h"
#include "daemon/app_metrics.h"

/* What the rows of the tables look at; NULL where there is no such part now. */
struct sources {
    const struct app_look *app;
    const struct kafka_source *source;
    const struct kafka_letters *letters;
    const struct redis_store *store;
    const struct ingest *ingest;
    const struct app_lookups *lookups;
    const struct evaluator_stats *evaluator;
    const struct http *http;
    const char *process;
};

static const struct {
    const struct metric_table *table;
    size_t offset; /* of the module's pointer in struct sources */
} joined[] = {
    {&app_metrics, offsetof(struct sources, app)},
    {&kafka_source_metrics, offsetof(struct sources, source)},
    {&kafka_letters_metrics, offsetof(struct sources, letters)},
    {&redis_store_metrics, offsetof(struct sources, store)},
    {&ingest_metrics, offsetof(struct sources, ingest)},
    {&lookup_metrics, offsetof(struct sources, lookups)},
    {&evaluator_metrics, offsetof(struct sources, evaluator)},
    {&http_metrics, offsetof(struct sources, http)},
    {&process_metrics, offsetof(struct sources, process)},
};

void metrics_page(struct app *app, struct buffer *buffer)
{
    struct app_look look = {.app = app};
    look.ready = app_health(app, &look.facts, &look.health);
    struct evaluator_stats stats;
    if (app->evaluator)
        evaluator_get_stats(app->evaluator, &stats);
    struct sources sources = {
        .app = &look,
        .source = app->source,
        .letters = app->letters,
        .store = app->store,
        .ingest = app->ingest,
        .lookups = &app->lookups,
        .evaluator = app->evaluator ? &stats : NULL,
        .http = app->http,
        .process = "",
    };
    for (size_t i = 0; i < ARRAY_SIZE(joined); i++) {
        const void *module;
        memcpy(&module, (const char *)&sources + joined[i].offset, sizeof(module));
        if (module)
            metrics_append(buffer, joined[i].table, module);
    }
}

const struct metric_row *metrics_row(size_t i)
{
    for (size_t t = 0; t < ARRAY_SIZE(joined); t++) {
        if (i < joined[t].table->n_rows)
            return &joined[t].table->rows[i];
        i -= joined[t].table->n_rows;
    }
    return NULL;
}
