/*
 * Other rules for an ingest that holds no partitions.
 */
#include <errno.h>

#include "lib/ingest/internal.h"

int ingest_set_rules(struct ingest *ingest, const struct ingest_rules *rules)
{
    if (ingest->phase != INGEST_IDLE || ingest_in_flight(ingest) > 0)
        return -EBUSY;
    struct decoder *decoder;
    int r = decoder_new(&rules->decode, &decoder);
    if (r < 0)
        return r;
    r = campaigns_set_book(ingest, rules->book);
    if (r < 0) {
        decoder_free(decoder);
        return r;
    }
    decoder_free(ingest->decoder);
    ingest->decoder = decoder;
    struct layout layout = ingest->rules.layout;
    ingest->rules = *rules;
    ingest->rules.layout = layout;
    return 0;
}
