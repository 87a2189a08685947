/*
 * Reading: by which rules a message is decoded, ours or earlier ones; a part of internal.h, which includes it.
 */
#ifndef ROIWATCH_INGEST_READING_H
#define ROIWATCH_INGEST_READING_H

#include "lib/ingest/ingest.h"
#include "lib/ingest/lane_rules.h"

struct slot;
struct flight;
struct deferred;

/* What a slot is read by. */
struct slot_reading {
    const struct mapping *ours; /* by our rules; NULL: the contract's own names */
    int64_t again_until;        /* some shards had counted what is below it when reading began */
    struct decoder *decoder;    /* owned: for `rules`, where those are not ours; else NULL */
    struct lane_rules rules;
    const struct counting_rules *counting; /* of `rules` */
    const struct mapping *mapping;
};

enum { VERSIONS_MAX = 32 };

/* What there is to do about the stored texts; see versions.c. */
enum versions_step {
    VERSIONS_DONE,
    VERSIONS_STORE,   /* our text, before any lane may name it */
    VERSIONS_RECALL,  /* the texts of earlier versions by which something has still to be read */
    VERSIONS_CONFIRM, /* our text again, after lanes name it */
};

struct versions {
    enum versions_step step;
    bool sent;                     /* the step's call is in flight */
    uint64_t wanted[VERSIONS_MAX]; /* RECALL */
    size_t n_wanted;
    struct {
        uint64_t version;
        const struct counting_rules *counting; /* to be given back to rules.earlier */
    } earlier[VERSIONS_MAX];
    size_t n_earlier;
};

/* Money of refunds in the rates of one version. */
struct conversion {
    const char *currency; /* the account's */
    const struct rates *rates;
};

/* reading.c */
/* Decodes a message of the slot by the rules that hold at its offset, and finds its ad. As decode(). */
MUST_CHECK int reading_decode(struct ingest *ingest, struct slot *slot, const struct ingest_record *record,
                              struct event *ret_event);
/* Our rules for a slot of that topic. */
void reading_begin(struct ingest *ingest, struct slot *slot, const char *topic, enum event_type type);
void reading_end(struct slot *slot);
/* The conversion by which a message of the orders lane is judged. */
struct conversion conversion_of(const struct ingest *ingest, const struct deferred *deferred);
/* ledger_rules.convert; the context is a struct conversion. */
enum reject_reason conversion_convert(void *context, struct span currency, int64_t at_ms, int64_t micros,
                                      int64_t *ret_micros);

/* versions.c */
/* A phase begins: what has to be done in it. */
void versions_begin(struct ingest *ingest);
/* Whether levelling has something to do for the sake of versions. */
bool versions_wait(struct ingest *ingest);
/* Everything but the confirming is done: confirms, or runs. */
void versions_finish(struct ingest *ingest);
static inline bool versions_due(const struct versions *versions)
{
    return versions->step != VERSIONS_DONE;
}
int versions_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
MUST_CHECK int versions_reply(struct ingest *ingest, const struct reply *reply);
/* The counting rules of a version: ours, recalled ones, or none (of version 0). NULL: it was not recalled. */
const struct counting_rules *versions_find(const struct ingest *ingest, uint64_t version);
/* Gives back what was recalled. */
void versions_forget(struct ingest *ingest);

#endif
