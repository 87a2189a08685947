/*
 * Ads: which campaign an ad belongs to.
 *
 * A table is made whole, from the text of a file or pair by pair, and read-only from then on. Whoever refreshes
 * makes another one and puts it into the place that readers look at (struct ad_lookup).
 *
 *   A file is CSV with the header line `ad_id,campaign_id`. A value may stand in double quotes, with "" for one
 * of them; lines end with LF or CRLF, empty ones are passed over. Ids are those of events: 1 to 256 bytes of
 * UTF-8 without NUL. An ad that stands twice must have the same campaign.
 */
#ifndef ROIWATCH_EVENT_AD_TABLE_H
#define ROIWATCH_EVENT_AD_TABLE_H

#include <stdbool.h>

#include "lib/base/must.h"
#include "lib/base/span.h"
#include "lib/event/event.h"

/* What a lookup may hold: some 100 bytes of memory a row. */
enum { AD_ROWS_MAX = 1000000, AD_FILE_BYTES_MAX = 64 * 1024 * 1024 };

struct ad_table;

/* Where readers look: table changes while they do not. */
struct ad_lookup {
    const struct ad_table *table; /* NULL: nothing is known yet, so nothing may be read */
};

/* X(enum name, what is wrong) */
#define AD_FAULTS(X)                                                                                         \
    X(AD_BAD_HEADER, "the first line must be ad_id,campaign_id")                                             \
    X(AD_BAD_QUOTE, "a quote is not closed, or stands within a value")                                       \
    X(AD_BAD_COLUMNS, "there must be two values with a comma between")                                       \
    X(AD_BAD_ID, "the ad is empty, longer than 256 bytes, or no UTF-8")                                      \
    X(AD_BAD_CAMPAIGN, "the campaign is empty, longer than 256 bytes, or no UTF-8")                          \
    X(AD_TWICE, "the ad stands before, with another campaign")                                               \
    X(AD_TOO_MANY, "there are more than 1000000 ads")

#define AD_FAULT_ENUM(name, text) name,
enum ad_fault { AD_FINE, AD_FAULTS(AD_FAULT_ENUM) };
#undef AD_FAULT_ENUM

/* Static; AD_FINE: "". */
const char *ad_fault_text(enum ad_fault fault);

/* An empty table; owned by the caller. -ENOMEM. */
MUST_CHECK int ad_table_new(struct ad_table **ret_table);
void ad_table_free(struct ad_table *table);
/* Adds a row: both ids are copied. 0, an ad_fault, or -ENOMEM. */
MUST_CHECK int ad_table_add(struct ad_table *table, struct span ad_id, struct span campaign_id);
/* Makes a table of a file's text. 0; an ad_fault, with *ret_line the line that is wrong, from 1; or -ENOMEM. */
MUST_CHECK int ad_table_read(struct span text, struct ad_table **ret_table, size_t *ret_line);

size_t ad_table_count(const struct ad_table *table);
/* The campaign of an ad; its data is NULL where the ad is not known. */
struct span ad_table_find(const struct ad_table *table, struct span ad_id);
/*
 * Gives an event that names an ad in place of its campaign the campaign, whose bytes are the table's. 0,
 * REJECT_UNKNOWN_AD, or REJECT_RESERVED_ID where the campaign has a name of ours.
 */
MUST_CHECK int ad_table_resolve(const struct ad_table *table, struct event *event);
/* How many ads of `before` are gone from `after` or have another campaign there. */
size_t ad_table_changes(const struct ad_table *before, const struct ad_table *after);

#endif
