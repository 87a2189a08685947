/*
 * The POSIX TZ rule in the footer of a TZif file (RFC 8536 section 3.3.1), used by tz.c only.
 *
 * It says which offset holds after the last transition of the file: a standard offset, or two offsets that
 * alternate every year. Times are seconds since the epoch; offsets are local time less UTC, in seconds.
 */
#ifndef ROIWATCH_BASE_TZ_RULE_H
#define ROIWATCH_BASE_TZ_RULE_H

#include "lib/base/must.h"
#include "lib/base/span.h"

enum tz_edge_form {
    TZ_EDGE_JULIAN,  /* Jn: day 1 to 365, February 29 is never counted */
    TZ_EDGE_DAY,     /* n: day 0 to 365, February 29 is counted */
    TZ_EDGE_WEEKDAY, /* Mm.w.d: the w-th weekday d of the month, 5 is the last */
};

/* When the offset changes in a year. */
struct tz_edge {
    enum tz_edge_form form;
    int32_t month;  /* 1 to 12 */
    int32_t week;   /* 1 to 5 */
    int32_t day;    /* of the year, or of the week with 0 for Sunday */
    int32_t time_s; /* after midnight by the clock in force before; -167 h to 167 h */
};

struct tz_rule {
    int32_t standard_s;
    int32_t daylight_s; /* equals standard_s where there is no daylight saving time */
    bool has_daylight;
    struct tz_edge start; /* of daylight saving time */
    struct tz_edge end;
};

/* One offset and the instant at which the next may begin. */
struct tz_stretch {
    int32_t offset_s;
    int64_t until_s; /* INT64_MAX: for ever */
};

/* False where the text is no such rule. */
MUST_CHECK bool tz_rule_parse(struct span text, struct tz_rule *ret_rule);
struct tz_stretch tz_rule_at(const struct tz_rule *rule, int64_t at_s);

#endif
