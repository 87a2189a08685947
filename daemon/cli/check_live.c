/*
 * check --live: what an operator would otherwise learn too late, asked of the servers now.
 *
 * Every finding is one line. Errors decide the exit code: a server that is away (69) or refuses us (77)
 * before one that is set up wrongly (78). Nothing is written to any server.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/kafka.h"
#include "daemon/cli/redis.h"
#include "daemon/redis_login.h"
#include "lib/base/json.h"
#include "lib/config/value.h"

enum { CONSUME_TIMEOUT_MS = 3000, DESCRIBE_TIMEOUT_MS = 3000, ERROR_SIZE = 256, FINDING_SIZE = 1024 };

/* About what jemalloc and Redis 7 need; measured on hashes of this shape, rounded up. */
enum { BYTES_PER_CELL = 140, BYTES_PER_READER_KEY = 1100, BYTES_PER_CAMPAIGN = 1200 };

struct live {
    const struct settings *settings;
    struct buffer *findings; /* the caller's: JSON objects, separated by commas */
    size_t n_warnings;
    int code;             /* the gravest so far */
    int64_t retention_ms; /* the least of the topics'; INT64_MAX: unlimited or unknown */
    char retention_topic[256];
    bool persistent;
    bool persistence_known;
    int64_t n_campaigns;
    int64_t maxmemory; /* 0: no limit */
};

/* A line for people, and an object of the list that --json prints. */
static void print(struct live *live, const char *kind, const char *format, va_list arguments)
{
    char text[FINDING_SIZE];
    vsnprintf(text, sizeof(text), format, arguments);
    fprintf(stderr, "%s: %s\n", kind, text);
    buffer_printf(live->findings, "%s{\"kind\":\"%s\",\"text\":", live->findings->size ? "," : "", kind);
    json_append_text(live->findings, span_of(text));
    buffer_append_u8(live->findings, '}');
}

__attribute__((format(printf, 2, 3))) static void warn(struct live *live, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(live, "warning", format, arguments);
    va_end(arguments);
    live->n_warnings++;
}

static void note_code(struct live *live, int code)
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

__attribute__((format(printf, 3, 4))) static void fail(struct live *live, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(live, "error", format, arguments);
    va_end(arguments);
    note_code(live, code);
}

/* May we read it? A consumer of its own at the end of the partition: the broker's answer to the first fetch
 * says so. */
static void check_read(struct live *live, rd_kafka_t *client, const char *topic, int64_t end)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = end > 0 ? end - 1 : RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t error = rd_kafka_assign(client, list);
    if (!error) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, CONSUME_TIMEOUT_MS);
        if (message && message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            error = message->err;
        if (message)
            rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_assign(client, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        note_code(live, kafka_failed(live->settings, topic, error));
}

static void check_topic(struct live *live, rd_kafka_t *client, const char *topic, bool read)
{
    int32_t n = 0;
    int64_t low = 0, high = 0;
    int r = kafka_topic_partitions(live->settings, client, topic, &n);
    if (r)
        note_code(live, r);
    else if (n == 0)
        fail(live, CLI_CONFIGURATION,
             "Kafka topic %s does not exist: create it, or correct the configuration", topic);
    if (r || n == 0)
        return;
    fprintf(stderr, "ok: Kafka topic %s: %" PRId32 " partitions\n", topic, n);
    if (!read)
        return;
    r = kafka_ends(live->settings, client, topic, 0, &low, &high);
    if (r)
        note_code(live, r);
    else
        check_read(live, client, topic, high > low ? high : 0);
}

/* retention.ms of one topic from a DescribeConfigs result; -1 is unlimited. False where it is not told. */
static bool retention_of(const rd_kafka_ConfigResource_t *resource, int64_t *ret_ms)
{
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);
    for (size_t i = 0; i < n; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "retention.ms") == 0 && value)
            return value_int(value, ret_ms);
    }
    return false;
}

static void take_retention(struct live *live, rd_kafka_event_t *event)
{
    size_t n = 0;
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **resources =
        result ? rd_kafka_DescribeConfigs_result_resources(result, &n) : NULL;
    size_t n_told = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t ms;
        if (rd_kafka_ConfigResource_error(resources[i]) || !retention_of(resources[i], &ms))
            continue;
        n_told++;
        if (ms >= 0 && ms < live->retention_ms) {
            live->retention_ms = ms;
            snprintf(live->retention_topic, sizeof(live->retention_topic), "%s",
                     rd_kafka_ConfigResource_name(resources[i]));
        }
    }
    if (n_told < live->settings->kafka.n_topics)
        warn(live,
             "Kafka does not tell how long it keeps %s (the right DescribeConfigs is needed): check "
             "retention.ms yourself",
             n_told ? "every topic" : "the topics");
}

