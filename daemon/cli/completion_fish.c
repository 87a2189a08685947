#include <string.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/completion.h"

/* In '…' of fish only the quote and the backslash have a meaning. */
static void append_quoted(const char *text, struct buffer *buffer)
{
    buffer_append_text(buffer, "'");
    for (; *text; text++)
        buffer_printf(buffer, strchr("'\\", *text) ? "\\%c" : "%c", *text);
    buffer_append_text(buffer, "'");
}

static void append_value(const char *name, const char *argument, const char *help, struct buffer *buffer)
{
    if (argument)
        buffer_append_text(buffer, strcmp(argument, "FILE") == 0 ? " -r -F"
                                   : strcmp(name, "set") == 0    ? " -x -a '(__roiwatch_keys)'"
                                                                 : " -x");
    buffer_append_text(buffer, " -d ");
    append_quoted(help, buffer);
    buffer_append_text(buffer, "\n");
}

static void append_program(const struct program *program, struct buffer *buffer)
{
    buffer_printf(buffer, "complete -c %s -f\n", program->name);
    for (size_t i = 0; i < program->n_options; i++) {
        const struct program_option *option = &program->options[i];
        buffer_printf(buffer, "complete -c %s -l %s", program->name, option->name);
        if (option->letter)
            buffer_printf(buffer, " -s %c", option->letter);
        append_value(option->name, option->argument, option->help, buffer);
    }
}

static void append_command(const struct cli_command *command, struct buffer *buffer)
{
    buffer_printf(buffer, "complete -c roiwatch -n __fish_use_subcommand -a %s -d ", command->name);
    append_quoted(command->summary, buffer);
    buffer_append_text(buffer, "\n");
    for (size_t i = 0; i < command->n_options; i++) {
        buffer_printf(buffer, "complete -c roiwatch -n '__fish_seen_subcommand_from %s' -l %s", command->name,
                      command->options[i].name);
        append_value("", command->options[i].argument, command->options[i].help, buffer);
    }
    for (size_t i = 0; command->words && command->words[i]; i++)
        buffer_printf(buffer, "complete -c roiwatch -n '__fish_seen_subcommand_from %s' -a %s\n",
                      command->name, command->words[i]);
}

void completion_fish(struct span keys, struct buffer *buffer)
{
    buffer_append_text(buffer,
                       "# fish completion for roiwatch and roiwatchd; written by `roiwatch completion fish`\n"
                       "function __roiwatch_keys\n    printf '%s=\\n'");
    for (size_t i = 0; i < keys.size; i++)
        buffer_printf(buffer, i == 0 || keys.data[i - 1] == '\n' ? " %c" : "%c",
                      keys.data[i] == '\n' ? ' ' : keys.data[i]);
    buffer_append_text(buffer, "\nend\n");
    append_program(&roiwatchd_program, buffer);
    append_program(&roiwatch_program, buffer);
    for (size_t i = 0; cli_commands[i]; i++)
        append_command(cli_commands[i], buffer);
}
