/*
 * Reload: SIGHUP makes the process read its configuration again.
 *
 * DESIGN
 *   Fresh settings are read and checked whole; a file with an error, or one that contradicts the stored numbers,
 * changes nothing. Else ingest finishes what was read, as if its partitions were taken back, but the group is
 * not told: the partitions stay ours. Once every shard stands where reading stopped, ingest and evaluator get
 * the fresh rules and the partitions are placed again, which levels them where rules that decide the counting
 * have changed. So there is one way to begin with rules, at a start and at a reload. If Redis is away, or does
 * not answer in time, what is pending is dropped and read again, as after any failure.
 *   Goals lose nothing by it: their states are in Redis, and time counts in event time.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/identity_key.h"
#include "daemon/log.h"
#include "daemon/settings_reload.h"
#include "daemon/slices_text.h"

enum { FINISH_MS = 5000, SETTLE_MS = 10000 };

/* A reload that keeps the file out, as all do that end here. */
static void reload_end(struct app *app, bool taken)
{
    app->reload.failed = !taken;
    app->reload.n_taken += taken;
    app->reload.n_failed += !taken;
    if (taken)
        app->reload.taken_ms = app->now_ms;
    if (app->service.ready)
        service_ready(&app->service);
}

void app_reload_ask(struct app *app)
{
    app->reload.wanted = true;
    if (app->service.ready)
        service_reloading(&app->service);
}

static void say_errors(const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->n_items; i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        config_error_text(&errors->items[i], &text);
        log_answer(errors->n_errors ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%.*s", (int)text.size, text.data);
    }
}

static void say_refused(const struct reload_plan *plan)
{
    const struct buffer *names = &plan->names[RELOAD_REFUSED];
    if (plan->n[RELOAD_REFUSED])
        log_answer(
            LOG_LEVEL_ERROR,
            "reload: %.*s cannot change as long as the stored numbers are kept; the configuration before "
            "holds whole. Set back what it was, or use another redis.prefix",
            (int)names->size, names->data);
    names = &plan->names[RELOAD_RECOUNTS];
    if (plan->n[RELOAD_RECOUNTS])
        log_answer(
            LOG_LEVEL_ERROR,
            "reload: %.*s need a recount of the log; the configuration before holds whole. Restart roiwatchd "
            "to count again where Kafka still holds everything, or set back what it was",
            (int)names->size, names->data);
}

static void say_taken(const struct reload_plan *plan)
{
    static const char *const tell[N_RELOAD_FATES] = {
        [RELOAD_TAKEN] = "reload: taken: %.*s",
        [RELOAD_FORWARD] = "reload: taken for what is counted from now on: %.*s",
        [RELOAD_WAITS] = "reload: waits for the next start of roiwatchd: %.*s",
    };
    bool any = false;
    for (size_t i = 0; i < N_RELOAD_FATES; i++) {
        const struct buffer *names = &plan->names[i];
        any = any || plan->n[i];
        if (plan->n[i] && tell[i])
            log_answer(i == RELOAD_WAITS ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, tell[i], (int)names->size,
                       names->data);
    }
    if (!any)
        log_answer(LOG_LEVEL_NOTICE, "reload: nothing has changed");
}

/* What is in force at once differs. */
static bool plan_has_effect(const struct reload_plan *plan)
{
    return plan->n[RELOAD_TAKEN] + plan->n[RELOAD_FORWARD] > 0;
}

/* Decides about settings that were read without error: 1 with *ret_next to be taken, 0 where nothing is to do,
 * negative where they are not taken. */
static int consider(struct app *app, struct settings *fresh)
{
    CLEANUP(reload_plan_deinit) struct reload_plan plan = RELOAD_PLAN_INIT;
    int r = reload_plan_make(&plan, app->settings, fresh);
    if (r < 0)
        return r;
    if (!reload_plan_is_possible(&plan)) {
        say_refused(&plan);
        return -EPERM;
    }
    say_taken(&plan);
    if (!plan_has_effect(&plan))
        return 0;
    r = settings_keep_start(fresh, app->started);
    return r < 0 ? r : 1;
}

