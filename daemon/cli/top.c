/*
 * top: campaigns as they are now, the worst first, and alerts as they come.
 *
 * On a terminal the picture is drawn again every second on the alternate screen; every way out leads past the
 * line that gives the terminal back. Without a terminal nothing is drawn over: alerts come as lines, the
 * table stands at the beginning (as soon as there is a number in it) and at the end.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/cli/board.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/reader.h"
#include "daemon/cli/text.h"
#include "daemon/cli/waiting.h"
#include "lib/config/value.h"

enum { OPTION_WINDOW, OPTION_ONCE, OPTION_FOR };
enum { REFRESH_MS = 1000, FIRST_REFRESH_MS = 100, ALERT_LINES = 6, ALERTS_FIRST = 6, ALERTS_KEPT = 1000 };

static const struct cli_option options[] = {
    {"window", "WINDOW", "which of the configured windows (the first)"},
    {"once", NULL, "print the table once and end"},
    {"for", "DURATION", "end after so long and leave the table and all alerts that came"},
};

struct top {
    struct store store;
    struct board board;
    struct buffer alerts; /* one line each */
    size_t n_alerts;
    char last_alert[48];
    const char *window;
    int64_t until_ms; /* INT64_MAX: until a signal */
    int signals;      /* a signalfd, or -1 */
    bool terminal;
    bool shown; /* without a terminal: the first table is out */
    size_t lines;
};

static void top_deinit(struct top *top)
{
    buffer_deinit(&top->alerts);
    board_deinit(&top->board);
    store_deinit(&top->store);
    if (top->signals >= 0)
        close(top->signals);
}

static int read_meta(struct top *top)
{
    CLEANUP(reply_free) redisReply *fields = NULL;
    int r = reader_meta(&top->store, &fields);
    if (r)
        return r;
    struct span status = reply_field(fields, "status");
    top->board.as_of_ms = span_i64(reply_field(fields, "as_of_ms"), NEVER);
    if (top->board.as_of_ms <= 0) /* the daemon does not know it yet */
        top->board.as_of_ms = NEVER;
    snprintf(top->board.status, sizeof(top->board.status), "%.*s", (int)status.size,
             status.size ? status.data : "");
    return CLI_OK;
}

static int read_rows(struct top *top, const struct campaign_list *list)
{
    int r = CLI_OK;
    for (size_t i = 0; i < top->board.n; i++)
        top->board.rows[i]->present = false;
    for (size_t i = 0; !r && i < list->n; i++) {
        r = reader_send_key(&top->store, buffer_span(&list->ids[i]), NULL);
        if (!r)
            r = reader_send_key(&top->store, buffer_span(&list->ids[i]), top->window);
    }
    for (size_t i = 0; !r && i < list->n; i++) {
        CLEANUP(reply_free) redisReply *campaign = NULL;
        CLEANUP(reply_free) redisReply *window = NULL;
        r = store_take(&top->store, STORE_ARRAY, &campaign);
        if (!r)
            r = store_take(&top->store, STORE_ARRAY, &window);
        struct board_row *row = r ? NULL : board_row(&top->board, buffer_span(&list->ids[i]));
        if (row)
            board_row_set(&top->board, row, campaign, window);
        else if (!r)
            r = CLI_FAILED;
    }
    return r;
}

/* Keeps the alerts' lines; those beyond ALERTS_KEPT go, the oldest first. */
static void keep_alerts(struct top *top, const redisReply *entries, struct buffer *ret_new)
{
    struct alert_entry entry;
    for (size_t i = 0; alert_entry_at(entries, i, &entry); i++) {
        alert_line(ret_new, &entry);
        buffer_append_u8(ret_new, '\n');
        snprintf(top->last_alert, sizeof(top->last_alert), "%s", entry.id);
        top->n_alerts++;
    }
    buffer_append_span(&top->alerts, buffer_span(ret_new));
    while (top->n_alerts > ALERTS_KEPT) {
        char *end = memchr(top->alerts.data, '\n', top->alerts.size);
        if (!end)
            break;
        size_t gone = (size_t)(end - top->alerts.data) + 1;
        memmove(top->alerts.data, top->alerts.data + gone, top->alerts.size - gone);
        top->alerts.size -= gone;
        top->n_alerts--;
    }
}

