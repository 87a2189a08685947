/*
 * Instants as producers write them: ms since the epoch, or RFC 3339 text with a zone.
 */
#ifndef ROIWATCH_EVENT_TS_H
#define ROIWATCH_EVENT_TS_H

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/base/span.h"

/* An integer of ms. False where the number has a fraction or an exponent, or does not fit int64. */
MUST_CHECK bool ts_from_number(const struct number *number, int64_t *ret_ms);

/*
 * RFC 3339 date-time; `t` and `z` may be lower case, digits below 1 ms are cut, second 60 is refused, and so
 * are a space for the T, hour 24 and zones beyond 23:59. -00:00 is UTC.
 */
MUST_CHECK bool ts_from_text(struct span text, int64_t *ret_ms);

#endif