static void ask_retention(struct live *live, rd_kafka_t *client)
{
    const struct kafka_settings *kafka = &live->settings->kafka;
    rd_kafka_ConfigResource_t **resources = calloc(kafka->n_topics, sizeof(rd_kafka_ConfigResource_t *));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    char error[ERROR_SIZE];
    (void)rd_kafka_AdminOptions_set_request_timeout(options, DESCRIBE_TIMEOUT_MS, error, sizeof(error));
    for (size_t i = 0; resources && i < kafka->n_topics; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, kafka->topics[i].name);
    if (resources) {
        rd_kafka_DescribeConfigs(client, resources, kafka->n_topics, options, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, DESCRIBE_TIMEOUT_MS + 1000);
        if (event)
            take_retention(live, event);
        if (event)
            rd_kafka_event_destroy(event);
        rd_kafka_ConfigResource_destroy_array(resources, kafka->n_topics);
    }
    free(resources);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

static void check_kafka(struct live *live)
{
    CLEANUP(kafka_release) rd_kafka_t *client = NULL;
    const struct kafka_settings *kafka = &live->settings->kafka;
    int r = kafka_client(live->settings, RD_KAFKA_CONSUMER, NULL, &client);
    if (r) {
        note_code(live, r);
        return;
    }
    (void)rd_kafka_poll_set_consumer(client);
    for (size_t i = 0; i < kafka->n_topics && live->code != CLI_UNAVAILABLE; i++)
        check_topic(live, client, kafka->topics[i].name, true);
    if (live->code == CLI_UNAVAILABLE)
        return;
    if (kafka->dead_letter)
        check_topic(live, client, kafka->dead_letter, false);
    else
        warn(live, "kafka.dead_letter is off: rejected events are counted, and lost");
    if (kafka->n_topics && !live->code)
        ask_retention(live, client);
    (void)rd_kafka_consumer_close(client);
}

/* The number after `name:` in INFO's text. */
static int64_t info_i64(const char *info, const char *name, int64_t fallback)
{
    char line[80];
    snprintf(line, sizeof(line), "\n%s:", name);
    const char *at = strstr(info, line);
    if (!at)
        return fallback;
    at += strlen(line);
    return span_i64(span_from(at, strcspn(at, "\r\n")), fallback);
}

static void check_info(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *info = NULL;
    char why[ERROR_SIZE] = "";
    store_begin(store, "INFO");
    int r = store_run(store, STORE_TEXT, &info);
    if (r) {
        note_code(live, r);
        return;
    }
    switch (redis_check_info(info->str, why, sizeof(why))) {
    case REDIS_INFO_LOADING:
        fail(live, CLI_UNAVAILABLE, "Redis at %s is still loading its data",
             live->settings->redis.address.url);
        break;
    case REDIS_INFO_REFUSED:
        fail(live, CLI_CONFIGURATION, "%s", why);
        break;
    case REDIS_INFO_OK:
        fprintf(stderr, "ok: Redis at %s\n", live->settings->redis.address.url);
        break;
    }
    live->maxmemory = info_i64(info->str, "maxmemory", 0);
    live->persistent = info_i64(info->str, "aof_enabled", 0) == 1;
    live->persistence_known = live->persistent;
}

/* Snapshots are told by CONFIG only, which a careful operator may have forbidden. */
static void check_save(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *config = NULL;
    if (live->persistent)
        return;
    store_begin(store, "CONFIG");
    call_arg_text(&store->call, "GET");
    call_arg_text(&store->call, "save");
    store->quiet = true;
    int r = store_run(store, STORE_ARRAY, &config);
    store->quiet = false;
    live->persistence_known = !r;
    live->persistent = !r && reply_field(config, "save").size > 0;
}

/* A command that writes, without an effect: a replica, a full server or a missing right refuses it. */
static void check_write(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "~check");
    store_begin(store, "DEL");
    call_arg(&store->call, buffer_span(&key));
    store->quiet = true;
    int r = store_run(store, STORE_INTEGER, &reply);
    store->quiet = false;
    if (r)
        fail(live, r == CLI_FAILED ? CLI_UNAVAILABLE : r, "roiwatch may not write: %s", store->complaint);
}

static void count_campaigns(struct live *live, struct store *store)
{
    CLEANUP(reply_free) redisReply *count = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "campaigns");
    store_begin(store, "SCARD");
    call_arg(&store->call, buffer_span(&key));
    int r = store_run(store, STORE_INTEGER, &count);
    if (r)
        note_code(live, r);
    else
        live->n_campaigns = count->integer;
}

static void check_redis(struct live *live)
{
    CLEANUP(store_deinit) struct store store = {0};
    int r = store_open(&store, &live->settings->redis);
    if (r) {
        note_code(live, r);
        return;
    }
    check_info(live, &store);
    check_write(live, &store);
    check_save(live, &store);
    count_campaigns(live, &store);
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
        warn(live, "%.*s; its maxmemory is %" PRId64 " MiB: raise it before it refuses writes",
             (int)text.size, text.data, live->maxmemory / 1048576);
    else
        fprintf(stderr, "ok: %.*s\n", (int)text.size, text.data);
    if (!live->maxmemory)
        warn(live, "Redis has no maxmemory: without one the kernel decides what happens when memory ends");
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
        warn(live,
             "Kafka keeps %s, your windows need %s: turn on Redis persistence, or a lost Redis cannot be "
             "recounted (topic %s)",
             kept, needed, live->retention_topic);
    else if (total)
        warn(live,
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
