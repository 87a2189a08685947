/*
 * roiwatch-sim: many runs of the core against a model of the log and of the store, one seed each.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/world.h"

static const char usage[] =
    "usage: roiwatch-sim [--seeds N] [--first S] [--steps N] [--verbose]\n"
    "        [--fault none|apply-at-or-after|offsets-first|rules-at-once|terms-ignored|look-stale|\n"
    "                 keep-uncompared|decide-uncompared|marks-ahead|forgets-early]\n"
    "Runs N seeds from S on. A seed that fails is printed with the step and the difference.\n";

struct arguments {
    struct sim_options options;
    int64_t first, n_seeds;
};

static bool fault_find(const char *name, enum sim_fault *ret_fault)
{
    static const char *const names[] = {
        "none",       "apply-at-or-after", "offsets-first",     "rules-at-once", "terms-ignored",
        "look-stale", "keep-uncompared",   "decide-uncompared", "marks-ahead",   "forgets-early"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_fault = (enum sim_fault)i;
            return true;
        }
    }
    return false;
}

static bool number_read(const char *text, int64_t *ret_number)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || number < 0)
        return false;
    *ret_number = number;
    return true;
}

static bool arguments_read(int argc, char **argv, struct arguments *arguments)
{
    static const struct option known[] = {
        {"seeds", required_argument, NULL, 'n'}, {"first", required_argument, NULL, 's'},
        {"steps", required_argument, NULL, 't'}, {"fault", required_argument, NULL, 'f'},
        {"verbose", no_argument, NULL, 'v'},     {0}};
    bool good = true;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == 'n')
            good = number_read(optarg, &arguments->n_seeds) && good;
        else if (option == 's')
            good = number_read(optarg, &arguments->first) && good;
        else if (option == 't')
            good = number_read(optarg, &arguments->options.n_steps) && good;
        else if (option == 'f')
            good = fault_find(optarg, &arguments->options.fault) && good;
        else if (option == 'v')
            arguments->options.verbose = true;
        else
            good = false;
    }
    return good && optind == argc;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.options = {.n_steps = 3000}, .first = 1, .n_seeds = 100};
    struct sim_result sum = {0};
    int64_t n_failed = 0;
    if (!arguments_read(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    for (int64_t seed = arguments.first; seed < arguments.first + arguments.n_seeds; seed++) {
        arguments.options.seed = (uint64_t)seed;
        struct sim_result result = world_run(&arguments.options);
        if (result.failure.found) {
            printf("seed %" PRId64 ", step %" PRId64 ": %s\n", seed, result.step, result.failure.text);
            n_failed++;
        }
        sum.executed += result.executed;
        sum.restarts += result.restarts;
        sum.refused += result.refused;
        sum.kills += result.kills;
        sum.zombies += result.zombies;
        sum.handovers += result.handovers;
        sum.changes += result.changes;
        sum.orders += result.orders;
        sum.early += result.early;
        sum.by_touches += result.by_touches;
        sum.as_finished += result.as_finished;
        sum.excused += result.excused;
        sum.repeats += result.repeats;
        sum.refunds += result.refunds;
        sum.forgotten += result.forgotten;
        sum.expired += result.expired;
    }
    printf("%" PRId64 " seeds: %" PRId64 " calls, %" PRId64 " refused, %" PRId64 " starts over, %" PRId64
           " killed, %" PRId64 " zombies, %" PRId64 " handovers, %" PRId64 " changes of rules\n",
           arguments.n_seeds, sum.executed, sum.refused, sum.restarts, sum.kills, sum.zombies, sum.handovers,
           sum.changes);
    printf("%" PRId64 " orders remembered, %" PRId64 " of them earned by touches (%" PRId64
           " while things went wrong); %" PRId64 " as the finished log says, %" PRId64
           " not, with late touches; %" PRId64 " repeated clicks, %" PRId64 " refunds, %" PRId64
           " without an order; %" PRId64 " records forgotten\n",
           sum.orders, sum.by_touches, sum.early, sum.as_finished, sum.excused, sum.repeats, sum.refunds,
           sum.expired, sum.forgotten);
    printf("%" PRId64 " passed, %" PRId64 " failed\n", arguments.n_seeds - n_failed, n_failed);
    return n_failed ? 1 : 0;
}
