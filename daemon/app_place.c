/*
 * Partitions: given by the group, placed where the shards stand, read, and given up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/kafka_query.h"
#include "daemon/log.h"

enum { KAFKA_MS = 10000, LEAVE_MS = 5000, RETRY_MS = 500, RETRY_LAST_MS = 5000, SAY_AGAIN_MS = 60000 };

void registry_deinit(struct registry *registry)
{
    for (size_t i = 0; i < registry->n; i++)
        free(registry->entries[i].name);
    free(registry->entries);
    *registry = (struct registry){0};
}

bool registry_parse(struct registry *registry, const struct reply *reply)
{
    registry_deinit(registry);
    if (reply->type != REPLY_ARRAY)
        return false;
    registry->entries = calloc(reply->n_elements / 2 + 1, sizeof(*registry->entries));
    if (!registry->entries)
        return false;
    for (size_t i = 0; i + 1 < reply->n_elements; i += 2) {
        struct span name = reply_at(reply, i)->text;
        char text[1024];
        snprintf(text, sizeof(text), "%.*s", (int)reply_at(reply, i + 1)->text.size,
                 reply_at(reply, i + 1)->text.data);
        struct registry_entry *entry = &registry->entries[registry->n];
        if (sscanf(text, "%" SCNu32 " %" SCNd64, &entry->index, &entry->start_offset) != 2 ||
            !memchr(name.data, ':', name.size))
            return false;
        entry->name = strndup(name.data, name.size);
        if (!entry->name)
            return false;
        registry->n++;
    }
    return true;
}

const struct registry_entry *registry_find(const struct registry *registry, const char *topic,
                                           int32_t partition)
{
    char name[300];
    snprintf(name, sizeof(name), "%s:%" PRId32, topic, partition);
    for (size_t i = 0; i < registry->n; i++)
        if (strcmp(registry->entries[i].name, name) == 0)
            return &registry->entries[i];
    return NULL;
}

/* Numbers are given in order, so an entry is gone where the highest is not the last. */
static bool registry_has_gap(const struct registry *registry)
{
    for (size_t i = 0; i < registry->n; i++)
        if (registry->entries[i].index >= registry->n)
            return true;
    return false;
}

static enum event_type topic_type(const struct settings *settings, const char *topic)
{
    for (size_t i = 0; i < settings->kafka.n_topics; i++)
        if (strcmp(settings->kafka.topics[i].name, topic) == 0)
            return settings->kafka.topics[i].type;
    return EVENT_NONE;
}

static int start_by_policy(struct app *app, const char *topic, int32_t partition, int64_t low, int64_t high,
                           int64_t *ret_offset)
{
    const struct kafka_start *start = &app->settings->kafka.start;
    if (start->kind == KAFKA_START_TIME)
        return kafka_query_offset_at(kafka_source_client(app->source), topic, partition, start->time_ms,
                                     KAFKA_MS, ret_offset);
    *ret_offset = start->kind == KAFKA_START_LATEST ? high : low;
    return 0;
}

/* Why partitions are not placed. */
enum { PLACE_STOPPED = 1, PLACE_LOST };

/*
 * Where a partition begins that the registry does not know. Committed offsets of the group without a registry
 * mean that Redis was emptied: then it begins at the log's start, if that is offset 0, so that all is counted
 * again. 1: it cannot be counted again; it was said and the app stops.
 */
static int start_offset(struct app *app, const char *topic, int32_t partition, int64_t committed,
                        int64_t *ret_offset)
{
    const struct registry_entry *known = registry_find(&app->registry, topic, partition);
    if (known) {
        *ret_offset = known->start_offset;
        return 0;
    }
    int64_t low;
    int64_t high;
    int r = kafka_query_watermarks(kafka_source_client(app->source), topic, partition, KAFKA_MS, &low, &high);
    if (r < 0)
        return r;
    const struct registry_entry *before = registry_find(&app->old_registry, topic, partition);
    if (before && low <= before->start_offset) {
        *ret_offset = before->start_offset;
        return 0;
    }
    if (registry_has_gap(&app->registry))
        return PLACE_LOST;
    bool lost = committed > 0;
    if (app->accepted_loss) {
        *ret_offset = low;
        return 0;
    }
    if (!lost && !before)
        return start_by_policy(app, topic, partition, low, high, ret_offset);
    if (low == 0 && !before) {
        *ret_offset = 0;
        return 0;
    }
    log_line(LOG_LEVEL_ERROR,
             "Redis holds nothing of %s:%" PRId32 ", although group %s had counted it up to offset %" PRId64
             ", and Kafka begins at offset %" PRId64
             " now: it cannot be counted again. roiwatch stops rather than show numbers with a "
             "hole. Restore Redis from its last copy and start again; or run `roiwatch rebuild` to count "
             "only what Kafka still holds",
             topic, partition, app->settings->kafka.group, committed, low);
    return PLACE_STOPPED;
}

