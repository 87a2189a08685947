/*
 * Once a second: what orders wait for. The marks of all partitions whose touches may still come, but those that have made
 * no progress for attribution.order_hold: a partition without an owner, or whose leader is away, must not hold up all
 * orders for ever. With lateness.idle log no clock decides anything, so nobody is given up.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/log.h"

enum { UNSEEN_MS = 5000 };

/* Room for what is known of the partition's progress. */
static bool progress_reserve(struct app *app, uint32_t index)
{
    if (index < app->n_progress)
        return true;
    struct lane_progress *grown = realloc(app->progress, ((size_t)index + 1) * sizeof(*grown));
    if (!grown)
        return false;
    app->progress = grown;
    while (app->n_progress <= index)
        app->progress[app->n_progress++] =
            (struct lane_progress){.mark = PARTITION_MARK_NONE, .since_ms = app->steady_ms};
    return true;
}

/* Whether orders wait for this partition. */
static bool is_waited_for(struct app *app, uint32_t index, const char *topic, int32_t partition)
{
    const struct partition_mark none = PARTITION_MARK_NONE;
    const struct partition_mark *mark = index < app->n_marks ? &app->marks[index] : &none;
    if (!progress_reserve(app, index))
        return true;
    struct lane_progress *progress = &app->progress[index];
    if (memcmp(&progress->mark, mark, sizeof(*mark)) != 0)
        *progress = (struct lane_progress){.mark = *mark, .since_ms = app->steady_ms};
    int64_t hold_ms = app->settings->attribution.order_hold_ms;
    if (!app->settings->book.clock || app->steady_ms - progress->since_ms < hold_ms)
        return true;
    if (!progress->said)
        log_line(LOG_LEVEL_WARNING,
                 "orders do not wait for %s:%" PRId32
                 " any more, which has made no progress for attribution.order_hold: clicks that it still "
                 "holds may "
                 "come too late for them. See that its broker and all roiwatchd run",
                 topic, partition);
    progress->said = true;
    return false;
}

/* A partition that is not registered yet is waited for as one without progress. */
static bool is_hold_over(const struct app *app)
{
    return app->settings->book.clock &&
           app->steady_ms - app->unregistered_since_ms >= app->settings->attribution.order_hold_ms;
}

/* Numbers of the partitions that orders wait for; false while one is not known. */
static bool partitions_find(struct app *app, uint32_t *numbers, size_t *ret_n)
{
    size_t n = 0, n_unknown = 0;
    for (size_t t = 0; t < app->settings->kafka.n_topics; t++) {
        const char *topic = app->settings->kafka.topics[t].name;
        for (int32_t partition = 0; partition < app->partition_counts[t]; partition++) {
            const struct registry_entry *entry = registry_find(&app->registry, topic, partition);
            if (!entry)
                n_unknown++;
            else if (is_waited_for(app, entry->index, topic, partition))
                numbers[n++] = entry->index;
        }
    }
    if (n_unknown == 0)
        app->unregistered_since_ms = app->steady_ms;
    *ret_n = n;
    return n_unknown == 0 || is_hold_over(app);
}

static int names_tell(struct app *app)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < app->registry.n; i++)
        r = ingest_name_lane(app->ingest, app->registry.entries[i].index, app->registry.entries[i].name);
    return r;
}

/* Where nothing could be seen for a while, as with Redis away, nobody's lack of progress was seen either. */
static void progress_forgive(struct app *app)
{
    int64_t unseen_ms = app->steady_ms - app->orders_looked_ms;
    app->orders_looked_ms = app->steady_ms;
    if (unseen_ms < UNSEEN_MS)
        return;
    for (size_t i = 0; i < app->n_progress; i++)
        app->progress[i].since_ms += unseen_ms;
    app->unregistered_since_ms += unseen_ms;
}

void app_orders_look(struct app *app)
{
    progress_forgive(app);
    const struct rule_book *book = &app->settings->book;
    size_t expected = app_n_partitions(app), n = 0;
    uint32_t *numbers = calloc(expected + 1, sizeof(*numbers));
    bool known = numbers && app->counts_known && expected > 0 && partitions_find(app, numbers, &n);
    const struct lanes lanes = {
        .partitions = numbers,
        .n_partitions = known ? n : 0,
        .none_awaited = known && n == 0,
        .marks = app->marks,
        .n_marks = app->n_marks,
        .disorder_ms = book->disorder_ms,
        .cap_ms = book->clock ? app->now_ms + app->settings->lateness.future_ms : INT64_MAX,
    };
    const struct ingest_view view = {
        .lanes = &lanes,
        .settled = !book->clock && marks_settled(app->marks, app->n_marks, expected, app->now_ms),
        .passed_ms = marks_passed(app->marks, app->n_marks, expected, book->disorder_ms, lanes.cap_ms),
    };
    if (!numbers || names_tell(app) < 0 || ingest_look(app->ingest, &view) < 0)
        log_line(LOG_LEVEL_ERROR, "out of memory; orders wait, nothing is lost");
    free(numbers);
}
