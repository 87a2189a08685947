#include "daemon/program.h"

#include <string.h>

#include "daemon/settings.h"

static const struct program_option roiwatchd_options[] = {
    {'c', "config", "FILE", "the configuration (" SETTINGS_PATH ")"},
    {0, "set", "KEY=VALUE", "set one key of the configuration, as in --set redis.flush=100ms; several times"},
    {0, "log-format", "NAME",
     "how lines are logged on stderr: auto, journal, text or json; auto is the journal where "
     "stderr is its, else text"},
    {'h', "help", NULL, "print this"},
    {0, "version", NULL, "print the version"},
};

static const struct program_exit roiwatchd_exits[] = {
    {0, "ended as asked"}, {1, "failure"}, {2, "usage"}, {77, "denied (login or right refused) or fenced"},
    {78, "configuration"},
};

const struct program roiwatchd_program = {
    .name = "roiwatchd",
    .summary =
        "Reads ad impressions, clicks and orders from Kafka, keeps running cost and revenue per campaign in "
        "Redis, and flags campaigns that fall under their ROI goals.",
    .options = roiwatchd_options,
    .n_options = ARRAY_SIZE(roiwatchd_options),
    .exits = roiwatchd_exits,
    .n_exits = ARRAY_SIZE(roiwatchd_exits),
};

void program_print_words(FILE *file, const char *text, size_t column, size_t indent)
{
    for (bool first = true; *text; first = false) {
        size_t size = strcspn(text, " ");
        if (!first && column + 1 + size > PROGRAM_LINE) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', file);
            column++;
        }
        fprintf(file, "%.*s", (int)size, text);
        column += size;
        text += size;
        text += *text == ' ';
    }
    fputc('\n', file);
}

void program_print_options(FILE *file, const struct program *program)
{
    for (size_t i = 0; i < program->n_options; i++) {
        const struct program_option *option = &program->options[i];
        char letter[8] = "", left[64];
        if (option->letter)
            snprintf(letter, sizeof(letter), "-%c, ", option->letter);
        snprintf(left, sizeof(left), "  %s--%s%s%s", letter, option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        fprintf(file, "%-*s", PROGRAM_HELP_COLUMN, left);
        program_print_words(file, option->help, PROGRAM_HELP_COLUMN, PROGRAM_HELP_COLUMN);
    }
}

void program_print_exits(FILE *file, const struct program *program)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    buffer_append_text(&text, "Exit codes:");
    for (size_t i = 0; i < program->n_exits; i++)
        buffer_printf(&text, " %d %s%s", program->exits[i].code, program->exits[i].meaning,
                      i + 1 < program->n_exits ? "," : ".");
    buffer_append_u8(&text, '\0');
    if (buffer_status(&text) == 0)
        program_print_words(file, text.data, 0, 0);
}
