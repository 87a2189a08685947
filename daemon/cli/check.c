#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/report_errors.h"
#include "daemon/cli/text.h"
#include "daemon/identity_key.h"
#include "daemon/lookup_file.h"
#include "lib/base/json.h"

enum { OPTION_LIVE, OPTION_STRICT };

static void append_place(const struct config_error *error, struct buffer *buffer)
{
    buffer_append_text(buffer, "{\"file\":");
    json_append_text(buffer, span_of(error->place.file));
    buffer_printf(buffer, ",\"line\":%u,\"column\":%u,\"key\":", error->place.line, error->place.column);
    json_append_text(buffer, span_of(error->key));
    buffer_append_text(buffer, ",\"text\":");
    json_append_text(buffer, span_of(error->text));
    buffer_append_text(buffer, "}");
}

static void append_list(const struct config_errors *errors, bool warnings, struct buffer *buffer)
{
    bool first = true;
    buffer_printf(buffer, ",\"%s\":[", warnings ? "warnings" : "errors");
    for (size_t i = 0; i < errors->n_items; i++) {
        if (errors->items[i].warning != warnings)
            continue;
        buffer_append_text(buffer, first ? "" : ",");
        append_place(&errors->items[i], buffer);
        first = false;
    }
    buffer_append_text(buffer, "]");
}

/* live is NULL where the servers were not looked at. */
static int print_json(const struct settings *settings, const struct config_errors *errors,
                      const struct buffer *live, bool ok)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    buffer_printf(&text, "{\"ok\":%s", ok ? "true" : "false");
    append_list(errors, false, &text);
    append_list(errors, true, &text);
    if (settings)
        buffer_printf(&text, ",\"topics\":%zu,\"windows\":%zu,\"campaigns\":%zu,\"fingerprint\":\"%s\"",
                      settings->kafka.n_topics, settings->windows.n, settings->campaigns.configured.n,
                      settings->fingerprint);
    if (live) {
        buffer_append_text(&text, ",\"live\":[");
        buffer_append_span(&text, buffer_span(live));
        buffer_append_u8(&text, ']');
    }
    buffer_append_text(&text, "}\n");
    return text_flush(&text);
}

static size_t count_goals(const struct settings *settings)
{
    size_t n = 0;
    for (size_t i = 0; i < settings->book.n_campaigns; i++)
        n += settings->book.campaigns[i].n_goals;
    return n;
}

/* ads may be NULL. */
static void print_lookup(const struct settings *settings, const struct ad_table *ads)
{
    const struct lookup_source *source = &settings->lookup.ad_id;
    if (ads)
        printf("lookup     %zu ads in %s\n", ad_table_count(ads), source->file);
    else if (source->redis_hash)
        printf("lookup     Redis hash %s\n", source->redis_hash);
}

static void print_findings(const struct settings *settings, const struct ad_table *ads)
{
    const struct redis_address *address = &settings->redis.address;
    printf("ok\n");
    printf("kafka      %s, group %s\n", settings->kafka.brokers, settings->kafka.group);
    for (size_t i = 0; i < settings->kafka.n_topics; i++)
        printf("topic      %s (%s)\n", settings->kafka.topics[i].name,
               event_type_topic_key(settings->kafka.topics[i].type));
    printf("redis      %s, prefix %s, %lld shards\n", address->url, settings->redis.prefix,
           (long long)settings->redis.shards);
    printf("account    %s, %s\n", settings->account.currency, settings->account.timezone);
    print_lookup(settings, ads);
    printf("windows   ");
    for (size_t i = 0; i < settings->windows.n; i++)
        printf(" %s", settings->windows.items[i].name);
    printf("\ncampaigns  %zu configured, with %zu goals; %zu default goals for the others\n",
           settings->book.n_campaigns, count_goals(settings), settings->book.defaults.n_goals);
    printf("           (fingerprint %s)\n", settings->fingerprint);
}

/* Where a configuration is checked, its keys need not be: that the daemon would not start here is a warning. */
static int identity_key_check(const struct settings *settings, const char *config_path,
                              struct config_errors *errors)
{
    struct identity_rules rules;
    char why[IDENTITY_KEY_WHY_SIZE];
    if (identity_rules_load(&settings->attribution, &rules, why))
        return 0;
    config_warning_add(errors, (struct config_place){.file = config_path ? config_path : SETTINGS_PATH},
                       "attribution.identity_key_file", "%s: roiwatchd does not start without it", why);
    return errors->no_memory ? -ENOMEM : 0;
}

static void ads_release(struct ad_table **ads)
{
    ad_table_free(*ads);
}

int cli_check(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(ads_release) struct ad_table *ads = NULL;
    struct cli_arguments arguments;
    int r = options_read(command_find(argv[0]), argc, argv, &arguments);
    if (r)
        return r;
    r = settings_load(cli->config_path, cli->sets, cli->n_sets, &settings, &errors);
    if (r == 0)
        r = lookup_file_check(settings, cli->config_path, &ads, &errors);
    if (r == 0)
        r = identity_key_check(settings, cli->config_path, &errors);
    r = cli_report_load(r, &errors);
    size_t n_warnings = errors.n_warnings, n_live_warnings = 0;
    bool loaded = r == CLI_OK, live = loaded && arguments.values[OPTION_LIVE];
    CLEANUP(buffer_deinit) struct buffer findings = BUFFER_INIT;
    int printed = CLI_OK;
    if (live)
        r = cli_check_live(settings, &findings, &n_live_warnings);
    if (cli->json && (loaded || r == CLI_CONFIGURATION))
        printed = print_json(settings, &errors, live ? &findings : NULL, r == CLI_OK);
    else if (r == CLI_OK)
        print_findings(settings, ads);
    if (r == CLI_OK && arguments.values[OPTION_STRICT] && n_warnings + n_live_warnings > 0)
        return CLI_WARNINGS;
    return r ? r : printed;
}
