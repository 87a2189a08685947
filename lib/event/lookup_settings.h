/*
 * Settings of the lookup: where it stands which campaign an ad belongs to.
 */
#ifndef ROIWATCH_EVENT_LOOKUP_SETTINGS_H
#define ROIWATCH_EVENT_LOOKUP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct config_row;

/* One of the two, or neither: there is no lookup. */
struct lookup_source {
    const char *file;       /* CSV (ad_table.h); relative to the folder of the configuration */
    const char *redis_hash; /* a key of the Redis that counts, as it stands */
};

struct lookup_settings {
    struct lookup_source ad_id;
    int64_t refresh_ms;
};

extern const struct config_row lookup_row;
/* The same without what does not decide how an event counts. */
extern const struct config_row lookup_source_row;

static inline bool lookup_is_configured(const struct lookup_source *source)
{
    return source->file || source->redis_hash;
}

#endif
