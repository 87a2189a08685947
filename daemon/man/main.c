/*
 * Writes a man page to stdout, at build time: `roiwatch-manual roiwatch.1`. Whatever stands in a table of the programs
 * comes from there; what is said here is what no table knows.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/commands.h"
#include "lib/config/troff.h"

#ifndef ROIWATCH_VERSION
#define ROIWATCH_VERSION "unknown"
#endif

static void text(const char *words, struct buffer *page)
{
    troff_append(span_of(words), page);
}

static void begin(const char *name, int section, const char *what, struct buffer *page)
{
    buffer_printf(
        page,
        ".\\\" Written by roiwatch-manual from the tables in the code.\n.TH %s %d \"\" \"roiwatch %s\"\n",
        name, section, ROIWATCH_VERSION);
    buffer_printf(page, ".SH NAME\n%s \\- %s\n", name, what);
}

static void heading(const char *name, struct buffer *page)
{
    buffer_printf(page, ".SH %s\n", name);
}

static void paragraph(const char *words, struct buffer *page)
{
    buffer_append_text(page, ".PP\n");
    text(words, page);
    buffer_append_text(page, "\n");
}

/* A tag in bold with an argument in italics, and what it means. */
static void item(const char *tag, const char *argument, const char *meaning, struct buffer *page)
{
    buffer_append_text(page, ".TP\n\\fB");
    text(tag, page);
    buffer_append_text(page, "\\fR");
    if (argument && *argument) {
        buffer_append_text(page, " \\fI");
        text(argument, page);
        buffer_append_text(page, "\\fR");
    }
    buffer_append_text(page, "\n");
    text(meaning, page);
    buffer_append_text(page, ".\n");
}

static void example(const char *lines, struct buffer *page)
{
    buffer_append_text(page, ".PP\n.nf\n.RS\n");
    text(lines, page);
    buffer_append_text(page, ".RE\n.fi\n");
}

static void program_options(const struct program *program, struct buffer *page)
{
    for (size_t i = 0; i < program->n_options; i++) {
        const struct program_option *option = &program->options[i];
        char tag[64];
        if (option->letter)
            snprintf(tag, sizeof(tag), "-%c, --%s", option->letter, option->name);
        else
            snprintf(tag, sizeof(tag), "--%s", option->name);
        item(tag, option->argument, option->help, page);
    }
}

static void exits(const struct program *program, struct buffer *page)
{
    heading("EXIT STATUS", page);
    for (size_t i = 0; i < program->n_exits; i++) {
        char tag[16];
        snprintf(tag, sizeof(tag), "%d", program->exits[i].code);
        item(tag, NULL, program->exits[i].meaning, page);
    }
}

static void files(struct buffer *page)
{
    heading("FILES", page);
    item(SETTINGS_PATH, NULL, "the configuration, see roiwatch.yaml(5)", page);
    item("/etc/roiwatch/campaigns.d/*.yaml", NULL, "campaigns: their goals, prices and labels", page);
    item("/etc/roiwatch/credentials/", NULL,
         "secrets, for root alone; systemd hands them to the service. `redis.password_file: NAME` reads the "
         "file NAME "
         "there, and `kafka.properties` take NAME in the same way",
         page);
}

static void see_also(const char *pages, struct buffer *page)
{
    heading("SEE ALSO", page);
    text(pages, page);
    buffer_append_text(page, "\n");
}

static void roiwatchd_page(struct buffer *page)
{
    begin("roiwatchd", 8, "keep running cost and revenue per ad campaign", page);
    heading("SYNOPSIS", page);
    buffer_append_text(page, "\\fBroiwatchd\\fR [\\fIOPTION\\fR]...\n");
    heading("DESCRIPTION", page);
    text(roiwatchd_program.summary, page);
    buffer_append_text(page, "\n");
    paragraph("Every event counts once, to the micro-unit of the account's currency, also after a crash, a "
              "rebalance or "
              "a lost connection. All state is in Redis: a process that is killed loses nothing, and more "
              "processes "
              "with the same configuration share the work as members of one consumer group.",
              page);
    heading("OPTIONS", page);
    program_options(&roiwatchd_program, page);
    heading("AS A SERVICE", page);
    paragraph("roiwatchd.service is one process. roiwatchd@PORT.service is one more, whose HTTP listener is "
              "at PORT of "
              "the loopback address: `systemctl enable --now roiwatchd@9465`. No unit is enabled before an "
              "operator "
              "does so, because the first start fixes what cannot be changed later: shards and currency.",
              page);
    paragraph("The service is ready when counting goes on, or after 15 s. `systemctl status` shows "
              "partitions, how far "
              "the numbers are complete and goals that fire, or what is waited for. The watchdog ends a "
              "process that "
              "hangs. Exit status 2 and 78 are not followed by another start.",
              page);
    heading("SIGNALS", page);
    item("SIGTERM, SIGINT", NULL,
         "finish what is in flight and end, after 5 s at the latest; being killed is as safe", page);
    item("SIGHUP", NULL,
         "read the configuration again, as `systemctl reload` asks for; a file with an error changes nothing",
         page);
    exits(&roiwatchd_program, page);
    files(page);
    see_also("roiwatch(1), roiwatch.yaml(5), systemctl(1), journalctl(1)", page);
}

