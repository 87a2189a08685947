/*
 * Nearest match: which of the allowed words was probably meant.
 */
#ifndef ROIWATCH_CONFIG_NEAREST_H
#define ROIWATCH_CONFIG_NEAREST_H

#include "lib/base/span.h"

/*
 * Edit distance of two words: insertions, deletions, substitutions and swaps of neighbours, letter case
 * ignored. Words longer than 64 bytes are infinitely far.
 */
unsigned edit_distance(struct span a, struct span b);

/* Keeps the nearest of several candidates that are offered one after the other. */
struct nearest {
    struct span word;
    const char *best; /* NULL: none is near enough (a third of the word's length) */
    unsigned distance;
};

void nearest_start(struct nearest *nearest, struct span word);
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
