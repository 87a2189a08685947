/*
 * Measures: what an account counts that is no sale: engagements of an action, or orders of a kind.
 *
 * Measure i is counted in column CELL_MEASURE_1 + i. Its number goes by the order of the names, so what stands in
 * which column is told by measures_text, which is kept with the stored cells: names are for readers and may change.
 */
#ifndef ROIWATCH_REPORT_MEASURES_H
#define ROIWATCH_REPORT_MEASURES_H

#include <stdbool.h>

#include "lib/base/buffer.h"
#include "lib/base/span.h"
#include "lib/shard/columns.h"

/* The kind of an order that names none. */
#define MEASURE_KIND_DEFAULT "sale"

struct measure {
    const char *name;
    const char *field;      /* measure:NAME, in the reader keys and for goals */
    const char *cost_field; /* cost_per:NAME_micros */
    const char *cost_name;  /* cost_per:NAME, for goals */
    bool of_orders;         /* millionths of orders of a kind; else engagements of an action */
    struct span what;       /* the kind, or the action */
};

/* Texts are the owner's (the settings'). */
struct measures {
    struct measure items[MEASURES_MAX];
    size_t n;
};

/* Columns of a cell that are in use; measures NULL: none. */
static inline size_t measures_columns(const struct measures *measures)
{
    return (size_t)CELL_MEASURE_1 + (measures ? measures->n : 0);
}

/* A bit 1 << i for each measure that counts engagements of this action / orders of this kind (empty: the default). */
unsigned measures_of_action(const struct measures *measures, struct span action);
unsigned measures_of_kind(const struct measures *measures, struct span kind);
/* Sets those columns to an amount. */
void measures_set(unsigned which, int64_t amount, struct cell *cell);

/* " action:like kind:lead", in the order of the columns: what a stored cell's columns mean. Bytes that are no letters
 * or digits are percent-encoded. Nothing where there are no measures. */
void measures_text(const struct measures *measures, struct buffer *buffer);

#endif
