/*
 * The beginning of an asynchronous connection to Redis: logs in, selects the database, looks at version and eviction
 * policy, loads the scripts, and asks whether all rights are there. Only then it is of use.
 */
#ifndef ROIWATCH_DAEMON_REDIS_CHECK_H
#define ROIWATCH_DAEMON_REDIS_CHECK_H

#include <hiredis/async.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/redis_settings.h"
#include "lib/base/must.h"
#include "lib/shard/scripts.h"

enum redis_fault {
    REDIS_FAULT_NONE,
    REDIS_FAULT_DENIED,        /* login or right refused */
    REDIS_FAULT_CONFIGURATION, /* eviction policy, version, a file */
};

enum { REDIS_SHA_SIZE = 41 };

struct redis_check;

struct redis_script {
    struct redis_check *check;
    char sha[REDIS_SHA_SIZE]; /* as the server calls it */
};

struct redis_check {
    const struct redis_settings *settings;
    void (*done)(void *context);                                           /* the connection is of use */
    void (*fault)(void *context, enum redis_fault fault, const char *why); /* not worth trying again */
    void *context;
    redisAsyncContext *redis; /* the one that is being checked */
    size_t n_open;            /* answers outstanding */
    bool rights_asked;
    bool over; /* nothing is called any more */
    struct redis_script scripts[N_SCRIPTS];
};

/* Sends all but the last step. What the server only cannot do now ends the connection. 0 or -ENOTCONN. */
MUST_CHECK int redis_check_begin(struct redis_check *check, redisAsyncContext *redis, const char *password);
/* The server has forgotten the scripts: loads them again, and is done again. */
MUST_CHECK int redis_check_scripts(struct redis_check *check);

#endif
