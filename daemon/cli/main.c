/*
 * roiwatch: the program for people. Takes out the options that all commands have and hands on to the command.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/text.h"
#include "daemon/files.h"

#ifndef ROIWATCH_VERSION
#define ROIWATCH_VERSION "0.1.0"
#endif

/* The command line, taken apart. Arrays are as long as argv at most. */
struct line {
    struct cli cli;
    char **rest; /* the command, then its own words */
    int n_rest;
    bool help;
    bool version;
};

static void line_deinit(struct line *line)
{
    free(line->cli.sets);
    free(line->rest);
}

/* The value of a common option at argv[*i], given as the next word or after `=`; NULL where it is not that
 * option. */
static const char *common_value(const char *name, int argc, char **argv, int *i, bool *ret_missing)
{
    size_t size = strlen(name);
    if (strncmp(argv[*i], name, size) != 0)
        return NULL;
    if (argv[*i][size] == '=' && size > 2)
        return argv[*i] + size + 1;
    if (argv[*i][size])
        return NULL;
    *ret_missing = *i + 1 >= argc;
    return *ret_missing ? NULL : argv[++*i];
}

static int take_word(struct line *line, int argc, char **argv, int *i)
{
    bool missing = false;
    const char *option = argv[*i];
    const char *value = common_value("-c", argc, argv, i, &missing);
    if (!value && !missing)
        value = common_value("--config", argc, argv, i, &missing);
    if (value) {
        line->cli.config_path = value;
        return CLI_OK;
    }
    if (!missing)
        value = common_value("--set", argc, argv, i, &missing);
    if (missing) {
        fprintf(stderr, "roiwatch: %s needs a value\n", option);
        return CLI_USAGE;
    }
    if (value)
        line->cli.sets[line->cli.n_sets++] = value;
    else if (strcmp(option, "--json") == 0)
        line->cli.json = true;
    else if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0)
        line->help = true;
    else if (strcmp(option, "--version") == 0)
        line->version = true;
    else
        line->rest[line->n_rest++] = argv[*i];
    return CLI_OK;
}

static int read_line(struct line *line, int argc, char **argv)
{
    line->cli.sets = calloc((size_t)argc + 1, sizeof(*line->cli.sets));
    line->rest = calloc((size_t)argc + 1, sizeof(*line->rest));
    if (!line->cli.sets || !line->rest)
        return CLI_FAILED;
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        only_words = only_words || strcmp(argv[i], "--") == 0;
        if (only_words) {
            line->rest[line->n_rest++] = argv[i];
            continue;
        }
        int r = take_word(line, argc, argv, &i);
        if (r)
            return r;
    }
    return CLI_OK;
}

static int run(struct line *line)
{
    if (line->version) {
        printf("roiwatch %s\n", ROIWATCH_VERSION);
        return CLI_OK;
    }
    if (line->n_rest == 0) {
        if (line->help) {
            commands_help();
            return CLI_OK;
        }
        fprintf(stderr, "roiwatch: which command? (roiwatch --help lists them)\n");
        return CLI_USAGE;
    }
    const struct cli_command *command = command_find(line->rest[0]);
    if (!command)
        return CLI_USAGE;
    if (line->help) {
        command_help(command);
        return CLI_OK;
    }
    return command->run(&line->cli, line->n_rest, line->rest);
}

int main(int argc, char **argv)
{
    CLEANUP(line_deinit) struct line line = {0};
    files_guard_standard();
    files_guard_secrets();
    signal(SIGPIPE, SIG_IGN); /* whoever writes sees the error, cleans up and says it */
    int r = read_line(&line, argc, argv);
    if (!r)
        r = run(&line);
    return r ? r : text_finish();
}
