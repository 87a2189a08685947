#include <stdio.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/reader.h"
#include "daemon/cli/show_lags.h"
#include "daemon/cli/text.h"
#include "daemon/reader_json.h"
#include "daemon/redis_tree.h"
#include "lib/report/report.h"

enum { OPTION_LAGS };

static const struct cli_option options[] = {
    {"lags", NULL, "how long after their touches its orders came, and those of the whole account"},
};

enum { NAME_COLUMNS = 28, VALUE_COLUMNS = 18, GAP_COLUMNS = 2 };

/* All that is shown: the campaign's hash and one hash a window, in the configured order. */
struct picture {
    struct span id;
    redisReply *campaign;
    redisReply *windows[WINDOWS_MAX];
    size_t n_windows;
    size_t columns[WINDOWS_MAX]; /* of each window's values */
    const struct measures *measures;
};

static void picture_deinit(struct picture *picture)
{
    reply_free(&picture->campaign);
    for (size_t i = 0; i < picture->n_windows; i++)
        reply_free(&picture->windows[i]);
}

static int read_picture(struct store *store, const struct settings *settings, struct picture *picture)
{
    const struct windows_settings *windows = &settings->windows;
    int r = reader_send_key(store, picture->id, NULL);
    for (size_t i = 0; !r && i < windows->n && i < WINDOWS_MAX; i++)
        r = reader_send_key(store, picture->id, windows->items[i].name);
    if (!r)
        r = store_take(store, STORE_ARRAY, &picture->campaign);
    for (size_t i = 0; !r && i < windows->n && i < WINDOWS_MAX; i++) {
        r = store_take(store, STORE_ARRAY, &picture->windows[i]);
        if (!r)
            picture->n_windows++;
    }
    return r;
}

static bool is_empty(const struct picture *picture)
{
    size_t n = picture->campaign->elements;
    for (size_t i = 0; i < picture->n_windows; i++)
        n += picture->windows[i]->elements;
    return n == 0;
}

/* Whether a field's name begins so; the rest of it then. */
static bool after_prefix(struct span name, const char *prefix, struct span *ret_rest)
{
    size_t size = strlen(prefix);
    if (name.size < size || memcmp(name.data, prefix, size) != 0)
        return false;
    *ret_rest = span_from(name.data + size, name.size - size);
    return true;
}

static int picture_json(struct buffer *out, const struct picture *picture, const struct settings *settings)
{
    CLEANUP(redis_tree_deinit) struct redis_tree campaign = {0};
    struct campaign_json json = {.buffer = out};
    if (redis_tree_convert(&campaign, picture->campaign) < 0)
        return CLI_FAILED;
    campaign_json_begin(&json, picture->id, campaign.root);
    for (size_t i = 0; i < picture->n_windows; i++) {
        CLEANUP(redis_tree_deinit) struct redis_tree window = {0};
        if (redis_tree_convert(&window, picture->windows[i]) < 0)
            return CLI_FAILED;
        campaign_json_window(&json, settings->windows.items[i].name, window.root);
    }
    campaign_json_end(&json);
    buffer_append_u8(out, '\n');
    return CLI_OK;
}

/* The value of one field as people read it. */
static void value_text(struct buffer *text, const struct measures *measures, enum report_field field,
                       struct span value)
{
    enum report_unit unit = report_field_unit(measures, field);
    if (value.size == 0)
        buffer_append_u8(text, '-');
    else if (report_is_micro(unit))
        text_money(text, span_i64(value, 0));
    else if (unit == REPORT_RATIO && field != REPORT_ROAS)
        text_percent(text, value);
    else
        text_safe(text, value);
}

/* What a window says of the field. */
static void field_text(struct buffer *text, const struct picture *picture, size_t window,
                       enum report_field field)
{
    value_text(text, picture->measures, field,
               reply_field(picture->windows[window], report_field_name(picture->measures, field)));
}

/* "cost_micros" is shown as "cost": the unit is in the number. */
static struct span field_title(const char *field)
{
    struct span name = span_of(field);
    static const char *const endings[] = {"_micros", "_micro"};
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        size_t size = strlen(endings[i]);
        if (name.size > size && memcmp(name.data + name.size - size, endings[i], size) == 0)
            return span_from(name.data, name.size - size);
    }
    return name;
}

