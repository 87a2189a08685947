/*
 * Dead letters: rejected messages on their way to the dead-letter topic, at least once.
 *
 * No offset is passed while a letter before it is not acknowledged: the caller asks kafka_letters_open. A
 * letter that the broker will not take because it is too large goes again with an empty value and
 * roiwatch-truncated: 1.
 */
#ifndef ROIWATCH_DAEMON_KAFKA_LETTERS_H
#define ROIWATCH_DAEMON_KAFKA_LETTERS_H

#include <systemd/sd-event.h>

#include "daemon/kafka_errors.h"
#include "daemon/kafka_settings.h"
#include "lib/base/must.h"
#include "lib/base/span.h"

struct kafka_letters;

struct letter {
    const char *topic; /* where the message came from */
    int32_t partition;
    int64_t offset;
    int64_t count_id; /* the count in which it was refused, see letter_headers.h */
    const char *reason;
    struct span key;                   /* data NULL: none */
    struct span value;                 /* data NULL: none */
    const rd_kafka_headers_t *headers; /* the message's own, which a mapping may read; NULL: none */
};

/* settled is called when no letter is open any more, denied where Kafka refuses the right to write them. 1 with why where
 * librdkafka refuses the configuration. */
MUST_CHECK int kafka_letters_new(sd_event *event, const struct kafka_settings *settings,
                                 void (*settled)(void *context),
                                 void (*denied)(void *context, const char *why), void *context, char *why,
                                 size_t why_size, struct kafka_letters **ret_letters);
void kafka_letters_free(struct kafka_letters *letters);
/* -EAGAIN: the queue is full; the message has to be read again. */
MUST_CHECK int kafka_letters_send(struct kafka_letters *letters, const struct letter *letter);
/* Letters that are not acknowledged. */
size_t kafka_letters_open(const struct kafka_letters *letters);
/* How long letters have waited without any being acknowledged; 0 where none waits. */
int64_t kafka_letters_silent_ms(const struct kafka_letters *letters);
/* Running totals since the start. */
struct letters_counts {
    uint64_t delivered;
    uint64_t failed; /* attempts; the letter goes again */
    uint64_t errors[N_KAFKA_ERRORS];
};
struct letters_counts kafka_letters_counts(const struct kafka_letters *letters);
void kafka_letters_poll(struct kafka_letters *letters);

#endif
