#include "daemon/cli/options.h"

#include <stdio.h>
#include <string.h>

#include "lib/config/nearest.h"
#include "lib/config/value.h"

void settings_release(struct settings **settings)
{
    settings_free(*settings);
}

const char *option_nearest(const char *text, const char *const *names, size_t n)
{
    struct nearest nearest;
    nearest_start(&nearest, span_of(text));
    for (size_t i = 0; i < n; i++)
        nearest_offer(&nearest, names[i]);
    return nearest.best;
}

static const struct cli_option *find_option(const struct cli_command *command, const char *name, size_t size)
{
    for (size_t i = 0; i < command->n_options; i++) {
        if (strlen(command->options[i].name) == size && memcmp(command->options[i].name, name, size) == 0)
            return &command->options[i];
    }
    return NULL;
}

static int unknown_option(const struct cli_command *command, const char *word)
{
    const char *names[OPTIONS_MAX];
    for (size_t i = 0; i < command->n_options; i++)
        names[i] = command->options[i].name;
    const char *nearest = option_nearest(word + 2, names, command->n_options);
    fprintf(stderr, "roiwatch %s: unknown option %s", command->name, word);
    if (nearest)
        fprintf(stderr, "; did you mean --%s?", nearest);
    fprintf(stderr, " (roiwatch %s --help lists them)\n", command->name);
    return CLI_USAGE;
}

/* Reads one option at argv[*i]; moves *i to the last word that it used. */
static int read_option(const struct cli_command *command, int argc, char **argv, int *i,
                       struct cli_arguments *arguments)
{
    const char *word = argv[*i];
    const char *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    const struct cli_option *option = find_option(command, word + 2, size);
    if (!option)
        return unknown_option(command, word);
    if (!option->argument && equals) {
        fprintf(stderr, "roiwatch %s: --%s takes no value\n", command->name, option->name);
        return CLI_USAGE;
    }
    if (option->argument && !equals && *i + 1 >= argc) {
        fprintf(stderr, "roiwatch %s: --%s needs a value: --%s %s\n", command->name, option->name,
                option->name, option->argument);
        return CLI_USAGE;
    }
    const char *value = "";
    if (option->argument)
        value = equals ? equals + 1 : argv[++*i];
    if (arguments->n_each == EACH_MAX) {
        fprintf(stderr, "roiwatch %s: more than %d options\n", command->name, (int)EACH_MAX);
        return CLI_USAGE;
    }
    size_t index = (size_t)(option - command->options);
    arguments->values[index] = value;
    arguments->each[arguments->n_each].option = index;
    arguments->each[arguments->n_each++].value = value;
    return CLI_OK;
}

static int read_positional(const struct cli_command *command, const char *word,
                           struct cli_arguments *arguments)
{
    if (arguments->n_positional >= command->n_positional || arguments->n_positional >= POSITIONAL_MAX) {
        fprintf(stderr, "roiwatch %s: what is \"%s\"? usage: roiwatch %s [OPTION]... %s\n", command->name,
                word, command->name, command->arguments);
        return CLI_USAGE;
    }
    arguments->positional[arguments->n_positional++] = word;
    return CLI_OK;
}

int options_read(const struct cli_command *command, int argc, char **argv,
                 struct cli_arguments *ret_arguments)
{
    struct cli_arguments arguments = {0};
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        int r;
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
            continue;
        }
        if (!only_words && strncmp(argv[i], "--", 2) == 0)
            r = read_option(command, argc, argv, &i, &arguments);
        else
            r = read_positional(command, argv[i], &arguments);
        if (r)
            return r;
    }
    if (arguments.n_positional < command->n_positional) {
        fprintf(stderr, "roiwatch %s: missing: %s\n", command->name, command->arguments);
        return CLI_USAGE;
    }
    *ret_arguments = arguments;
    return CLI_OK;
}

bool option_i64(const char *text, int64_t least, int64_t most, int64_t *ret_value)
{
    int64_t value;
    if (!value_int(text, &value) || value < least || value > most)
        return false;
    *ret_value = value;
    return true;
}

bool option_share(const char *text, int64_t *ret_micro)
{
    int64_t micro;
    if (!value_decimal(text, &micro) || micro < 0 || micro > 1000000)
        return false;
    *ret_micro = micro;
    return true;
}

int option_refuse(const struct cli_command *command, const char *option, const char *value,
                  const char *allowed)
{
    fprintf(stderr, "roiwatch %s: --%s %s: allowed is %s\n", command->name, option, value, allowed);
    return CLI_USAGE;
}
