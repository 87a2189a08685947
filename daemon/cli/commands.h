/*
 * The commands of `roiwatch`, in one table: dispatch, `--help` and the tests of the documentation read it.
 */
#ifndef ROIWATCH_DAEMON_CLI_COMMANDS_H
#define ROIWATCH_DAEMON_CLI_COMMANDS_H

#include "daemon/cli/options.h"
#include "daemon/program.h"

/* Each stands beside its code. */
extern const struct cli_command alerts_command;
extern const struct cli_command completion_command;
extern const struct cli_command explain_command;
extern const struct cli_command forget_command;
extern const struct cli_command generate_command;
extern const struct cli_command map_command;
extern const struct cli_command offsets_command;
extern const struct cli_command rebuild_command;
extern const struct cli_command show_command;
extern const struct cli_command top_command;

/* The options that all commands have, and the exit codes. */
extern const struct program roiwatch_program;

/* All of them; the end is marked by NULL. */
extern const struct cli_command *const cli_commands[];

/* The command of that name, or NULL after a sentence on stderr that names the nearest. */
const struct cli_command *command_find(const char *name);

/* To stdout: `roiwatch --help` and `roiwatch COMMAND --help`. */
void commands_help(void);
void command_help(const struct cli_command *command);

#endif
