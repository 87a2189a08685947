/*
 * forget: erases one person's touches.
 *
 * DESIGN
 *   A click with a user id and a click id is stored under both, and neither record names the other. So all user shards are
 * walked through, and whatever stands for one of the messages that are found under the given identity goes from wherever
 * it stands. Each record is changed under the compare that the daemons use: one that is at work on it starts over.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/redis.h"
#include "daemon/cli/text.h"
#include "daemon/identity_key.h"
#include "lib/attribution/touch_record.h"

enum { OPTION_CLICK, SCAN_COUNT = 500, TRIES_MAX = 100 };

static const struct cli_option options[] = {
    {"click", NULL, "the argument is a click's id, not a user's"},
};

struct forgetting {
    struct store store;
    redisReply *script;          /* its SHA-1, once it is loaded */
    struct buffer identity;      /* as it is stored */
    struct touch_record person;  /* what is found under it */
    redisReply *bytes;           /* person points into it */
    int64_t n_touches, n_copies; /* erased under it, and under other identities */
};

static void forgetting_deinit(struct forgetting *forgetting)
{
    reply_free(&forgetting->script);
    reply_free(&forgetting->bytes);
    touch_record_deinit(&forgetting->person);
    buffer_deinit(&forgetting->identity);
    store_deinit(&forgetting->store);
}

static void touches_key(const struct store *store, uint32_t shard, struct buffer *key)
{
    buffer_clear(key);
    layout_shard_key(&store->layout, SHARD_USER, shard, ":touches", key);
}

static int record_read(struct store *store, struct span key, struct span identity, redisReply **ret_bytes)
{
    reply_free(ret_bytes);
    store_begin(store, "HGET");
    call_arg(&store->call, key);
    call_arg(&store->call, identity);
    return store_run(store, STORE_TEXT | STORE_NIL, ret_bytes);
}

/* Stores a record if it is still what was read. *ret_stored says whether it was. */
static int record_store(struct forgetting *forgetting, uint32_t shard, struct span identity,
                        struct span before, struct span after, bool *ret_stored)
{
    struct store *store = &forgetting->store;
    CLEANUP(reply_free) redisReply *reply = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    store_begin(store, "EVALSHA");
    call_arg(&store->call, reply_span(forgetting->script));
    call_arg_text(&store->call, "2");
    layout_shard_key(&store->layout, SHARD_USER, shard, ":vec", &key);
    call_arg(&store->call, buffer_span(&key));
    touches_key(store, shard, &key);
    call_arg(&store->call, buffer_span(&key));
    call_arg_text(&store->call, "");
    call_arg(&store->call, identity);
    call_arg(&store->call, before);
    call_arg(&store->call, after);
    int r = store_run(store, STORE_ARRAY, &reply);
    if (!r)
        *ret_stored = reply->elements > 0 && span_equal(reply_span(reply->element[0]), span_of("ok"));
    return r;
}

static bool is_of_person(const struct forgetting *forgetting, const struct touch_entry *entry)
{
    for (size_t i = 0; i < forgetting->person.n; i++)
        if (forgetting->person.entries[i].lane == entry->lane &&
            forgetting->person.entries[i].offset == entry->offset)
            return true;
    return false;
}

/* Takes the person's touches out of one record, whatever daemons make of it meanwhile. */
static int record_erase(struct forgetting *forgetting, uint32_t shard, struct span identity)
{
    struct store *store = &forgetting->store;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    CLEANUP(reply_free) redisReply *bytes = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer after = BUFFER_INIT;
    bool stored = false;
    int r = CLI_OK;
    touches_key(store, shard, &key);
    for (int i = 0; !r && !stored && i < TRIES_MAX; i++) {
        r = record_read(store, buffer_span(&key), identity, &bytes);
        if (r || bytes->type == REDIS_REPLY_NIL || touch_record_unpack(&record, reply_span(bytes)) < 0)
            return r;
        size_t kept = 0, before = record.n;
        for (size_t k = 0; k < record.n; k++)
            if (!is_of_person(forgetting, &record.entries[k]))
                record.entries[kept++] = record.entries[k];
        record.n = kept;
        if (kept == before)
            return CLI_OK;
        buffer_clear(&after);
        touch_record_pack(&record, &after);
        r = record_store(forgetting, shard, identity, reply_span(bytes), buffer_span(&after), &stored);
        if (!r && stored)
            forgetting->n_copies += (int64_t)(before - kept);
    }
    if (!r && !stored)
        fprintf(stderr, "roiwatch forget: a record changes all the time; try again\n");
    return r ? r : stored ? CLI_OK : CLI_FAILED;
}

