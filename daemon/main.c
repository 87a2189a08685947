#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/files.h"
#include "daemon/log.h"

#ifndef ROIWATCH_VERSION
#define ROIWATCH_VERSION "unknown"
#endif

enum { SETS_MAX = 256 };

static void usage(FILE *file)
{
    fputs("Usage: roiwatchd [-c FILE] [--set KEY=VALUE]...\n"
          "\n"
          "Reads ad impressions, clicks and orders from Kafka, keeps running cost and revenue per campaign\n"
          "in Redis, and flags campaigns that fall under their ROI goals.\n"
          "\n"
          "  -c, --config FILE      configuration (default " SETTINGS_PATH ")\n"
          "      --set KEY=VALUE    overrides one key, for example --set redis.flush=100ms; may be repeated\n"
          "  -h, --help             shows this\n"
          "      --version          shows the version\n"
          "\n"
          "Exit status: 0 ended as asked, 1 failure, 2 usage, 77 denied or fenced, 78 configuration.\n",
          file);
}

static void print_errors(const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->n_items; i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        config_error_text(&errors->items[i], &text);
        fprintf(stderr, "%.*s\n", (int)text.size, text.data);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    files_guard_standard();
    const char *path = NULL;
    const char *sets[SETS_MAX];
    size_t n_sets = 0;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (option == 'c')
            path = optarg;
        else if (option == 's' && n_sets < SETS_MAX)
            sets[n_sets++] = optarg;
        else if (option == 'h')
            return usage(stdout), EXIT_OK;
        else if (option == 'V')
            return printf("roiwatchd %s\n", ROIWATCH_VERSION) < 0 ? EXIT_FAILED : EXIT_OK;
        else
            return usage(stderr), EXIT_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr, "roiwatchd: no argument expected: %s\n", argv[optind]);
        return EXIT_USAGE;
    }
    struct settings *settings = NULL;
    struct config_errors errors = CONFIG_ERRORS_INIT;
    int r = settings_load(path, sets, n_sets, &settings, &errors);
    print_errors(&errors);
    config_errors_deinit(&errors);
    if (r != 0) {
        if (r < 0)
            fprintf(stderr, "roiwatchd: %s\n", strerror(-r));
        return r < 0 ? EXIT_FAILED : EXIT_CONFIGURATION;
    }
    struct app_source source = {path, sets, n_sets};
    r = app_run(settings, &source);
    settings_free(settings);
    return r;
}
