/*
 * Topics that live as long as a demonstration: all that the configuration names, the dead letters' included.
 */
#ifndef ROIWATCH_DAEMON_CLI_TOPICS_H
#define ROIWATCH_DAEMON_CLI_TOPICS_H

#include "daemon/cli/kafka.h"

/* Refuses (CLI_FAILED) where one of them exists already: nobody's data is to be deleted at the end. */
MUST_CHECK int topics_create(const struct settings *settings, rd_kafka_t *client, int32_t n_partitions);
/* Says on stderr what could not be deleted. */
void topics_delete(const struct settings *settings, rd_kafka_t *client);

#endif
