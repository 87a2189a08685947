/*
 * offsets: how far the counting is, lane by lane; and --wait, the barrier of tests and scripts.
 *
 * DESIGN of --wait: the ends of the log are taken once. What was below them is in the reader keys as soon as
 * (1) every shard's vector is past them, (2) every shard's evaluator has published at least the journal entry
 * that was the last one when (1) held, and (3) where windows end by the log's own time (`lateness.idle:
 * log`), every shard has published an as_of at least as new as the newest event counted: only then has the
 * window moved over the last event (without any event nothing is published, nor waited for). A topic that does not exist held nothing, so it holds nobody up, but it is
 * named; where none exists there is nothing that could be counted, and that is waited for.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/lanes.h"
#include "daemon/cli/text.h"
#include "daemon/cli/waiting.h"
#include "lib/config/value.h"

enum { OPTION_WAIT, POLL_MS = 50, TOPICS_MS = 500 };

static const struct cli_option options[] = {
    {"wait", "DURATION",
     "return when all that is in the log now is in the reader keys; 1 when the time is over"},
};

/* The id of a stream's entry: MS-SEQ. */
struct stream_id {
    unsigned long long ms, sequence;
};

static struct stream_id stream_id_of(const char *text)
{
    struct stream_id id = {0};
    if (!text || sscanf(text, "%llu-%llu", &id.ms, &id.sequence) < 1)
        return (struct stream_id){0};
    return id;
}

static bool is_before(struct stream_id a, struct stream_id b)
{
    return a.ms != b.ms ? a.ms < b.ms : a.sequence < b.sequence;
}

static void print_rejections(struct buffer *out, const int64_t *counters, bool json)
{
    bool first = true;
    for (enum reject_reason reason = REJECT_NONE + 1; reason < N_REJECT_REASONS; reason++) {
        int64_t n = counters[(int)LANE_REJECTED + (int)reason - 1];
        if (n == 0)
            continue;
        if (json)
            buffer_printf(out, "%s\"%s\":%lld", first ? "" : ",", reject_reason_name(reason), (long long)n);
        else
            buffer_printf(out, "%s%s %lld", first ? "" : ", ", reject_reason_name(reason), (long long)n);
        first = false;
    }
}

static const char *lane_name(int lane)
{
    return lane == LANE_ORDER ? "orders" : "touches";
}

/* What a lane still has to count; from its start, or the log's, where nothing is counted yet. */
static int64_t lag_of(const struct partition_state *state, int lane)
{
    int64_t next = state->lane[lane].next;
    if (next == LANE_UNSET)
        next = state->start > state->low ? state->start : state->low;
    return state->end > next ? state->end - next : 0;
}

static void lane_json(struct buffer *out, const struct partition_state *state, int lane)
{
    buffer_append_text(out, "{\"topic\":");
    json_append_text(out, span_of(state->topic));
    buffer_printf(out, ",\"partition\":%d,\"lane\":\"%s\"", (int)state->partition, lane_name(lane));
    if (state->lane[lane].next == LANE_UNSET)
        buffer_append_text(out, ",\"next_offset\":null");
    else
        buffer_printf(out, ",\"next_offset\":%lld", (long long)state->lane[lane].next);
    buffer_printf(out, ",\"last_stable_offset\":%lld,\"lag\":%lld", (long long)state->end,
                  (long long)lag_of(state, lane));
    if (state->lane[lane].newest_ms == NEVER)
        buffer_append_text(out, ",\"newest_ms\":null");
    else
        buffer_printf(out, ",\"newest_ms\":%lld", (long long)state->lane[lane].newest_ms);
    for (enum lane_column column = 0; column < LANE_REJECTED; column++)
        buffer_printf(out, ",\"%s\":%lld", lane_column_name(column),
                      (long long)state->lane[lane].counters[column]);
    buffer_append_text(out, ",\"rejected\":{");
    print_rejections(out, state->lane[lane].counters, true);
    buffer_append_text(out, "}}");
}

static void lane_text(struct buffer *out, const struct partition_state *state, int lane)
{
    char next[24] = "-";
    if (state->lane[lane].next != LANE_UNSET)
        snprintf(next, sizeof(next), "%lld", (long long)state->lane[lane].next);
    text_padded(out, span_of(state->topic), 24, false);
    buffer_printf(out, " %9d  %-8s %14s %14lld %12lld  ", (int)state->partition, lane_name(lane), next,
                  (long long)state->end, (long long)lag_of(state, lane));
    print_rejections(out, state->lane[lane].counters, false);
    buffer_append_u8(out, '\n');
}

