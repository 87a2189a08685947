/*
 * Difference: which keys of two records of one shape have other values, and what such a change does.
 */
#ifndef ROIWATCH_CONFIG_DIFF_H
#define ROIWATCH_CONFIG_DIFF_H

#include "lib/base/must.h"
#include "lib/config/schema.h"

/* path is the key's, such as campaigns.spring-sale.goals[0].target; valid during the call. */
typedef void (*config_changed)(void *context, const char *path, enum config_effect effect);

/*
 * Calls changed for every difference, as deep as both sides have the same keys: an entry of a map that only
 * one side has is one change of that entry, lists of other lengths are one change of the list. The order is
 * that of the rows. Returns 0 or -ENOMEM.
 */
MUST_CHECK int config_diff(const struct config_shape *shape, const void *before, const void *after,
                           config_changed changed, void *context);

#endif
