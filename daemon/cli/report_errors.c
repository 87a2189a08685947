#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/report_errors.h"

int cli_report_load(int result, const struct config_errors *errors)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    for (size_t i = 0; i < errors->n_items; i++) {
        config_error_text(&errors->items[i], &text);
        buffer_append_text(&text, "\n");
    }
    if (errors->n_errors + errors->n_warnings > errors->n_items)
        buffer_printf(&text, "… and %zu more\n", errors->n_errors + errors->n_warnings - errors->n_items);
    if (result == SETTINGS_INVALID)
        buffer_printf(&text, "roiwatch: %zu error%s in the configuration\n", errors->n_errors,
                      errors->n_errors == 1 ? "" : "s");
    if (result < 0)
        buffer_printf(&text, "roiwatch: the configuration could not be loaded: %s\n", strerror(-result));
    if (text.size)
        (void)fwrite(text.data, 1, text.size, stderr);
    return result == 0 ? CLI_OK : result == SETTINGS_INVALID ? CLI_CONFIGURATION : CLI_FAILED;
}

int cli_load(const struct cli *cli, struct settings **ret_settings)
{
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    int r = settings_load(cli->config_path, cli->sets, cli->n_sets, ret_settings, &errors);
    return cli_report_load(r, &errors);
}