/* One step through a shard: erases in what it finds. */
static int shard_step(struct forgetting *forgetting, uint32_t shard, struct buffer *cursor)
{
    struct store *store = &forgetting->store;
    CLEANUP(reply_free) redisReply *found = NULL;
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    CLEANUP(touch_record_deinit) struct touch_record record = {0};
    touches_key(store, shard, &key);
    store_begin(store, "HSCAN");
    call_arg(&store->call, buffer_span(&key));
    call_arg(&store->call, buffer_span(cursor));
    call_arg_text(&store->call, "COUNT");
    call_arg_i64(&store->call, SCAN_COUNT);
    int r = store_run(store, STORE_ARRAY, &found);
    if (r || found->elements != 2)
        return r ? r : CLI_FAILED;
    buffer_clear(cursor);
    buffer_append_span(cursor, reply_span(found->element[0]));
    const redisReply *pairs = found->element[1];
    for (size_t i = 0; !r && i + 1 < pairs->elements; i += 2) {
        if (touch_record_unpack(&record, reply_span(pairs->element[i + 1])) < 0)
            continue; /* not ours */
        bool any = false;
        for (size_t k = 0; k < record.n; k++)
            any = any || is_of_person(forgetting, &record.entries[k]);
        if (any)
            r = record_erase(forgetting, shard, reply_span(pairs->element[i]));
    }
    return r;
}

static int copies_erase(struct forgetting *forgetting)
{
    store_begin(&forgetting->store, "SCRIPT");
    call_arg_text(&forgetting->store.call, "LOAD");
    call_arg(&forgetting->store.call, script_text(SCRIPT_KEEP));
    int r = store_run(&forgetting->store, STORE_TEXT, &forgetting->script);
    for (uint32_t shard = 0; !r && shard < forgetting->store.layout.n_shards; shard++) {
        CLEANUP(buffer_deinit) struct buffer cursor = BUFFER_INIT;
        buffer_append_text(&cursor, "0");
        do {
            r = shard_step(forgetting, shard, &cursor);
        } while (!r && !span_equal(buffer_span(&cursor), span_of("0")));
    }
    return r;
}

static int person_read(struct forgetting *forgetting)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    uint32_t shard = layout_shard_of(&forgetting->store.layout, buffer_span(&forgetting->identity));
    touches_key(&forgetting->store, shard, &key);
    int r = record_read(&forgetting->store, buffer_span(&key), buffer_span(&forgetting->identity),
                        &forgetting->bytes);
    if (r || forgetting->bytes->type == REDIS_REPLY_NIL)
        return r;
    if (touch_record_unpack(&forgetting->person, reply_span(forgetting->bytes)) < 0) {
        fprintf(stderr, "roiwatch forget: what is stored of this identity was not written by this version\n");
        return CLI_FAILED;
    }
    forgetting->n_touches = (int64_t)forgetting->person.n;
    return CLI_OK;
}

static int told(const struct cli *cli, const struct forgetting *forgetting)
{
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    int64_t others = forgetting->n_copies - forgetting->n_touches;
    if (cli->json)
        buffer_printf(&out, "{\"touches\":%lld,\"copies\":%lld}\n", (long long)forgetting->n_touches,
                      (long long)(others > 0 ? others : 0));
    else if (forgetting->n_touches == 0)
        buffer_append_text(&out, "nothing was stored under this identity\n");
    else
        buffer_printf(
            &out,
            "erased %lld touches, and %lld copies under other identities\n"
            "what stays: counters of campaigns and the ledger of orders, which hold no identity; the events "
            "in Kafka (topics and dead letters), until they expire there. A click of this person that comes "
            "again counts as a new one\n",
            (long long)forgetting->n_touches, (long long)(others > 0 ? others : 0));
    return text_flush(&out);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(forgetting_deinit) struct forgetting forgetting = {0};
    struct cli_arguments arguments;
    char why[IDENTITY_KEY_WHY_SIZE];
    int r = options_read(&forget_command, argc, argv, &arguments);
    if (!r)
        r = cli_load(cli, &settings);
    if (!r && !identity_rules_load(&settings->attribution, &settings->identities, why)) {
        fprintf(stderr, "roiwatch forget: %s\n", why);
        r = CLI_CONFIGURATION;
    }
    if (!r)
        r = store_open(&forgetting.store, &settings->redis);
    if (!r)
        r = store_read_meta(&forgetting.store);
    if (r)
        return r;
    identity_append(&settings->identities, arguments.values[OPTION_CLICK] ? IDENTITY_CLICK : IDENTITY_USER,
                    span_of(arguments.positional[0]), &forgetting.identity);
    r = person_read(&forgetting);
    if (!r && forgetting.n_touches)
        r = copies_erase(&forgetting);
    return r ? r : told(cli, &forgetting);
}

const struct cli_command forget_command = {
    .name = "forget",
    .arguments = "USER",
    .summary = "erase one person's touches, and say what stays",
    .options = options,
    .n_options = ARRAY_SIZE(options),
    .n_positional = 1,
    .run = run,
};
