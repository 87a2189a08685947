/*
 * A message of a mapped topic, on its way to one with the contract's names.
 *
 * The walk leaves values in the mapping's slots; then each field takes the first of its alternatives that is
 * there, in the unit and with the word that the contract wants. From there on a mapped message is judged as any
 * other (judge.h).
 */
#ifndef ROIWATCH_EVENT_MAPPED_H
#define ROIWATCH_EVENT_MAPPED_H

#include "lib/event/decode.h"
#include "lib/event/mapping.h"
#include "lib/event/message.h"

enum { MAPPED_TIMES = 3, MAPPED_TIME_SIZE = 24 };

struct mapped {
    const struct mapping *mapping;
    struct message *message; /* what it becomes */
    uint8_t *nesting;        /* the decoder's scratch for json_text */
    char *scratch;           /* where parameters are decoded: as many bytes as the message has */
    uint64_t visited[MAPPING_NODES_MAX / 64];
    uint64_t seen[MAPPING_SLOTS_MAX / 64];
    struct value values[MAPPING_SLOTS_MAX];
    const struct alternative *taken[N_FIELDS];  /* NULL: the field is absent */
    char times[MAPPED_TIMES][MAPPED_TIME_SIZE]; /* characters of times that were converted */
    size_t n_times;
};

/* Empties it for the next message, which the caller has reset. */
void mapped_reset(struct mapped *mapped, const struct mapping *mapping, struct message *message,
                  uint8_t *nesting, char *scratch);

/* Takes a member in, as json_walk gives it; the context is the struct mapped. False as message_on_member. */
MUST_CHECK bool mapped_on_member(void *context, struct span name, struct span raw);

/* After the walk: gives the message its fields. topic_type is that of decode(). */
void mapped_finish(struct mapped *mapped, const struct decode_header *headers, size_t n_headers,
                   enum event_type topic_type);

#endif
