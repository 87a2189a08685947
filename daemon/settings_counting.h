/*
 * Counting rules as a text, and back: the sections of the configuration that decide how a message is read, as YAML.
 *
 * What is read back is read as any configuration is. The version is a hash of the text and of the presets that it
 * names, so that a preset of another release is another version.
 */
#ifndef ROIWATCH_DAEMON_SETTINGS_COUNTING_H
#define ROIWATCH_DAEMON_SETTINGS_COUNTING_H

#include "daemon/settings.h"

/* Fills settings->counting, but for the table of ads. Returns 0 or -ENOMEM. */
MUST_CHECK int settings_counting_make(struct settings *settings);

/*
 * Settings that say nothing but what a text says: account, rates, mapping, lookup, and the counting rules. The
 * caller's, freed with settings_free. 0; SETTINGS_INVALID, with the reasons in errors; or -errno.
 */
MUST_CHECK int settings_counting_read(struct span text, struct settings **ret_settings,
                                      struct config_errors *errors);

#endif
