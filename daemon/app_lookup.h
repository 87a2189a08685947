/*
 * The lookups of the app: which campaign an ad belongs to, from a file or a Redis hash, held in memory and refreshed.
 *
 * DESIGN
 *   A source is held once, however many rules read by it: those in force, those of a reload on its way, and earlier
 * ones by which some lane has still to be read. A file is read whole, at the start or reload that names it and
 * whenever it has changed at a refresh. A hash is read in pieces, each asked for when the one before has come;
 * nothing is read from Kafka until it is whole. A fresh table takes the old one's place only when all of it is
 * right, between two messages; else the old one stays, and that is said and counted.
 */
#ifndef ROIWATCH_DAEMON_APP_LOOKUP_H
#define ROIWATCH_DAEMON_APP_LOOKUP_H

#include <sys/stat.h>

#include "daemon/settings.h"
#include "lib/event/ad_table.h"

struct app;

struct app_lookup {
    struct app_lookup *next;
    struct ad_lookup rows;  /* what ingest reads by */
    struct ad_table *table; /* owned: what that points to */
    char *path;             /* owned: of the file; NULL: it is a hash */
    char *hash;             /* owned: its key; NULL: it is a file */
    size_t n_users;
    uint64_t number;        /* tells it from others in answers */
    int64_t due_ms;         /* steady: when to look next */
    int64_t refreshed_ms;   /* wall clock: when the table was last known to be that of the source */
    struct stat stamp;      /* of the file that was read */
    struct ad_table *fresh; /* owned: what is being read of the hash; NULL: nothing is */
};

struct app_lookups {
    struct app_lookup *first;   /* owned, a list */
    struct app_lookup *current; /* of the settings in force; NULL: they have none */
    uint64_t last_number;
    int64_t n_failed;  /* refreshes that came to nothing */
    int64_t n_changed; /* rows that went or said something else at a refresh */
};

enum app_lookup_result {
    APP_LOOKUP_WRONG = 1, /* the file is; it was said how */
};

/*
 * Holds the source of these settings until app_lookup_drop; *ret_lookup NULL where they have none. 0,
 * APP_LOOKUP_WRONG, or -ENOMEM. folder_of gives a relative path its folder.
 */
MUST_CHECK int app_lookup_use(struct app *app, const struct settings *settings,
                              const struct settings *folder_of, struct app_lookup **ret_lookup);
/* NULL may come too. */
void app_lookup_drop(struct app *app, struct app_lookup *lookup);
/* Whether every source that is held can be read by. */
bool app_lookups_ready(const struct app *app);
/* Refreshes what is due. */
void app_lookups_tick(struct app *app);

#endif
