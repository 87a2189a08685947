#include "daemon/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The places of the lines are given by log_place. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "daemon/log_hold.h"
#include "lib/base/json.h"

enum { PART_SIZE = 16 };

static struct {
    pthread_mutex_t lock;
    enum log_format format;
    struct log_hold hold;
} the_log = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define LOG_FORMAT_NAME(id, name) [id] = name,
static const char *const format_names[] = {LOG_FORMATS(LOG_FORMAT_NAME)};
#undef LOG_FORMAT_NAME

int log_format_parse(const char *name, enum log_format *ret_format)
{
    for (size_t i = 0; i < N_LOG_FORMATS; i++) {
        if (strcmp(format_names[i], name) == 0) {
            *ret_format = (enum log_format)i;
            return 0;
        }
    }
    return -EINVAL;
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {[LOG_LEVEL_ERROR] = "error",
                                        [LOG_LEVEL_WARNING] = "warning",
                                        [LOG_LEVEL_NOTICE] = "notice",
                                        [LOG_LEVEL_INFO] = "info"};
    return names[level];
}

/* JOURNAL_STREAM names the device and inode of the stream that the journal reads; a child's stderr may be another. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    uintmax_t device, inode;
    return stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0 &&
           status.st_dev == device && status.st_ino == inode;
}

void log_open(enum log_format format)
{
    if (format == LOG_FORMAT_AUTO)
        format = stderr_is_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
    the_log.format = format;
}

bool log_is_text(void)
{
    return the_log.format == LOG_FORMAT_TEXT;
}

/* The word before the first colon, where the text begins with one. */
static void part_of(const char *text, char part[PART_SIZE])
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    bool is_part = size > 0 && size < PART_SIZE && text[size] == ':';
    snprintf(part, PART_SIZE, "%.*s", is_part ? (int)size : 0, text);
}

static void write_journal(const struct log_place *place, enum log_level level, const char *text)
{
    char part[PART_SIZE];
    part_of(text, part);
    (void)sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", (int)level, "CODE_FILE=%s", place->file,
                          "CODE_LINE=%d", place->line, "CODE_FUNC=%s", place->function,
                          "SYSLOG_IDENTIFIER=roiwatchd", "ROIWATCH_PART=%s", *part ? part : "main",
                          "ROIWATCH_VERSION=%s", ROIWATCH_VERSION, NULL);
}

static void write_json(const struct log_place *place, enum log_level level, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer line = BUFFER_INIT;
    struct timespec now;
    struct tm utc;
    char time_text[32], part[PART_SIZE];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    part_of(text, part);
    buffer_printf(&line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"part\":\"%s\",\"message\":", time_text,
                  now.tv_nsec / 1000000, level_name(level), *part ? part : "main");
    json_append_text(&line, span_of(text));
    buffer_printf(&line, ",\"pid\":%ld,\"file\":\"%s\",\"line\":%d}\n", (long)getpid(), place->file,
                  place->line);
    if (buffer_status(&line) == 0)
        (void)fwrite(line.data, 1, line.size, stderr);
}

/* The lock is held. */
static void write_line(const struct log_place *place, enum log_level level, const char *text)
{
    switch (the_log.format) {
    case LOG_FORMAT_JOURNAL:
        write_journal(place, level, text);
        break;
    case LOG_FORMAT_JSON:
        write_json(place, level, text);
        break;
    default:
        fprintf(stderr, "roiwatchd: %s: %s\n", level_name(level), text);
        break;
    }
}

static int64_t steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell_held(bool all)
{
    struct log_memory memory;
    int64_t now_ms = steady_ms();
    char text[LOG_TEXT_SIZE + 64];
    (void)pthread_mutex_lock(&the_log.lock);
    while (log_hold_take(&the_log.hold, now_ms, all, &memory)) {
        snprintf(text, sizeof(text), "%s (%u more like it within %" PRId64 " s)", memory.text, memory.n_held,
                 (now_ms - memory.since_ms) / 1000);
        write_line(memory.place, memory.level, text);
    }
    (void)pthread_mutex_unlock(&the_log.lock);
}

void log_tick(void)
{
    tell_held(false);
}

void log_flush(void)
{
    tell_held(true);
}

void log_write(const struct log_place *place, enum log_level level, bool always, const char *format, ...)
{
    char text[LOG_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bool held = !always && level <= LOG_LEVEL_WARNING;
    (void)pthread_mutex_lock(&the_log.lock);
    if (!held || log_hold_asks(&the_log.hold, place, level, text, steady_ms()))
        write_line(place, level, text);
    (void)pthread_mutex_unlock(&the_log.lock);
}
