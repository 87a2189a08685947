/*
 * generate: events of an invented market, to Kafka, to stdout, or to a mock cluster of its own.
 *
 * Two clocks: the event time of the messages, and the wall. --rate paces by the wall, --speed lets event time
 * pass so many times as fast as the wall's after a first --history that comes at once. Without either it
 * sends as fast as it can. The messages depend on the options alone, never on the pace.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/sink.h"
#include "daemon/cli/waiting.h"
#include "lib/config/value.h"

#define DEFAULT_SPAN_MS INT64_C(86400000)
#define LONGEST_ORDER_DELAY_MS INT64_C(10800000)

enum { PAUSE_MS = 5, POLL_EVERY = 256, FLUSH_MS = 30000 };

enum {
    OPTION_EVENTS,
    OPTION_RATE,
    OPTION_SEED,
    OPTION_CAMPAIGNS,
    OPTION_START,
    OPTION_SPAN,
    OPTION_SPEED,
    OPTION_HISTORY,
    OPTION_ORDER_DELAY,
    OPTION_DISORDER,
    OPTION_LATE,
    OPTION_DUPLICATES,
    OPTION_BAD,
    OPTION_ENGAGEMENTS,
    OPTION_SPEND,
    OPTION_STDOUT,
    OPTION_EMBEDDED,
    OPTION_PARTITIONS,
    OPTION_ADDRESS_FILE,
    OPTION_TEMPORARY_TOPICS,
};

static const struct cli_option options[] = {
    {"events", "N", "how many (10000; without end where --embedded)"},
    {"rate", "N/s", "messages a second (as fast as it goes)"},
    {"seed", "N", "the same seed and options give the same messages (1)"},
    {"campaigns", "N", "how many campaigns (12)"},
    {"start", "TIME", "event time of the first: RFC 3339, or a duration before now (the span before now)"},
    {"span", "DURATION",
     "event time that all of them cover (24h; from rate and speed where those are given)"},
    {"speed", "X", "event time passes X times as fast as the wall's"},
    {"history", "DURATION", "event time that is sent at once before --speed paces (0)"},
    {"order-delay", "DURATION", "longest time from a click to its order (3h, at most a tenth of the span)"},
    {"disorder", "DURATION", "events come out of order by so much at most (0)"},
    {"late", "SHARE", "share that is 1 to 100 days old, 0 to 1 (0)"},
    {"duplicates", "SHARE", "share of orders that come twice (0)"},
    {"bad", "SHARE", "share of messages that have to be rejected (0)"},
    {"engagements", "SHARE", "share of impressions that are liked, shared or commented (0)"},
    {"spend", "SHARE", "share of impressions after which a day's spend is reported, or restated (0)"},
    {"stdout", NULL, "print lines of JSON with topic, key, ts_ms and value instead of sending"},
    {"embedded", NULL,
     "be a Kafka: librdkafka's mock cluster in this process, paced by what the group commits"},
    {"partitions", "N", "partitions of each topic that is created (4)"},
    {"address-file", "FILE", "where --embedded writes its address (stdout)"},
    {"temporary-topics", NULL, "create the configured topics in Kafka, and delete them at the end"},
};

struct plan {
    struct events_options events;
    struct sink_options sink;
    int64_t n_events; /* INT64_MAX: without end */
    int64_t rate;     /* a second; 0: unpaced */
    int64_t speed;    /* 0: unpaced */
    int64_t history_ms;
    int64_t span_ms;
};

/* Reads a whole number that stands in values[option]; leaves *value where it is absent. */
static int take_i64(const struct cli_arguments *arguments, size_t option, int64_t least, int64_t most,
                    int64_t *value)
{
    char allowed[80];
    const char *text = arguments->values[option];
    char digits[32];
    if (!text)
        return CLI_OK;
    snprintf(digits, sizeof(digits), "%s", text);
    if (option == OPTION_RATE && strstr(digits, "/s"))
        *strstr(digits, "/s") = '\0';
    if (option_i64(digits, least, most, value))
        return CLI_OK;
    snprintf(allowed, sizeof(allowed), "a whole number from %lld to %lld", (long long)least, (long long)most);
    return option_refuse(&generate_command, options[option].name, text, allowed);
}

