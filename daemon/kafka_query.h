/*
 * Questions to Kafka that block up to timeout_ms: asked when partitions are placed, not while counting. 0 or
 * -EIO.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_QUERY_H
#define ROIWATCH_DAEMON_KAFKA_QUERY_H

#include <librdkafka/rdkafka.h>

#include "daemon/kafka_settings.h"
#include "lib/base/must.h"

/* Low and high watermark of a partition. */
MUST_CHECK int kafka_query_watermarks(rd_kafka_t *client, const char *topic, int32_t partition,
                                      int timeout_ms, int64_t *ret_low, int64_t *ret_high);
/* First offset at or after a time; the high watermark where there is none. */
MUST_CHECK int kafka_query_offset_at(rd_kafka_t *client, const char *topic, int32_t partition,
                                     int64_t time_ms, int timeout_ms, int64_t *ret_offset);
/* The group's committed offsets, -1 where there is none. ret_offsets has room for all partitions. */
MUST_CHECK int kafka_query_committed(rd_kafka_t *client, const rd_kafka_topic_partition_list_t *partitions,
                                     int timeout_ms, int64_t *ret_offsets);
/* Number of partitions of each configured topic (0: it does not exist, or may not be seen), in the settings'
 * order; and of the dead-letter topic (0 too where there is none). */
MUST_CHECK int kafka_query_partition_counts(rd_kafka_t *client, const struct kafka_settings *settings,
                                            int timeout_ms, int32_t *ret_counts, int32_t *ret_letters);

#endif
