#include <stdio.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/reader.h"
#include "daemon/cli/text.h"

enum { OPTION_FOLLOW, OPTION_COUNT };

static const struct cli_option options[] = {
    {"follow", NULL, "go on with new ones as they come"},
    {"count", "N", "how many of the latest (10)"},
};

/* Prints entries and remembers the id of the last. */
static int print_entries(const redisReply *entries, bool json, char last_id[48])
{
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    struct alert_entry entry;
    for (size_t i = 0; alert_entry_at(entries, i, &entry); i++) {
        if (!json)
            alert_line(&out, &entry);
        else if (alert_entry_json(&out, &entry) < 0)
            return CLI_FAILED;
        buffer_append_u8(&out, '\n');
        snprintf(last_id, 48, "%s", entry.id);
    }
    return text_flush(&out);
}

/* Until a signal ends the program, or stdout is closed. */
static int follow(struct store *store, bool json, char last_id[48])
{
    for (;;) {
        CLEANUP(reply_free) redisReply *streams = NULL;
        int r = reader_alerts_after(store, last_id, 1000, &streams);
        if (!r)
            r = print_entries(alerts_of_stream(streams), json, last_id);
        if (!r)
            r = text_watch();
        if (r)
            return r;
    }
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(store_deinit) struct store store = {0};
    CLEANUP(reply_free) redisReply *entries = NULL;
    struct cli_arguments arguments;
    char last_id[48] = "0-0";
    int64_t count = 10;
    int r = options_read(&alerts_command, argc, argv, &arguments);
    if (!r && arguments.values[OPTION_COUNT] &&
        !option_i64(arguments.values[OPTION_COUNT], 1, 1000000, &count))
        r = option_refuse(&alerts_command, "count", arguments.values[OPTION_COUNT],
                          "a whole number from 1 to 1000000");
    if (!r)
        r = cli_load(cli, &settings);
    if (!r)
        r = store_open(&store, &settings->redis);
    if (!r)
        r = reader_last_alerts(&store, count, &entries);
    if (!r)
        r = print_entries(entries, cli->json, last_id);
    if (!r && arguments.values[OPTION_FOLLOW])
        r = follow(&store, cli->json, last_id);
    return r;
}

const struct cli_command alerts_command = {
    .name = "alerts",
    .arguments = "",
    .summary = "print the latest alerts, one a line",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .run = run,
};
