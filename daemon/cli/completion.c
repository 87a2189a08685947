/*
 * completion: a script for a shell, to be sourced or put where the shell looks for such.
 */
#include "daemon/cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "daemon/cli/commands.h"

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static int run_completion(const struct cli *cli, int argc, char **argv)
{
    static void (*const writers[])(struct span, struct buffer *) = {completion_bash, completion_zsh,
                                                                    completion_fish};
    CLEANUP(buffer_deinit) struct buffer keys = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    struct cli_arguments arguments;
    (void)cli;
    int r = options_read(&completion_command, argc, argv, &arguments);
    if (r)
        return r;
    settings_keys(&keys);
    for (size_t i = 0; shells[i]; i++) {
        if (strcmp(arguments.positional[0], shells[i]) != 0)
            continue;
        writers[i](buffer_span(&keys), &text);
        bool written = buffer_status(&keys) == 0 && buffer_status(&text) == 0 &&
                       fwrite(text.data, 1, text.size, stdout) == text.size;
        if (!written)
            fprintf(stderr, "roiwatch completion: the script could not be written\n");
        return written ? CLI_OK : CLI_FAILED;
    }
    fprintf(stderr, "roiwatch completion: there is none for \"%s\"; there are bash, zsh and fish\n",
            arguments.positional[0]);
    return CLI_USAGE;
}

const struct cli_command completion_command = {
    .name = "completion",
    .arguments = "SHELL",
    .summary = "print a completion script for bash, zsh or fish",
    .n_positional = 1,
    .words = shells,
    .run = run_completion,
};
