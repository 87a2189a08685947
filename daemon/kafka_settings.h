/*
 * Settings of the Kafka source.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_SETTINGS_H
#define ROIWATCH_DAEMON_KAFKA_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/event/event.h"

struct config_row;

struct kafka_topic {
    const char *name;
    enum event_type type; /* of events without `type`; EVENT_NONE: mixed, or under several keys */
};

enum kafka_start_kind { KAFKA_START_EARLIEST, KAFKA_START_LATEST, KAFKA_START_TIME };

/* Where a lane begins that was never counted. */
struct kafka_start {
    enum kafka_start_kind kind;
    int64_t time_ms; /* KAFKA_START_TIME */
};

/* Any librdkafka property; checked by librdkafka itself when the consumer is made. */
struct kafka_property {
    const char *name;
    const char *value;
};

struct topic_names {
    const char **items;
    size_t n;
};

struct kafka_settings {
    const char *brokers;
    const char *group;
    const char *dead_letter; /* NULL: rejected events are counted and dropped */
    struct kafka_start start;
    struct kafka_topic *topics; /* all of them, each once, sorted by name */
    size_t n_topics;
    struct {
        struct kafka_property *items; /* sorted by name */
        size_t n;
    } properties;
    struct topic_names names[N_EVENT_TYPES]; /* as configured, by type; EVENT_NONE: mixed */
};

extern const struct config_row kafka_row;

#endif
