/*
 * Classes of librdkafka's errors: a few, where it has some two hundred.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_ERRORS_H
#define ROIWATCH_DAEMON_KAFKA_ERRORS_H

#include <librdkafka/rdkafka.h>

/* X(enum, class) */
#define KAFKA_ERRORS(X)                                                                                      \
    X(KAFKA_ERROR_TRANSPORT, "transport")                                                                    \
    X(KAFKA_ERROR_TIMEOUT, "timeout")                                                                        \
    X(KAFKA_ERROR_AUTH, "auth")                                                                              \
    X(KAFKA_ERROR_TOPIC, "topic")                                                                            \
    X(KAFKA_ERROR_GROUP, "group")                                                                            \
    X(KAFKA_ERROR_OFFSET, "offset")                                                                          \
    X(KAFKA_ERROR_SIZE, "size")                                                                              \
    X(KAFKA_ERROR_OTHER, "other")

#define KAFKA_ERROR_ENUM(name, text) name,
enum kafka_error { KAFKA_ERRORS(KAFKA_ERROR_ENUM) N_KAFKA_ERRORS };
#undef KAFKA_ERROR_ENUM

const char *kafka_error_name(enum kafka_error error);
enum kafka_error kafka_error_classify(rd_kafka_resp_err_t error);

#endif