static int read_alerts(struct top *top, struct buffer *ret_new)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    int r;
    if (!top->last_alert[0]) {
        r = reader_last_alerts(&top->store, ALERTS_FIRST, &reply);
        if (!r)
            keep_alerts(top, reply, ret_new);
        if (!r && !top->last_alert[0])
            snprintf(top->last_alert, sizeof(top->last_alert), "0-0");
        return r;
    }
    r = reader_alerts_after(&top->store, top->last_alert, 0, &reply);
    if (!r)
        keep_alerts(top, alerts_of_stream(reply), ret_new);
    return r;
}

static int refresh(struct top *top, struct buffer *ret_new_alerts)
{
    CLEANUP(campaign_list_deinit) struct campaign_list list = {0};
    int r = read_meta(top);
    if (!r)
        r = reader_campaigns(&top->store, BOARD_CAMPAIGNS_MAX, &list);
    if (!r)
        r = read_rows(top, &list);
    if (!r)
        r = read_alerts(top, ret_new_alerts);
    top->board.n_in_all = list.n_in_all;
    board_sort(&top->board);
    return r;
}

static void measure_terminal(struct top *top)
{
    struct winsize size;
    top->lines = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > ALERT_LINES + 6)
        top->lines = size.ws_row;
}

/* The last lines of the alerts. */
static struct span last_alerts(const struct top *top, size_t lines)
{
    size_t at = top->alerts.size;
    while (at > 0) {
        if (at < top->alerts.size && top->alerts.data[at - 1] == '\n' && lines-- == 1)
            break;
        at--;
    }
    return span_from(top->alerts.data ? top->alerts.data + at : NULL, top->alerts.size - at);
}

static int draw_terminal(struct top *top, int trouble)
{
    CLEANUP(buffer_deinit) struct buffer picture = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    measure_terminal(top);
    board_draw(&top->board, top->window, top->lines - ALERT_LINES - 6, &picture);
    buffer_append_text(&picture, trouble ? "\n" : "\nalerts\n");
    if (trouble)
        buffer_printf(&picture, "%s\n", top->store.complaint);
    else
        buffer_append_span(&picture, last_alerts(top, ALERT_LINES));
    /* Each line clears what the picture before left behind it; no line may wrap. */
    buffer_append_text(&out, "\033[H\033[?7l");
    for (size_t i = 0; i < picture.size; i++) {
        if (picture.data[i] == '\n')
            buffer_append_text(&out, "\033[K");
        buffer_append_u8(&out, (uint8_t)picture.data[i]);
    }
    buffer_append_text(&out, "\033[J\033[?7h");
    return text_flush(&out);
}

static bool has_number(const struct top *top)
{
    for (size_t i = 0; i < top->board.n; i++) {
        if (top->board.rows[i]->known)
            return true;
    }
    return false;
}

static int draw_plain(struct top *top, const struct buffer *new_alerts)
{
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    if (!top->shown && has_number(top)) {
        board_draw(&top->board, top->window, SIZE_MAX, &out);
        buffer_append_text(&out, "\n");
        top->shown = true;
    }
    buffer_append_span(&out, buffer_span(new_alerts));
    return text_flush(&out);
}

/* Waits for the next refresh; true when it is time to go. */
static bool wait_for_signal(struct top *top)
{
    int64_t left_ms = top->until_ms - steady_ms();
    if (left_ms <= 0)
        return true;
    int64_t refresh_ms = has_number(top) ? REFRESH_MS : FIRST_REFRESH_MS;
    int number = signals_wait(top->signals, (int)(left_ms < refresh_ms ? left_ms : refresh_ms));
    return number && number != SIGWINCH;
}

