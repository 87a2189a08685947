/*
 * Rates: what an amount in another currency is in the account's, by date.
 *
 * A rate is a decimal with up to 18 digits, exact: one dong is 0.0000345 of a euro, one dinar 137000 rials. An
 * amount becomes micro-units of its own currency first (money.h), then goes by the rate, each rounded once,
 * half to even. A refund goes by the rate of its order's time: an event's `currency` and `amount_micros` are
 * all that is needed for it later.
 */
#ifndef ROIWATCH_EVENT_RATES_H
#define ROIWATCH_EVENT_RATES_H

#include "lib/base/must.h"
#include "lib/base/span.h"
#include "lib/base/tz.h"

struct arena;
struct rates;
struct rates_settings;

enum { RATE_DIGITS_MAX = 18 };

/* Units of the account's currency per unit: significand / 10^n_decimals, above 0. */
struct rate {
    int64_t significand;
    int64_t n_decimals; /* 0 to RATE_DIGITS_MAX */
};

/* Reads a decimal above 0 without sign or exponent; false where it is none, or has too many digits. */
MUST_CHECK bool rate_parse(struct span text, struct rate *ret_rate);
/* False where the result leaves int64. */
MUST_CHECK bool rate_convert(const struct rate *rate, int64_t micros, int64_t *ret_micros);

/*
 * Puts the rows in order, by currency and instant: a row holds from the first instant of its date in this zone.
 * The result lives in the arena, as do the texts that it points to. -ENOMEM.
 */
MUST_CHECK int rates_make(struct arena *arena, const struct rates_settings *settings, const struct tz *tz,
                          const struct rates **ret_rates);

/* Whether any row names the currency. rates may be NULL: then there is none. */
bool rates_name(const struct rates *rates, const char *currency);
/* The rate at an instant, of the latest row that names the currency; NULL before the first, or without any. */
const struct rate *rates_at(const struct rates *rates, const char *currency, int64_t at_ms);

#endif
