/*
 * Metrics of the process, under the names that all exporters use.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/files.h"
#include "daemon/metrics.h"

enum { STAT_MAX = 4096, MICRO_PER_S = 1000000 };

/* Fields of /proc/self/stat. */
struct process_stat {
    uint64_t virtual_bytes;
    int64_t resident_pages;
};

/* False where /proc is not to be read; then there are no samples. */
static bool stat_read(struct process_stat *ret_stat)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    if (file_read("/proc/self/stat", STAT_MAX, &text) < 0)
        return false;
    buffer_append_u8(&text, '\0');
    /* The name, in parentheses, may hold anything. */
    const char *behind = buffer_status(&text) == 0 ? strrchr(text.data, ')') : NULL;
    return behind &&
           sscanf(behind,
                  ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u "
                  "%" SCNu64 " %" SCNd64,
                  &ret_stat->virtual_bytes, &ret_stat->resident_pages) == 2;
}

static void emit_cpu(const void *module, struct metrics_page *page)
{
    struct rusage usage;
    (void)module;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metric_add_micro(page,
                         (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * MICRO_PER_S +
                             usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
                         NULL, NULL);
}

static void emit_resident(const void *module, struct metrics_page *page)
{
    struct process_stat stat;
    (void)module;
    if (stat_read(&stat))
        metric_add(page, stat.resident_pages * sysconf(_SC_PAGESIZE), NULL, NULL);
}

static void emit_virtual(const void *module, struct metrics_page *page)
{
    struct process_stat stat;
    (void)module;
    if (stat_read(&stat))
        metric_add(page, (int64_t)stat.virtual_bytes, NULL, NULL);
}

static void directory_close(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static void emit_open(const void *module, struct metrics_page *page)
{
    CLEANUP(directory_close) DIR *directory = opendir("/proc/self/fd");
    int64_t n = -3; /* `.`, `..` and the directory itself */
    (void)module;
    if (!directory)
        return;
    while (readdir(directory))
        n++;
    metric_add(page, n, NULL, NULL);
}

static void emit_most(const void *module, struct metrics_page *page)
{
    struct rlimit limit;
    (void)module;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_add(page, (int64_t)limit.rlim_cur, NULL, NULL);
}

static const struct metric_row rows[] = {
    {"process_cpu_seconds_total", {0}, KIND_COUNTER, "CPU time of the process, user and system.", emit_cpu},
    {"process_resident_memory_bytes", {0}, KIND_GAUGE, "Memory that the process occupies.", emit_resident},
    {"process_virtual_memory_bytes", {0}, KIND_GAUGE, "Memory that it has reserved.", emit_virtual},
    {"process_open_fds", {0}, KIND_GAUGE, "Open descriptors.", emit_open},
    {"process_max_fds", {0}, KIND_GAUGE, "How many it may have.", emit_most},
};

const struct metric_table process_metrics = {rows, ARRAY_SIZE(rows)};
