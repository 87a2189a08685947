#include "daemon/health.h"

#include <inttypes.h>

#include "lib/base/json.h"
#include "lib/shard/layout.h"

/* A fault is to be seen within 10 s; what is only slow is none. */
enum { REDIS_SILENT_MS = 5000, KAFKA_SILENT_MS = 7000, LETTERS_SILENT_MS = 5000 };

#define REASON_NAME(name, text, meaning) text,
#define REASON_MEANING(name, text, meaning) meaning,
#define STATUS_NAME(name, text) text,

static const char *const reason_names[] = {UNREADY_REASONS(REASON_NAME)};
static const char *const reason_meanings[] = {UNREADY_REASONS(REASON_MEANING)};
static const char *const status_names[] = {PIPELINE_STATUSES(STATUS_NAME)};

const char *unready_reason_name(enum unready_reason reason)
{
    return reason_names[reason];
}

const char *unready_reason_meaning(enum unready_reason reason)
{
    return reason_meanings[reason];
}

const char *pipeline_status_name(enum pipeline_status status)
{
    return status_names[status];
}

static bool redis_away(const struct health_facts *facts)
{
    return !facts->redis_connected || facts->redis_silent_ms > REDIS_SILENT_MS;
}

static bool kafka_away(const struct health_facts *facts)
{
    return facts->kafka_silent_ms > KAFKA_SILENT_MS ||
           (facts->reading && facts->partition_silent_ms > KAFKA_SILENT_MS);
}

bool health_judge(const struct health_facts *facts, struct health *ret_health)
{
    bool no_topics = facts->topics_known && facts->n_topic_partitions == 0;
    bool spare = facts->has_assignment && facts->n_partitions == 0;
    *ret_health = (struct health){
        .unready = {
            [UNREADY_STOPPING] = facts->stopping,
            [UNREADY_REDIS_AWAY] = redis_away(facts),
            [UNREADY_REDIS_REFUSES] = facts->redis_refusal[0] != '\0',
            [UNREADY_KAFKA_AWAY] = kafka_away(facts),
            [UNREADY_LOSS] = facts->loss,
            [UNREADY_NO_TOPICS] = no_topics,
            [UNREADY_NO_PARTITIONS] = !facts->has_assignment,
            [UNREADY_PLACING] = facts->has_assignment && !spare && !facts->reading,
            [UNREADY_DEAD_LETTERS] = facts->n_letters > 0 && facts->letters_silent_ms > LETTERS_SILENT_MS,
            [UNREADY_REBUILDING] = facts->status == PIPELINE_REBUILDING,
            [UNREADY_BEHIND] = facts->status == PIPELINE_CATCHING_UP,
        }};
    for (enum unready_reason reason = 0; reason < N_UNREADY_REASONS; reason++)
        if (ret_health->unready[reason])
            return false;
    return true;
}

static void append_ages(const struct health_facts *facts, enum unready_reason reason, struct buffer *text)
{
    switch (reason) {
    case UNREADY_REDIS_AWAY:
        if (facts->redis_connected)
            buffer_printf(text, "; silent for %" PRId64 " s", facts->redis_silent_ms / 1000);
        break;
    case UNREADY_REDIS_REFUSES:
        buffer_printf(text, "; it said: %s", facts->redis_refusal);
        break;
    case UNREADY_KAFKA_AWAY:
        if (facts->kafka_silent_ms <= KAFKA_SILENT_MS)
            buffer_printf(text, "; the leader of %s is silent", facts->silent_partition);
        break;
    case UNREADY_DEAD_LETTERS:
        buffer_printf(text, "; %zu of them for %" PRId64 " s", facts->n_letters,
                      facts->letters_silent_ms / 1000);
        break;
    case UNREADY_BEHIND:
        if (facts->as_of_ms != NEVER)
            buffer_printf(text, "; by %" PRId64 " s", facts->behind_ms / 1000);
        break;
    default:
        break;
    }
}

static void reasons_json(const struct health_facts *facts, const struct health *health, struct buffer *buffer)
{
    const char *before = "";
    for (enum unready_reason reason = 0; reason < N_UNREADY_REASONS; reason++) {
        if (!health->unready[reason])
            continue;
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        buffer_append_text(&text, reason_meanings[reason]);
        append_ages(facts, reason, &text);
        buffer_printf(buffer, "%s{\"reason\":\"%s\",\"detail\":", before, reason_names[reason]);
        json_append_text(buffer, buffer_span(&text));
        buffer_append_u8(buffer, '}');
        before = ",";
    }
}

void health_json(const struct health_facts *facts, const struct health *health, struct buffer *buffer)
{
    bool ready = true;
    for (enum unready_reason reason = 0; reason < N_UNREADY_REASONS; reason++)
        ready = ready && !health->unready[reason];
    buffer_printf(buffer, "{\"ready\":%s,\"status\":\"%s\",\"as_of_ms\":", ready ? "true" : "false",
                  facts->stopping ? "stopped" : status_names[facts->status]);
    if (facts->as_of_ms == NEVER)
        buffer_append_text(buffer, "null,\"behind_ms\":null");
    else
        buffer_printf(buffer, "%" PRId64 ",\"behind_ms\":%" PRId64, facts->as_of_ms, facts->behind_ms);
    buffer_printf(buffer, ",\"partitions\":%zu,\"reasons\":[", facts->n_partitions);
    reasons_json(facts, health, buffer);
    buffer_append_text(buffer, "]}\n");
}
