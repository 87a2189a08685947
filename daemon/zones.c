#include "daemon/zones.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/files.h"
#include "lib/base/table.h"
#include "lib/config/nearest.h"

enum { ZONE_FILE_MAX = 1024 * 1024, NAMES_FILE_MAX = 8 * 1024 * 1024, ZONE_NAME_MAX = 64 };

struct zones {
    struct table by_name; /* values are struct tz *, owned */
};

int zones_new(struct zones **ret_zones)
{
    struct zones *zones = calloc(1, sizeof(*zones));
    if (!zones)
        return -ENOMEM;
    *ret_zones = zones;
    return 0;
}

void zones_free(struct zones *zones)
{
    if (!zones)
        return;
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(&zones->by_name, &cursor));)
        tz_free(entry->value);
    table_deinit(&zones->by_name);
    free(zones);
}

static const char *zones_directory(void)
{
    const char *directory = getenv("TZDIR");
    return directory && directory[0] ? directory : "/usr/share/zoneinfo";
}

/* Names become paths: no way out of the directory. */
static bool is_zone_name(const char *name)
{
    static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    size_t size = strlen(name);
    return size && size <= ZONE_NAME_MAX && name[0] != '/' && strspn(name, letters) == size;
}

static int zone_load(const char *name, struct tz **ret_tz)
{
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    char path[4096];
    if (strcmp(name, "UTC") == 0)
        return tz_utc(ret_tz);
    int n = is_zone_name(name) ? snprintf(path, sizeof(path), "%s/%s", zones_directory(), name) : -1;
    if (n < 0 || (size_t)n >= sizeof(path))
        return ZONES_UNKNOWN;
    int r = file_read(path, ZONE_FILE_MAX, &bytes);
    if (r == -ENOENT || r == -EISDIR || r == -ENOTDIR)
        return ZONES_UNKNOWN;
    if (r == -ENOMEM)
        return r;
    r = r < 0 ? TZ_MALFORMED : tz_parse(buffer_span(&bytes), ret_tz);
    return r > 0 ? ZONES_UNREADABLE : r;
}

int zones_get(struct zones *zones, const char *name, const struct tz **ret_tz)
{
    struct tz *tz = table_get(&zones->by_name, span_of(name));
    if (!tz) {
        int r = zone_load(name, &tz);
        if (r != 0)
            return r;
        r = table_put(&zones->by_name, span_of(name), tz);
        if (r < 0) {
            tz_free(tz);
            return r;
        }
    }
    *ret_tz = tz;
    return 0;
}

/* The name in a line of tzdata.zi: `Z NAME …` or `L TARGET NAME`. */
static bool zone_of_line(const char *line, char ret_name[ZONE_NAME_MAX + 1])
{
    return sscanf(line, "Z %64s", ret_name) == 1 || sscanf(line, "L %*s %64s", ret_name) == 1;
}

void zones_nearest(const char *name, struct buffer *buffer)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    char path[4096], candidate[ZONE_NAME_MAX + 1], best[ZONE_NAME_MAX + 1] = "";
    struct nearest nearest;
    nearest_start(&nearest, span_of(name));
    if (snprintf(path, sizeof(path), "%s/tzdata.zi", zones_directory()) >= (int)sizeof(path) ||
        file_read(path, NAMES_FILE_MAX, &text) < 0)
        return;
    buffer_append_zeros(&text, 1);
    if (buffer_status(&text) < 0)
        return;
    for (char *rest = text.data, *line; (line = strsep(&rest, "\n"));)
        if (zone_of_line(line, candidate)) {
            nearest_offer(&nearest, candidate);
            if (nearest.best == candidate)
                memcpy(best, candidate, sizeof(best));
            nearest.best = best;
        }
    buffer_append_text(buffer, best);
}
