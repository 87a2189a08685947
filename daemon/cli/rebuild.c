/*
 * rebuild: counts everything again, in a new generation.
 *
 * DESIGN
 *   The daemon rebuilds by itself where the log still holds everything. This command is for the other case:
 * it says that what Kafka no longer holds may be missing from the numbers. It begins a generation that
 * accepts the loss; every daemon sees that within a second and starts over from Kafka's first offset. What
 * was shown before goes, so that nobody reads old numbers beside new ones.
 */
#include <stdio.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/reader.h"

enum { OPTION_YES, CAMPAIGNS_MAX = 1 << 22 };

static const struct cli_option options[] = {
    {"yes", NULL, "do it; without this nothing happens but a sentence that says what would"},
};

static int meta_i64(struct store *store, const char *field, int64_t *ret_value)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    store_begin(store, "HGET");
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "~meta");
    call_arg(&store->call, buffer_span(&key));
    call_arg_text(&store->call, field);
    int r = store_run(store, STORE_TEXT | STORE_NIL, &reply);
    if (!r)
        *ret_value = span_i64(reply_span(reply), 0);
    return r;
}

/* The generation after `generation`, which accepts that data is missing. */
static int begin_generation(struct store *store, int64_t generation)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "~meta");
    store_begin(store, "HSET");
    call_arg(&store->call, buffer_span(&key));
    call_arg_text(&store->call, "generation");
    call_arg_i64(&store->call, generation + 1);
    call_arg_text(&store->call, "accept_loss");
    call_arg_i64(&store->call, generation + 1);
    call_arg_text(&store->call, "rebuilt_from");
    call_arg_i64(&store->call, 0);
    return store_run(store, STORE_INTEGER, &reply);
}

static int unlink_key(struct store *store, struct span key)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    store_begin(store, "UNLINK");
    call_arg(&store->call, key);
    return store_run(store, STORE_INTEGER, &reply);
}

/* The reader keys of one campaign: its own and one a window. */
static int unlink_campaign(struct store *store, const struct settings *settings, struct span id)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_reader_key(&store->layout, id, NULL, &key);
    int r = unlink_key(store, buffer_span(&key));
    for (size_t i = 0; !r && i < settings->windows.n; i++) {
        buffer_clear(&key);
        layout_reader_key(&store->layout, id, settings->windows.items[i].name, &key);
        r = unlink_key(store, buffer_span(&key));
    }
    return r;
}

static int unlink_readers(struct store *store, const struct settings *settings)
{
    CLEANUP(campaign_list_deinit) struct campaign_list list = {0};
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    int r = reader_campaigns(store, CAMPAIGNS_MAX, &list);
    for (size_t i = 0; !r && i < list.n; i++)
        r = unlink_campaign(store, settings, buffer_span(&list.ids[i]));
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, "campaigns");
    if (!r)
        r = unlink_key(store, buffer_span(&key));
    buffer_clear(&key);
    layout_root_key(&store->layout, "~names", &key);
    return r ? r : unlink_key(store, buffer_span(&key));
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(store_deinit) struct store store = {0};
    struct cli_arguments arguments;
    int64_t generation = 0;
    int r = options_read(&rebuild_command, argc, argv, &arguments);
    if (!r)
        r = cli_load(cli, &settings);
    if (!r)
        r = store_open(&store, &settings->redis);
    if (!r)
        r = store_read_meta(&store);
    if (!r)
        r = meta_i64(&store, "generation", &generation);
    if (r)
        return r;
    if (!arguments.values[OPTION_YES]) {
        fprintf(stderr,
                "roiwatch: rebuild would forget all counts under %s and count again what Kafka still holds; "
                "what Kafka no longer holds "
                "would be missing from then on. Say --yes to do it\n",
                settings->redis.prefix);
        return CLI_USAGE;
    }
    r = begin_generation(&store, generation);
    if (!r)
        r = unlink_readers(&store, settings);
    if (!r)
        fprintf(stderr, "roiwatch: generation %lld has begun; daemons start over with it within a second\n",
                (long long)generation + 1);
    return r;
}

const struct cli_command rebuild_command = {
    .name = "rebuild",
    .arguments = "",
    .summary = "forget all counts and count again what Kafka still holds",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .run = run,
};
