/*
 * Settings: the whole configuration, typed, with every default filled in and every zone loaded.
 *
 * They come from one file, the files of campaigns.d beside it and `--set KEY=VALUE`, in this order. The rows
 * of all modules are joined in settings.c; samples, reference and `roiwatch config` come from the same table.
 * Settings are read-only once loaded and own everything that they point to, the rule book included.
 */
#ifndef ROIWATCH_DAEMON_SETTINGS_H
#define ROIWATCH_DAEMON_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/alert_settings.h"
#include "daemon/http_settings.h"
#include "daemon/kafka_settings.h"
#include "daemon/redis_settings.h"
#include "lib/attribution/attribution_settings.h"
#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/config/arena.h"
#include "lib/config/errors.h"
#include "lib/event/event_settings.h"
#include "lib/event/lookup_settings.h"
#include "lib/event/mapping_settings.h"
#include "lib/event/rates_settings.h"
#include "lib/goal/campaign_settings.h"
#include "lib/goal/measures_settings.h"
#include "lib/goal/rules.h"
#include "lib/ingest/counting.h"
#include "lib/window/window_settings.h"

#define SETTINGS_PATH "/etc/roiwatch/roiwatch.yaml"

enum settings_result {
    SETTINGS_INVALID = 1, /* errors->n_errors is not 0 */
};

struct account_settings {
    const char *currency; /* three upper-case letters */
    const char *timezone; /* IANA name */
};

struct zones;

struct settings {
    struct kafka_settings kafka;
    struct redis_settings redis;
    struct account_settings account;
    struct rates_settings rates;
    struct windows_settings windows;
    struct lateness_settings lateness;
    struct attribution_settings attribution;
    struct ledger_settings ledger;
    struct measures_settings measures;
    struct mapping_settings mapping;
    struct lookup_settings lookup;
    struct limits_settings limits;
    int64_t retention_ms; /* of event time without events, then a campaign's keys go */
    struct alerts_settings alerts;
    struct http_settings http;
    struct campaigns_settings campaigns; /* as configured; the rule book is what it comes to */
    struct rule_book book;
    struct identity_rules
        identities; /* filled by identity_rules_load: only who stores or looks for touches needs the key */
    const struct rates *account_rates; /* what `rates` comes to in the account's zone */
    struct counting_rules counting;    /* what all that comes to, but for the table of ads */
    const char *folder;                /* of the configuration's file: where relative paths begin */
    char fingerprint[17];              /* of everything but http.listen, as 16 hex digits */

    struct arena arena;  /* owns all texts and records */
    struct zones *zones; /* owned */
};

/*
 * Reads and checks everything. path NULL takes SETTINGS_PATH; sets are `KEY=VALUE` texts. Owned by the
 * caller, freed with settings_free. Files that cannot be read are errors in the list too. Warnings may be
 * listed on success. Returns 0, SETTINGS_INVALID, or -ENOMEM. errors must be initialised; the caller deinits
 * it.
 */
MUST_CHECK int settings_load(const char *path, const char *const *sets, size_t n_sets,
                             struct settings **ret_settings, struct config_errors *errors);
void settings_free(struct settings *settings);

/* Makes the fingerprint anew, after values were set by code. -ENOMEM. */
MUST_CHECK int settings_fingerprint(struct settings *settings);

/* The effective configuration with all defaults, in a canonical form: the same settings give the same bytes,
 * and loading the text gives the same settings. -ENOMEM is left in the buffer's status. */
void settings_yaml(const struct settings *settings, struct buffer *buffer);
void settings_json(const struct settings *settings, struct buffer *buffer);

/* The sample file and docs/CONFIGURATION.md, from the joined table. */
void settings_sample(struct buffer *buffer);
void settings_reference(struct buffer *buffer);
/* What `--set` takes: the paths of all single values, one a line. */
void settings_keys(struct buffer *buffer);
/* The keys as the body of a man page. */
void settings_manual(struct buffer *buffer);

#endif
