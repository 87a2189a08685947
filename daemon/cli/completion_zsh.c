#include <string.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/completion.h"

/* Text inside of '…' in which _arguments or _describe give `[`, `]` and `:` a meaning. */
static void append_quoted(const char *text, struct buffer *buffer)
{
    for (; *text; text++) {
        if (*text == '\'')
            buffer_append_text(buffer, "'\\''");
        else
            buffer_printf(buffer, strchr("[]:\\", *text) ? "\\%c" : "%c", *text);
    }
}

/* `[help]`, and `:ARGUMENT:action` where a value follows. */
static void append_meaning(const char *name, const char *argument, const char *help, struct buffer *buffer)
{
    buffer_append_text(buffer, "'[");
    append_quoted(help, buffer);
    buffer_append_text(buffer, "]");
    if (argument) {
        buffer_append_text(buffer, ":");
        append_quoted(argument, buffer);
        buffer_append_text(buffer, strcmp(argument, "FILE") == 0 ? ":_files"
                                   : strcmp(name, "set") == 0    ? ":_roiwatch_keys"
                                                                 : ": ");
    }
    buffer_append_text(buffer, "'");
}

static void append_program(const struct program *program, struct buffer *buffer)
{
    for (size_t i = 0; i < program->n_options; i++) {
        const struct program_option *option = &program->options[i];
        if (option->letter)
            buffer_printf(buffer, "    '(-%c --%s)'{-%c,--%s}", option->letter, option->name, option->letter,
                          option->name);
        else
            buffer_printf(buffer, "    '%s--%s'", strcmp(option->name, "set") == 0 ? "*" : "", option->name);
        append_meaning(option->name, option->argument, option->help, buffer);
        buffer_append_text(buffer, "\n");
    }
}

static void append_command(const struct cli_command *command, struct buffer *buffer)
{
    buffer_printf(buffer, "        %s) _arguments $common", command->name);
    for (size_t i = 0; i < command->n_options; i++) {
        buffer_printf(buffer, " \\\n            '--%s'", command->options[i].name);
        append_meaning("", command->options[i].argument, command->options[i].help, buffer);
    }
    if (command->n_positional) {
        buffer_printf(buffer, " \\\n            '1:%s:", command->arguments);
        buffer_append_text(buffer, command->words ? "(" : " ");
        for (size_t i = 0; command->words && command->words[i]; i++)
            buffer_printf(buffer, "%s%s", i ? " " : "", command->words[i]);
        buffer_append_text(buffer, command->words ? ")'" : "'");
    }
    buffer_append_text(buffer, " ;;\n");
}

void completion_zsh(struct span keys, struct buffer *buffer)
{
    buffer_append_text(buffer, "#compdef roiwatch roiwatchd\n"
                               "# zsh completion; written by `roiwatch completion zsh`\n\n"
                               "_roiwatch_keys() {\n  local -a keys\n  keys=(\n    ");
    for (size_t i = 0; i < keys.size; i++)
        buffer_printf(buffer, keys.data[i] == '\n' ? "\n    " : "%c", keys.data[i]);
    buffer_append_text(buffer, ")\n  compadd -S = -a keys\n}\n\n"
                               "_roiwatch() {\n  local curcontext=$curcontext state line\n"
                               "  local -a common commands\n"
                               "  if [[ $service == roiwatchd ]]; then\n    common=(\n");
    append_program(&roiwatchd_program, buffer);
    buffer_append_text(buffer, "    )\n    _arguments $common\n    return\n  fi\n  common=(\n");
    append_program(&roiwatch_program, buffer);
    buffer_append_text(buffer, "  )\n  commands=(\n");
    for (size_t i = 0; cli_commands[i]; i++) {
        buffer_printf(buffer, "    '%s:", cli_commands[i]->name);
        append_quoted(cli_commands[i]->summary, buffer);
        buffer_append_text(buffer, "'\n");
    }
    buffer_append_text(buffer, "  )\n  _arguments -C $common '1:command:->command' '*::argument:->argument'\n"
                               "  case $state in\n    command) _describe command commands ;;\n"
                               "    argument)\n      case $words[1] in\n");
    for (size_t i = 0; cli_commands[i]; i++)
        append_command(cli_commands[i], buffer);
    buffer_append_text(buffer, "      esac ;;\n  esac\n}\n\n"
                               "# Sourced, or found by compinit in $fpath.\n"
                               "if [[ $funcstack[1] == _roiwatch ]]; then\n  _roiwatch \"$@\"\n"
                               "else\n  compdef _roiwatch roiwatch roiwatchd\nfi\n");
}
