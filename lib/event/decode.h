/*
 * Decoding: the bytes of one Kafka message to an event, or to the reason why it is refused.
 *
 * The rules are those of docs/CONTRACT.md, "Events in". No allocation per message: the decoder keeps a padded
 * copy buffer that grows to message_bytes at most.
 */
#ifndef ROIWATCH_EVENT_DECODE_H
#define ROIWATCH_EVENT_DECODE_H

#include "lib/base/must.h"
#include "lib/event/event.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NO_RECORD_TIME = -1 };

struct rates;

/* What decides how a message is read; copied by decoder_new. */
struct decode_rules {
    int64_t future_ms;         /* lateness.future */
    int64_t message_bytes;     /* limits.message_bytes: a longer value is too_large */
    char currency[4];          /* the account's, upper case */
    bool has_lookup;           /* an ad_id may stand for the campaign: the caller finds it */
    const struct rates *rates; /* of other currencies, outlives the decoder; NULL: there are none */
};

struct decoder;
struct mapping;

/* A header of the Kafka record; one without a value has data NULL. */
struct decode_header {
    struct span name;
    struct span value;
};

/* One message of a topic whose names are other people's. */
struct decode_input {
    struct span value;
    int64_t record_ts_ms;
    enum event_type topic_type;
    const struct mapping *mapping; /* NULL: the contract's own names */
    const struct decode_header *headers;
    size_t n_headers;
};

/* Owned by the caller, freed with decoder_free. -ENOMEM. */
MUST_CHECK int decoder_new(const struct decode_rules *rules, struct decoder **ret_decoder);
void decoder_free(struct decoder *decoder);

/*
 * Reads one message. value.data NULL is a tombstone (empty). record_ts_ms is the Kafka record's own timestamp
 * or NO_RECORD_TIME. topic_type is what the topic implies where the event has no `type`; EVENT_NONE for a
 * mixed topic.
 *
 * Returns 0 and sets *ret_event; a positive enum reject_reason; or -ENOMEM. Where several reasons hold, the
 * order is the contract's. *ret_field, where not NULL, is set to a static name of the field that was refused,
 * or "".
 */
MUST_CHECK int decode(struct decoder *decoder, struct span value, int64_t record_ts_ms,
                      enum event_type topic_type, struct event *ret_event, const char **ret_field);

/*
 * The same for a message that may be mapped. The event's spans may also point into the mapping and the headers.
 */
MUST_CHECK int decode_input(struct decoder *decoder, const struct decode_input *input,
                            struct event *ret_event, const char **ret_field);

#ifdef __cplusplus
}
#endif

#endif
