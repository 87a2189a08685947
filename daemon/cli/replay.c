/*
 * replay: sends dead letters back to the topics that their messages came from, each once.
 *
 * DESIGN
 *   The dead-letter topic is its own memory: beside each letter that was sent back stands a mark of that, written in one
 * transaction with the copy (letter_sender.h). So there is no position that could pass a letter which the options leave,
 * and repeats of a letter are known for as long as it is there (letters.h). The price: each call reads the topic from its
 * start, twice if there is something to send, and holds an entry of some 150 bytes for each letter in memory.
 *   A letter is only sent when the shards have passed its message, and in the count in which it was refused:
 * before and after that its message itself is read again, and may be accepted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/letter_log.h"
#include "daemon/cli/letter_report.h"
#include "daemon/cli/letter_sender.h"
#include "daemon/letter_headers.h"
#include "lib/config/value.h"

enum { OPTION_REASON, OPTION_TOPIC, OPTION_SINCE, OPTION_DRY_RUN, OPTION_YES };

static const struct cli_option options[] = {
    {"reason", "REASON", "only letters with this reason; several times"},
    {"topic", "TOPIC", "only letters of messages of this topic; several times"},
    {"since", "TIME", "only letters that were written at this time or later, such as 2026-01-31T00:00:00Z"},
    {"dry-run", NULL, "only say what would be sent"},
    {"yes", NULL, "do it; without this nothing happens but that it is said what would"},
};

struct replay {
    const struct settings *settings;
    struct letter_filter filter;
    struct letter_log log;
    struct letter_book book;
    struct lanes lanes;
    struct letter_sender sender;
};

static void replay_deinit(struct replay *replay)
{
    sender_close(&replay->sender); /* its letters are of the log's client */
    letter_log_close(&replay->log);
    book_deinit(&replay->book);
    lanes_deinit(&replay->lanes);
}

static int take_reason(struct letter_filter *filter, const char *name)
{
    for (enum reject_reason reason = REJECT_NONE + 1; reason < N_REJECT_REASONS; reason++) {
        if (strcmp(reject_reason_name(reason), name) == 0) {
            filter->reasons[reason] = true;
            return CLI_OK;
        }
    }
    const char *names[N_REJECT_REASONS];
    for (enum reject_reason reason = REJECT_NONE + 1; reason < N_REJECT_REASONS; reason++)
        names[reason - 1] = reject_reason_name(reason);
    const char *nearest = option_nearest(name, names, N_REJECT_REASONS - 1);
    return option_refuse(&replay_command, "reason", name,
                         nearest ? nearest : "a reason of rejection, such as too_large");
}

static int take_topic(struct letter_filter *filter, const struct kafka_settings *kafka, const char *name)
{
    for (size_t i = 0; i < kafka->n_topics; i++) {
        if (strcmp(kafka->topics[i].name, name) == 0) {
            filter->topics[filter->n_topics++] = name;
            return CLI_OK;
        }
    }
    return option_refuse(&replay_command, "topic", name, "one of kafka.topics");
}

static int take_filter(const struct cli_arguments *arguments, const struct kafka_settings *kafka,
                       struct letter_filter *ret_filter)
{
    int r = CLI_OK;
    for (size_t i = 0; !r && i < arguments->n_each; i++) {
        const char *value = arguments->each[i].value;
        if (arguments->each[i].option == OPTION_REASON)
            r = take_reason(ret_filter, value);
        else if (arguments->each[i].option == OPTION_TOPIC)
            r = take_topic(ret_filter, kafka, value);
        else if (arguments->each[i].option == OPTION_SINCE && !value_time(value, &ret_filter->since_ms))
            r = option_refuse(&replay_command, "since", value, "a time such as 2026-01-31T00:00:00Z");
    }
    return r;
}

static int add(void *context, rd_kafka_message_t *record)
{
    struct letter_book *book = context;
    int r = book_add(book, record);
    rd_kafka_message_destroy(record);
    if (r == 0)
        return CLI_OK;
    if (r == -E2BIG)
        fprintf(stderr,
                "roiwatch: there are more than %d dead letters: cut the topic's start off "
                "(kafka-delete-records.sh)\n",
                (int)LETTERS_MAX);
    else
        fprintf(stderr, "roiwatch: %s\n", strerror(-r));
    return CLI_FAILED;
}

