#include "daemon/cli/commands.h"

#include <stdio.h>
#include <string.h>

enum { COMMANDS_MAX = 32 };

static const struct program_option common_options[] = {
    {'c', "config", "FILE", "the configuration (" SETTINGS_PATH ")"},
    {0, "set", "KEY=VALUE", "set one key of the configuration; several times"},
    {0, "json", NULL, "print JSON"},
    {'h', "help", NULL, "print this"},
    {0, "version", NULL, "print the version"},
};

static const struct program_exit exits[] = {
    {CLI_OK, "ok"},
    {CLI_FAILED, "failure"},
    {CLI_USAGE, "usage"},
    {CLI_WARNINGS, "warnings under --strict"},
    {CLI_UNAVAILABLE, "a server is unavailable"},
    {CLI_DENIED, "denied"},
    {CLI_CONFIGURATION, "configuration"},
};

const struct program roiwatch_program = {
    .name = "roiwatch",
    .summary = "Watches what campaigns cost and earn, and flags those that fall short of their goals.",
    .options = common_options,
    .n_options = ARRAY_SIZE(common_options),
    .exits = exits,
    .n_exits = ARRAY_SIZE(exits),
};

static const struct cli_option check_options[] = {
    {"live", NULL, "also look at the servers: topics, rights, Redis, memory, retention"},
    {"strict", NULL, "exit 3 where there are warnings"},
};

static const struct cli_option config_options[] = {
    {"sample", NULL, "print the sample file with every key explained"},
    {"reference", NULL, "print the reference of all keys (Markdown)"},
};

static const struct cli_command check_command = {
    .name = "check",
    .arguments = "",
    .summary = "check the configuration, and with --live the servers",
    .options = check_options,
    .n_options = ARRAY_SIZE(check_options),
    .run = cli_check,
};

static const struct cli_command config_command = {
    .name = "config",
    .arguments = "",
    .summary = "print the configuration in force, with all defaults",
    .options = config_options,
    .n_options = ARRAY_SIZE(config_options),
    .run = cli_config,
};

const struct cli_command *const cli_commands[] = {
    &top_command,
    &show_command,
    &explain_command,
    &alerts_command,
    &offsets_command,
    &check_command,
    &config_command,
    &map_command,
    &generate_command,
    &rebuild_command,
    &forget_command,
    &completion_command,
    NULL,
};

const struct cli_command *command_find(const char *name)
{
    const char *names[COMMANDS_MAX];
    size_t n = 0;
    for (; cli_commands[n]; n++) {
        names[n] = cli_commands[n]->name;
        if (strcmp(names[n], name) == 0)
            return cli_commands[n];
    }
    const char *nearest = option_nearest(name, names, n);
    fprintf(stderr, "roiwatch: unknown command \"%s\"", name);
    if (nearest)
        fprintf(stderr, "; did you mean %s?", nearest);
    fprintf(stderr, " (roiwatch --help lists them)\n");
    return NULL;
}

static void print_common_options(void)
{
    printf("\nOptions of every command:\n");
    program_print_options(stdout, &roiwatch_program);
}

void commands_help(void)
{
    printf("Usage: roiwatch COMMAND [OPTION]...\n\n%s\n\nCommands:\n", roiwatch_program.summary);
    for (size_t i = 0; cli_commands[i]; i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s %s", cli_commands[i]->name, cli_commands[i]->arguments);
        printf("  %-*s%s\n", PROGRAM_HELP_COLUMN - 2, left, cli_commands[i]->summary);
    }
    print_common_options();
    printf("\n`roiwatch COMMAND --help` tells a command's own options. Data goes to stdout, messages to "
           "stderr.\n");
    program_print_exits(stdout, &roiwatch_program);
}

void command_help(const struct cli_command *command)
{
    printf("Usage: roiwatch %s [OPTION]...%s%s\n\nroiwatch %s: %s.\n", command->name,
           *command->arguments ? " " : "", command->arguments, command->name, command->summary);
    if (command->n_options)
        printf("\nOptions:\n");
    for (size_t i = 0; i < command->n_options; i++) {
        const struct cli_option *option = &command->options[i];
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        printf("  %-*s%s\n", PROGRAM_HELP_COLUMN - 2, left, option->help);
    }
    print_common_options();
}
