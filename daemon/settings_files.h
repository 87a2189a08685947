/*
 * The texts that settings come from: the main file, campaigns.d beside it, and `--set KEY=VALUE`.
 */
#ifndef ROIWATCH_DAEMON_SETTINGS_FILES_H
#define ROIWATCH_DAEMON_SETTINGS_FILES_H

#include "lib/config/node.h"

/*
 * Reads and joins all of them. What cannot be read or does not parse is an error in the list; *ret_root is
 * NULL where the main file is among that. Nodes live in the arena. Returns 0 or -ENOMEM.
 */
MUST_CHECK int settings_files_read(struct arena *arena, const char *path, const char *const *sets,
                                   size_t n_sets, struct config_errors *errors,
                                   struct config_node **ret_root);

#endif
