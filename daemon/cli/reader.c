#include "daemon/cli/reader.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/cli/text.h"
#include "daemon/reader_json.h"
#include "daemon/redis_tree.h"

enum { SCAN_COUNT = 1000 };

/* A key that is the prefix and a fixed name. */
static void key_arg(struct store *store, const char *name)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    buffer_append_span(&key, store->layout.prefix);
    buffer_append_text(&key, name);
    call_arg(&store->call, buffer_span(&key));
}

int reader_send_key(struct store *store, struct span campaign, const char *window)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_reader_key(&store->layout, campaign, window, &key);
    store_begin(store, "HGETALL");
    call_arg(&store->call, buffer_span(&key));
    return store_send(store);
}

int reader_meta(struct store *store, redisReply **ret_fields)
{
    store_begin(store, "HGETALL");
    key_arg(store, "meta");
    return store_run(store, STORE_ARRAY, ret_fields);
}

void campaign_list_deinit(struct campaign_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        buffer_deinit(&list->ids[i]);
    free(list->ids);
    *list = (struct campaign_list){0};
}

static int by_bytes(const void *a, const void *b)
{
    return span_compare(buffer_span(a), buffer_span(b));
}

/* SSCAN may give a member twice. */
static void sort_and_merge(struct campaign_list *list)
{
    size_t kept = 0;
    if (list->n)
        qsort(list->ids, list->n, sizeof(*list->ids), by_bytes);
    for (size_t i = 0; i < list->n; i++) {
        if (kept && by_bytes(&list->ids[kept - 1], &list->ids[i]) == 0)
            buffer_deinit(&list->ids[i]);
        else
            list->ids[kept++] = list->ids[i];
    }
    list->n = kept;
}

static int add_members(struct campaign_list *list, const redisReply *members, size_t limit)
{
    for (size_t i = 0; i < members->elements && list->n < limit; i++) {
        struct buffer *id = &list->ids[list->n];
        *id = BUFFER_INIT;
        buffer_append_span(id, reply_span(members->element[i]));
        if (buffer_status(id))
            return CLI_FAILED;
        list->n++;
    }
    return CLI_OK;
}

/* One step of SSCAN; the cursor is "0" again after the last. */
static int scan_step(struct store *store, char cursor[24], struct campaign_list *list, size_t limit)
{
    CLEANUP(reply_free) redisReply *page = NULL;
    store_begin(store, "SSCAN");
    key_arg(store, "campaigns");
    call_arg_text(&store->call, cursor);
    call_arg_text(&store->call, "COUNT");
    call_arg_i64(&store->call, SCAN_COUNT);
    int r = store_run(store, STORE_ARRAY, &page);
    if (r)
        return r;
    if (page->elements != 2 || page->element[1]->type != REDIS_REPLY_ARRAY)
        return CLI_FAILED;
    struct span next = reply_span(page->element[0]);
    if (next.size == 0 || next.size >= 24)
        return CLI_FAILED;
    memcpy(cursor, next.data, next.size);
    cursor[next.size] = '\0';
    return add_members(list, page->element[1], limit);
}

int reader_campaigns(struct store *store, size_t limit, struct campaign_list *ret_list)
{
    CLEANUP(campaign_list_deinit) struct campaign_list list = {0};
    CLEANUP(reply_free) redisReply *count = NULL;
    char cursor[24] = "0";
    store_begin(store, "SCARD");
    key_arg(store, "campaigns");
    int r = store_run(store, STORE_INTEGER, &count);
    list.ids = calloc(limit, sizeof(*list.ids));
    if (!r && !list.ids)
        r = CLI_FAILED;
    do {
        if (!r)
            r = scan_step(store, cursor, &list, limit);
    } while (!r && strcmp(cursor, "0") != 0 && list.n < limit);
    if (r)
        return r;
    sort_and_merge(&list);
    list.n_in_all = count->integer;
    *ret_list = list;
    list = (struct campaign_list){0};
    return CLI_OK;
}

static void reverse(redisReply *entries)
{
    for (size_t i = 0; i + 1 < entries->elements - i; i++) {
        redisReply *other = entries->element[i];
        entries->element[i] = entries->element[entries->elements - 1 - i];
        entries->element[entries->elements - 1 - i] = other;
    }
}

int reader_last_alerts(struct store *store, int64_t count, redisReply **ret_entries)
{
    CLEANUP(reply_free) redisReply *entries = NULL;
    store_begin(store, "XREVRANGE");
    key_arg(store, "alerts");
    call_arg_text(&store->call, "+");
    call_arg_text(&store->call, "-");
    call_arg_text(&store->call, "COUNT");
    call_arg_i64(&store->call, count);
    int r = store_run(store, STORE_ARRAY, &entries);
    if (r)
        return r;
    reverse(entries);
    *ret_entries = STEAL(entries);
    return CLI_OK;
}

int reader_alerts_after(struct store *store, const char *id, int64_t block_ms, redisReply **ret_streams)
{
    store_begin(store, "XREAD");
    if (block_ms) {
        call_arg_text(&store->call, "BLOCK");
        call_arg_i64(&store->call, block_ms < 1000 ? block_ms : 1000);
    }
    call_arg_text(&store->call, "COUNT");
    call_arg_i64(&store->call, SCAN_COUNT);
    call_arg_text(&store->call, "STREAMS");
    key_arg(store, "alerts");
    call_arg_text(&store->call, id);
    return store_run(store, STORE_ARRAY | STORE_NIL, ret_streams);
}

const redisReply *alerts_of_stream(const redisReply *streams)
{
    if (streams->type != REDIS_REPLY_ARRAY || streams->elements != 1)
        return NULL;
    const redisReply *stream = streams->element[0];
    if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2)
        return NULL;
    return stream->element[1];
}

bool alert_entry_at(const redisReply *entries, size_t i, struct alert_entry *ret_entry)
{
    if (!entries || entries->type != REDIS_REPLY_ARRAY || i >= entries->elements)
        return false;
    const redisReply *entry = entries->element[i];
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING || entry->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    *ret_entry = (struct alert_entry){entry->element[0]->str, entry->element[1]};
    return true;
}

void alert_line(struct buffer *buffer, const struct alert_entry *entry)
{
    struct span at = reply_field(entry->fields, "at_ms");
    text_time(buffer, span_i64(at, 0));
    buffer_append_text(buffer, "  ");
    text_padded(buffer, reply_field(entry->fields, "state"), 9, false);
    buffer_append_text(buffer, " ");
    text_padded(buffer, reply_field(entry->fields, "goal"), 10, false);
    buffer_append_text(buffer, " ");
    text_safe(buffer, reply_field(entry->fields, "summary"));
}

int alert_entry_json(struct buffer *buffer, const struct alert_entry *entry)
{
    CLEANUP(redis_tree_deinit) struct redis_tree tree = {0};
    int r = redis_tree_convert(&tree, entry->fields);
    if (r == 0)
        alert_json(buffer, tree.root);
    return r;
}
