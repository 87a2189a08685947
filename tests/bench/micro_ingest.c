#include "tests/bench/micro_ingest.h"

#include <stdlib.h>
#include <time.h>

#include "lib/ingest/ingest.h"
#include "tests/bench/workload.h"

enum { MESSAGES = 4000, ROUNDS = 40, ANSWERS = 4096, FLUSH_MS = 250 };

struct counting {
    struct ingest *ingest;
    struct workload_event *events; /* MESSAGES impressions */
    struct call call;
    int64_t offset;
    int64_t now_ms;
    size_t n_cells; /* stored cells in apply calls so far */
    struct reply answers[ANSWERS];
};

static double steady_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* How many cells an apply call adds to. */
static size_t cells_of(const struct call *call)
{
    struct span groups = call_get(call, call->n_keys + 1);
    size_t n = 0;
    for (size_t i = 0; i < groups.size; i += 4)
        n += read_u16(groups.data + i);
    return n;
}

/* The answer of a store in which all is well. */
static struct reply answer(struct counting *counting, const struct call *call, struct buffer *bytes)
{
    size_t n = 0;
    switch (call->script) {
    case SCRIPT_REGISTER:
        return (struct reply){.type = REPLY_TEXT, .text = span_of("0 0 ready impression/300000/65536")};
    case SCRIPT_OPEN_LANE:
    case SCRIPT_SET_LANE:
        return (struct reply){.type = REPLY_INTEGER, .integer = 1};
    case SCRIPT_APPLY:
        counting->n_cells += cells_of(call);
        counting->answers[n++] = (struct reply){.type = REPLY_TEXT, .text = span_of("ok")};
        break;
    case SCRIPT_DECIDE:
        counting->answers[n++] = (struct reply){.type = REPLY_TEXT, .text = span_of("ok")};
        break;
    case SCRIPT_ADMIT:
        for (size_t i = 2; i < call->n_args && n < ANSWERS; i += 2)
            counting->answers[n++] = (struct reply){.type = REPLY_INTEGER, .integer = 1};
        break;
    default:
        for (int i = 0; i < LANES_PER_PARTITION; i++)
            vector_append(bytes, (struct lane_mark){0, NEVER});
        return (struct reply){.type = REPLY_TEXT, .text = buffer_span(bytes)};
    }
    return (struct reply){.type = REPLY_ARRAY, .elements = counting->answers, .n_elements = n};
}

/* Takes all calls that ingest has now and answers each at once. */
static int answer_all(struct counting *counting)
{
    uint64_t tag;
    int r;
    while ((r = ingest_next(counting->ingest, &counting->call, &tag)) == 1) {
        CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
        struct reply reply = answer(counting, &counting->call, &bytes);
        r = ingest_reply(counting->ingest, tag, &reply);
        if (r < 0)
            return r;
    }
    return r;
}

static int read_all(struct counting *counting)
{
    int r = 0;
    for (size_t i = 0; i < MESSAGES && r == 0; i++) {
        const struct workload_event *event = &counting->events[i];
        r = ingest_message(counting->ingest, 0, counting->offset++, NO_RECORD_TIME, (struct span){0},
                           span_from(event->value, (size_t)event->value_size));
    }
    return r ? r : ingest_batch_end(counting->ingest);
}

static int counting_open(struct counting *counting, const struct settings *settings,
                         const struct bench_options *options)
{
    const struct ingest_partition partition = {"micro", 0, EVENT_IMPRESSION, 0};
    struct ingest_rules rules = {
        .layout = {span_of("roi:"), 64, 1},
        .decode = {.future_ms = 300000, .message_bytes = 65536, .currency = "EUR"},
        .book = &settings->book,
        .campaigns_limit = 1000000,
        .refund_horizon_ms = 86400000,
        .flush_ms = FLUSH_MS,
        .cells_due = INGEST_CELLS_DUE,
    };
    call_init(&counting->call);
    counting->events = calloc(MESSAGES, sizeof(*counting->events));
    if (!counting->events || ingest_new(&rules, &counting->ingest) < 0)
        return 1;
    int64_t number = 0;
    for (size_t i = 0; i < MESSAGES; number++) {
        workload_event(options, number, &counting->events[i]);
        if (counting->events[i].type == EVENT_IMPRESSION)
            i++;
    }
    if (ingest_tick(counting->ingest, counting->now_ms) < 0 ||
        ingest_assign(counting->ingest, &partition, 1) < 0)
        return 1;
    return answer_all(counting) < 0 || ingest_phase(counting->ingest) != INGEST_RUNNING ? 1 : 0;
}

int micro_ingest(const struct settings *settings, const struct bench_options *options, double *ret_count_ns,
                 double *ret_apply_ns)
{
    struct counting *counting = calloc(1, sizeof(*counting));
    int r = counting ? counting_open(counting, settings, options) : 1;
    for (int i = 0; i <= ROUNDS && r == 0; i++) {
        double began = steady_ns();
        r = read_all(counting);
        double read_ns = (steady_ns() - began) / MESSAGES;
        counting->now_ms += 2 * FLUSH_MS;
        r = r ? r : ingest_tick(counting->ingest, counting->now_ms);
        counting->n_cells = 0;
        began = steady_ns();
        r = r ? r : answer_all(counting);
        double apply_ns = (steady_ns() - began) / (double)(counting->n_cells + 1);
        /* The first round asks about campaigns. */
        if (i == 1 || (i > 1 && read_ns < *ret_count_ns))
            *ret_count_ns = read_ns;
        if (i == 1 || (i > 1 && apply_ns < *ret_apply_ns))
            *ret_apply_ns = apply_ns;
    }
    if (counting) {
        call_deinit(&counting->call);
        ingest_free(counting->ingest);
        free(counting->events);
    }
    free(counting);
    return r ? 1 : 0;
}
