/*
 * The command line: what `roiwatch COMMAND` programs share.
 *
 * Data goes to stdout, messages to stderr. A command is `int cli_NAME(cli, argc, argv)`: argv[0] is its name,
 * the options that all commands have (-c, --set, --json) have been taken out, and its result is the exit
 * code.
 */
#ifndef ROIWATCH_DAEMON_CLI_CLI_H
#define ROIWATCH_DAEMON_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/settings.h"
#include "lib/base/must.h"

/* Exit codes, the contract's. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_WARNINGS = 3,     /* under --strict */
    CLI_UNAVAILABLE = 69, /* a server */
    CLI_DENIED = 77,      /* login or right refused, or fenced */
    CLI_CONFIGURATION = 78,
};

struct cli {
    const char *config_path; /* NULL: SETTINGS_PATH */
    const char **sets;       /* KEY=VALUE */
    size_t n_sets;
    bool json;
};

/* Loads the settings for a command; prints every error (and warning) to stderr. Returns CLI_OK or the exit
 * code. */
MUST_CHECK int cli_load(const struct cli *cli, struct settings **ret_settings);

int cli_check(const struct cli *cli, int argc, char **argv);
int cli_config(const struct cli *cli, int argc, char **argv);

/* `roiwatch check --live`: looks at the servers. Returns an exit code; findings gets JSON objects separated by
 * commas, *ret_n_warnings counts what it warned of. */
int cli_check_live(const struct settings *settings, struct buffer *findings, size_t *ret_n_warnings);

#endif