static void command_section(const struct cli_command *command, struct buffer *page)
{
    buffer_printf(page, ".SS roiwatch %s%s%s\n", command->name, *command->arguments ? " " : "",
                  command->arguments);
    char summary[160];
    snprintf(summary, sizeof(summary), "%c%s.", command->summary[0] - ('a' - 'A'), command->summary + 1);
    text(summary, page);
    buffer_append_text(page, "\n");
    for (size_t i = 0; i < command->n_options; i++) {
        char tag[64];
        snprintf(tag, sizeof(tag), "--%s", command->options[i].name);
        item(tag, command->options[i].argument, command->options[i].help, page);
    }
}

static void roiwatch_page(struct buffer *page)
{
    begin("roiwatch", 1, "look at what ad campaigns cost and earn, and operate roiwatchd", page);
    heading("SYNOPSIS", page);
    buffer_append_text(page, "\\fBroiwatch\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n");
    heading("DESCRIPTION", page);
    text(roiwatch_program.summary, page);
    buffer_append_text(page, "\n");
    paragraph("It reads the configuration of the daemon to find Redis and Kafka. Data goes to stdout, "
              "messages to stderr.",
              page);
    heading("COMMANDS", page);
    for (size_t i = 0; cli_commands[i]; i++)
        command_section(cli_commands[i], page);
    heading("OPTIONS OF EVERY COMMAND", page);
    program_options(&roiwatch_program, page);
    exits(&roiwatch_program, page);
    files(page);
    heading("EXAMPLES", page);
    example("roiwatch check --live\nroiwatch top --window 1h\nroiwatch show spring-sale --json\n"
            "roiwatch offsets --wait 60s\nroiwatch replay --reason too_large --dry-run\n",
            page);
    see_also("roiwatchd(8), roiwatch.yaml(5)", page);
}

static void roiwatch_yaml_page(struct buffer *page)
{
    begin("roiwatch.yaml", 5, "configuration of roiwatchd", page);
    heading("DESCRIPTION", page);
    text("roiwatch reads one YAML file, then campaigns.d/*.yaml beside it, which add campaigns, then --set "
         "KEY=VALUE, "
         "for which a key is a path with dots. Only kafka.brokers and redis.url are required. Unknown keys "
         "are errors, "
         "as are a campaign in two files, aliases, anchors and tags. `roiwatch check` says what is wrong and "
         "where, "
         "`roiwatch config` prints what is in force.",
         page);
    buffer_append_text(page, "\n");
    paragraph("Durations are whole numbers with ms, s, m, h or d, sizes with B, KiB, MiB or GiB; 0 needs no "
              "unit. Money "
              "and other decimals have at most 6 digits after the point. ~ is none.",
              page);
    paragraph("\"A change\" says what a new value does: live and from now on without further steps (the "
              "latter does not "
              "touch what was counted before), needs a rebuild counts the history again, refused stands as "
              "long as the "
              "data does.",
              page);
    heading("EXAMPLE", page);
    example("kafka: {brokers: \"kafka1:9092,kafka2:9092\"}\nredis: {url: \"redis://localhost:6379/0\", "
            "password_file: "
            "redis-password}\naccount: {currency: EUR, timezone: Europe/Berlin}\ncampaigns:\n  spring-sale:\n"
            "    cost: {cpm: 2.50}\n    goals: [{name: roi, metric: roi, target: 0.5, window: 7d, rule: "
            "threshold}]\n",
            page);
    heading("KEYS", page);
    settings_manual(page);
    files(page);
    see_also("roiwatchd(8), roiwatch(1)", page);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(struct buffer *page);
    } pages[] = {{"roiwatchd.8", roiwatchd_page},
                 {"roiwatch.1", roiwatch_page},
                 {"roiwatch.yaml.5", roiwatch_yaml_page}};
    CLEANUP(buffer_deinit) struct buffer page = BUFFER_INIT;
    for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(pages); i++)
        if (strcmp(argv[1], pages[i].name) == 0)
            pages[i].write(&page);
    if (page.size == 0) {
        fprintf(stderr, "Usage: roiwatch-manual roiwatchd.8|roiwatch.1|roiwatch.yaml.5\n");
        return CLI_USAGE;
    }
    if (buffer_status(&page) < 0 || fwrite(page.data, 1, page.size, stdout) != page.size ||
        fflush(stdout) != 0)
        return CLI_FAILED;
    return CLI_OK;
}
