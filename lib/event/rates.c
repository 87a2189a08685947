#include "lib/event/rates.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/money.h"
#include "lib/base/number.h"
#include "lib/config/arena.h"
#include "lib/event/rates_settings.h"

/* A currency's rate from an instant on. */
struct dated_rate {
    const char *currency;
    int64_t from_ms;
    struct rate rate;
};

struct rates {
    size_t n;
    struct dated_rate items[]; /* by currency, then by from_ms */
};

/* Appends the digits to the significand; false where they are too many. */
static bool append_digits(struct span digits, int64_t *significand)
{
    for (size_t i = 0; i < digits.size; i++) {
        if (*significand >= INT64_C(100000000000000000))
            return false;
        *significand = *significand * 10 + (digits.data[i] - '0');
    }
    return true;
}

bool rate_parse(struct span text, struct rate *ret_rate)
{
    struct number number;
    struct rate rate = {0};

    if (!number_scan(text, &number) || number.negative || memchr(text.data, 'e', text.size) ||
        memchr(text.data, 'E', text.size))
        return false;
    while (number.fraction.size && number.fraction.data[number.fraction.size - 1] == '0')
        number.fraction.size--;
    rate.n_decimals = (int64_t)number.fraction.size;
    if (rate.n_decimals > RATE_DIGITS_MAX || !append_digits(number.whole, &rate.significand) ||
        !append_digits(number.fraction, &rate.significand) || rate.significand == 0)
        return false;
    *ret_rate = rate;
    return true;
}

/* 2^63 * 10^18 is less than 2^127. */
bool rate_convert(const struct rate *rate, int64_t micros, int64_t *ret_micros)
{
    int64_t divisor = 1;

    for (int64_t i = 0; i < rate->n_decimals; i++)
        divisor *= 10;
    return divide_half_even((__int128)micros * rate->significand, divisor, ret_micros);
}

static int compare_rates(const void *a, const void *b)
{
    const struct dated_rate *left = a, *right = b;
    int order = strcmp(left->currency, right->currency);

    return order ? order : (left->from_ms > right->from_ms) - (left->from_ms < right->from_ms);
}

int rates_make(struct arena *arena, const struct rates_settings *settings, const struct tz *tz,
               const struct rates **ret_rates)
{
    struct rates *rates;
    size_t n = 0;

    for (size_t i = 0; i < settings->n; i++)
        n += settings->items[i].n;
    rates = arena_alloc(arena, sizeof(*rates) + n * sizeof(rates->items[0]));
    if (!rates)
        return -ENOMEM;
    for (size_t i = 0; i < settings->n; i++) {
        const struct rates_row *row = &settings->items[i];
        int64_t from_ms = tz_first_instant(tz, row->from_date);
        for (size_t j = 0; j < row->n; j++)
            rates->items[rates->n++] =
                (struct dated_rate){row->items[j].currency, from_ms, row->items[j].rate};
    }
    qsort(rates->items, rates->n, sizeof(rates->items[0]), compare_rates);
    *ret_rates = rates;
    return 0;
}

/* The last item that is not behind (currency, at_ms), or NULL. */
static const struct dated_rate *find(const struct rates *rates, const char *currency, int64_t at_ms)
{
    struct dated_rate key = {.currency = currency, .from_ms = at_ms};
    size_t low = 0, high = rates ? rates->n : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_rates(&rates->items[middle], &key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || strcmp(rates->items[low - 1].currency, currency) != 0)
        return NULL;
    return &rates->items[low - 1];
}

bool rates_name(const struct rates *rates, const char *currency)
{
    return find(rates, currency, INT64_MAX) != NULL;
}

const struct rate *rates_at(const struct rates *rates, const char *currency, int64_t at_ms)
{
    const struct dated_rate *found = find(rates, currency, at_ms);

    return found ? &found->rate : NULL;
}
