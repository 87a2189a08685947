/*
 * What the source knows of its brokers and partitions: for completeness, health and metrics.
 */
#include <inttypes.h>

#include "daemon/kafka_source_internal.h"

enum { HEARD_US = 5000000, SILENT_MS = 7000 };

/* Beyond the last stable offset an open transaction may still hold events: that is not the end. */
static bool at_high_watermark(const struct kafka_source *source, const struct source_slot *slot)
{
    int64_t low;
    int64_t high;
    return !rd_kafka_get_watermark_offsets(source->client, slot->topic, slot->partition, &low, &high) &&
           slot->expected >= high;
}

bool kafka_source_heard(const struct kafka_source *source, size_t slot)
{
    return slot < source->n_slots && at_high_watermark(source, &source->slots[slot]) &&
           kafka_stats_heard_us(&source->stats, source->slots[slot].topic, source->slots[slot].partition) <=
               HEARD_US;
}

static int64_t to_ms(int64_t us)
{
    return us == INT64_MAX ? INT64_MAX : us / 1000;
}

int64_t kafka_source_silent_ms(const struct kafka_source *source)
{
    return to_ms(kafka_stats_any_heard_us(&source->stats));
}

bool kafka_source_is_away(const struct kafka_source *source)
{
    return source->stats.table && kafka_source_silent_ms(source) > SILENT_MS;
}

int64_t kafka_source_partitions_silent_ms(const struct kafka_source *source, size_t *ret_slot)
{
    int64_t most_us = 0;
    for (size_t i = 0; i < source->n_slots; i++) {
        const struct source_slot *slot = &source->slots[i];
        if (!kafka_stats_knows(&source->stats, slot->topic, slot->partition))
            continue;
        int64_t silent_us = kafka_stats_heard_us(&source->stats, slot->topic, slot->partition);
        if (silent_us > most_us) {
            most_us = silent_us;
            *ret_slot = i;
        }
    }
    return to_ms(most_us);
}

int64_t kafka_source_end(const struct kafka_source *source, size_t slot)
{
    int64_t low;
    int64_t high;
    if (slot >= source->n_slots ||
        rd_kafka_get_watermark_offsets(source->client, source->slots[slot].topic,
                                       source->slots[slot].partition, &low, &high) ||
        high < 0)
        return -1;
    return high;
}

void kafka_source_get_counts(const struct kafka_source *source, struct source_counts *ret_counts)
{
    *ret_counts = (struct source_counts){.n_assigned = source->n_assigned, .n_revoked = source->n_revoked};
    memcpy(ret_counts->errors, source->errors, sizeof(ret_counts->errors));
}

size_t source_message_headers(const struct source_message *message,
                              struct decode_header headers[SOURCE_HEADERS_MAX])
{
    rd_kafka_headers_t *all;
    size_t n = 0;
    const char *name;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(message->record, &all))
        return 0;
    while (n < SOURCE_HEADERS_MAX && !rd_kafka_header_get_all(all, n, &name, &value, &size)) {
        headers[n] = (struct decode_header){span_of(name), span_from(value, size)};
        n++;
    }
    return n;
}
