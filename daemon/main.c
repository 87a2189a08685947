#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/app.h"
#include "daemon/files.h"
#include "daemon/identity_key.h"
#include "daemon/log.h"
#include "daemon/program.h"

#ifndef ROIWATCH_VERSION
#define ROIWATCH_VERSION "unknown"
#endif

enum { SETS_MAX = 256 };

static void usage(FILE *file)
{
    fputs("Usage: roiwatchd [OPTION]...\n\n", file);
    program_print_words(file, roiwatchd_program.summary, 0, 0);
    fputs("\nOptions:\n", file);
    program_print_options(file, &roiwatchd_program);
    fputc('\n', file);
    program_print_exits(file, &roiwatchd_program);
}

/* As text they begin with FILE:LINE:COLUMN, which editors know. */
static void print_errors(const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->n_items; i++) {
        CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
        config_error_text(&errors->items[i], &text);
        if (log_is_text())
            fprintf(stderr, "%.*s\n", (int)text.size, text.data);
        else
            log_answer(errors->n_errors ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%.*s", (int)text.size,
                       text.data);
    }
}

struct command_line {
    struct app_source source;
    const char *sets[SETS_MAX];
    enum log_format format;
};

static int refused(const char *why, const char *word)
{
    fprintf(stderr, "roiwatchd: %s: %s\n", why, word);
    return EXIT_USAGE;
}

/* -1, or the code to end with at once. */
static int command_line_read(struct command_line *line, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},     {"set", required_argument, NULL, 's'},
        {"log-format", required_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},          {0},
    };
    line->source.sets = line->sets;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (option == 'c')
            line->source.path = optarg;
        else if (option == 's' && line->source.n_sets == SETS_MAX)
            return refused("too many --set; write them into the configuration", optarg);
        else if (option == 's')
            line->sets[line->source.n_sets++] = optarg;
        else if (option == 'l' && log_format_parse(optarg, &line->format) < 0)
            return refused("--log-format is auto, journal, text or json", optarg);
        else if (option == 'l')
            continue;
        else if (option == 'h')
            return usage(stdout), EXIT_OK;
        else if (option == 'V')
            return printf("roiwatchd %s\n", ROIWATCH_VERSION) < 0 ? EXIT_FAILED : EXIT_OK;
        else
            return usage(stderr), EXIT_USAGE;
    }
    if (optind == argc)
        return -1;
    return refused("no argument expected", argv[optind]);
}

/* Passwords are in this process's memory. */
static void forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
}

/* Signals wait for the loop: a large configuration takes a while to read, and SIGHUP would end the process meanwhile. */
static void hold_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    hold_signals();
    files_guard_standard();
    files_guard_secrets();
    struct command_line line = {.format = LOG_FORMAT_AUTO};
    int r = command_line_read(&line, argc, argv);
    if (r >= 0)
        return r;
    log_open(line.format);
    struct settings *settings = NULL;
    struct config_errors errors = CONFIG_ERRORS_INIT;
    r = settings_load(line.source.path, line.sets, line.source.n_sets, &settings, &errors);
    print_errors(&errors);
    config_errors_deinit(&errors);
    if (r != 0) {
        if (r < 0)
            log_answer(LOG_LEVEL_ERROR, "the configuration was not read: %s", strerror(-r));
        return r < 0 ? EXIT_FAILED : EXIT_CONFIGURATION;
    }
    forbid_core_dumps();
    char why[IDENTITY_KEY_WHY_SIZE];
    if (identity_rules_load(&settings->attribution, &settings->identities, why)) {
        r = app_run(settings, &line.source);
    } else {
        log_answer(LOG_LEVEL_ERROR, "%s", why);
        r = EXIT_CONFIGURATION;
    }
    settings_free(settings);
    log_flush();
    return r;
}
