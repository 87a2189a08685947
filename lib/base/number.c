#include "lib/base/number.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits at the start of [at, end). */
static struct span digits_at(const char *at, const char *end)
{
    const char *start = at;

    while (at < end && is_digit(*at))
        at++;
    return span_from(start, (size_t)(at - start));
}

static const char *behind(struct span digits)
{
    return digits.data + digits.size;
}

/* Reads what follows the e, to the end of the text. */
static bool read_exponent(const char *at, const char *end, int64_t *ret_exponent)
{
    bool negative = false;
    struct span digits;
    int64_t exponent = 0;

    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    digits = digits_at(at, end);
    if (digits.size == 0 || behind(digits) != end)
        return false;
    for (size_t i = 0; i < digits.size && exponent < NUMBER_EXPONENT_MAX; i++)
        exponent = exponent * 10 + (digits.data[i] - '0');
    if (exponent > NUMBER_EXPONENT_MAX)
        exponent = NUMBER_EXPONENT_MAX;
    *ret_exponent = negative ? -exponent : exponent;
    return true;
}

bool number_scan(struct span text, struct number *ret_number)
{
    struct number number = {.integer = true};
    const char *at = text.data, *end = text.size ? text.data + text.size : text.data;

    if (at < end && *at == '-') {
        number.negative = true;
        at++;
    }
    number.whole = digits_at(at, end);
    if (number.whole.size == 0 || (number.whole.size > 1 && number.whole.data[0] == '0'))
        return false;
    at = behind(number.whole);
    if (at < end && *at == '.') {
        number.integer = false;
        number.fraction = digits_at(at + 1, end);
        if (number.fraction.size == 0)
            return false;
        at = behind(number.fraction);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        number.integer = false;
        if (!read_exponent(at + 1, end, &number.exponent))
            return false;
        at = end;
    }
    if (at != end)
        return false;
    *ret_number = number;
    return true;
}