static int take_duration(const struct cli_arguments *arguments, size_t option, int64_t *value)
{
    const char *text = arguments->values[option];
    if (!text || value_duration(text, value))
        return CLI_OK;
    return option_refuse(&generate_command, options[option].name, text, "a duration like 30s, 6h or 7d");
}

static int take_share(const struct cli_arguments *arguments, size_t option, int64_t *value)
{
    const char *text = arguments->values[option];
    if (!text || option_share(text, value))
        return CLI_OK;
    return option_refuse(&generate_command, options[option].name, text, "a share from 0 to 1 like 0.02");
}

static int take_numbers(const struct cli_arguments *arguments, struct plan *plan)
{
    int64_t seed = 1, partitions = 4;
    int r = take_i64(arguments, OPTION_EVENTS, 1, INT64_C(1000000000000), &plan->n_events);
    if (!r)
        r = take_i64(arguments, OPTION_RATE, 1, 10000000, &plan->rate);
    if (!r)
        r = take_i64(arguments, OPTION_SEED, 0, INT64_MAX, &seed);
    if (!r)
        r = take_i64(arguments, OPTION_CAMPAIGNS, 1, 10000000, &plan->events.n_campaigns);
    if (!r)
        r = take_i64(arguments, OPTION_SPEED, 1, 1000000, &plan->speed);
    if (!r)
        r = take_i64(arguments, OPTION_PARTITIONS, 1, 256, &partitions);
    plan->events.seed = (uint64_t)seed;
    plan->sink.n_partitions = (int32_t)partitions;
    return r;
}

static int take_times(const struct cli_arguments *arguments, struct plan *plan)
{
    int r = take_duration(arguments, OPTION_SPAN, &plan->span_ms);
    if (!r)
        r = take_duration(arguments, OPTION_HISTORY, &plan->history_ms);
    if (!r)
        r = take_duration(arguments, OPTION_ORDER_DELAY, &plan->events.longest_delay_ms);
    if (!r)
        r = take_duration(arguments, OPTION_DISORDER, &plan->events.disorder_ms);
    if (!r)
        r = take_share(arguments, OPTION_LATE, &plan->events.late_micro);
    if (!r)
        r = take_share(arguments, OPTION_DUPLICATES, &plan->events.duplicates_micro);
    if (!r)
        r = take_share(arguments, OPTION_BAD, &plan->events.bad_micro);
    if (!r)
        r = take_share(arguments, OPTION_ENGAGEMENTS, &plan->events.engagements_micro);
    if (!r)
        r = take_share(arguments, OPTION_SPEND, &plan->events.spend_micro);
    plan->sink.costs = plan->events.engagements_micro || plan->events.spend_micro;
    return r;
}

static int take_start(const struct cli_arguments *arguments, struct plan *plan)
{
    const char *text = arguments->values[OPTION_START];
    int64_t before_ms = plan->span_ms;
    plan->events.start_ms = wall_ms() - before_ms;
    plan->events.start_ms -= plan->events.start_ms % 60000;
    if (!text || value_time(text, &plan->events.start_ms))
        return CLI_OK;
    if (!value_duration(text, &before_ms))
        return option_refuse(&generate_command, "start", text,
                             "RFC 3339 like 2026-03-01T00:00:00Z, or a duration before now");
    plan->events.start_ms = wall_ms() - before_ms;
    return CLI_OK;
}

/* Event time between two messages: what rate and speed say together, else the span shared out. */
static void set_gap(struct plan *plan, bool has_span)
{
    int64_t n = plan->n_events == INT64_MAX ? 864000 : plan->n_events;
    int64_t gap_us = plan->span_ms * 1000 / n;
    if (!has_span && plan->rate && plan->speed)
        gap_us = plan->speed * 1000000 / plan->rate;
    plan->events.gap_us = gap_us > 0 ? gap_us : 1;
    int64_t tenth_ms = plan->span_ms / 10 + 1;
    if (plan->events.longest_delay_ms < 0)
        plan->events.longest_delay_ms = tenth_ms < LONGEST_ORDER_DELAY_MS ? tenth_ms : LONGEST_ORDER_DELAY_MS;
}

