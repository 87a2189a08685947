/*
 * Where generated messages go: stdout as lines of JSON, the configured Kafka, or a mock cluster inside this
 * process.
 *
 * DESIGN of the mock (librdkafka's own): it keeps 5 MiB or 100,000 messages of a partition and drops the
 * oldest, so a reader that falls behind would lose messages. Therefore the sink looks at what the configured
 * group has committed and takes no message for a partition that has BACKLOG_MAX of them unread. It is for
 * demonstrations: nothing in it survives the process.
 */
#ifndef ROIWATCH_DAEMON_CLI_SINK_H
#define ROIWATCH_DAEMON_CLI_SINK_H

#include "daemon/cli/cli.h"
#include "daemon/cli/events.h"

enum sink_kind { SINK_STDOUT, SINK_KAFKA, SINK_EMBEDDED };

struct sink_options {
    enum sink_kind kind;
    int32_t n_partitions;     /* of each topic that is created */
    bool temporary_topics;    /* Kafka: create the configured topics that do not exist, and delete them at the
                                 end */
    bool costs;               /* engagements and spend come too */
    const char *address_file; /* the mock's address is written here, whole or not at all; NULL: to stdout */
};

struct sink;

/* Exit code; has said what is wrong. Freed with sink_free. settings must outlive it. */
MUST_CHECK int sink_new(const struct settings *settings, const struct sink_options *options,
                        struct sink **ret_sink);
void sink_free(struct sink *sink);

enum sink_result {
    SINK_TAKEN = 0,
    SINK_FULL = -1, /* not now: serve it with sink_poll and offer the message again */
};

/* SINK_TAKEN, SINK_FULL or an exit code. */
MUST_CHECK int sink_put(struct sink *sink, const struct generated *message);
/* Serves the client; at most once every 100 ms looks at the group's commits. Never waits long. */
void sink_poll(struct sink *sink);
/* Waits until everything is delivered, timeout_ms at most. CLI_FAILED where something was not. */
MUST_CHECK int sink_flush(struct sink *sink, int timeout_ms);

#endif