static int put(void *context, rd_kafka_message_t *record)
{
    struct replay *replay = context;
    struct letter_entry *entry;
    int r = book_find(&replay->book, record, &entry);
    bool wanted = entry && (entry->state == LETTER_TO_SEND ||
                            (entry->state == LETTER_DONE && letter_lacks_mark(entry)));
    if (r == 0 && wanted)
        return sender_put(&replay->sender, record, entry);
    rd_kafka_message_destroy(record);
    return r < 0 ? CLI_FAILED : CLI_OK;
}

/* Whatever can be sent is sent, although something failed: the first failure is returned. */
static int send_all(struct replay *replay)
{
    size_t n = book_count(&replay->book, LETTER_TO_SEND);
    int r = letter_log_read(&replay->log, put, replay);
    if (!r)
        r = sender_flush(&replay->sender);
    size_t n_sent = book_count(&replay->book, LETTER_SENT);
    fprintf(stderr, "roiwatch: %zu of %zu letters are sent back to their topics\n", n_sent, n);
    return !r && n_sent < n ? CLI_FAILED : r;
}

/* Which count is in force: of the generation whose vectors are going to be read. */
static int read_count(struct store *store, int64_t *ret_count_id)
{
    CLEANUP(reply_free) redisReply *begun = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_root_key(&store->layout, "~meta", &key);
    store_begin(store, "HGET");
    call_arg(&store->call, buffer_span(&key));
    call_arg_text(&store->call, "begun");
    int r = store_run(store, STORE_TEXT | STORE_NIL, &begun);
    if (!r)
        *ret_count_id = count_id_of(span_i64(reply_span(begun), 0), store->layout.generation);
    return r;
}

/* How far everything is counted is taken first: what is read after it was refused by then. */
static int look(struct replay *replay, struct store *store, bool sending)
{
    const struct kafka_settings *kafka = &replay->settings->kafka;
    int r = store_read_meta(store);
    int64_t count_id = 0;
    if (!r)
        r = read_count(store, &count_id);
    book_init(&replay->book, kafka->group, count_id);
    if (!r)
        r = letter_log_open(&replay->log, replay->settings);
    if (!r && replay->log.n_partitions == 0) {
        fprintf(stderr, "roiwatch: the dead-letter topic %s does not exist\n", kafka->dead_letter);
        r = CLI_FAILED;
    }
    if (!r)
        r = lanes_list(replay->settings, replay->log.reader, true, &replay->lanes);
    if (!r)
        r = lanes_read_vectors(store, &replay->lanes);
    if (!r && sending)
        r = sender_open(&replay->sender, replay->settings, count_id);
    if (!r)
        r = letter_log_take_ends(&replay->log, sending ? replay->sender.producer : NULL);
    if (!r)
        r = letter_log_read(&replay->log, add, &replay->book);
    if (!r)
        book_judge(&replay->book, &replay->filter, &replay->lanes);
    return r;
}

static int ask(const struct replay *replay)
{
    size_t n = book_count(&replay->book, LETTER_TO_SEND);
    if (n == 0)
        return CLI_OK;
    fprintf(
        stderr,
        "roiwatch: replay would send %zu letters back to their topics, to be counted. Say --yes to do it\n",
        n);
    return CLI_USAGE;
}

static int run_with(const struct cli *cli, const struct settings *settings,
                    const struct cli_arguments *arguments)
{
    CLEANUP(replay_deinit) struct replay replay = {.settings = settings, .filter.since_ms = INT64_MIN};
    CLEANUP(store_deinit) struct store store = {0};
    bool dry = arguments->values[OPTION_DRY_RUN], sending = arguments->values[OPTION_YES] && !dry;
    int r = take_filter(arguments, &settings->kafka, &replay.filter);
    if (!r)
        r = store_open(&store, &settings->redis);
    if (!r)
        r = look(&replay, &store, sending);
    if (r)
        return r;
    int sent = sending ? send_all(&replay) : CLI_OK;
    r = letters_print(&replay.book, settings->kafka.dead_letter, cli->json);
    if (sent)
        return sent;
    return !r && !sending && !dry ? ask(&replay) : r;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    struct cli_arguments arguments;
    int r = options_read(&replay_command, argc, argv, &arguments);
    if (!r)
        r = cli_load(cli, &settings);
    if (r)
        return r;
    if (!settings->kafka.dead_letter) {
        fprintf(stderr, "roiwatch: kafka.dead_letter is off: there are no letters that could be sent back\n");
        return CLI_CONFIGURATION;
    }
    return run_with(cli, settings, &arguments);
}

const struct cli_command replay_command = {
    .name = "replay",
    .arguments = "",
    .summary = "send dead letters back to their topics, each once",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .run = run,
};
