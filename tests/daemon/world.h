/*
 * For tests of the settings: a directory of its own with files in it, and what loading them told.
 */
#ifndef ROIWATCH_TESTS_DAEMON_WORLD_H
#define ROIWATCH_TESTS_DAEMON_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/settings.h"
#include "tests/lib/config/errors_text.h"

#define GOOD "kafka: {brokers: 'localhost:9092'}\nredis: {url: 'redis://localhost:6379/0'}\n"
#define CAMPAIGN(text) GOOD "campaigns: {c: {" text "}}\n"
#define GOAL(text) CAMPAIGN("goals: [{name: g, window: 7d, " text "}]")

/* A directory of its own, with roiwatch.yaml and campaigns.d. */
struct world {
    char directory[64];
    char path[128];
    struct settings *settings;
    struct config_errors errors;
};

static inline void put(const struct world *world, const char *name, const char *text)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", world->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static inline void world_init(struct world *world)
{
    char path[128];
    *world = (struct world){.directory = "/tmp/roiwatch-test-XXXXXX"};
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->path, sizeof(world->path), "%s/roiwatch.yaml", world->directory);
    snprintf(path, sizeof(path), "%s/campaigns.d", world->directory);
    assert_int_equal(mkdir(path, 0700), 0);
}

static inline void forget(struct world *world)
{
    settings_free(world->settings);
    world->settings = NULL;
    config_errors_deinit(&world->errors);
}

static inline void world_deinit(struct world *world)
{
    static const char *const names[] = {"roiwatch.yaml",
                                        "campaigns.d/a.yaml",
                                        "campaigns.d/b.yaml",
                                        "campaigns.d/c.yml",
                                        "campaigns.d/.d.yaml",
                                        "campaigns.d",
                                        ""};
    forget(world);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char path[192];
        snprintf(path, sizeof(path), "%s/%s", world->directory, names[i]);
        (void)remove(path);
    }
}

static inline int load(struct world *world, const char *yaml, const char *const *sets, size_t n_sets)
{
    forget(world);
    put(world, "roiwatch.yaml", yaml);
    return settings_load(world->path, sets, n_sets, &world->settings, &world->errors);
}

/* What load gave, with the directory's name cut out of the errors. */
static inline void assert_told(const struct world *world, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer told = BUFFER_INIT;
    char *text = errors_text(&world->errors), *rest = text, *line;
    while ((line = strsep(&rest, "\n"))) {
        size_t size = strlen(world->directory);
        buffer_append_text(&told, strncmp(line, world->directory, size) == 0 ? line + size + 1 : line);
        if (rest)
            buffer_append_text(&told, "\n");
    }
    buffer_append_zeros(&told, 1);
    assert_string_equal(told.data, expected);
    free(text);
}

#endif
