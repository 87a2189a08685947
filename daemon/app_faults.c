/*
 * Said while everything else goes on: what is set aside, and what Redis refuses to the evaluator.
 */
#include <inttypes.h>
#include <stdio.h>

#include "daemon/app.h"
#include "daemon/log.h"

enum { SAY_AGAIN_MS = 60000 };

/* What could not be counted or shown is said, with a number that grows. */
static void say_aside(struct app *app, const struct evaluator_stats *stats)
{
    int64_t aside = ingest_counts(app->ingest).set_aside + (int64_t)stats->n_aside;
    const char *cells = ingest_last_aside(app->ingest), *campaign = evaluator_last_aside(app->evaluator);
    if (aside > app->aside_said)
        log_line(LOG_LEVEL_ERROR,
                 "%" PRId64
                 " cells or campaigns are set aside so far, as a key of theirs has a foreign type, "
                 "a counter would leave 64 bits, or a campaign has too many records of spend; the others go "
                 "on. The latest: %s%s%s. What was set aside "
                 "is not counted: remove its cause (delete a foreign key, correct amounts), then count again "
                 "with roiwatch rebuild",
                 aside, cells, *cells && *campaign ? "; " : "", campaign);
    app->aside_said = aside;
}

static void say_refused(struct app *app, const char *text)
{
    if (app->refused_said_ms && app->steady_ms - app->refused_said_ms < SAY_AGAIN_MS)
        return;
    app->refused_said_ms = app->steady_ms;
    log_line(LOG_LEVEL_ERROR,
             "redis: %s; what hangs on it is not published, all else goes on, nothing is lost, and roiwatch "
             "goes on "
             "trying.%s",
             text, strstr(text, "WRONGTYPE") ? " Another program has written there: delete that key" : "");
}

void app_say_aside(struct app *app)
{
    struct evaluator_stats stats;
    evaluator_get_stats(app->evaluator, &stats);
    say_aside(app, &stats);
    /* A server that refuses all writes is told of once, by ingest. */
    if (stats.n_errors > app->errors_seen && ingest_phase(app->ingest) != INGEST_BROKEN)
        say_refused(app, evaluator_last_error(app->evaluator));
    app->errors_seen = stats.n_errors;
}

void app_say_refused(struct app *app, const char *name, const struct reply *reply)
{
    char text[400];
    struct span key = app_common_key(app, name);
    snprintf(text, sizeof(text), "%.*s: %.*s", (int)key.size, key.data, (int)reply->text.size,
             reply->text.data);
    say_refused(app, text);
}
