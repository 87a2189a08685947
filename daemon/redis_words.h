/*
 * A call as the words of a Redis command, as hiredis takes them: pointers into the call, no copies.
 */
#ifndef ROIWATCH_DAEMON_REDIS_WORDS_H
#define ROIWATCH_DAEMON_REDIS_WORDS_H

#include "lib/shard/call.h"

struct redis_words {
    const char **words; /* owned, as are the sizes; reused from call to call */
    size_t *sizes;
    size_t n;
    size_t capacity;
    char n_keys[16]; /* the number of keys as text */
};

/* Good until the next call or the end of `call`. sha: the hash of call's script, not used without one. 0 or -ENOMEM. */
MUST_CHECK int redis_words_fill(struct redis_words *words, const char *sha, const struct call *call);
void redis_words_deinit(struct redis_words *words);

#endif
