/*
 * Counting rules: what of the configuration decides how messages are read, beside the numbers in lane rules: other
 * people's names, other currencies, ads.
 *
 * They have a version, a hash of the text that they are made of. Lane rules name the version, and the text is stored
 * in Redis before any does (versions.c), so that who takes a lane over can read what some shard has counted already
 * by the rules by which it was counted, whatever his own configuration says now.
 */
#ifndef ROIWATCH_INGEST_COUNTING_H
#define ROIWATCH_INGEST_COUNTING_H

#include "lib/base/must.h"
#include "lib/event/ad_table.h"
#include "lib/event/mapping_settings.h"
#include "lib/event/rates.h"

struct counting_rules {
    uint64_t version; /* 0: the contract's own names, no other currency, no lookup; then all else is NULL */
    struct span text; /* what they are made of */
    const struct mapping_settings *mapping; /* NULL: none */
    const struct rates *rates;              /* NULL: none */
    const struct ad_lookup *lookup;         /* NULL: none; the rows are those of now */
};

enum counting_result {
    COUNTING_UNREADABLE = 1, /* the text says nothing that we can count by; it was said why */
};

/* Who makes counting rules of a text that was stored earlier. */
struct counting_source {
    /* 0 with rules that hold until they are given back; COUNTING_UNREADABLE; or -ENOMEM. */
    int (*open)(void *context, uint64_t version, struct span text,
                const struct counting_rules **ret_counting);
    void (*close)(void *context, const struct counting_rules *counting);
    void *context;
};

#endif