/* Makes room for the widest value of each window: a number is never cut. */
static void measure(struct picture *picture)
{
    for (size_t i = 0; i < picture->n_windows; i++) {
        picture->columns[i] = VALUE_COLUMNS;
        for (size_t k = 0; k < report_n_fields(picture->measures); k++) {
            CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
            field_text(&text, picture, i, report_field_at(picture->measures, k));
            size_t n = text_columns(buffer_span(&text)) + GAP_COLUMNS;
            picture->columns[i] = n > picture->columns[i] ? n : picture->columns[i];
        }
    }
}

static void table_line(struct buffer *out, const struct picture *picture, enum report_field field)
{
    text_padded(out, field_title(report_field_name(picture->measures, field)), NAME_COLUMNS, false);
    for (size_t i = 0; i < picture->n_windows; i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        field_text(&text, picture, i, field);
        text_padded(out, buffer_span(&text), picture->columns[i], true);
    }
    buffer_append_u8(out, '\n');
}

static void bound_line(struct buffer *out, const struct picture *picture, const char *title,
                       const char *field)
{
    text_padded(out, span_of(title), NAME_COLUMNS, false);
    for (size_t i = 0; i < picture->n_windows; i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        int64_t at_ms = span_i64(reply_field(picture->windows[i], field), 0);
        if (at_ms)
            text_time(&text, at_ms);
        else
            buffer_append_u8(&text, '-');
        /* Without its seconds the time fits the column. */
        text_padded(out, span_from(text.data, text.size > 16 ? 16 : text.size), picture->columns[i], true);
    }
    buffer_append_u8(out, '\n');
}

static void goals_text(struct buffer *out, const redisReply *fields)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        struct span name;
        if (after_prefix(reply_span(fields->element[i]), "goal:", &name)) {
            buffer_append_text(out, "goal ");
            text_safe(out, name);
            buffer_append_text(out, ": ");
            text_safe(out, reply_span(fields->element[i + 1]));
            buffer_append_u8(out, '\n');
        } else if (after_prefix(reply_span(fields->element[i]), "label:", &name)) {
            buffer_append_text(out, "label ");
            text_safe(out, name);
            buffer_append_text(out, ": ");
            text_safe(out, reply_span(fields->element[i + 1]));
            buffer_append_u8(out, '\n');
        }
    }
}

static void picture_text(struct buffer *out, struct picture *picture, const struct settings *settings)
{
    measure(picture);
    text_safe(out, picture->id);
    buffer_append_text(out, "  state ");
    struct span state = reply_field(picture->campaign, "state");
    text_safe(out, state.size ? state : span_of("-"));
    buffer_append_text(out, ", complete up to ");
    text_time(out, span_i64(reply_field(picture->campaign, "as_of_ms"), 0));
    buffer_append_text(out, " UTC, amounts in ");
    text_safe(out, span_of(settings->account.currency));
    buffer_append_text(out, "\n\n");
    text_padded(out, span_of("window"), NAME_COLUMNS, false);
    for (size_t i = 0; i < picture->n_windows; i++)
        text_padded(out, span_of(settings->windows.items[i].name), picture->columns[i], true);
    buffer_append_u8(out, '\n');
    for (size_t i = 0; i < report_n_fields(picture->measures); i++)
        table_line(out, picture, report_field_at(picture->measures, i));
    bound_line(out, picture, "from (UTC)", "from_ms");
    bound_line(out, picture, "to (UTC)", "to_ms");
    buffer_append_u8(out, '\n');
    goals_text(out, picture->campaign);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(store_deinit) struct store store = {0};
    CLEANUP(picture_deinit) struct picture picture = {0};
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    struct cli_arguments arguments;
    int r = options_read(&show_command, argc, argv, &arguments);
    if (!r)
        r = cli_load(cli, &settings);
    if (!r)
        r = store_open(&store, &settings->redis);
    if (r)
        return r;
    picture.measures = &settings->book.measures;
    picture.id = span_of(arguments.positional[0]);
    r = read_picture(&store, settings, &picture);
    if (r)
        return r;
    if (is_empty(&picture)) {
        text_safe(&out, picture.id);
        fprintf(stderr, "roiwatch show: no campaign \"%.*s\" has been counted under the prefix %s\n",
                (int)out.size, out.data, settings->redis.prefix);
        return CLI_FAILED;
    }
    if (arguments.values[OPTION_LAGS])
        r = show_lags(&store, settings, picture.id, cli->json, &out);
    else if (cli->json)
        r = picture_json(&out, &picture, settings);
    else
        picture_text(&out, &picture, settings);
    return r ? r : text_flush(&out);
}

const struct cli_command show_command = {
    .name = "show",
    .arguments = "CAMPAIGN",
    .summary = "print a campaign's windows and goals",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .n_positional = 1,
    .run = run,
};