static int place_slots(struct app *app, const rd_kafka_topic_partition_list_t *offered,
                       struct ingest_partition *partitions, int64_t *committed)
{
    int r = kafka_query_committed(kafka_source_client(app->source), offered, KAFKA_MS, committed);
    if (r < 0)
        return r;
    bool emptied = false;
    for (int i = 0; i < offered->cnt; i++) {
        const char *topic = offered->elems[i].topic;
        int32_t partition = offered->elems[i].partition;
        partitions[i] = (struct ingest_partition){
            .topic = topic, .partition = partition, .type = topic_type(app->settings, topic)};
        r = start_offset(app, topic, partition, committed[i], &partitions[i].start_offset);
        if (r != 0)
            return r;
        emptied = emptied || (committed[i] > 0 && app->registry.n == 0 && app->old_registry.n == 0 &&
                              !app->accepted_loss);
    }
    if (emptied)
        log_line(LOG_LEVEL_WARNING,
                 "Redis holds nothing, although group %s has committed offsets: Redis was emptied. The log "
                 "still begins at offset "
                 "0, so everything is counted again, nothing is lost",
                 app->settings->kafka.group);
    return 0;
}

/* Both registries are there: hand the partitions to ingest. */
static void place_now(struct app *app)
{
    const rd_kafka_topic_partition_list_t *offered = kafka_source_offered(app->source);
    size_t n = (size_t)offered->cnt;
    kafka_source_stop(app->source);
    struct ingest_partition *partitions = calloc(n + 1, sizeof(*partitions));
    int64_t *committed = calloc(n + 1, sizeof(*committed));
    free(app->ends);
    free(app->own_marks);
    app->ends = calloc(n + 1, sizeof(*app->ends));
    app->own_marks = calloc(n + 1, sizeof(*app->own_marks));
    int r = partitions && committed && app->ends && app->own_marks
                ? place_slots(app, offered, partitions, committed)
                : -ENOMEM;
    if (r == 0)
        r = ingest_assign(app->ingest, partitions, n);
    app->n_slots = r == 0 ? n : 0;
    for (size_t i = 0; i < app->n_slots; i++) {
        app->ends[i] = -1;
        app->own_marks[i] = PARTITION_MARK_NONE;
    }
    free(partitions);
    free(committed);
    if (r == 0) {
        app->partitions = PARTITIONS_TAKEN;
        app->reassigning = false;
        app->counts_known = false;
        log_line(LOG_LEVEL_INFO, "%zu partitions", n);
        if (n == 0 && kafka_source_take(app->source, NULL) < 0)
            log_line(LOG_LEVEL_WARNING,
                     "kafka: the empty assignment was not taken; the group will say so again");
    } else if (r == PLACE_LOST) {
        app->partitions = PARTITIONS_OFFERED;
        app_lost(app, "the lane registry has lost a partition that was counted before");
    } else if (r > 0) {
        app_stop(app, EXIT_FAILED);
    } else {
        app->partitions = PARTITIONS_OFFERED;
        app->retry_at_ms = app->steady_ms + RETRY_MS;
    }
}

static void on_registry(void *context, uint64_t tag, const struct reply *reply)
{
    struct app *app = context;
    if (app->partitions != PARTITIONS_PLACING || app->phase != APP_READY)
        return;
    if (!reply || !registry_parse(tag ? &app->old_registry : &app->registry, reply)) {
        app->partitions = PARTITIONS_OFFERED;
        app->retry_at_ms = app->steady_ms + RETRY_MS;
        return;
    }
    if (tag == 0 && app->rebuilding) {
        struct layout before = app->layout;
        before.generation = app->rebuilt_from;
        buffer_clear(&app->scratch);
        layout_common_key(&before, "lanes", &app->scratch);
        call_begin(&app->call, SCRIPT_NONE);
        call_arg_text(&app->call, "HGETALL");
        call_arg(&app->call, buffer_span(&app->scratch));
        app_send(app, on_registry, 1);
        return;
    }
    place_now(app);
    app_turn(app);
}

void app_place(struct app *app)
{
    if (app->partitions != PARTITIONS_OFFERED || app->stopping || app->revoke_wanted ||
        app->steady_ms < app->retry_at_ms || kafka_source_is_away(app->source))
        return;
    if (ingest_phase(app->ingest) != INGEST_IDLE || ingest_in_flight(app->ingest) > 0)
        return;
    app->partitions = PARTITIONS_PLACING;
    call_begin(&app->call, SCRIPT_NONE);
    call_arg_text(&app->call, "HGETALL");
    call_arg(&app->call, app_common_key(app, "lanes"));
    app_send(app, on_registry, 0);
}

/* The group takes the partitions back: finish what is in flight, then tell it. */
void app_leave(struct app *app)
{
    if (!app->revoke_wanted)
        return;
    bool held = app->partitions == PARTITIONS_TAKEN || app->partitions == PARTITIONS_PAUSED;
    if (held && app->ingest) {
        app->partitions = PARTITIONS_LEAVING;
        app->leaving_since_ms = app->steady_ms;
        ingest_revoke(app->ingest, true);
    }
    bool quiet =
        !app->ingest || (ingest_phase(app->ingest) == INGEST_IDLE && ingest_in_flight(app->ingest) == 0);
    if (app->partitions == PARTITIONS_LEAVING && !quiet) {
        if (app->steady_ms - app->leaving_since_ms > LEAVE_MS)
            ingest_revoke(app->ingest, false);
        return;
    }
    app->partitions = PARTITIONS_NONE;
    app->reassigning = false;
    app->revoke_wanted = false;
    app->n_slots = 0;
    app_own_shards(app);
    kafka_source_give_up(app->source);
}

