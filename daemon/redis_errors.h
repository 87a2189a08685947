/*
 * What Redis' error replies mean, by their first word.
 */
#ifndef ROIWATCH_DAEMON_REDIS_ERRORS_H
#define ROIWATCH_DAEMON_REDIS_ERRORS_H

#include <stdbool.h>

/* X(enum, class, first word, whether the server refuses to work at all for now). The last two have no word of
 * their own. */
#define REDIS_ERRORS(X)                                                                                      \
    X(REDIS_ERROR_OOM, "oom", "OOM", true)                                                                   \
    X(REDIS_ERROR_READONLY, "readonly", "READONLY", true)                                                    \
    X(REDIS_ERROR_LOADING, "loading", "LOADING", true)                                                       \
    X(REDIS_ERROR_BUSY, "busy", "BUSY", true)                                                                \
    X(REDIS_ERROR_MISCONF, "misconf", "MISCONF", true)                                                       \
    X(REDIS_ERROR_NOREPLICAS, "noreplicas", "NOREPLICAS", true)                                              \
    X(REDIS_ERROR_MASTERDOWN, "masterdown", "MASTERDOWN", true)                                              \
    X(REDIS_ERROR_CLUSTERDOWN, "clusterdown", "CLUSTERDOWN", true)                                           \
    X(REDIS_ERROR_NOAUTH, "noauth", "NOAUTH", true)                                                          \
    X(REDIS_ERROR_WRONGPASS, "wrongpass", "WRONGPASS", true)                                                 \
    X(REDIS_ERROR_NOPERM, "noperm", "NOPERM", true)                                                          \
    X(REDIS_ERROR_NOSCRIPT, "noscript", "NOSCRIPT", false)                                                   \
    X(REDIS_ERROR_WRONGTYPE, "wrongtype", "WRONGTYPE", false)                                                \
    X(REDIS_ERROR_OTHER, "other", "", false)                                                                 \
    X(REDIS_ERROR_CONNECTION, "connection", "", false)

#define REDIS_ERROR_ENUM(name, text, word, refuses) name,
enum redis_error { REDIS_ERRORS(REDIS_ERROR_ENUM) N_REDIS_ERRORS };
#undef REDIS_ERROR_ENUM

const char *redis_error_name(enum redis_error error);
/* The class of an error line; REDIS_ERROR_OTHER where its first word is none of these. */
enum redis_error redis_error_classify(const char *line);
bool redis_error_refuses(enum redis_error error);

#endif
