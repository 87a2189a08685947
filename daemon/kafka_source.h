/*
 * The source: a Kafka consumer whose every partition is read from its own queue, in the one thread of the
 * loop.
 *
 * DESIGN
 *   Positions are not Kafka's: the shards' vectors say where to read. So there is no automatic commit and no
 * automatic reset, and a partition is assigned with an explicit offset. The rebalance callback runs inside
 * the poll: it only notes what the group wants; the app gives partitions up or takes them when it is ready,
 * and tells the group then. Back-pressure is not reading: queues are not forwarded, and librdkafka stops
 * fetching when they are full. A message counts only if its offset is at or beyond the one expected next;
 * after a start over, what is left from before is recognised and dropped.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_SOURCE_H
#define ROIWATCH_DAEMON_KAFKA_SOURCE_H

#include <librdkafka/rdkafka.h>
#include <systemd/sd-event.h>

#include "daemon/kafka_errors.h"
#include "daemon/kafka_settings.h"
#include "lib/base/must.h"
#include "lib/base/span.h"

struct kafka_source;

struct source_message {
    size_t slot; /* index in the current assignment */
    int64_t offset;
    int64_t timestamp_ms; /* the record's own, or -1 */
    struct span key;
    struct span value; /* data NULL: a tombstone */
};

struct source_handlers {
    void (*wake)(void *context);     /* something can be read or polled */
    void (*assigned)(void *context); /* the group gives: see kafka_source_offered */
    void (*revoked)(void *context);  /* the group takes everything back */
    int (*message)(void *context,
                   const struct source_message *message);    /* 0, or stop reading and forward it */
    bool (*wants)(void *context, size_t slot);               /* may more of this partition be read now? */
    void (*end)(void *context, size_t slot, int64_t offset); /* end of partition at offset */
    void (*fault)(void *context, const char *why);           /* a partition cannot be read on: data is gone */
    void (*denied)(void *context, const char *why);          /* a login or right is refused for good */
    void *context;
};

/* Makes the consumer and joins the group. A refused property is an error with its text in why: 1. */
MUST_CHECK int kafka_source_new(sd_event *event, const struct kafka_settings *settings,
                                const struct source_handlers *handlers, char *why, size_t why_size,
                                struct kafka_source **ret_source);
/* Leaves the group and closes; blocks for a moment. */
void kafka_source_free(struct kafka_source *source);

/* The partitions of the latest assigned() (owned by the source), to be taken with kafka_source_take. */
const rd_kafka_topic_partition_list_t *kafka_source_offered(const struct kafka_source *source);
/* Starts (or starts over) reading what is offered, at offsets in the same order: the index there is the slot.
 */
MUST_CHECK int kafka_source_take(struct kafka_source *source, const int64_t *offsets);
/* Stops fetching until the next take; without it each question to a broker waits behind a long fetch. */
void kafka_source_stop(struct kafka_source *source);
/* Gives everything up: the answer to revoked(). */
void kafka_source_give_up(struct kafka_source *source);

/* Serves callbacks of the group; never blocks. */
void kafka_source_poll(struct kafka_source *source);
/* Reads up to limit messages of all partitions in turn. Returns how many, or what the message handler
 * returned. */
MUST_CHECK int kafka_source_read(struct kafka_source *source, size_t limit);
/* Is the slot read to its high watermark, its leader connected, and was it heard from within 5 s? */
bool kafka_source_heard(const struct kafka_source *source, size_t slot);
/* How long ago any broker was heard from; INT64_MAX where none is connected. */
int64_t kafka_source_silent_ms(const struct kafka_source *source);
/* No broker has been heard from for some seconds; false before anything is known. */
bool kafka_source_is_away(const struct kafka_source *source);
/* How long ago the leaders of the partitions that are read were: the one that is silent longest, with a slot of it;
 * 0 where nothing is known of any. */
int64_t kafka_source_partitions_silent_ms(const struct kafka_source *source, size_t *ret_slot);
/* The slot's high watermark as the last fetch said; -1 while it is not known. */
int64_t kafka_source_end(const struct kafka_source *source, size_t slot);
/* Running totals since the start. */
struct source_counts {
    uint64_t errors[N_KAFKA_ERRORS];
    uint64_t n_assigned;
    uint64_t n_revoked;
};
void kafka_source_get_counts(const struct kafka_source *source, struct source_counts *ret_counts);
/* Tells the group how far it is, for people and lag tools. */
void kafka_source_commit(struct kafka_source *source, const int64_t *offsets);
/* The client, for those who need more of it. */
rd_kafka_t *kafka_source_client(struct kafka_source *source);

#endif
