/*
 * For tests: zones from the machine's own zone files, which lib/ may not read, and the C library's view of
 * them.
 */
#ifndef ROIWATCH_TESTS_LIB_ZONE_FILE_H
#define ROIWATCH_TESTS_LIB_ZONE_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/span.h"
#include "lib/base/tz.h"

#define ZONE_FILES "/usr/share/zoneinfo/"

enum { ZONE_FILE_MAX = 65536 };

/* The file's bytes, to be freed; empty where there is no such file. */
static inline struct span zone_bytes(const char *name)
{
    char path[256];
    char *data = malloc(ZONE_FILE_MAX);
    size_t size = 0;
    snprintf(path, sizeof(path), "%s%s", ZONE_FILES, name);
    FILE *file = fopen(path, "rb");
    if (file && data)
        size = fread(data, 1, ZONE_FILE_MAX, file);
    if (file)
        fclose(file);
    return (struct span){data, size};
}

/* NULL where the zone does not exist or cannot be read. */
static inline struct tz *zone_load(const char *name)
{
    struct tz *tz = NULL;
    struct span bytes = zone_bytes(name);
    if (bytes.size > 0 && tz_parse(bytes, &tz) != 0)
        tz = NULL;
    free((char *)bytes.data);
    return tz;
}

static inline void libc_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static inline int32_t libc_offset_s(int64_t at_s)
{
    struct tm local;
    time_t at = at_s;
    localtime_r(&at, &local);
    return (int32_t)local.tm_gmtoff;
}

static inline int64_t libc_date(int64_t at_s)
{
    struct tm local;
    time_t at = at_s;
    localtime_r(&at, &local);
    return date_from_civil(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

/* A small generator with a fixed seed: the same cases in every run. */
static inline uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static inline int64_t random_between(uint64_t *state, int64_t least, int64_t most)
{
    return least + (int64_t)(next_random(state) % (uint64_t)(most - least + 1));
}

#endif
