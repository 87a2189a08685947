/*
 * Money and other decimals, read from their characters and written back, never through a double.
 *
 * A micro-unit is 1e-6 of a currency unit; int64 holds about 9.2e12 units.
 */
#ifndef ROIWATCH_BASE_MONEY_H
#define ROIWATCH_BASE_MONEY_H

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/base/span.h"

enum money_result {
    MONEY_BAD = 1,      /* not of JSON's number grammar */
    MONEY_OUT_OF_RANGE, /* does not fit int64 micro-units */
};

/*
 * Reads a number of JSON's grammar (RFC 8259 section 6: no sign +, no leading zeros, exponent allowed) to
 * micro-units, rounded half to even. *ret_negative says whether the written number is below zero, before
 * rounding; -0 is not.
 */
MUST_CHECK int money_parse(struct span text, int64_t *ret_micros, bool *ret_negative);
/* The same for a number that has been scanned already; never MONEY_BAD. */
MUST_CHECK int money_of_number(const struct number *number, int64_t *ret_micros, bool *ret_negative);

/* Micro-units as decimal text with exactly 6 digits after the point; -0.000000 is never written. */
enum { MICROS_TEXT_SIZE = 32 };
void micros_text(int64_t micros, char ret_text[MICROS_TEXT_SIZE]);

/* numerator / denominator, rounded half to even; the denominator is not 0. False where it does not fit int64.
 */
MUST_CHECK bool divide_half_even(__int128 numerator, __int128 denominator, int64_t *ret_quotient);

#endif
