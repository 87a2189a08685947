/*
 * Messages: from the source to ingest, and those that are refused to the dead letters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/letter_headers.h"

static int send_letter(struct app *app, const struct source_message *message, enum reject_reason reason)
{
    const rd_kafka_topic_partition_t *partition = &kafka_source_offered(app->source)->elems[message->slot];
    struct letter letter = {partition->topic,           partition->partition, message->offset, app->count_id,
                            reject_reason_name(reason), message->key,         message->value,  NULL};
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message->record, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        letter.headers = headers;
    int r = kafka_letters_send(app->letters, &letter);
    ingest_letters(app->ingest, kafka_letters_open(app->letters));
    return r;
}

int app_on_message(void *context, const struct source_message *message)
{
    struct app *app = context;
    if (app->layout.generation > 1 &&
        header_is_old_copy(message->record, app->settings->kafka.group, app->count_id))
        return 0; /* as if compaction had taken it */
    struct decode_header headers[SOURCE_HEADERS_MAX];
    struct ingest_record record = {
        .offset = message->offset,
        .record_ts_ms = message->timestamp_ms,
        .key = message->key,
        .value = message->value,
        .headers = headers,
    };
    if (app->reads_headers[message->slot])
        record.n_headers = source_message_headers(message, headers);
    int r = ingest_read(app->ingest, message->slot, &record);
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
    struct letter letter = {topic,
                            (int32_t)strtol(colon + 1, NULL, 10),
                            found->offset,
                            app->count_id,
                            reject_reason_name(found->reason),
                            found->key,
                            found->value,
                            NULL};
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
