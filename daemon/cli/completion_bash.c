#include <string.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/completion.h"

static void append_program_words(const struct program *program, struct buffer *buffer)
{
    for (size_t i = 0; i < program->n_options; i++) {
        if (program->options[i].letter)
            buffer_printf(buffer, "-%c ", program->options[i].letter);
        buffer_printf(buffer, "--%s ", program->options[i].name);
    }
}

/* What may be typed after the command, and which of it is followed by a value. */
static void append_command(const struct cli_command *command, struct buffer *buffer)
{
    buffer_printf(buffer, "        %s)\n            words+=\"", command->name);
    for (size_t i = 0; i < command->n_options; i++)
        buffer_printf(buffer, "--%s ", command->options[i].name);
    for (size_t i = 0; command->words && command->words[i]; i++)
        buffer_printf(buffer, "%s ", command->words[i]);
    buffer_append_text(buffer, "\"\n");
    bool valued = false;
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].argument && strcmp(command->options[i].argument, "FILE") != 0) {
            buffer_printf(buffer, "%s--%s", valued ? " | " : "            case $previous in ",
                          command->options[i].name);
            valued = true;
        }
    buffer_append_text(buffer, valued ? ") return ;; esac\n            ;;\n" : "            ;;\n");
}

static void append_commands(struct buffer *buffer)
{
    buffer_append_text(buffer, "        \"\") words+=\"");
    for (size_t i = 0; cli_commands[i]; i++)
        buffer_printf(buffer, "%s ", cli_commands[i]->name);
    buffer_append_text(buffer, "\" ;;\n");
    for (size_t i = 0; cli_commands[i]; i++)
        append_command(cli_commands[i], buffer);
}

/* Options of commands whose value is a file. */
static void append_file_options(struct buffer *buffer)
{
    for (size_t c = 0; cli_commands[c]; c++)
        for (size_t i = 0; i < cli_commands[c]->n_options; i++) {
            const struct cli_option *option = &cli_commands[c]->options[i];
            if (option->argument && strcmp(option->argument, "FILE") == 0)
                buffer_printf(buffer, " | --%s", option->name);
        }
}

static void append_keys(struct span keys, struct buffer *buffer)
{
    for (size_t i = 0; i < keys.size; i++)
        buffer_printf(buffer, keys.data[i] == '\n' ? "= " : "%c", keys.data[i]);
}

void completion_bash(struct span keys, struct buffer *buffer)
{
    buffer_append_text(buffer,
                       "# bash completion for roiwatch and roiwatchd; written by `roiwatch completion bash`\n"
                       "_roiwatch()\n{\n"
                       "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
                       "    local program=$1 command=\"\" words=\"\" word skip=\"\" i\n"
                       "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                       "        word=${COMP_WORDS[i]}\n"
                       "        if [[ $skip || $word == \"=\" ]]; then\n"
                       "            skip=\"\"\n            continue\n        fi\n"
                       "        case $word in\n"
                       "            -c | --config | --set) skip=1 ;;\n"
                       "            -*) ;;\n"
                       "            *) command=$word; break ;;\n"
                       "        esac\n    done\n"
                       "    case $previous in\n"
                       "        =) return ;;\n"
                       "        -c | --config");
    append_file_options(buffer);
    buffer_append_text(buffer, ")\n            compopt -o filenames\n"
                               "            mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                               "            return\n            ;;\n"
                               "        --set)\n            compopt -o nospace\n"
                               "            mapfile -t COMPREPLY < <(compgen -W \"");
    append_keys(keys, buffer);
    buffer_append_text(buffer, "\" -- \"$current\")\n            return\n            ;;\n    esac\n"
                               "    if [[ ${program##*/} == roiwatchd ]]; then\n"
                               "        mapfile -t COMPREPLY < <(compgen -W \"");
    append_program_words(&roiwatchd_program, buffer);
    buffer_append_text(buffer, "\" -- \"$current\")\n        return\n    fi\n    words=\"");
    append_program_words(&roiwatch_program, buffer);
    buffer_append_text(buffer, "\"\n    case $command in\n");
    append_commands(buffer);
    buffer_append_text(buffer,
                       "    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n"
                       "complete -F _roiwatch roiwatch roiwatchd\n");
}