static int print_lanes(const struct lanes *lanes, bool json)
{
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    if (json)
        buffer_append_text(&out, "[");
    else
        buffer_printf(&out, "%-24s %9s  %-8s %14s %14s %12s  %s\n", "topic", "partition", "lane", "next",
                      "last stable", "lag", "rejected");
    for (size_t i = 0; i < lanes->n * LANES_PER_PARTITION; i++) {
        const struct partition_state *state = &lanes->items[i / LANES_PER_PARTITION];
        int lane = (int)(i % LANES_PER_PARTITION);
        if (!json) {
            lane_text(&out, state, lane);
            continue;
        }
        buffer_append_text(&out, i ? ",\n " : "");
        lane_json(&out, state, lane);
    }
    if (json)
        buffer_append_text(&out, "]\n");
    return text_flush(&out);
}

/* Id of the last entry of every campaign shard's journal, now. */
static int read_tips(struct store *store, struct stream_id *ret_tips)
{
    int r = CLI_OK;
    for (uint32_t shard = 0; !r && shard < store->layout.n_shards; shard++) {
        CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
        layout_shard_key(&store->layout, SHARD_CAMPAIGN, shard, ":journal", &key);
        store_begin(store, "XREVRANGE");
        call_arg(&store->call, buffer_span(&key));
        call_arg_text(&store->call, "+");
        call_arg_text(&store->call, "-");
        call_arg_text(&store->call, "COUNT");
        call_arg_text(&store->call, "1");
        r = store_send(store);
    }
    for (uint32_t shard = 0; !r && shard < store->layout.n_shards; shard++) {
        CLEANUP(reply_free) redisReply *entries = NULL;
        r = store_take(store, STORE_ARRAY, &entries);
        ret_tips[shard] = (struct stream_id){0};
        if (!r && entries->elements == 1 && entries->element[0]->elements == 2)
            ret_tips[shard] = stream_id_of(entries->element[0]->element[0]->str);
    }
    return r;
}

/* Whether each shard's evaluator has published its tip, and an as_of of at_least_ms. */
static int read_published(struct store *store, const struct stream_id *tips, int64_t at_least_ms,
                          bool *ret_published)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    CLEANUP(reply_free) redisReply *shards = NULL;
    layout_common_key(&store->layout, "shards", &key);
    store_begin(store, "HGETALL");
    call_arg(&store->call, buffer_span(&key));
    int r = store_run(store, STORE_ARRAY, &shards);
    if (r)
        return r;
    bool published = true;
    for (uint32_t shard = 0; published && shard < store->layout.n_shards; shard++) {
        char name[16], text[96] = "", tip[64] = "";
        long long as_of_ms;
        snprintf(name, sizeof(name), "%u", shard);
        struct span value = reply_field(shards, name);
        if (value.size < sizeof(text))
            memcpy(text, value.size ? value.data : "", value.size);
        bool empty = tips[shard].ms == 0 && at_least_ms == NEVER; /* nothing was ever counted there */
        published = empty || (sscanf(text, "%lld %63s", &as_of_ms, tip) == 2 && as_of_ms >= at_least_ms &&
                              !is_before(stream_id_of(tip), tips[shard]));
    }
    *ret_published = published;
    return CLI_OK;
}

static int64_t newest_of(const struct lanes *lanes)
{
    int64_t newest_ms = NEVER;
    for (size_t i = 0; i < lanes->n * LANES_PER_PARTITION; i++) {
        int64_t lane_ms = lanes->items[i / LANES_PER_PARTITION].lane[i % LANES_PER_PARTITION].newest_ms;
        newest_ms = lane_ms > newest_ms ? lane_ms : newest_ms;
    }
    return newest_ms;
}

enum { NOT_YET = -1 };

/* One look at the vectors: NOT_YET, CLI_OK when all are past the ends, or an error. */
static int look_at_vectors(struct store *store, struct lanes *lanes)
{
    int r = store_read_meta(store);
    if (!r)
        r = lanes_read_vectors(store, lanes);
    if (r)
        return r;
    return lanes_are_through(lanes) ? CLI_OK : NOT_YET;
}

struct wait {
    int64_t until_ms;
    struct stream_id *tips; /* owned; NULL until the vectors are through */
    int64_t at_least_ms;
};

static void wait_deinit(struct wait *wait)
{
    free(wait->tips);
}

