/*
 * Rates from arbitrary text, and amounts converted by them: the first 8 bytes are the amount. What a rate is is said by
 * a regular expression as well, what an amount comes to by long double within its accuracy.
 */
#include <math.h>
#include <regex.h>
#include <stdlib.h>

#include "lib/event/rates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

enum { TEXT_SIZE_MAX = 100 };

static bool is_decimal(const char *text)
{
    static regex_t grammar;
    static bool compiled;

    if (!compiled)
        MUST(regcomp(&grammar, "^(0|[1-9][0-9]*)(\\.[0-9]+)?$", REG_EXTENDED | REG_NOSUB) == 0);
    compiled = true;
    return regexec(&grammar, text, 0, NULL, 0) == 0;
}

/* Digits from the first to the last that is not 0, the point left out. */
static size_t count_digits(const char *text)
{
    size_t n = 0, kept = 0;
    bool fraction = false;

    for (; *text; text++) {
        fraction |= *text == '.';
        if (*text == '.' || (n == 0 && *text == '0'))
            continue;
        n++;
        if (*text != '0' || !fraction)
            kept = n;
    }
    return kept;
}

static void check_amount(const char *text, const struct rate *rate, int64_t micros)
{
    long double expected = strtold(text, NULL) * (long double)micros;
    int64_t converted;

    if (rate_convert(rate, micros, &converted))
        MUST(fabsl(expected - (long double)converted) <= 0.5L + fabsl(expected) * 1e-17L);
    else
        MUST(fabsl(expected) >= 9223372036854775807.0L * (1 - 1e-17L));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_SIZE_MAX + 1];
    struct rate rate;
    int64_t micros;
    size_t n = size - sizeof(micros);

    if (size < sizeof(micros) || n > TEXT_SIZE_MAX)
        return 0;
    memcpy(&micros, data, sizeof(micros));
    data += sizeof(micros);
    if (memchr(data, '\0', n) || memchr(data, '\n', n))
        return 0;
    memcpy(text, data, n);
    text[n] = '\0';
    if (!rate_parse(span_from(data, n), &rate)) {
        MUST(!is_decimal(text) || strtold(text, NULL) == 0 || count_digits(text) > RATE_DIGITS_MAX || n > 19);
        return 0;
    }
    MUST(is_decimal(text) && rate.significand > 0 && rate.n_decimals >= 0 &&
         rate.n_decimals <= RATE_DIGITS_MAX);
    check_amount(text, &rate, micros);
    return 0;
}
