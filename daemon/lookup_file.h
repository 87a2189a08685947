/*
 * The file of a lookup: read whole, and told apart from another one of its name.
 */
#ifndef ROIWATCH_DAEMON_LOOKUP_FILE_H
#define ROIWATCH_DAEMON_LOOKUP_FILE_H

#include <sys/stat.h>

#include "daemon/settings.h"
#include "lib/event/ad_table.h"

enum lookup_file_result {
    LOOKUP_FILE_WRONG = 1, /* it cannot be read, or a line of it is wrong: see why */
};

/* Appends the path of the settings' lookup file, with a NUL: a relative one begins at the settings' folder. */
void lookup_file_path(const struct settings *settings, const char *file, struct buffer *path);
/*
 * Reads a file. 0 with *ret_table, the caller's, and *ret_stamp, for lookup_file_is_same; LOOKUP_FILE_WRONG with
 * `PATH:LINE: what is wrong` appended to why; or -ENOMEM.
 */
MUST_CHECK int lookup_file_read(const char *path, struct ad_table **ret_table, struct stat *ret_stamp,
                                struct buffer *why);
/* Whether the file there is still the one that was read. */
bool lookup_file_is_same(const char *path, const struct stat *stamp);

/*
 * For commands: reads the lookup file that the settings name; *ret_table NULL where they name none. What is wrong is
 * an error in the list, at the file of the configuration. 0, SETTINGS_INVALID, or -ENOMEM.
 */
MUST_CHECK int lookup_file_check(const struct settings *settings, const char *config_path,
                                 struct ad_table **ret_table, struct config_errors *errors);

#endif
