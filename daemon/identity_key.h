/*
 * The key of attribution.hash_identities, from its file or credential.
 */
#ifndef ROIWATCH_DAEMON_IDENTITY_KEY_H
#define ROIWATCH_DAEMON_IDENTITY_KEY_H

#include "lib/attribution/attribution_settings.h"
#include "lib/base/must.h"

enum { IDENTITY_KEY_WHY_SIZE = 512 };

/*
 * How identities are stored by these settings. False where the key cannot be read, or is too short or too long: then why
 * says so.
 */
MUST_CHECK bool identity_rules_load(const struct attribution_settings *settings,
                                    struct identity_rules *ret_rules, char ret_why[IDENTITY_KEY_WHY_SIZE]);

#endif
