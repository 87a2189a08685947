#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/bench.h"

enum { SETS_MAX = 64, USAGE = 2 };

static const struct part {
    const char *name;
    int (*run)(const struct settings *settings, const struct bench_options *options);
} parts[] = {
    {"fill", bench_fill}, {"drain", bench_drain}, {"micro", bench_micro}, {"latency", bench_latency}};

static const char usage[] =
    "Usage: roiwatch-bench PART -c FILE [--set KEY=VALUE]... [--events N] [--campaigns N] [--rate N]\n"
    "                      [--start-ms T] [--span-ms D] [--watched N] [--first N] [--even]\n"
    "                      [--by-touches] [--people]\n"
    "PART: fill (produce the workload), drain (read it and do nothing), micro (time single operations),\n"
    "latency (produce at a rate and watch the totals). `./dev bench` runs it.\n";

struct line {
    const char *config_path;
    const char *sets[SETS_MAX];
    size_t n_sets;
    struct bench_options options;
};

static int read_line(int argc, char **argv, struct line *line)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"events", required_argument, NULL, 'n'},
        {"campaigns", required_argument, NULL, 'k'},
        {"rate", required_argument, NULL, 'r'},
        {"start-ms", required_argument, NULL, 't'},
        {"span-ms", required_argument, NULL, 'd'},
        {"watched", required_argument, NULL, 'w'},
        {"first", required_argument, NULL, 'f'},
        {"even", no_argument, NULL, 'e'},
        {"by-touches", no_argument, NULL, 'b'},
        {"people", no_argument, NULL, 'p'},
        {0},
    };
    struct bench_options *options = &line->options;
    for (int option; (option = getopt_long(argc, argv, "c:", names, NULL)) != -1;) {
        long long number = optarg ? strtoll(optarg, NULL, 10) : 0;
        switch (option) {
        case 'c':
            line->config_path = optarg;
            break;
        case 's':
            if (line->n_sets < SETS_MAX)
                line->sets[line->n_sets++] = optarg;
            break;
        case 'n':
            options->n_events = number;
            break;
        case 'k':
            options->n_campaigns = number;
            break;
        case 'r':
            options->rate = number;
            break;
        case 't':
            options->start_ms = number;
            break;
        case 'd':
            options->span_ms = number;
            break;
        case 'w':
            options->n_watched = number;
            break;
        case 'f':
            options->first = number;
            break;
        case 'e':
            options->even = true;
            break;
        case 'b':
            options->by_touches = true;
            break;
        case 'p':
            options->people = options->by_touches = true;
            break;
        default:
            return USAGE;
        }
    }
    return optind == argc - 1 && options->n_events > 0 && options->n_campaigns > 0 ? 0 : USAGE;
}

static int run(const struct part *part, const struct line *line)
{
    struct settings *settings = NULL;
    struct config_errors errors = CONFIG_ERRORS_INIT;
    int r = settings_load(line->config_path, line->sets, line->n_sets, &settings, &errors);
    for (size_t i = 0; i < errors.n_items; i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        config_error_text(&errors.items[i], &text);
        fprintf(stderr, "%.*s\n", (int)text.size, text.data);
    }
    config_errors_deinit(&errors);
    if (r == 0)
        r = part->run(settings, &line->options);
    settings_free(settings);
    return r ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct line line = {.options = {.n_events = 1000000, .n_campaigns = 500, .span_ms = 3600000}};
    line.options.start_ms = ((int64_t)time(NULL) - 7200) * 1000;
    if (read_line(argc, argv, &line) != 0) {
        fputs(usage, stderr);
        return USAGE;
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (strcmp(parts[i].name, argv[optind]) == 0)
            return run(&parts[i], &line);
    fputs(usage, stderr);
    return USAGE;
}
