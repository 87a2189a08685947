/*
 * From settings to the rule book: zones are loaded, dates become instants, windows become tiers.
 */
#ifndef ROIWATCH_DAEMON_SETTINGS_RULES_H
#define ROIWATCH_DAEMON_SETTINGS_RULES_H

#include "daemon/settings.h"
#include "lib/config/node.h"

/* Fills settings->book. root, from which the settings were read, gives errors their places. Returns 0 or
 * -errno. */
MUST_CHECK int settings_rules_make(struct settings *settings, const struct config_node *root,
                                   struct config_errors *errors);
/* Fills settings->account_rates alone. */
MUST_CHECK int settings_rates_make(struct settings *settings, const struct config_node *root,
                                   struct config_errors *errors);
/* What can be said of settings that are in error elsewhere: zones that do not exist. Returns 0 or -errno. */
MUST_CHECK int settings_zones_check(struct settings *settings, const struct config_node *root,
                                    struct config_errors *errors);

#endif
