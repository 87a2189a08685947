#include "daemon/cli/letter_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/waiting.h"
#include "daemon/kafka_refusal.h"

enum { POLL_MS = 100, STALL_MS = 30000 };

int letter_log_open(struct letter_log *log, const struct settings *settings)
{
    static const struct kafka_property properties[] = {
        {"auto.offset.reset", "earliest"}, /* retention may take the first letters meanwhile */
        {"enable.auto.offset.store", "false"},
    };
    static const struct kafka_extra extra = {.properties = properties, .n = ARRAY_SIZE(properties)};
    *log = (struct letter_log){.settings = settings, .topic = settings->kafka.dead_letter};
    int r = kafka_client_with(settings, RD_KAFKA_CONSUMER, NULL, &extra, &log->reader);
    if (!r)
        (void)rd_kafka_poll_set_consumer(log->reader);
    if (!r)
        r = kafka_topic_partitions(settings, log->reader, log->topic, &log->n_partitions);
    if (r)
        return r;
    log->bounds = calloc((size_t)log->n_partitions + 1, sizeof(*log->bounds));
    return log->bounds ? CLI_OK : CLI_FAILED;
}

void letter_log_close(struct letter_log *log)
{
    free(log->bounds);
    if (log->reader)
        (void)rd_kafka_consumer_close(log->reader);
    kafka_release(&log->reader);
}

int letter_log_take_ends(struct letter_log *log, rd_kafka_t *writer)
{
    int r = CLI_OK;
    for (int32_t i = 0; !r && i < log->n_partitions; i++)
        r = kafka_ends(log->settings, writer ? writer : log->reader, log->topic, i, &log->bounds[i].low,
                       &log->bounds[i].end);
    return r;
}

static size_t assign_all(struct letter_log *log)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(log->n_partitions);
    size_t n = 0;
    for (int32_t i = 0; i < log->n_partitions; i++) {
        log->bounds[i].at = log->bounds[i].low;
        log->bounds[i].eof = -1;
        if (log->bounds[i].end <= log->bounds[i].low)
            continue;
        rd_kafka_topic_partition_list_add(list, log->topic, i)->offset = log->bounds[i].low;
        n++;
    }
    rd_kafka_assign(log->reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    return n;
}

/* What is read up to: true where that was the partition's end, for the first time. */
static bool pass(struct log_bounds *bounds, int64_t next)
{
    bool open = bounds->at < bounds->end;
    if (next > bounds->at)
        bounds->at = next;
    return open && bounds->at >= bounds->end;
}

static int stalled(struct letter_log *log, rd_kafka_resp_err_t error)
{
    for (int32_t i = 0; i < log->n_partitions; i++) {
        const struct log_bounds *bounds = &log->bounds[i];
        if (bounds->at < bounds->end && bounds->eof == bounds->at) {
            fprintf(stderr,
                    "roiwatch: %s:%d can be read up to offset %lld of %lld only: a producer's transaction is "
                    "open "
                    "there; try again when it has ended\n",
                    log->topic, (int)i, (long long)bounds->at, (long long)bounds->end);
            return CLI_UNAVAILABLE;
        }
    }
    return kafka_failed(log->settings, log->reader, log->topic, error ? error : RD_KAFKA_RESP_ERR__TIMED_OUT);
}

struct reading {
    size_t n_open;
    int64_t heard_ms; /* steady: of the last record */
    rd_kafka_resp_err_t error;
    int (*visit)(void *context, rd_kafka_message_t *record);
    void *context;
};

/* Takes one thing that the client has: a record, an end, or an error that it goes on from. */
static int take(struct letter_log *log, struct reading *reading, rd_kafka_message_t *record)
{
    bool known = record->partition >= 0 && record->partition < log->n_partitions;
    struct log_bounds *bounds = known ? &log->bounds[record->partition] : NULL;
    rd_kafka_resp_err_t error = record->err;
    bool eof = error == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    bool wanted = !error && known && record->offset >= bounds->at && record->offset < bounds->end;
    if (error && !eof)
        reading->error = error;
    if (!error)
        reading->heard_ms = steady_ms();
    if (known && eof)
        bounds->eof = record->offset;
    if (known && (!error || eof))
        reading->n_open -= pass(bounds, record->offset + (eof ? 0 : 1));
    if (wanted)
        return reading->visit(reading->context, record);
    rd_kafka_message_destroy(record);
    return kafka_right_refused(error) ? kafka_failed(log->settings, log->reader, log->topic, error) : CLI_OK;
}

int letter_log_read(struct letter_log *log, int (*visit)(void *context, rd_kafka_message_t *record),
                    void *context)
{
    struct reading reading = {.visit = visit, .context = context, .heard_ms = steady_ms()};
    reading.n_open = assign_all(log);
    int r = CLI_OK;
    while (!r && reading.n_open > 0) {
        rd_kafka_message_t *record = rd_kafka_consumer_poll(log->reader, POLL_MS);
        if (record)
            r = take(log, &reading, record);
        else if (steady_ms() - reading.heard_ms > STALL_MS)
            r = stalled(log, reading.error);
    }
    rd_kafka_assign(log->reader, NULL);
    return r;
}
