/*
 * Client configurations of librdkafka from the settings: ours first, then what the operator passes through,
 * then what correctness rests on.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_CONF_H
#define ROIWATCH_DAEMON_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "daemon/kafka_settings.h"
#include "lib/base/must.h"

/* 0 with *ret_conf owned by the caller, or 1 with librdkafka's words in why. */
MUST_CHECK int kafka_conf_consumer(const struct kafka_settings *settings, rd_kafka_conf_t **ret_conf,
                                   char *why, size_t why_size);
MUST_CHECK int kafka_conf_producer(const struct kafka_settings *settings, rd_kafka_conf_t **ret_conf,
                                   char *why, size_t why_size);
/* Sets a property that is passed through; NAME_file from that file. 1 with why it is not allowed. */
MUST_CHECK int kafka_conf_pass(rd_kafka_conf_t *conf, const struct kafka_property *property, char *why,
                               size_t why_size);

#endif