/* One look: NOT_YET, CLI_OK or an error. */
static int look(struct store *store, const struct settings *settings, struct lanes *lanes, struct wait *wait)
{
    if (!wait->tips) {
        int r = look_at_vectors(store, lanes);
        if (r)
            return r;
        wait->tips = calloc(store->layout.n_shards, sizeof(*wait->tips));
        if (!wait->tips)
            return CLI_FAILED;
        r = read_tips(store, wait->tips);
        if (r) {
            free(wait->tips);
            wait->tips = NULL;
            return r;
        }
        wait->at_least_ms = settings->lateness.idle == IDLE_LOG ? newest_of(lanes) : NEVER;
    }
    if (settings->lateness.idle == IDLE_LOG && wait->at_least_ms == NEVER)
        return CLI_OK; /* the log has no time yet: no event was counted, nothing will be published */
    bool published = false;
    int r = read_published(store, wait->tips, wait->at_least_ms, &published);
    return r ? r : published ? CLI_OK : NOT_YET;
}

static int time_is_over(const struct store *store, const struct wait *wait)
{
    const char *why =
        wait->tips ? "counted, but not all of it is published yet" : "not every lane is counted to its end";
    fprintf(stderr, "roiwatch offsets: the time is over: %s\n", store->complaint[0] ? store->complaint : why);
    return CLI_FAILED;
}

static int wait_for(struct store *store, const struct settings *settings, struct lanes *lanes,
                    int64_t until_ms)
{
    CLEANUP(wait_deinit) struct wait wait = {.until_ms = until_ms};
    store->quiet = true;
    for (;;) {
        store->complaint[0] = '\0';
        int r = look(store, settings, lanes, &wait);
        if (r == CLI_OK)
            return r;
        /* A Redis that is away and a daemon that has not started are what waiting is for. */
        if (r != NOT_YET && r != CLI_UNAVAILABLE && r != CLI_FAILED) {
            fprintf(stderr, "roiwatch offsets: %s\n", store->complaint);
            return r;
        }
        if (steady_ms() >= wait.until_ms)
            return time_is_over(store, &wait);
        (void)poll(NULL, 0, POLL_MS);
    }
}

/* Until one of the topics exists. */
static int wait_for_topics(const struct settings *settings, rd_kafka_t *client, int64_t until_ms,
                           struct lanes *lanes)
{
    while (lanes->n == 0) {
        if (steady_ms() >= until_ms) {
            fprintf(stderr, "roiwatch offsets: the time is over: none of the configured topics exists\n");
            return CLI_FAILED;
        }
        (void)poll(NULL, 0, TOPICS_MS);
        int r = lanes_list(settings, client, true, lanes);
        if (r)
            return r;
    }
    return CLI_OK;
}

/* Before a daemon has ever started nothing is counted, and all of the log is lag. */
static int read_counted(struct store *store, struct lanes *lanes)
{
    int r = store_read_meta(store);
    if (r == CLI_FAILED && store->context && store->layout.n_shards == 0)
        return CLI_OK;
    if (!r)
        r = lanes_read_vectors(store, lanes);
    return r ? r : lanes_read_counters(store, lanes);
}

static int run_with(const struct cli *cli, const struct settings *settings, struct store *store,
                    rd_kafka_t *client, int64_t wait_ms)
{
    CLEANUP(lanes_deinit) struct lanes lanes = {0};
    int64_t until_ms = steady_ms() + wait_ms;
    int waited = CLI_OK;
    if (wait_ms >= 0)
        kafka_limit(client, until_ms);
    int r = lanes_list(settings, client, false, &lanes);
    if (!r && wait_ms >= 0)
        waited = wait_for_topics(settings, client, until_ms, &lanes);
    if (!r)
        r = lanes_read_ends(settings, client, &lanes);
    if (!r && !waited && wait_ms >= 0)
        waited = wait_for(store, settings, &lanes, until_ms);
    store->quiet = false;
    if (!r)
        r = read_counted(store, &lanes);
    if (!r)
        r = print_lanes(&lanes, cli->json);
    return waited ? waited : r;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(store_deinit) struct store store = {0};
    CLEANUP(kafka_release) rd_kafka_t *client = NULL;
    struct cli_arguments arguments;
    int64_t wait_ms = -1;
    int r = options_read(&offsets_command, argc, argv, &arguments);
    if (!r && arguments.values[OPTION_WAIT] && !value_duration(arguments.values[OPTION_WAIT], &wait_ms))
        r = option_refuse(&offsets_command, "wait", arguments.values[OPTION_WAIT],
                          "a duration like 500ms, 60s or 5m");
    if (!r)
        r = cli_load(cli, &settings);
    if (!r)
        r = store_open(&store, &settings->redis);
    if (!r)
        r = kafka_client(settings, RD_KAFKA_CONSUMER, NULL, &client);
    return r ? r : run_with(cli, settings, &store, client, wait_ms);
}

const struct cli_command offsets_command = {
    .name = "offsets",
    .arguments = "",
    .summary = "print how far every partition is counted, and what was rejected",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .run = run,
};
