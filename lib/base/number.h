/*
 * Numbers of JSON's grammar (RFC 8259 section 6), taken apart into their characters and not yet converted.
 *
 * What reads exact amounts and ids starts here, so that one scanner alone says what a number is: no sign +,
 * no leading zeros, digits on both sides of the point.
 */
#ifndef ROIWATCH_BASE_NUMBER_H
#define ROIWATCH_BASE_NUMBER_H

#include "lib/base/must.h"
#include "lib/base/span.h"

struct number {
    struct span whole;    /* the digits before the point, at least one */
    struct span fraction; /* the digits after it; empty where there is no point */
    int64_t exponent;     /* 0 where none is written; held to NUMBER_EXPONENT_MAX either way */
    bool negative;        /* a minus stands before it; so also for -0 */
    bool integer;         /* neither point nor exponent is written */
};

/* Further than any text that fits memory can reach with its digits, so that holding exponents to it changes
 * no value. */
#define NUMBER_EXPONENT_MAX INT64_C(1000000000000000)

/* Takes the whole text apart; false where it is no number. The spans point into text. */
MUST_CHECK bool number_scan(struct span text, struct number *ret_number);

#endif
