/*
 * Zones: the system's time zone files, each loaded once.
 */
#ifndef ROIWATCH_DAEMON_ZONES_H
#define ROIWATCH_DAEMON_ZONES_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/base/tz.h"

struct zones;

enum zones_result {
    ZONES_UNKNOWN = 1, /* no such name in $TZDIR or /usr/share/zoneinfo */
    ZONES_UNREADABLE,  /* there is a file, but it is no zone */
};

MUST_CHECK int zones_new(struct zones **ret_zones);
void zones_free(struct zones *zones);

/* The zone of an IANA name; it lives as long as the zones. UTC needs no file. 0, a zones_result, or -errno.
 */
MUST_CHECK int zones_get(struct zones *zones, const char *name, const struct tz **ret_tz);
/* Appends the known name that is nearest to it; nothing where none is near. */
void zones_nearest(const char *name, struct buffer *buffer);

#endif