static void reload_read(struct app *app)
{
    const struct app_source *source = &app->source_of_settings;
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    struct settings *fresh = NULL;
    char why[IDENTITY_KEY_WHY_SIZE];
    app->reload.wanted = false;
    int r = settings_load(source->path, source->sets, source->n_sets, &fresh, &errors);
    say_errors(&errors);
    if (r > 0)
        log_answer(LOG_LEVEL_ERROR, "reload: the configuration has errors; the one before holds whole");
    if (r == 0 && !identity_rules_load(&fresh->attribution, &fresh->identities, why)) {
        log_answer(LOG_LEVEL_ERROR, "reload: %s; the configuration before holds whole", why);
        r = -EINVAL;
    } else if (r == 0) {
        r = consider(app, fresh);
    } else if (r > 0) {
        r = -EINVAL;
    }
    if (r == -ENOMEM)
        log_answer(LOG_LEVEL_ERROR, "reload: out of memory; the configuration before holds whole");
    if (r == 1) {
        app->reload.next = fresh;
        return;
    }
    settings_free(fresh);
    reload_end(app, r == 0);
}

/* True when ingest has nothing of the old rules left. */
static bool finished(struct app *app)
{
    if (!app->ingest)
        return true;
    if (app->partitions == PARTITIONS_TAKEN) {
        app->partitions = PARTITIONS_PAUSED;
        app->reload.paused_since_ms = app->steady_ms;
        ingest_revoke(app->ingest, true);
    } else if (app->partitions == PARTITIONS_PAUSED &&
               app->steady_ms - app->reload.paused_since_ms > FINISH_MS) {
        ingest_revoke(app->ingest, false);
    }
    bool between = app->partitions == PARTITIONS_PLACING || app->partitions == PARTITIONS_LEAVING;
    return !between && ingest_phase(app->ingest) == INGEST_IDLE && ingest_in_flight(app->ingest) == 0;
}

/* The slices that the fresh windows need may be fewer. */
static void store_slices(struct app *app, const struct settings *before)
{
    CLEANUP(buffer_deinit) struct buffer old = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer fresh = BUFFER_INIT;
    slices_text(before, &old);
    slices_text(app->settings, &fresh);
    if (!span_equal(buffer_span(&old), buffer_span(&fresh)))
        app_store_slices(app, buffer_span(&fresh));
}

static int swap(struct app *app)
{
    struct settings *before = app->settings;
    app->settings = app->reload.next;
    if (app->ingest) {
        struct ingest_rules rules = app_ingest_rules(app);
        int r = ingest_set_rules(app->ingest, &rules);
        if (r < 0) {
            app->settings = before;
            return r;
        }
        evaluator_set_book(app->evaluator, &app->settings->book);
        evaluator_set_limits(app->evaluator, app->settings->lateness.future_ms,
                             app->settings->alerts.stream_length);
        store_slices(app, before);
    }
    app_reopen_http(app, before);
    if (app->partitions == PARTITIONS_PAUSED) {
        app->partitions = PARTITIONS_OFFERED;
        app->reassigning = true;
        app->n_slots = 0;
        app->retry_at_ms = 0;
    }
    app->reload.next = NULL;
    app->reload.since_ms = app->steady_ms;
    if (before != app->started)
        settings_free(before);
    return 0;
}

/* The reload before has come to its end: a configuration that changes every second must not keep roiwatch from
 * reading and publishing. */
static bool settled(const struct app *app)
{
    if (!app->ingest || !redis_store_is_ready(app->store) ||
        app->steady_ms - app->reload.since_ms > SETTLE_MS)
        return true;
    struct evaluator_stats stats;
    evaluator_get_stats(app->evaluator, &stats);
    return !app->reassigning && ingest_phase(app->ingest) != INGEST_LEVELLING && stats.n_loading == 0;
}

void app_reload(struct app *app)
{
    if (app->stopping)
        return;
    if (app->reload.wanted && !app->reload.next && (app->reload.since_ms == 0 || settled(app)))
        reload_read(app);
    if (!app->reload.next || !finished(app))
        return;
    int r = swap(app);
    if (r < 0) {
        log_answer(LOG_LEVEL_ERROR, "reload: %s; the configuration before holds whole", strerror(-r));
        app_reload_close(app);
        app->partitions = app->partitions == PARTITIONS_PAUSED ? PARTITIONS_OFFERED : app->partitions;
    }
    reload_end(app, r == 0);
}

void app_reload_close(struct app *app)
{
    settings_free(app->reload.next);
    app->reload.next = NULL;
    if (app->stopping && app->settings != app->started) {
        settings_free(app->settings);
        app->settings = app->started;
    }
}
