/*
 * Reloading settings: what differs between two of them, and what of the fresh ones a running process takes.
 *
 * Everything under kafka and redis is used at the start only, but kafka.start and redis.flush: the fresh
 * settings keep the rest as it was then.
 */
#ifndef ROIWATCH_DAEMON_SETTINGS_RELOAD_H
#define ROIWATCH_DAEMON_SETTINGS_RELOAD_H

#include "daemon/settings.h"
#include "lib/config/diff.h"

/* What becomes of a change when a running process reads its configuration again. */
enum reload_fate {
    RELOAD_TAKEN,    /* now, for everything */
    RELOAD_FORWARD,  /* now, for what is counted from now on */
    RELOAD_WAITS,    /* at the next start */
    RELOAD_REFUSED,  /* the whole file is: the stored numbers contradict it */
    RELOAD_RECOUNTS, /* the whole file is: only a start counts again */
    N_RELOAD_FATES
};

/* What changed, by fate: how many keys, and the first of them as `a, b, c and 7 more`. */
struct reload_plan {
    size_t n[N_RELOAD_FATES];
    struct buffer names[N_RELOAD_FATES];
};

#define RELOAD_PLAN_INIT ((struct reload_plan){0})

void reload_plan_deinit(struct reload_plan *plan);
/* Compares settings in force with fresh ones. The plan is initialised by the caller. -ENOMEM. */
MUST_CHECK int reload_plan_make(struct reload_plan *plan, const struct settings *before,
                                const struct settings *fresh);
/* Whether the fresh settings may be taken while the process runs. */
bool reload_plan_is_possible(const struct reload_plan *plan);

/* Makes fresh settings keep what `started`, which must outlive them, says of kafka and redis. -ENOMEM. */
MUST_CHECK int settings_keep_start(struct settings *fresh, const struct settings *started);

#endif
