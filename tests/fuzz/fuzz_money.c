/*
 * Amounts from arbitrary text: what is a number is said by a regular expression as well, what it amounts to
 * by the C library within its accuracy, and what is written back must read the same.
 */
#include <math.h>
#include <regex.h>
#include <stdlib.h>

#include "lib/base/money.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

enum { TEXT_SIZE_MAX = 400 };

static bool is_number(const char *text)
{
    static regex_t grammar;
    static bool compiled;

    if (!compiled) {
        int r =
            regcomp(&grammar, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$", REG_EXTENDED | REG_NOSUB);
        MUST(r == 0);
        compiled = true;
    }
    return regexec(&grammar, text, 0, NULL, 0) == 0;
}

static void check_amount(const char *text, int64_t micros, bool negative)
{
    char written[MICROS_TEXT_SIZE];
    long double expected = strtold(text, NULL) * 1e6L;
    int64_t again;
    bool again_negative;

    MUST(fabsl(expected - (long double)micros) <= 0.5L + fabsl(expected) * 1e-18L);
    MUST(negative || micros >= 0);
    MUST(!negative || (micros <= 0 && text[0] == '-'));
    micros_text(micros, written);
    MUST(money_parse(span_of(written), &again, &again_negative) == 0);
    MUST(again == micros && again_negative == (micros < 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXT_SIZE_MAX + 1];
    int64_t micros;
    bool negative;
    int r = money_parse(span_from(data, size), &micros, &negative);

    if (size > TEXT_SIZE_MAX || memchr(data, '\0', size) || memchr(data, '\n', size))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    MUST((r == MONEY_BAD) == !is_number(text));
    if (r == 0)
        check_amount(text, micros, negative);
    else if (r == MONEY_OUT_OF_RANGE)
        MUST(fabsl(strtold(text, NULL)) >= 9223372036854.7758L);
    return 0;
}