static int loop(struct top *top)
{
    for (;;) {
        CLEANUP(buffer_deinit) struct buffer new_alerts = BUFFER_INIT;
        int r = refresh(top, &new_alerts);
        if (r && r != CLI_UNAVAILABLE)
            return r;
        r = top->terminal ? draw_terminal(top, r) : draw_plain(top, &new_alerts);
        if (r)
            return r;
        if (wait_for_signal(top))
            return CLI_OK;
        r = text_watch();
        if (r)
            return r;
    }
}

/* What stays on the screen or in the file. */
static int draw_final(struct top *top)
{
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    board_draw(&top->board, top->window, SIZE_MAX, &out);
    if (top->until_ms != INT64_MAX) {
        buffer_printf(&out, "\n%zu alerts\n", top->n_alerts);
        buffer_append_span(&out, buffer_span(&top->alerts));
    }
    return text_flush(&out);
}

static int watch(struct top *top)
{
    top->signals = signals_open();
    if (top->signals < 0)
        return CLI_FAILED;
    if (top->terminal) {
        fputs("\033[?1049h\033[?25l\033[2J", stdout);
        top->store.quiet = true;
    }
    int r = loop(top);
    if (top->terminal) {
        fputs("\033[?25h\033[?1049l", stdout);
        fflush(stdout);
    }
    if (r && top->terminal)
        fprintf(stderr, "roiwatch top: %s\n", top->store.complaint);
    if (r == CLI_FAILED) /* nothing can be drawn, or there is nothing to draw */
        return r;
    int drawn = top->terminal || top->until_ms != INT64_MAX ? draw_final(top) : CLI_OK;
    return r ? r : drawn;
}

static int print_once(struct top *top, bool json)
{
    CLEANUP(buffer_deinit) struct buffer alerts = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    int r = refresh(top, &alerts);
    if (r)
        return r;
    if (json)
        board_json(&top->board, top->window, &out);
    else
        board_draw(&top->board, top->window, SIZE_MAX, &out);
    return text_flush(&out);
}

static const char *find_window(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->windows.n; i++) {
        if (!name || strcmp(settings->windows.items[i].name, name) == 0)
            return settings->windows.items[i].name;
    }
    fprintf(stderr, "roiwatch top: --window %s is not among the configured windows:", name);
    for (size_t i = 0; i < settings->windows.n; i++)
        fprintf(stderr, " %s", settings->windows.items[i].name);
    fprintf(stderr, "\n");
    return NULL;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(top_deinit) struct top top = {.until_ms = INT64_MAX, .signals = -1};
    struct cli_arguments arguments;
    int64_t for_ms;
    int r = options_read(&top_command, argc, argv, &arguments);
    if (r)
        return r;
    const char *duration = arguments.values[OPTION_FOR];
    if (duration && !value_duration(duration, &for_ms))
        return option_refuse(&top_command, "for", duration, "a duration like 60s or 5m");
    if (duration)
        top.until_ms = steady_ms() + for_ms;
    r = cli_load(cli, &settings);
    if (r)
        return r;
    top.window = find_window(settings, arguments.values[OPTION_WINDOW]);
    if (!top.window)
        return CLI_USAGE;
    top.terminal = isatty(STDOUT_FILENO) == 1;
    top.board.colour = top.terminal;
    top.board.as_of_ms = NEVER;
    r = store_open(&top.store, &settings->redis);
    if (r)
        return r;
    return cli->json || arguments.values[OPTION_ONCE] ? print_once(&top, cli->json) : watch(&top);
}

const struct cli_command top_command = {
    .name = "top",
    .arguments = "",
    .summary = "watch all campaigns live, the worst first, and alerts as they come",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .run = run,
};
