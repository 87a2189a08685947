/*
 * What the parts of check --live share: check_live.c, check_redis.c and check_kafka.c.
 */
#ifndef ROIWATCH_DAEMON_CLI_CHECK_LIVE_H
#define ROIWATCH_DAEMON_CLI_CHECK_LIVE_H

#include "daemon/cli/cli.h"

struct live {
    const struct settings *settings;
    struct buffer *findings; /* the caller's: JSON objects, separated by commas */
    size_t n_warnings;
    int code;             /* the gravest so far */
    int64_t retention_ms; /* the least of the topics'; INT64_MAX: unlimited or unknown */
    char retention_topic[256];
    bool persistent;
    bool persistence_known;
    int64_t n_campaigns;
    int64_t maxmemory; /* 0: no limit */
};

/* A finding that is worth a thought, or (fail) one that decides the exit code. */
void live_warn(struct live *live, const char *format, ...) PRINTF_LIKE(2, 3);
void live_fail(struct live *live, int code, const char *format, ...) PRINTF_LIKE(3, 4);
/* Of something that has said itself on stderr what is wrong. */
void live_list(struct live *live, int code, const char *said);
void live_note_code(struct live *live, int code);

void check_redis(struct live *live);
void check_kafka(struct live *live);

#endif
