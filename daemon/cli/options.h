/*
 * Options of commands: one table says what a command takes, and both the reading and `--help` come from it.
 *
 * Options are long ones, `--name VALUE` or `--name=VALUE`; `--` ends them. Everything here is pure but for
 * options_read's sentence on stderr.
 */
#ifndef ROIWATCH_DAEMON_CLI_OPTIONS_H
#define ROIWATCH_DAEMON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/cli/cli.h"
#include "lib/base/must.h"

struct cli_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what stands for the value in the help; NULL: a flag */
    const char *help;     /* one clause, without a full stop */
};

struct cli_command {
    const char *name;
    const char *arguments; /* "" or for example "CAMPAIGN" */
    const char *summary;   /* one clause */
    const struct cli_option *options;
    size_t n_options;
    size_t n_positional;      /* exactly so many arguments beside the options */
    const char *const *words; /* what may stand there, ends in NULL; NULL: anything */
    int (*run)(const struct cli *cli, int argc, char **argv);
};

/* What a command was given. values[i] belongs to options[i]: NULL absent, "" for a flag, else the text (the last one);
 * each[] has all values in their order, for options that may be given several times. */
enum { OPTIONS_MAX = 24, POSITIONAL_MAX = 4, EACH_MAX = 64 };
struct cli_arguments {
    const char *values[OPTIONS_MAX];
    struct {
        size_t option; /* index in options[] */
        const char *value;
    } each[EACH_MAX];
    size_t n_each;
    const char *positional[POSITIONAL_MAX];
    size_t n_positional;
};

/* Reads argv[1..]. Says on stderr what is wrong and returns CLI_USAGE, else CLI_OK. */
MUST_CHECK int options_read(const struct cli_command *command, int argc, char **argv,
                            struct cli_arguments *ret_arguments);

/* Reads a whole number in [least, most]. Durations: value_duration of lib/config/value.h. */
MUST_CHECK bool option_i64(const char *text, int64_t least, int64_t most, int64_t *ret_value);
/* A share from 0 to 1 as millionths. */
MUST_CHECK bool option_share(const char *text, int64_t *ret_micro);

/* Says on stderr that an option's value is bad and what is allowed; returns CLI_USAGE. */
MUST_CHECK int option_refuse(const struct cli_command *command, const char *option, const char *value,
                             const char *allowed);

/* For CLEANUP. */
void settings_release(struct settings **settings);

/* The name that was probably meant, or NULL. */
const char *option_nearest(const char *text, const char *const *names, size_t n);

#endif