static void say_broken(struct app *app)
{
    if (app->broken_said_ms && app->steady_ms - app->broken_said_ms < SAY_AGAIN_MS)
        return;
    app->broken_said_ms = app->steady_ms;
    log_line(LOG_LEVEL_WARNING,
             "redis: %s; roiwatch starts over from what the shards hold and goes on trying, nothing is lost",
             ingest_fault(app->ingest));
}

/* Each time that it breaks the next try is put off once: a Redis that refuses answers at once, and so would we. */
static void follow_broken(struct app *app)
{
    if (!app->retry_set) {
        say_broken(app);
        app->retry_ms = app->retry_ms ? app->retry_ms * 2 : RETRY_MS;
        if (app->retry_ms > RETRY_LAST_MS)
            app->retry_ms = RETRY_LAST_MS;
        app->retry_at_ms = app->steady_ms + app->retry_ms;
        app->retry_set = true;
    } else if (app->retry_at_ms <= app->steady_ms) {
        app->retry_set = false;
        ingest_restart(app->ingest);
    }
}

void app_follow_ingest(struct app *app)
{
    switch (ingest_phase(app->ingest)) {
    case INGEST_BROKEN:
        follow_broken(app);
        break;
    case INGEST_LOST:
        app_lost(app, ingest_fault(app->ingest));
        break;
    case INGEST_RUNNING:
        if (app->steady_ms - app->retry_at_ms > RETRY_LAST_MS)
            app->retry_ms = 0;
        if (app->partitions == PARTITIONS_TAKEN && app->placed_epoch != ingest_epoch(app->ingest)) {
            int64_t *offsets = calloc(app->n_slots + 1, sizeof(*offsets));
            for (size_t i = 0; offsets && i < app->n_slots; i++)
                offsets[i] = ingest_position(app->ingest, i);
            if (offsets && kafka_source_take(app->source, offsets) == 0)
                app->placed_epoch = ingest_epoch(app->ingest);
            free(offsets);
        }
        break;
    default:
        break;
    }
}

static int send_letter(struct app *app, const struct source_message *message, enum reject_reason reason)
{
    const rd_kafka_topic_partition_t *partition = &kafka_source_offered(app->source)->elems[message->slot];
    struct letter letter = {partition->topic,           partition->partition, message->offset,
                            reject_reason_name(reason), message->key,         message->value};
    int r = kafka_letters_send(app->letters, &letter);
    ingest_letters(app->ingest, kafka_letters_open(app->letters));
    return r;
}

int app_on_message(void *context, const struct source_message *message)
{
    struct app *app = context;
    int r = ingest_message(app->ingest, message->slot, message->offset, message->timestamp_ms, message->key,
                           message->value);
    if (r > 0 && r < N_REJECT_REASONS && app->letters)
        return send_letter(app, message, (enum reject_reason)r);
    return r < 0 ? r : 0;
}

/* The name TOPIC:PARTITION of a letter's partition; the registry has those of other processes too. */
static const char *letter_partition(const struct app *app, const struct ingest_letter *found)
{
    for (size_t i = 0; !found->name && i < app->registry.n; i++)
        if (app->registry.entries[i].index == found->index)
            return app->registry.entries[i].name;
    return found->name;
}

static int send_found(struct app *app, const struct ingest_letter *found, const char *name)
{
    const char *colon = strrchr(name, ':');
    char topic[256];
    snprintf(topic, sizeof(topic), "%.*s", (int)(colon - name), name);
    struct letter letter = {topic,         (int32_t)strtol(colon + 1, NULL, 10),
                            found->offset, reject_reason_name(found->reason),
                            found->key,    found->value};
    return kafka_letters_send(app->letters, &letter);
}

void app_send_letters(struct app *app)
{
    struct ingest_letter found;
    while (ingest_next_letter(app->ingest, &found)) {
        const char *name = letter_partition(app, &found);
        if (!name)
            break; /* the registry is read again once a second */
        if (app->letters && send_found(app, &found, name) < 0) {
            ingest_restart(app->ingest); /* out of memory: it is found again */
            return;
        }
        ingest_letter_taken(app->ingest);
    }
    if (app->letters)
        ingest_letters(app->ingest, kafka_letters_open(app->letters));
}

bool app_wants(void *context, size_t slot)
{
    const struct app *app = context;
    return ingest_wants_slot(app->ingest, slot);
}

void app_on_end(void *context, size_t slot, int64_t offset)
{
    struct app *app = context;
    ingest_advance(app->ingest, slot, offset);
    app->ends[slot] = offset;
}
