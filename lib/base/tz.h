/*
 * Time zones, from the bytes of a TZif file (RFC 8536) that the shell has loaded.
 *
 * Only what calendar windows and prices need: local dates and their first instants. Times are ms since the
 * epoch, dates are days since 1970-01-01 of the proleptic Gregorian calendar.
 */
#ifndef ROIWATCH_BASE_TZ_H
#define ROIWATCH_BASE_TZ_H

#include "lib/base/must.h"
#include "lib/base/span.h"

struct tz;

enum tz_result {
    TZ_MALFORMED =
        1, /* the bytes are no TZif file, have no version 2 body, or count leap seconds (right/…) */
};

/* Reads a zone; the footer's POSIX rule holds after the last transition. The bytes may go afterwards. */
MUST_CHECK int tz_parse(struct span tzif, struct tz **ret_tz);
/* UTC without a file. */
MUST_CHECK int tz_utc(struct tz **ret_tz);
void tz_free(struct tz *tz);

/* Local time less UTC, in seconds, at an instant. */
int32_t tz_offset_s(const struct tz *tz, int64_t instant_ms);
/* The local date at an instant. */
int64_t tz_date(const struct tz *tz, int64_t instant_ms);
/* The first instant of a local date (days may have 23 or 25 hours, or start after midnight; a skipped date
 * starts where the next one does). */
int64_t tz_first_instant(const struct tz *tz, int64_t date);

int64_t date_from_civil(int32_t year, int32_t month, int32_t day);
void civil_from_date(int64_t date, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);
/* 0 is Monday. */
int32_t weekday_of_date(int64_t date);
/* Reads YYYY-MM-DD; 1 where it is no such date. */
MUST_CHECK int date_parse(struct span text, int64_t *ret_date);

#endif
