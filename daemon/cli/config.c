#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/text.h"

enum { OPTION_SAMPLE, OPTION_REFERENCE };

int cli_config(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    CLEANUP(settings_release) struct settings *settings = NULL;
    struct cli_arguments arguments;
    int r = options_read(command_find(argv[0]), argc, argv, &arguments);
    if (r)
        return r;
    if (arguments.values[OPTION_SAMPLE]) {
        settings_sample(&text);
        return text_flush(&text);
    }
    if (arguments.values[OPTION_REFERENCE]) {
        settings_reference(&text);
        return text_flush(&text);
    }
    r = cli_load(cli, &settings);
    if (r)
        return r;
    if (cli->json)
        settings_json(settings, &text);
    else
        settings_yaml(settings, &text);
    return text_flush(&text);
}
