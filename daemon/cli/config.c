#include <errno.h>
#include <stdio.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"

enum { OPTION_SAMPLE, OPTION_REFERENCE };

static int print(const struct buffer *text)
{
    if (buffer_status(text) == 0 && fwrite(text->data, 1, text->size, stdout) == text->size &&
        fflush(stdout) == 0)
        return CLI_OK;
    fprintf(stderr, "roiwatch config: the configuration could not be written\n");
    return CLI_FAILED;
}

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
        return print(&text);
    }
    if (arguments.values[OPTION_REFERENCE]) {
        settings_reference(&text);
        return print(&text);
    }
    r = cli_load(cli, &settings);
    if (r)
        return r;
    if (cli->json)
        settings_json(settings, &text);
    else
        settings_yaml(settings, &text);
    return print(&text);
}
