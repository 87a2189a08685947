/*
 * What shards have acknowledged of each topic, for the metrics.
 *
 * A lane's counters are pending in the slot, then on their way with its shard's call, and added to the topic's when
 * the answer says that they are counted. What is dropped by a start over is counted when it is read again. The
 * topics of partitions that were given up stay, so that the numbers never go back.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/ingest/internal.h"

int topic_find(struct ingest *ingest, const char *name, size_t *ret_topic)
{
    for (size_t i = 0; i < ingest->n_topics; i++) {
        if (strcmp(ingest->topics[i].name, name) == 0) {
            *ret_topic = i;
            return 0;
        }
    }
    struct ingest_topic *grown = realloc(ingest->topics, (ingest->n_topics + 1) * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    ingest->topics = grown;
    char *copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    ingest->topics[ingest->n_topics] = (struct ingest_topic){.name = copy};
    *ret_topic = ingest->n_topics++;
    return 0;
}

void topics_free(struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->n_topics; i++)
        free(ingest->topics[i].name);
    free(ingest->topics);
    ingest->topics = NULL;
    ingest->n_topics = 0;
}

void topics_counted(struct ingest *ingest, uint32_t shard)
{
    for (size_t i = 0; i < ingest->n_slots; i++) {
        struct slot *slot = &ingest->slots[i];
        int64_t *sums = ingest->topics[slot->topic].counters;
        for (uint32_t lane = 0; lane < LANES_PER_PARTITION; lane++) {
            if (lane_shard(ingest, slot->index * LANES_PER_PARTITION + lane) != shard)
                continue;
            for (size_t column = 0; column < N_LANE_COUNTERS; column++)
                sums[column] += slot->sent_counters[lane][column];
            memset(slot->sent_counters[lane], 0, sizeof(slot->sent_counters[lane]));
        }
    }
}

size_t ingest_n_topics(const struct ingest *ingest)
{
    return ingest->n_topics;
}

const struct ingest_topic *ingest_topic(const struct ingest *ingest, size_t topic)
{
    return &ingest->topics[topic];
}

struct ingest_sizes ingest_sizes(const struct ingest *ingest)
{
    return (struct ingest_sizes){ingest->n_pending_cells, ingest->campaigns.count, ingest->n_waiting};
}
