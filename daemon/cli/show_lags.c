#include "daemon/cli/show_lags.h"

#include <inttypes.h>

#include "daemon/cli/text.h"
#include "lib/attribution/lag.h"

enum { LAG_COLUMN = 16 };

struct lags {
    int64_t columns[LAG_COLUMNS];
};

/* Adds up all fields of one hash. */
static int lags_add(struct store *store, struct lags *lags)
{
    CLEANUP(reply_free) redisReply *reply = NULL;
    int r = store_take(store, STORE_ARRAY, &reply);
    for (size_t i = 0; !r && i + 1 < reply->elements; i += 2) {
        int64_t columns[LAG_COLUMNS];
        cell_unpack(reply_span(reply->element[i + 1]), columns, LAG_COLUMNS);
        for (int k = 0; k < LAG_COLUMNS; k++)
            if (__builtin_add_overflow(lags->columns[k], columns[k], &lags->columns[k]))
                lags->columns[k] = INT64_MAX;
    }
    return r;
}

static int lags_send(struct store *store, uint32_t shard, struct span campaign)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    layout_lags_key(&store->layout, shard, campaign, &key);
    store_begin(store, "HGETALL");
    call_arg(&store->call, buffer_span(&key));
    return store_send(store);
}

static int lags_read(struct store *store, struct span campaign, struct lags *own, struct lags *account)
{
    uint32_t n = store->layout.n_shards;
    int r = lags_send(store, layout_shard_of(&store->layout, campaign), campaign);
    for (uint32_t shard = 0; !r && shard < n; shard++)
        r = lags_send(store, shard, (struct span){0});
    r = r ? r : lags_add(store, own);
    for (uint32_t shard = 0; !r && shard < n; shard++)
        r = lags_add(store, account);
    return r;
}

static void lags_json(struct buffer *out, const char *name, const struct lags *lags, int64_t lookback_ms)
{
    buffer_printf(out, "\"%s\":[", name);
    for (int i = 0; i < LAG_BUCKETS; i++)
        buffer_printf(out,
                      "%s{\"from_ms\":%" PRId64 ",\"to_ms\":%" PRId64 ",\"conversions_micro\":%" PRId64
                      ",\"revenue_micros\":%" PRId64 "}",
                      i ? "," : "", lag_edge_ms(i, lookback_ms), lag_edge_ms(i + 1, lookback_ms),
                      lags->columns[LAG_CONVERSIONS + i], lags->columns[LAG_REVENUE + i]);
    buffer_append_u8(out, ']');
}

static void amount_text(struct buffer *out, int64_t micros)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    text_money(&text, micros);
    text_padded(out, buffer_span(&text), LAG_COLUMN, true);
}

static void edge_text(struct buffer *out, int64_t edge_ms)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    buffer_printf(&text, "%" PRId64 "h%02" PRId64 "m", edge_ms / 3600000, edge_ms / 60000 % 60);
    text_padded(out, buffer_span(&text), LAG_COLUMN, true);
}

static void lags_text(struct buffer *out, struct span campaign, const struct lags *own,
                      const struct lags *account, int64_t lookback_ms)
{
    static const char *const titles[] = {"after", "to", "conversions", "revenue", "all conv.", "all revenue"};
    buffer_append_text(out, "how late the orders came that touches of ");
    text_safe(out, campaign);
    buffer_append_text(out, " earned, refunds deducted; and of the whole account\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
        text_padded(out, span_of(titles[i]), LAG_COLUMN, true);
    buffer_append_u8(out, '\n');
    for (int i = 0; i < LAG_BUCKETS; i++) {
        edge_text(out, lag_edge_ms(i, lookback_ms));
        edge_text(out, lag_edge_ms(i + 1, lookback_ms));
        amount_text(out, own->columns[LAG_CONVERSIONS + i]);
        amount_text(out, own->columns[LAG_REVENUE + i]);
        amount_text(out, account->columns[LAG_CONVERSIONS + i]);
        amount_text(out, account->columns[LAG_REVENUE + i]);
        buffer_append_u8(out, '\n');
    }
}

int show_lags(struct store *store, const struct settings *settings, struct span campaign, bool json,
              struct buffer *out)
{
    struct lags own = {0}, account = {0};
    int64_t lookback_ms = settings->attribution.click_lookback_ms;
    int r = store_read_meta(store);
    r = r ? r : lags_read(store, campaign, &own, &account);
    if (r)
        return r;
    if (!json) {
        lags_text(out, campaign, &own, &account, lookback_ms);
        return CLI_OK;
    }
    buffer_append_text(out, "{\"campaign\":");
    json_append_text(out, campaign);
    buffer_append_u8(out, ',');
    lags_json(out, "lags", &own, lookback_ms);
    buffer_append_u8(out, ',');
    lags_json(out, "account_lags", &account, lookback_ms);
    buffer_append_text(out, "}\n");
    return CLI_OK;
}
