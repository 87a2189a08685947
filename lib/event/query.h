/*
 * The query of a URL: the values of its parameters, percent-decoded.
 */
#ifndef ROIWATCH_EVENT_QUERY_H
#define ROIWATCH_EVENT_QUERY_H

#include "lib/base/must.h"
#include "lib/base/span.h"

/* What is left of a query to read. */
struct query {
    struct span rest;
};

/* What stands behind the first ? and before the #; a text without ? is a query itself. */
struct query query_of(struct span url);

/*
 * Takes the next NAME=VALUE off, both as they are written; false at the end. Parts without a name are passed
 * over; one without = has an empty value.
 */
bool query_next(struct query *query, struct span *ret_name, struct span *ret_value);

/* Whether a written name is this one. */
bool query_name_is(struct span written, struct span name);

/*
 * Decodes %XX and + to ret_text, which has room for written.size bytes, and returns what there is. What does not
 * decode to UTF-8, or has a % without two digits behind it, is taken as it is written.
 */
struct span query_decode(struct span written, char *ret_text);

#endif
