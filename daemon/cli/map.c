/*
 * map: how events are read, field by field, and why they are refused. Asks no server.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/map_input.h"
#include "daemon/cli/map_text.h"
#include "daemon/cli/report_errors.h"
#include "daemon/cli/text.h"
#include "daemon/lookup_file.h"

enum { OPTION_TOPIC, OPTION_HEADERS, HEADERS_MAX = 64, INPUT_BYTES_MAX = 64 * 1024 * 1024 };

static const struct cli_option options[] = {
    {"topic", "NAME", "the topic whose mapping and type hold (the mapping of all topics, no type)"},
    {"headers", "LIST", "headers of the records: NAME=VALUE, with commas between"},
};

/* What the events are read with. */
struct map {
    struct settings *settings; /* owned */
    struct ad_table *ads;      /* owned; NULL: there is no lookup, or it is in Redis */
    struct decoder *decoder;   /* owned */
    struct decode_input input; /* of every event, but for its value */
    struct decode_header headers[HEADERS_MAX];
};

static void map_deinit(struct map *map)
{
    decoder_free(map->decoder);
    ad_table_free(map->ads);
    settings_free(map->settings);
}

static int read_input(struct buffer *ret_input)
{
    char chunk[65536];
    ssize_t n;

    if (isatty(STDIN_FILENO))
        fprintf(stderr, "roiwatch map: reading JSON from the terminal; Ctrl-D ends it\n");
    while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            fprintf(stderr, "roiwatch map: stdin cannot be read: %s\n", strerror(errno));
            return CLI_FAILED;
        }
        buffer_append(ret_input, chunk, (size_t)n);
        if (ret_input->size > INPUT_BYTES_MAX || buffer_status(ret_input) < 0) {
            fprintf(stderr, "roiwatch map: more than 64 MiB on stdin, or no memory; give it a few events\n");
            return CLI_FAILED;
        }
    }
    return CLI_OK;
}

/* NAME=VALUE,NAME=VALUE; spans point into the text. */
static int read_headers(const struct cli_command *command, const char *text, struct map *map)
{
    const char *at = text;

    while (at && *at) {
        size_t size = strcspn(at, ",");
        const char *equals = memchr(at, '=', size);
        if (!equals || equals == at || map->input.n_headers == HEADERS_MAX)
            return option_refuse(
                command, "headers", text,
                "up to 64 NAME=VALUE with commas between, such as ce_type=com.example.order");
        map->headers[map->input.n_headers++] = (struct decode_header){
            span_from(at, (size_t)(equals - at)), span_from(equals + 1, size - (size_t)(equals - at) - 1)};
        at += size + (at[size] == ',');
    }
    map->input.headers = map->headers;
    return CLI_OK;
}

static enum event_type topic_type(const struct settings *settings, const char *topic)
{
    for (size_t i = 0; i < settings->kafka.n_topics; i++)
        if (strcmp(settings->kafka.topics[i].name, topic) == 0)
            return settings->kafka.topics[i].type;
    fprintf(stderr, "roiwatch map: kafka.topics does not name %s: its events need a `type` of their own\n",
            topic);
    return EVENT_NONE;
}

static int map_prepare(struct map *map, const char *topic)
{
    const struct settings *settings = map->settings;
    struct decode_rules rules = {
        .future_ms = settings->lateness.future_ms,
        .message_bytes = settings->limits.message_bytes,
        .has_lookup = lookup_is_configured(&settings->lookup.ad_id),
        .rates = settings->account_rates,
    };

    snprintf(rules.currency, sizeof(rules.currency), "%s", settings->account.currency);
    map->input.record_ts_ms = NO_RECORD_TIME;
    map->input.topic_type = topic ? topic_type(settings, topic) : EVENT_NONE;
    map->input.mapping = mapping_of(&settings->mapping, topic);
    if (decoder_new(&rules, &map->decoder) == 0)
        return CLI_OK;
    fprintf(stderr, "roiwatch map: no memory\n");
    return CLI_FAILED;
}

static int map_event(struct map *map, struct span value, bool json, struct buffer *text, bool *ret_accepted)
{
    struct map_result result = {.decoder = map->decoder,
                                .mapping = map->input.mapping,
                                .topic_type = map->input.topic_type,
                                .account_currency = map->settings->account.currency};
    int r;

    map->input.value = value;
    r = decode_input(map->decoder, &map->input, &result.event, &result.field);
    if (r < 0) {
        fprintf(stderr, "roiwatch map: no memory\n");
        return CLI_FAILED;
    }
    if (r == 0 && result.event.ad_id.size && map->ads) {
        r = ad_table_resolve(map->ads, &result.event);
        result.field = r ? field_name(FIELD_AD_ID) : result.field;
    }
    result.reason = (enum reject_reason)r;
    *ret_accepted = r == 0;
    (json ? map_append_json : map_append_text)(&result, text);
    return text_flush(text);
}

static int map_all(struct map *map, struct span rest, bool json)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    size_t n = 0, n_accepted = 0;
    struct span value;

    while (map_input_next(&rest, &value)) {
        bool accepted;
        int r = map_event(map, value, json, &text, &accepted);
        if (r)
            return r;
        n++;
        n_accepted += accepted;
    }
    if (n == 0)
        fprintf(stderr,
                "roiwatch map: there is nothing on stdin; give it events: roiwatch map < sample.json\n");
    return n && n == n_accepted ? CLI_OK : CLI_FAILED;
}

static int load(const struct cli *cli, struct map *map)
{
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    int r = settings_load(cli->config_path, cli->sets, cli->n_sets, &map->settings, &errors);

    if (r == 0)
        r = lookup_file_check(map->settings, cli->config_path, &map->ads, &errors);
    return cli_report_load(r, &errors);
}

static int cli_map(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(buffer_deinit) struct buffer input = BUFFER_INIT;
    CLEANUP(map_deinit) struct map map = {0};
    struct cli_arguments arguments;
    int r = options_read(&map_command, argc, argv, &arguments);

    if (!r)
        r = read_headers(&map_command, arguments.values[OPTION_HEADERS], &map);
    if (!r)
        r = load(cli, &map);
    if (!r)
        r = map_prepare(&map, arguments.values[OPTION_TOPIC]);
    if (!r)
        r = read_input(&input);
    return r ? r : map_all(&map, buffer_span(&input), cli->json);
}

const struct cli_command map_command = {
    .name = "map",
    .arguments = "",
    .summary = "show how events from stdin are read, field by field",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .run = cli_map,
};
