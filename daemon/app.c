#include "daemon/app.h"
#include "daemon/identity_key.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "daemon/close_watch.h"
#include "daemon/log.h"

enum {
    TICK_US = 50000, /* the shortest thing that time decides is redis.flush */
    EVALUATE_MS = 250,
    LEAVE_MS = 5000, /* for finishing before partitions are given up */
    READ_MAX = 4000, /* messages read in one turn */
    CORE_SHIFT = 48,
    CLOSE_S = 10, /* beyond what closing takes with brokers that do not answer */
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct span app_common_key(struct app *app, const char *name)
{
    buffer_clear(&app->scratch);
    layout_common_key(&app->layout, name, &app->scratch);
    return buffer_span(&app->scratch);
}

void app_send(struct app *app, redis_answer answer, uint64_t tag)
{
    if (call_status(&app->call) < 0 || redis_store_send(app->store, &app->call, answer, app, tag) < 0)
        answer(app, tag, NULL);
}

void app_ignore(void *context, uint64_t tag, const struct reply *reply)
{
    (void)context;
    (void)tag;
    (void)reply;
}

void app_stop(struct app *app, int exit_code)
{
    if (app->stopping && exit_code == EXIT_OK)
        return;
    app->exit_code = exit_code;
    if (!app->stopping && app->phase == APP_READY && redis_store_is_ready(app->store))
        app_farewell(app);
    app->stopping = true;
    app->leaving_since_ms = app->steady_ms;
    if (app->ingest)
        ingest_revoke(app->ingest, exit_code == EXIT_OK);
    service_stopping(&app->service);
}

/* The tag of a call of the core: the core's number above the core's own tag. */
static uint64_t core_tag(const struct app *app, uint64_t tag)
{
    return app->core_number << CORE_SHIFT | tag;
}

/* False where the answer is for a core that is gone. */
static bool core_untag(const struct app *app, uint64_t *tag)
{
    bool current = *tag >> CORE_SHIFT == app->core_number;
    *tag &= (UINT64_C(1) << CORE_SHIFT) - 1;
    return current;
}

static void on_ingest_answer(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    if (!core_untag(app, &tag))
        return;
    if (ingest_reply(app->ingest, tag, reply) < 0)
        log_line(LOG_LEVEL_ERROR,
                 "an answer from Redis could not be used; roiwatch starts over from what the shards hold");
    app_turn(app);
}

static void on_evaluator_answer(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    if (!core_untag(app, &tag))
        return;
    if (!reply)
        evaluator_fail(app->evaluator, tag);
    else if (evaluator_reply(app->evaluator, tag, reply) < 0)
        log_line(LOG_LEVEL_ERROR, "out of memory while evaluating; the shard starts over");
    app_turn(app);
}

static void send_calls(struct app *app)
{
    uint64_t tag;
    while (ingest_next(app->ingest, &app->call, &tag) == 1) {
        if (redis_store_send(app->store, &app->call, on_ingest_answer, app, core_tag(app, tag)) < 0 &&
            ingest_reply(app->ingest, tag, NULL) < 0)
            return;
    }
    while (evaluator_next(app->evaluator, &app->call, &tag) == 1) {
        if (redis_store_send(app->store, &app->call, on_evaluator_answer, app, core_tag(app, tag)) < 0) {
            evaluator_fail(app->evaluator, tag);
            return;
        }
    }
}

static void read_messages(struct app *app)
{
    bool more = false;
    if (app->letters)
        ingest_letters(app->ingest, kafka_letters_open(app->letters));
    if (app->partitions == PARTITIONS_TAKEN && app->placed_epoch == ingest_epoch(app->ingest) &&
        ingest_wants_input(app->ingest)) {
        int n = kafka_source_read(app->source, READ_MAX);
        if (n < 0)
            ingest_restart(app->ingest);
        else if (ingest_batch_end(app->ingest) < 0)
            log_line(LOG_LEVEL_ERROR, "out of memory");
        more = n > 0;
    }
    (void)sd_event_source_set_enabled(app->again, more ? SD_EVENT_ON : SD_EVENT_OFF);
}

static bool app_finished(struct app *app)
{
    if (!app->stopping)
        return false;
    bool quiet =
        !app->ingest || (ingest_phase(app->ingest) == INGEST_IDLE && ingest_in_flight(app->ingest) == 0);
    return app->exit_code != EXIT_OK || (quiet && !app->farewell_open) ||
           app->steady_ms - app->leaving_since_ms > LEAVE_MS;
}

static void app_clock(struct app *app)
{
    app->steady_ms = clock_ms(CLOCK_MONOTONIC);
    int64_t wall_ms = clock_ms(CLOCK_REALTIME);
    app->now_ms = app->redis_skew_ms < 0 ? wall_ms + app->redis_skew_ms : wall_ms;
}

void app_turn(struct app *app)
{
    app_clock(app);
    if (app_finished(app)) {
        (void)sd_event_exit(app->event, app->exit_code);
        return;
    }
    app_leave(app); /* also without Redis: the group must not wait for it */
    app_reload(app);
    if (!app->ingest || !redis_store_is_ready(app->store))
        return;
    app_place(app);
    app_follow_ingest(app);
    if (!app->ingest || ingest_tick(app->ingest, app->steady_ms) < 0)
        return;
    read_messages(app);
    app_send_letters(app);
    if (app->steady_ms - app->evaluate_at_ms >= EVALUATE_MS) {
        app->evaluate_at_ms = app->steady_ms;
        evaluator_tick(app->evaluator, app->now_ms, app->steady_ms);
    }
    send_calls(app);
}

/* A fail point: nothing happens any more, until the watchdog or somebody else ends the process. */
static void hang(void)
{
    for (;;)
        pause();
}

static int on_timer(sd_event_source *timer, uint64_t usec, void *userdata)
{
    struct app *app = userdata;
    (void)usec;
    if (app->source)
        kafka_source_poll(app->source);
    if (app->letters)
        kafka_letters_poll(app->letters);
    app_turn(app);
    app_pulse(app);
    log_tick();
    if (app->service.ready && fail_point_hit(&app->fail_at, FAIL_LOOP_HANG))
        hang();
    service_turned(&app->service, app->steady_ms, redis_store_tick(app->store, app->steady_ms));
    (void)sd_event_source_set_time_relative(timer, TICK_US);
    return sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int on_again(sd_event_source *again, void *userdata)
{
    (void)again;
    app_turn(userdata);
    return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    (void)source;
    (void)info;
    app_reload_ask(userdata);
    app_turn(userdata);
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    (void)source;
    log_line(LOG_LEVEL_INFO, "signal %u: finishing what is in flight, then ending", info->ssi_signo);
    app_stop(userdata, EXIT_OK);
    app_turn(userdata);
    return 0;
}

static void on_wake(void *context)
{
    struct app *app = context;
    kafka_source_poll(app->source);
    app_turn(app);
}

static void on_letters_settled(void *context)
{
    app_turn(context);
}

static void on_assigned(void *context)
{
    struct app *app = context;
    app->partitions = PARTITIONS_OFFERED;
    app->reassigning = false;
    app->revoke_wanted = false;
}

static void on_revoked(void *context)
{
    struct app *app = context;
    app->revoke_wanted = true;
}

static void on_source_fault(void *context, const char *why)
{
    app_lost(context, why);
}

static void on_store_ready(void *context)
{
    struct app *app = context;
    log_line(LOG_LEVEL_INFO, "redis: connected to %s", app->settings->redis.address.url);
    app_clock(app);
    if (app->phase != APP_READY) {
        app_meta_begin(app);
        return;
    }
    app_meta_check(app);
    ingest_restart(app->ingest);
    app_turn(app);
}

static void on_store_lost(void *context, const char *why, bool wait)
{
    struct app *app = context;
    log_line(wait ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
             "redis: %s: %s; roiwatch stops reading and tries again until it is back, nothing is lost",
             app->settings->redis.address.url, why);
    if (app->phase != APP_READY)
        app->phase = APP_OFFLINE;
}

static void on_store_fault(void *context, enum redis_fault fault, const char *why)
{
    struct app *app = context;
    log_line(LOG_LEVEL_ERROR, "redis: %s: %s", app->settings->redis.address.url, why);
    app_stop(app, fault == REDIS_FAULT_DENIED ? EXIT_DENIED : EXIT_CONFIGURATION);
    app_turn(app);
}

static void on_kafka_denied(void *context, const char *why)
{
    struct app *app = context;
    if (app->stopping)
        return;
    log_line(LOG_LEVEL_ERROR, "kafka: denied: %s", why);
    app_stop(app, EXIT_DENIED);
}

static int app_open_kafka(struct app *app)
{
    char why[512];
    struct source_handlers handlers = {on_wake,         on_assigned,     on_revoked,
                                       app_on_message,  app_wants,       app_on_end,
                                       on_source_fault, on_kafka_denied, app};
    int r = kafka_source_new(app->event, &app->settings->kafka, &handlers, why, sizeof(why), &app->source);
    if (r == 0 && app->settings->kafka.dead_letter)
        r = kafka_letters_new(app->event, &app->settings->kafka, on_letters_settled, on_kafka_denied, app,
                              why, sizeof(why), &app->letters);
    if (r > 0)
        log_line(LOG_LEVEL_ERROR, "kafka: %s", why);
    return r > 0 ? EXIT_CONFIGURATION : r;
}

static int app_open_loop(struct app *app)
{
    int r = sd_event_new(&app->event);
    r = r < 0 ? r : sd_event_add_signal(app->event, NULL, SIGTERM, on_signal, app);
    r = r < 0 ? r : sd_event_add_signal(app->event, NULL, SIGINT, on_signal, app);
    r = r < 0 ? r : sd_event_add_signal(app->event, NULL, SIGHUP, on_hangup, app);
    r = r < 0 ? r
              : sd_event_add_time_relative(app->event, &app->timer, CLOCK_MONOTONIC, TICK_US, 1000, on_timer,
                                           app);
    r = r < 0 ? r : sd_event_add_defer(app->event, &app->again, on_again, app);
    r = r < 0 ? r : sd_event_source_set_enabled(app->again, SD_EVENT_OFF);
    return r < 0 ? r : sd_event_source_set_priority(app->again, SD_EVENT_PRIORITY_IDLE);
}

static int app_open(struct app *app)
{
    app->shards_as_of_ms = NEVER;
    app->partition_counts = calloc(app->settings->kafka.n_topics, sizeof(*app->partition_counts));
    if (!app->partition_counts)
        return -ENOMEM;
    call_init(&app->call);
    app_clock(app);
    app->began_ms = app->now_ms;
    app->reload.taken_ms = app->now_ms;
    service_init(&app->service, app->steady_ms);
    if (fail_at_parse(getenv("ROIWATCH_FAIL_AT"), &app->fail_at) < 0) {
        log_line(LOG_LEVEL_ERROR, "ROIWATCH_FAIL_AT: no fail point is called \"%s\"; it is for tests only",
                 getenv("ROIWATCH_FAIL_AT"));
        return EXIT_USAGE;
    }
    int r = app_open_loop(app);
    if (r < 0)
        return r;
    r = app_open_kafka(app);
    if (r != 0)
        return r;
    static const struct redis_handlers handlers = {on_store_ready, on_store_lost, on_store_fault, NULL};
    struct redis_handlers bound = handlers;
    bound.context = app;
    r = redis_store_new(app->event, &app->settings->redis, &bound, &app->store);
    return r < 0 ? r : app_open_http(app);
}

static void app_close(struct app *app)
{
    http_free(app->http);
    app->http = NULL;
    redis_store_free(app->store); /* answers what is in flight, so before the core */
    app->store = NULL;
    timer_t watch;
    int watched = close_watch_start(CLOSE_S, app->exit_code, &watch);
    kafka_source_free(app->source);
    kafka_letters_free(app->letters);
    if (watched == 0)
        close_watch_stop(watch);
    app_close_core(app);
    app_reload_close(app);
    registry_deinit(&app->registry);
    registry_deinit(&app->old_registry);
    free(app->marks);
    free(app->progress);
    free(app->partition_counts);
    buffer_deinit(&app->missing_said);
    buffer_deinit(&app->scratch);
    call_deinit(&app->call);
    sd_event_source_disable_unref(app->again);
    sd_event_source_disable_unref(app->timer);
    sd_event_unref(app->event);
}

int app_run(struct settings *settings, const struct app_source *source)
{
    char why[IDENTITY_KEY_WHY_SIZE];
    if (!identity_rules_load(&settings->attribution, &settings->identities, why)) {
        log_line(LOG_LEVEL_ERROR, "%s", why);
        return EXIT_CONFIGURATION;
    }
    struct app app = {.source_of_settings = *source, .started = settings, .settings = settings};
    int r = app_open(&app);
    if (r == 0)
        r = sd_event_loop(app.event);
    app.stopping = true;
    app.exit_code = r < 0 ? EXIT_FAILED : r;
    app_close(&app);
    if (r < 0)
        log_line(LOG_LEVEL_ERROR, "%s", strerror(-r));
    return app.exit_code;
}
