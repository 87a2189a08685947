/*
 * Which of the configured topics exist, and with how many partitions.
 *
 * A topic that does not exist is waited for. Librdkafka says so itself, but of the first such topic only, and of
 * the dead-letter topic half a minute after the first letter: too late for somebody who watches the start.
 */
#include "daemon/app.h"
#include "daemon/kafka_query.h"
#include "daemon/log.h"

enum { COUNTS_MS = 30000, METADATA_MS = 2000 };

static void name_add(struct buffer *names, const char *topic)
{
    buffer_printf(names, "%s%s", names->size ? ", " : "", topic);
}

static void say_missing(const struct app *app, const struct buffer *topics, bool letters)
{
    if (topics->size > 0)
        log_line(
            LOG_LEVEL_WARNING,
            "kafka: configured topics do not exist (or roiwatch may not see them); the others are counted, "
            "these from their start as soon as they exist. Create them, or correct kafka.topics: %.*s",
            (int)topics->size, topics->data);
    if (letters)
        log_line(LOG_LEVEL_WARNING,
                 "kafka: the dead-letter topic %s does not exist (or roiwatch may not see it): at the first "
                 "rejected event counting will stand still until it does, nothing is lost. Create it, or set "
                 "kafka.dead_letter to ~",
                 app->settings->kafka.dead_letter);
    if (topics->size == 0 && !letters)
        log_line(LOG_LEVEL_INFO, "kafka: all topics exist now");
}

/* Once for each set of topics that are missing. */
static void follow_missing(struct app *app, bool letters)
{
    const struct kafka_settings *kafka = &app->settings->kafka;
    CLEANUP(buffer_deinit) struct buffer topics = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer all = BUFFER_INIT;
    for (size_t i = 0; i < kafka->n_topics; i++)
        if (app->partition_counts[i] == 0)
            name_add(&topics, kafka->topics[i].name);
    buffer_append_span(&all, buffer_span(&topics));
    if (letters)
        name_add(&all, kafka->dead_letter);
    if (buffer_status(&topics) < 0 || buffer_status(&all) < 0 ||
        span_equal(buffer_span(&all), buffer_span(&app->missing_said)))
        return;
    say_missing(app, &topics, letters);
    buffer_clear(&app->missing_said);
    buffer_append_span(&app->missing_said, buffer_span(&all));
}

void app_topics_refresh(struct app *app)
{
    int32_t n_letters = 0;
    if (app->counts_known && app->steady_ms - app->counts_at_ms < COUNTS_MS)
        return;
    /* While no broker is connected (nor at the very start) the question would only hold up the loop until its
     * time is over. */
    if (kafka_source_silent_ms(app->source) == INT64_MAX || kafka_source_is_away(app->source))
        return;
    app->counts_at_ms = app->steady_ms;
    if (kafka_query_partition_counts(kafka_source_client(app->source), &app->settings->kafka, METADATA_MS,
                                     app->partition_counts, &n_letters) < 0)
        return;
    app->counts_known = true;
    follow_missing(app, app->settings->kafka.dead_letter && n_letters == 0);
}