static int read_plan(int argc, char **argv, struct plan *plan)
{
    struct cli_arguments arguments;
    int r = options_read(&generate_command, argc, argv, &arguments);
    if (r)
        return r;
    bool embedded = arguments.values[OPTION_EMBEDDED] != NULL;
    *plan = (struct plan){
        .events = {.n_campaigns = 12, .longest_delay_ms = -1},
        .n_events = embedded ? INT64_MAX : 10000,
        .span_ms = DEFAULT_SPAN_MS,
        .sink = {.kind = embedded ? SINK_EMBEDDED : SINK_KAFKA,
                 .temporary_topics = arguments.values[OPTION_TEMPORARY_TOPICS] != NULL,
                 .address_file = arguments.values[OPTION_ADDRESS_FILE]},
    };
    if (arguments.values[OPTION_STDOUT])
        plan->sink.kind = SINK_STDOUT;
    r = take_numbers(&arguments, plan);
    if (!r)
        r = take_times(&arguments, plan);
    if (!r)
        r = take_start(&arguments, plan);
    set_gap(plan, arguments.values[OPTION_SPAN] != NULL);
    return r;
}

/* Whether the message's time has come. */
static bool is_due(const struct plan *plan, const struct generated *message, int64_t n_sent, int64_t began_ms)
{
    int64_t passed_ms = steady_ms() - began_ms;
    if (plan->speed)
        return message->record_ts_ms - plan->events.start_ms - plan->history_ms <= passed_ms * plan->speed;
    return !plan->rate || n_sent < passed_ms * plan->rate / 1000 + 1;
}

static void release_events(struct events **events)
{
    events_free(*events);
}

static void release_sink(struct sink **sink)
{
    sink_free(*sink);
}

static void close_signals(int *signals)
{
    if (*signals >= 0)
        close(*signals);
}

static bool is_end(int number)
{
    return number && number != SIGWINCH;
}

/* Sends until all is sent (CLI_OK), a signal comes (CLI_OK, *ret_ended) or something fails. */
static int pump(const struct plan *plan, struct events *events, struct sink *sink, int signals,
                int64_t *ret_sent, bool *ret_ended)
{
    int64_t began_ms = steady_ms();
    int64_t n_sent = 0;
    while (n_sent < plan->n_events) {
        struct generated message;
        if (events_next(events, &message))
            return CLI_FAILED;
        int r = SINK_FULL;
        while (r == SINK_FULL) {
            bool due = is_due(plan, &message, n_sent, began_ms);
            if (due)
                r = sink_put(sink, &message);
            if (!due || r == SINK_FULL || n_sent % POLL_EVERY == 0) {
                sink_poll(sink);
                *ret_ended = is_end(signals_wait(signals, r == SINK_FULL ? PAUSE_MS : 0));
            }
            if (*ret_ended)
                return CLI_OK;
        }
        if (r)
            return r;
        *ret_sent = ++n_sent;
    }
    return CLI_OK;
}

/* The mock lives as long as this process: it stays until somebody ends it. */
static void serve_until_signal(struct sink *sink, int signals)
{
    while (!is_end(signals_wait(signals, 50)))
        sink_poll(sink);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(release_events) struct events *events = NULL;
    CLEANUP(release_sink) struct sink *sink = NULL;
    CLEANUP(close_signals) int signals = -1;
    struct plan plan;
    int64_t n_sent = 0;
    bool ended = false;
    int r = read_plan(argc, argv, &plan);
    if (!r)
        r = cli_load(cli, &settings);
    if (r)
        return r;
    signals = signals_open();
    if (signals < 0 || events_new(&plan.events, &events))
        return CLI_FAILED;
    r = sink_new(settings, &plan.sink, &sink);
    if (!r)
        r = pump(&plan, events, sink, signals, &n_sent, &ended);
    if (!r && !ended && plan.sink.kind == SINK_EMBEDDED)
        serve_until_signal(sink, signals);
    if (!r && plan.sink.kind != SINK_EMBEDDED)
        r = sink_flush(sink, FLUSH_MS);
    fprintf(stderr, "roiwatch generate: %lld messages\n", (long long)n_sent);
    return r;
}

const struct cli_command generate_command = {
    .name = "generate",
    .arguments = "",
    .summary = "make up events for trying things out",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .run = run,
};
