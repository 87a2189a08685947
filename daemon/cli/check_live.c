/*
 * check --live: what an operator would otherwise learn too late, asked of the servers now.
 *
 * Every finding is one line. Errors decide the exit code: a server that is away (69) or refuses us (77)
 * before one that is set up wrongly (78). Nothing is written to any server.
 */
#include "daemon/cli/check_live.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/base/json.h"

enum { FINDING_SIZE = 1024 };

/* About what jemalloc and Redis 7 need; measured on hashes of this shape, rounded up. */
enum { BYTES_PER_CELL = 140, BYTES_PER_READER_KEY = 1100, BYTES_PER_CAMPAIGN = 1200 };

/* An object of the list that --json prints. */
static void list(struct live *live, const char *kind, const char *text)
{
    buffer_printf(live->findings, "%s{\"kind\":\"%s\",\"text\":", live->findings->size ? "," : "", kind);
    json_append_text(live->findings, span_of(text));
    buffer_append_u8(live->findings, '}');
}

/* The same as a line for people. */
static void print(struct live *live, const char *kind, const char *format, va_list arguments)
{
    char text[FINDING_SIZE];
    vsnprintf(text, sizeof(text), format, arguments);
    fprintf(stderr, "%s: %s\n", kind, text);
    list(live, kind, text);
}

void live_warn(struct live *live, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(live, "warning", format, arguments);
    va_end(arguments);
    live->n_warnings++;
}

void live_note_code(struct live *live, int code)
{
    static const int gravest_first[] = {CLI_UNAVAILABLE, CLI_DENIED, CLI_CONFIGURATION, CLI_FAILED};
    for (size_t i = 0; i < ARRAY_SIZE(gravest_first); i++) {
        if (live->code == gravest_first[i])
            return;
        if (code == gravest_first[i]) {
            live->code = code;
            return;
        }
    }
}

void live_list(struct live *live, int code, const char *said)
{
    list(live, "error", said);
    live_note_code(live, code);
}

void live_fail(struct live *live, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(live, "error", format, arguments);
    va_end(arguments);
    live_note_code(live, code);
}

static int64_t bytes_per_campaign(const struct settings *settings)
{
    const struct tiers *tiers = &settings->book.tiers;
    int64_t n_cells = 1;
    for (size_t i = 0; i < tiers->n; i++)
        n_cells += (tiers->tier[i].reach_ms + settings->lateness.disorder_ms) / tiers->tier[i].slice_ms + 1;
    return n_cells * BYTES_PER_CELL + (int64_t)settings->windows.n * BYTES_PER_READER_KEY +
           BYTES_PER_CAMPAIGN;
}

/* The most that it can come to: every campaign active in every slice. */
static void check_memory(struct live *live)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    int64_t each = bytes_per_campaign(live->settings);
    int64_t configured = (int64_t)live->settings->campaigns.configured.n;
    int64_t n = live->n_campaigns > configured ? live->n_campaigns : configured;
    int64_t kib = (each * (n > 0 ? n : 1) + 1023) / 1024;
    buffer_printf(&text, "a campaign that is always active needs up to %" PRId64 " KiB of Redis",
                  (each + 1023) / 1024);
    if (n > 1)
        buffer_printf(&text, ", %" PRId64 " of them %" PRId64 " MiB", n, (kib + 1023) / 1024);
    if (buffer_status(&text))
        return;
    if (live->maxmemory && kib * 1024 > live->maxmemory)
        live_warn(live, "%.*s; its maxmemory is %" PRId64 " MiB: raise it before it refuses writes",
                  (int)text.size, text.data, live->maxmemory / 1048576);
    else
        fprintf(stderr, "ok: %.*s\n", (int)text.size, text.data);
    if (!live->maxmemory)
        live_warn(live,
                  "Redis has no maxmemory: without one the kernel decides what happens when memory ends");
}

/* How far back a recount has to begin for the windows. */
static int64_t needed_ms(const struct settings *settings)
{
    return settings->book.tiers.longest_reach_ms + settings->lateness.disorder_ms;
}

/* "7 days" or "12 hours". */
static void say_time(char *text, size_t size, int64_t ms)
{
    int64_t hours = (ms + HOUR_MS - 1) / HOUR_MS;
    if (hours >= 48)
        snprintf(text, size, "%" PRId64 " days", hours / 24);
    else
        snprintf(text, size, "%" PRId64 " hours", hours);
}

static void check_recount(struct live *live)
{
    char kept[32], needed[32];
    bool total = false;
    for (size_t i = 0; i < live->settings->windows.n; i++)
        total = total || live->settings->windows.items[i].kind == WINDOW_TOTAL;
    if (live->persistence_known)
        fprintf(stderr, "ok: Redis persistence is %s\n", live->persistent ? "on" : "off");
    if (live->persistent || live->retention_ms == INT64_MAX)
        return;
    say_time(kept, sizeof(kept), live->retention_ms);
    say_time(needed, sizeof(needed), needed_ms(live->settings));
    if (live->retention_ms < needed_ms(live->settings))
        live_warn(
            live,
            "Kafka keeps %s, your windows need %s: turn on Redis persistence, or a lost Redis cannot be "
            "recounted (topic %s)",
            kept, needed, live->retention_topic);
    else if (total)
        live_warn(
            live,
            "Kafka keeps %s, the window total needs everything: turn on Redis persistence, or a lost Redis "
            "cannot be "
            "recounted (topic %s)",
            kept, live->retention_topic);
}

int cli_check_live(const struct settings *settings, struct buffer *findings, size_t *ret_n_warnings)
{
    struct live live = {.settings = settings, .findings = findings, .retention_ms = INT64_MAX};
    check_redis(&live);
    check_kafka(&live);
    if (live.code != CLI_UNAVAILABLE && live.code != CLI_DENIED) {
        check_memory(&live);
        check_recount(&live);
    }
    *ret_n_warnings = live.n_warnings;
    return live.code;
}
