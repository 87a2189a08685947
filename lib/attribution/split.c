#include "lib/attribution/split.h"

#include <stdbool.h>

static uint64_t magnitude(int64_t amount)
{
    return amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
}

static int64_t with_sign(uint64_t value, bool negative)
{
    return negative ? (int64_t)-value : (int64_t)value;
}

/* The weight where all zeros count as ones. */
static uint64_t weight_of(const int64_t *weights, size_t i, bool even)
{
    return even ? 1 : (uint64_t)weights[i];
}

/* Index of the largest remainder that is not served yet; of equal ones the first. Served ones are 0. */
static size_t largest(uint64_t amount, const int64_t *weights, size_t n, bool even, unsigned __int128 total,
                      const int64_t *shares)
{
    size_t best = 0;
    unsigned __int128 best_remainder = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned __int128 product = (unsigned __int128)amount * weight_of(weights, i, even);
        if ((uint64_t)shares[i] != (uint64_t)(product / total))
            continue; /* has had its unit */
        unsigned __int128 remainder = product % total;
        if (remainder > best_remainder) {
            best = i;
            best_remainder = remainder;
        }
    }
    return best;
}

void split_amount(int64_t amount, const int64_t *weights, size_t n, int64_t *ret_shares)
{
    unsigned __int128 total = 0;
    for (size_t i = 0; i < n; i++)
        total += (uint64_t)weights[i];
    bool even = total == 0;
    if (even)
        total = n;
    uint64_t whole = magnitude(amount);
    uint64_t left = whole;
    for (size_t i = 0; i < n; i++) {
        ret_shares[i] = (int64_t)(uint64_t)((unsigned __int128)whole * weight_of(weights, i, even) / total);
        left -= (uint64_t)ret_shares[i];
    }
    /* left is less than the number of remainders above 0: each of them is served once at most. */
    for (; left > 0; left--)
        ret_shares[largest(whole, weights, n, even, total, ret_shares)]++;
    for (size_t i = 0; i < n; i++)
        ret_shares[i] = with_sign((uint64_t)ret_shares[i], amount < 0);
}

int64_t split_part(int64_t amount, int64_t numerator, int64_t denominator)
{
    unsigned __int128 product = (unsigned __int128)magnitude(amount) * (uint64_t)numerator;
    uint64_t quotient = (uint64_t)(product / (uint64_t)denominator);
    uint64_t remainder = (uint64_t)(product % (uint64_t)denominator);
    uint64_t rest = (uint64_t)denominator - remainder;
    if (remainder > rest || (remainder == rest && quotient % 2 == 1))
        quotient++;
    return with_sign(quotient, amount < 0);
}
