#include "daemon/kafka_query.h"

#include <errno.h>
#include <string.h>

int kafka_query_watermarks(rd_kafka_t *client, const char *topic, int32_t partition, int timeout_ms,
                           int64_t *ret_low, int64_t *ret_high)
{
    return rd_kafka_query_watermark_offsets(client, topic, partition, ret_low, ret_high, timeout_ms) ? -EIO
                                                                                                     : 0;
}

int kafka_query_offset_at(rd_kafka_t *client, const char *topic, int32_t partition, int64_t time_ms,
                          int timeout_ms, int64_t *ret_offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = time_ms;
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(client, list, timeout_ms);
    if (!error)
        error = list->elems[0].err;
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        return -EIO;
    int64_t low;
    if (offset < 0)
        return kafka_query_watermarks(client, topic, partition, timeout_ms, &low, ret_offset);
    *ret_offset = offset;
    return 0;
}

int kafka_query_committed(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *partitions,
                          int timeout_ms, int64_t *ret_offsets)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(partitions);
    rd_kafka_resp_err_t error = rd_kafka_committed(client, list, timeout_ms);
    for (int i = 0; !error && i < list->cnt; i++)
        ret_offsets[i] = list->elems[i].offset < 0 ? -1 : list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return error ? -EIO : 0;
}

static int32_t partitions_of(const struct rd_kafka_metadata *metadata, const char *topic)
{
    for (int t = 0; t < metadata->topic_cnt; t++)
        if (strcmp(metadata->topics[t].topic, topic) == 0 && !metadata->topics[t].err)
            return metadata->topics[t].partition_cnt;
    return 0;
}

int kafka_query_partition_counts(rd_kafka_t *client, const struct kafka_settings *settings, int timeout_ms,
                                 int32_t *ret_counts, int32_t *ret_letters)
{
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(client, 1, NULL, &metadata, timeout_ms))
        return -EIO;
    for (size_t i = 0; i < settings->n_topics; i++)
        ret_counts[i] = partitions_of(metadata, settings->topics[i].name);
    *ret_letters = settings->dead_letter ? partitions_of(metadata, settings->dead_letter) : 0;
    rd_kafka_metadata_destroy(metadata);
    return 0;
}
