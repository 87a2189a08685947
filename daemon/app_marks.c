/*
 * Once a second: what the readers of all partitions say about their completeness, and what we say of ours.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"

/* Marks of partitions that are no longer configured, or no longer there, do not count: nobody will bring them to an
 * end. */
static bool mark_counts(const struct app *app, uint32_t index)
{
    for (size_t i = 0; i < app->registry.n; i++) {
        const struct registry_entry *entry = &app->registry.entries[i];
        if (entry->index != index)
            continue;
        const char *colon = strrchr(entry->name, ':');
        size_t size = (size_t)(colon - entry->name);
        for (size_t t = 0; t < app->settings->kafka.n_topics; t++) {
            const char *topic = app->settings->kafka.topics[t].name;
            if (strlen(topic) == size && memcmp(topic, entry->name, size) == 0)
                return atoi(colon + 1) < app->partition_counts[t];
        }
    }
    return false;
}

static void marks_read(struct app *app, const struct reply *reply)
{
    for (size_t i = 0; i < app->n_marks; i++)
        app->marks[i] = PARTITION_MARK_NONE;
    for (size_t i = 0; i + 1 < reply->n_elements; i += 2) {
        int64_t index = reply_i64(reply_at(reply, i), -1);
        if (index < 0 || index > UINT16_MAX * 16 || !mark_counts(app, (uint32_t)index))
            continue;
        if ((size_t)index >= app->n_marks) {
            struct partition_mark *grown = realloc(app->marks, ((size_t)index + 1) * sizeof(*grown));
            if (!grown)
                return;
            app->marks = grown;
            while (app->n_marks <= (size_t)index)
                app->marks[app->n_marks++] = PARTITION_MARK_NONE;
        }
        struct partition_mark mark;
        if (partition_mark_parse(reply_at(reply, i + 1)->text, &mark) == 0)
            app->marks[index] = mark;
    }
}

static bool slot_at_end(const struct app *app, size_t slot, const struct slot_state *state)
{
    return app->ends[slot] == state->position && kafka_source_heard(app->source, slot);
}

/* What is proven of the partition, by us or by who read it before us; whether it is at its end we see anew. */
static const struct partition_mark *mark_before(struct app *app, size_t slot, uint32_t index)
{
    struct partition_mark *own = &app->own_marks[slot];
    if (own->offset == LANE_UNSET && index < app->n_marks) {
        *own = app->marks[index];
        own->end_since_ms = NEVER;
    }
    return own;
}

static void marks_write(struct app *app)
{
    const struct marks_rules rules = {app->settings->book.clock, app->settings->book.disorder_ms};
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HSET");
    call_arg(&app->call, app_common_key(app, "marks"));
    size_t n = 0;
    for (size_t i = 0; i < app->n_slots; i++) {
        struct slot_state state = ingest_slot(app->ingest, i);
        struct partition_mark mark =
            mark_make(&rules, &state, slot_at_end(app, i, &state), app->now_ms,
                      mark_before(app, i, state.index), app->marks, app->n_marks, app_n_partitions(app));
        bool there = state.index < app->n_marks && !memcmp(&app->marks[state.index], &mark, sizeof(mark));
        if (there && memcmp(&mark, &app->own_marks[i], sizeof(mark)) == 0)
            continue;
        app->own_marks[i] = mark;
        buffer_clear(&text);
        partition_mark_print(&mark, &text);
        call_arg_i64(&app->call, state.index);
        call_arg(&app->call, buffer_span(&text));
        n++;
    }
    if (n > 0)
        app_send(app, app_ignore, 0);
}

/* A topic that had events in the day before has had none for alerts.silent_after: then no goal can be judged.
 */
static bool topic_is_silent(const struct app *app)
{
    int64_t silent_ms = app->settings->alerts.silent_after_ms;
    for (size_t t = 0; t < app->settings->kafka.n_topics; t++) {
        int64_t newest_ms = NEVER;
        for (int32_t partition = 0; partition < app->partition_counts[t]; partition++) {
            const struct registry_entry *entry =
                registry_find(&app->registry, app->settings->kafka.topics[t].name, partition);
            if (entry && entry->index < app->n_marks && app->marks[entry->index].newest_ms > newest_ms)
                newest_ms = app->marks[entry->index].newest_ms;
        }
        if (newest_ms != NEVER && app->now_ms - newest_ms > silent_ms &&
            app->now_ms - newest_ms <= silent_ms + DAY_MS)
            return true;
    }
    return false;
}

static void on_marks(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    (void)tag;
    if (!reply || app->phase != APP_READY)
        return;
    if (reply->type != REPLY_ARRAY) {
        app->n_marks = 0; /* nobody is known to be at an end */
        return;
    }
    marks_read(app, reply);
    if (app->settings->book.clock)
        evaluator_set_silent(app->evaluator, topic_is_silent(app));
    app_orders_look(app);
    if (app->partitions == PARTITIONS_TAKEN && ingest_phase(app->ingest) == INGEST_RUNNING)
        marks_write(app);
}

int64_t app_marks_furthest(const struct app *app)
{
    int64_t newest_ms = NEVER;
    for (size_t i = 0; i < app->n_marks; i++)
        if (app->marks[i].newest_ms > newest_ms)
            newest_ms = app->marks[i].newest_ms;
    return newest_ms;
}

bool app_marks_at_end(const struct app *app)
{
    size_t n = 0;
    for (size_t i = 0; i < app->n_marks; i++)
        n += app->marks[i].end_since_ms != NEVER;
    return n > 0 && n >= app_n_partitions(app);
}

void app_marks_ask(struct app *app)
{
    app_ask(app, "marks", on_marks);
}
