#include "lib/base/money.h"

#include <inttypes.h>
#include <stdio.h>

enum { MICRO_DIGITS = 6, INT64_DIGITS = 19 };

/* The digits of a number read as one row, the point left out. */
static unsigned digit_at(const struct number *number, size_t i)
{
    const char *digit =
        i < number->whole.size ? number->whole.data + i : number->fraction.data + (i - number->whole.size);
    return (unsigned)(*digit - '0');
}

static size_t count_leading_zeros(const struct number *number, size_t n_digits)
{
    size_t n = 0;

    while (n < n_digits && digit_at(number, n) == 0)
        n++;
    return n;
}

/* Whether what stands from digit `from` on rounds `kept` up, half to even. */
static bool rounds_up(const struct number *number, size_t from, size_t n_digits, uint64_t kept)
{
    if (from >= n_digits || digit_at(number, from) != 5)
        return from < n_digits && digit_at(number, from) > 5;
    for (size_t i = from + 1; i < n_digits; i++)
        if (digit_at(number, i) != 0)
            return true;
    return kept % 2 == 1;
}

int money_of_number(const struct number *number, int64_t *ret_micros, bool *ret_negative)
{
    size_t n_digits = number->whole.size + number->fraction.size;
    size_t first = count_leading_zeros(number, n_digits);
    uint64_t magnitude = 0;
    int64_t n_kept;

    if (first == n_digits) {
        *ret_micros = 0;
        *ret_negative = false;
        return 0;
    }
    /* How many digits from the first significant one on stand left of the micro-unit's point. */
    n_kept = (int64_t)number->whole.size - (int64_t)first + number->exponent + MICRO_DIGITS;
    if (n_kept > INT64_DIGITS)
        return MONEY_OUT_OF_RANGE;
    for (int64_t i = 0; i < n_kept; i++) {
        size_t at = first + (size_t)i;
        magnitude = magnitude * 10 + (at < n_digits ? digit_at(number, at) : 0);
    }
    if (n_kept >= 0 && rounds_up(number, first + (size_t)n_kept, n_digits, magnitude))
        magnitude++;
    if (magnitude > (uint64_t)INT64_MAX + number->negative)
        return MONEY_OUT_OF_RANGE;
    *ret_micros = number->negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    *ret_negative = number->negative;
    return 0;
}

int money_parse(struct span text, int64_t *ret_micros, bool *ret_negative)
{
    struct number number;

    if (!number_scan(text, &number))
        return MONEY_BAD;
    return money_of_number(&number, ret_micros, ret_negative);
}

void micros_text(int64_t micros, char ret_text[MICROS_TEXT_SIZE])
{
    uint64_t magnitude = micros < 0 ? 0 - (uint64_t)micros : (uint64_t)micros;

    (void)snprintf(ret_text, MICROS_TEXT_SIZE, "%s%" PRIu64 ".%06" PRIu64, micros < 0 ? "-" : "",
                   magnitude / 1000000, magnitude % 1000000);
}

bool divide_half_even(__int128 numerator, __int128 denominator, int64_t *ret_quotient)
{
    /* In magnitudes, since the least __int128 has no negation. */
    unsigned __int128 n = numerator < 0 ? 0 - (unsigned __int128)numerator : (unsigned __int128)numerator;
    unsigned __int128 d =
        denominator < 0 ? 0 - (unsigned __int128)denominator : (unsigned __int128)denominator;
    bool negative = (numerator < 0) != (denominator < 0);
    unsigned __int128 quotient = n / d, rest = n % d, to_next = d - rest;

    if (rest > to_next || (rest == to_next && quotient % 2 == 1))
        quotient++;
    if (quotient > (unsigned __int128)INT64_MAX + negative)
        return false;
    *ret_quotient = negative ? (int64_t)(0 - (uint64_t)quotient) : (int64_t)quotient;
    return true;
}
