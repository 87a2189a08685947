/*
 * Splitting: an amount into shares by weights, so that the shares sum to the amount exactly.
 *
 * Largest remainder: each share is the floor of amount * weight / sum of weights; what is left goes, one unit each,
 * to the shares with the largest remainders, of equal ones to the earlier. (Hamilton's method: M. L. Balinski and
 * H. P. Young, Fair Representation, 1982.) A negative amount is split as its absolute value.
 */
#ifndef ROIWATCH_ATTRIBUTION_SPLIT_H
#define ROIWATCH_ATTRIBUTION_SPLIT_H

#include <stddef.h>
#include <stdint.h>

enum { SPLIT_PARTS_MOST = 10000 };

/*
 * Splits amount (any unit) over n weights; ret_shares has n elements. Weights are not negative; where all are 0,
 * each weighs the same. n is 1 to SPLIT_PARTS_MOST.
 */
void split_amount(int64_t amount, const int64_t *weights, size_t n, int64_t *ret_shares);

/* amount * numerator / denominator, rounded half to even; numerator is 0 to denominator, which is above 0. */
int64_t split_part(int64_t amount, int64_t numerator, int64_t denominator);

#endif
