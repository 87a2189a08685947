#include "lib/event/lookup_settings.h"

#include "lib/base/must.h"
#include "lib/config/read.h"

enum { PATH_BYTES_MAX = 4000, KEY_BYTES_MAX = 512, SECOND_MS = 1000, DAY_MS = 24 * 3600 * 1000 };

static const struct config_row source_rows[] = {
    {
        .key = "file",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .least = 1,
        .most = PATH_BYTES_MAX,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct lookup_source, file),
        .help = "A CSV file with the header line `ad_id,campaign_id`, of at most 64 MiB and 1,000,000 ads. A "
                "relative path "
                "begins at the configuration's folder.",
    },
    {
        .key = "redis_hash",
        .type = CONFIG_TEXT,
        .flags = CONFIG_OPTIONAL,
        .least = 1,
        .most = KEY_BYTES_MAX,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct lookup_source, redis_hash),
        .help =
            "A hash of ad to campaign in the same Redis, of at most 1,000,000 ads. The key is taken as it "
            "stands, without "
            "redis.prefix; a Redis user of roiwatch needs the right to read it.",
    },
};

static void source_check(struct config_run *run, const struct config_node *node, void *record)
{
    const struct lookup_source *source = record;
    if (source->file && source->redis_hash)
        config_fail(run, node, "names a file and a Redis hash; the ads come from one of them");
}

static const struct config_shape source_shape = {
    .rows = source_rows,
    .n_rows = ARRAY_SIZE(source_rows),
    .size = sizeof(struct lookup_source),
    .check = source_check,
};

#define SOURCE_ROW                                                                                           \
    {                                                                                                        \
        .key = "ad_id", .type = CONFIG_RECORD, .shape = &source_shape,                                       \
        .offset = offsetof(struct lookup_settings, ad_id), .help = "Where the ads are; one of the two.",     \
    }

static const struct config_row lookup_rows[] = {
    SOURCE_ROW,
    {
        .key = "refresh",
        .type = CONFIG_DURATION,
        .fallback = "5m",
        .least = SECOND_MS,
        .most = DAY_MS,
        .effect = EFFECT_LIVE,
        .offset = offsetof(struct lookup_settings, refresh_ms),
        .help = "How often the file is looked at for a change, or the hash is read again.",
    },
};

static const struct config_shape lookup_shape = {
    .rows = lookup_rows,
    .n_rows = ARRAY_SIZE(lookup_rows),
    .size = sizeof(struct lookup_settings),
};

const struct config_row lookup_row = {
    .key = "lookup",
    .type = CONFIG_RECORD,
    .shape = &lookup_shape,
    .help = "Which campaign an ad belongs to: an event may name an `ad_id` in place of its campaign.",
};

static const struct config_shape lookup_source_shape = {
    .rows = lookup_rows,
    .n_rows = 1,
    .size = sizeof(struct lookup_settings),
};

const struct config_row lookup_source_row = {
    .key = "lookup",
    .type = CONFIG_RECORD,
    .shape = &lookup_source_shape,
    .help = "The ads of a version of the counting rules.",
};
