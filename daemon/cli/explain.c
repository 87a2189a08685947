/*
 * explain: what the ledger knows of one order: who got its credit, when that is booked, and what refunds took back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/commands.h"
#include "daemon/cli/explain_touches.h"
#include "daemon/cli/redis.h"
#include "daemon/cli/text.h"
#include "daemon/identity_key.h"
#include "lib/attribution/ledger.h"

enum { NAME_COLUMNS = 28, AMOUNT_COLUMNS = 14, TIME_COLUMNS = 21, GAP_COLUMNS = 2 };

/* One order, and what all its refunds took of each share. */
struct account {
    struct span id;
    const char *currency;
    redisReply *bytes; /* the ledger points into it */
    struct ledger ledger;
    struct ledger_back back[LEDGER_SHARES_MOST];
    struct seen_touches seen;
};

static void account_free(struct account **account)
{
    if (!*account)
        return;
    seen_touches_deinit(&(*account)->seen);
    ledger_deinit(&(*account)->ledger);
    reply_free(&(*account)->bytes);
    free(*account);
}

static int read_bytes(struct store *store, struct account *account)
{
    CLEANUP(buffer_deinit) struct buffer key = BUFFER_INIT;
    int r = store_read_meta(store);
    if (r)
        return r;
    layout_shard_key(&store->layout, SHARD_ORDER, layout_shard_of(&store->layout, account->id), ":orders",
                     &key);
    store_begin(store, "HGET");
    call_arg(&store->call, buffer_span(&key));
    call_arg(&store->call, account->id);
    return store_run(store, STORE_TEXT | STORE_NIL, &account->bytes);
}

static int complain(const struct account *account, const char *why)
{
    CLEANUP(buffer_deinit) struct buffer name = BUFFER_INIT;
    text_safe(&name, account->id);
    fprintf(stderr, "roiwatch explain: order \"%.*s\" %s\n", (int)name.size, name.size ? name.data : "", why);
    return CLI_FAILED;
}

static int account_read(struct store *store, struct account *account)
{
    int r = read_bytes(store, account);
    if (r)
        return r;
    if (account->bytes->type == REDIS_REPLY_NIL)
        return complain(
            account, "is not in the ledger: it was not counted yet, was rejected (the dead letters tell), or "
                     "is older than ledger.refund_horizon and forgotten");
    if (ledger_unpack(&account->ledger, reply_span(account->bytes)) < 0)
        return complain(account, "has a record in the ledger that this version of roiwatch did not write");
    const struct ledger *ledger = &account->ledger;
    if (ledger->has_order)
        ledger_split_back(ledger, ledger_taken_before(ledger, ledger->n_refunds), account->back);
    return CLI_OK;
}

static const char *model_of(const struct ledger_order *order)
{
    return order->model < N_ATTRIBUTION_MODELS ? attribution_model_name((enum attribution_model)order->model)
                                               : NULL;
}

static struct span kind_of(const struct ledger_order *order)
{
    return order->kind.size ? order->kind : span_of("sale");
}

/* What became of a refund: a word for programs, and for people. */
struct fate {
    const char *word, *text;
};

static struct fate fate_of(const struct ledger_refund *refund)
{
    if (refund->fault)
        return (struct fate){reject_reason_name(refund->fault), reject_reason_meaning(refund->fault)};
    if (refund->repeat)
        return (struct fate){"repeated", "an earlier one has its refund_id"};
    if (refund->applied.offset < 0)
        return (struct fate){"waits", "waits for its order"};
    return refund->at_refund
               ? (struct fate){"booked_at_refund", "booked at its own time"}
               : (struct fate){"booked_at_order", "booked at the times of the order and its touches"};
}

/* --- JSON ------------------------------------------------------------------------------------------------ */

static void number(struct buffer *out, const char *name, int64_t value)
{
    buffer_printf(out, ",\"%s\":%" PRId64, name, value);
}

static void text(struct buffer *out, const char *name, struct span value)
{
    buffer_printf(out, ",\"%s\":", name);
    json_append_text(out, value);
}

static void order_json(struct buffer *out, const struct account *account)
{
    const struct ledger_order *order = &account->ledger.order;
    const char *model = model_of(order);
    if (!account->ledger.has_order) {
        buffer_append_text(
            out,
            ",\"ts_ms\":null,\"revenue_micros\":null,\"margin_micros\":null,\"kind\":null,\"model\":null");
        return;
    }
    number(out, "ts_ms", order->ts_ms);
    number(out, "revenue_micros", order->revenue_micros);
    number(out, "margin_micros", order->margin_micros);
    text(out, "kind", kind_of(order));
    buffer_append_text(out, ",\"model\":");
    if (model)
        json_append_text(out, span_of(model));
    else
        buffer_append_text(out, "null");
}

/* What one touch earned, and what was taken back of it. */
static void booking_json(struct buffer *out, const struct account *account, size_t i)
{
    const struct ledger_share *share = &account->ledger.shares[i];
    buffer_append_text(out, i ? ",{\"campaign\":" : "{\"campaign\":");
    json_append_text(out, share->campaign);
    number(out, "order_ms", account->ledger.order.ts_ms);
    number(out, "touch_ms", share->touch_ms);
    number(out, "conversions_micro", share->conversions_micro);
    number(out, "revenue_micros", share->revenue_micros);
    number(out, "refunded_micros", account->back[i].revenue_micros);
    buffer_append_u8(out, '}');
}

static bool is_same_campaign(const struct ledger *ledger, size_t a, size_t b)
{
    return span_equal(ledger->shares[a].campaign, ledger->shares[b].campaign);
}

/* The first of its campaign's shares stands for all of them. */
static bool stands_for_campaign(const struct ledger *ledger, size_t share)
{
    size_t i = 0;
    while (!is_same_campaign(ledger, i, share))
        i++;
    return i == share;
}

static void share_json(struct buffer *out, const struct account *account, size_t first)
{
    const struct ledger *ledger = &account->ledger;
    int64_t conversions_micro = 0, revenue_micros = 0, refunded_micros = 0;
    for (size_t i = first; i < ledger->n_shares; i++) {
        if (!is_same_campaign(ledger, i, first))
            continue;
        conversions_micro += ledger->shares[i].conversions_micro;
        revenue_micros += ledger->shares[i].revenue_micros;
        refunded_micros += account->back[i].revenue_micros;
    }
    buffer_append_text(out, first ? ",{\"campaign\":" : "{\"campaign\":");
    json_append_text(out, ledger->shares[first].campaign);
    number(out, "conversions_micro", conversions_micro);
    number(out, "revenue_micros", revenue_micros);
    number(out, "refunded_micros", refunded_micros);
    buffer_append_u8(out, '}');
}

static void refund_json(struct buffer *out, const struct ledger_refund *refund, bool first)
{
    buffer_append_text(out, first ? "{\"refund_id\":" : ",{\"refund_id\":");
    if (refund->id.size)
        json_append_text(out, refund->id);
    else
        buffer_append_text(out, "null");
    number(out, "ts_ms", refund->ts_ms);
    number(out, "amount_micros", refund->taken_micros);
    number(out, "excess_micros", refund->excess_micros);
    text(out, "state", span_of(fate_of(refund).word));
    buffer_append_u8(out, '}');
}

static void touches_json(struct buffer *out, const struct seen_touches *seen)
{
    buffer_append_text(out, seen->unknown ? ",\"touches\":null" : ",\"touches\":[");
    for (size_t i = 0; i < seen->n; i++) {
        const struct touch *touch = &seen->touches[i];
        buffer_append_text(out, i ? ",{\"campaign\":" : "{\"campaign\":");
        json_append_text(out, touch->campaign);
        number(out, "ts_ms", touch->ts_ms);
        text(out, "type", span_of(touch->is_click ? "click" : "impression"));
        buffer_append_text(out,
                           seen->fates[i] == TOUCH_COUNTS ? ",\"eligible\":true" : ",\"eligible\":false");
        text(out, "why", span_of(touch_fate_why(seen->fates[i])));
        number(out, "revenue_micros", seen->revenue_micros[i]);
        buffer_append_u8(out, '}');
    }
    if (!seen->unknown)
        buffer_append_u8(out, ']');
}

static void account_json(struct buffer *out, const struct account *account)
{
    const struct ledger *ledger = &account->ledger;
    buffer_append_text(out, "{\"order_id\":");
    json_append_text(out, account->id);
    order_json(out, account);
    text(out, "currency", span_of(account->currency));
    touches_json(out, &account->seen);
    buffer_append_text(out, ",\"shares\":[");
    for (size_t i = 0; i < ledger->n_shares; i++)
        if (stands_for_campaign(ledger, i))
            share_json(out, account, i);
    buffer_append_text(out, "],\"bookings\":[");
    for (size_t i = 0; i < ledger->n_shares; i++)
        booking_json(out, account, i);
    buffer_append_text(out, "],\"refunds\":[");
    for (size_t i = 0; i < ledger->n_refunds; i++)
        refund_json(out, &ledger->refunds[i], i == 0);
    buffer_append_text(out, "]}\n");
}

/* --- text ------------------------------------------------------------------------------------------------ */

static void money(struct buffer *out, int64_t micros, size_t columns)
{
    CLEANUP(buffer_deinit) struct buffer amount = BUFFER_INIT;
    text_money(&amount, micros);
    size_t n = text_columns(buffer_span(&amount)) + GAP_COLUMNS; /* an amount is never cut */
    text_padded(out, buffer_span(&amount), n > columns ? n : columns, true);
}

static void order_text(struct buffer *out, const struct account *account)
{
    const struct ledger_order *order = &account->ledger.order;
    const char *model = model_of(order);
    buffer_append_text(out, "order ");
    text_safe(out, account->id);
    if (!account->ledger.has_order) {
        buffer_append_text(out, "  has not come yet\n");
        return;
    }
    buffer_append_text(out, "  ");
    text_time(out, order->ts_ms);
    buffer_append_text(out, " UTC  ");
    text_safe(out, kind_of(order));
    buffer_append_text(out, "  revenue ");
    text_money(out, order->revenue_micros);
    buffer_append_text(out, ", margin ");
    text_money(out, order->margin_micros);
    buffer_printf(out, " %s\n", account->currency);
    if (model)
        buffer_printf(out, "credited by its touches, model %s\n", model);
    else if (account->ledger.n_shares &&
             span_equal(account->ledger.shares[0].campaign, span_of(CAMPAIGN_UNATTRIBUTED)))
        buffer_append_text(out, "credited to nobody: it names no campaign, and no touch earned it\n");
    else
        buffer_append_text(out, "credited whole to the campaign that it names\n");
}

static void share_text(struct buffer *out, const struct account *account, size_t i)
{
    CLEANUP(buffer_deinit) struct buffer at = BUFFER_INIT;
    const struct ledger_share *share = &account->ledger.shares[i];
    int64_t refunded_micros = account->back[i].revenue_micros;
    text_padded(out, share->campaign, NAME_COLUMNS, false);
    money(out, share->conversions_micro, AMOUNT_COLUMNS);
    money(out, share->revenue_micros, AMOUNT_COLUMNS);
    money(out, refunded_micros, AMOUNT_COLUMNS);
    money(out, share->revenue_micros - refunded_micros, AMOUNT_COLUMNS);
    text_time(&at, share->touch_ms);
    text_padded(out, buffer_span(&at), TIME_COLUMNS, true);
    buffer_append_u8(out, '\n');
}

static void shares_text(struct buffer *out, const struct account *account)
{
    static const char *const titles[] = {"conversions", "revenue", "refunded", "net"};
    buffer_append_u8(out, '\n');
    text_padded(out, span_of("campaign"), NAME_COLUMNS, false);
    for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
        text_padded(out, span_of(titles[i]), AMOUNT_COLUMNS, true);
    text_padded(out, span_of("cohort at (UTC)"), TIME_COLUMNS, true);
    buffer_append_u8(out, '\n');
    for (size_t i = 0; i < account->ledger.n_shares; i++)
        share_text(out, account, i);
}

static void refund_text(struct buffer *out, const struct ledger_refund *refund, const char *currency)
{
    buffer_append_text(out, "refund  ");
    text_time(out, refund->ts_ms);
    buffer_append_text(out, "  ");
    text_money(out, refund->taken_micros);
    buffer_printf(out, " %s  ", currency);
    if (refund->id.size) {
        text_safe(out, refund->id);
        buffer_append_text(out, "  ");
    }
    buffer_append_text(out, fate_of(refund).text);
    if (refund->excess_micros > 0) {
        buffer_append_text(out, "; ");
        text_money(out, refund->excess_micros);
        buffer_append_text(out, " more than was left");
    }
    buffer_append_u8(out, '\n');
}

static void touches_text(struct buffer *out, const struct seen_touches *seen)
{
    if (seen->unknown)
        buffer_printf(out, "\nits touches are not known: %s\n", seen->unknown);
    else if (seen->n)
        buffer_append_text(out, "\ntouches under its identities, as they are stored now\n");
    for (size_t i = 0; i < seen->n; i++) {
        const struct touch *touch = &seen->touches[i];
        text_padded(out, touch->campaign, NAME_COLUMNS, false);
        buffer_append_text(out, touch->is_click ? "click       " : "impression  ");
        text_time(out, touch->ts_ms);
        money(out, seen->revenue_micros[i], AMOUNT_COLUMNS);
        buffer_printf(out, "  %s\n", touch_fate_why(seen->fates[i]));
    }
}

static void account_text(struct buffer *out, const struct account *account)
{
    order_text(out, account);
    if (account->ledger.has_order)
        shares_text(out, account);
    touches_text(out, &account->seen);
    if (account->ledger.n_refunds)
        buffer_append_u8(out, '\n');
    for (size_t i = 0; i < account->ledger.n_refunds; i++)
        refund_text(out, &account->ledger.refunds[i], account->currency);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    CLEANUP(settings_release) struct settings *settings = NULL;
    CLEANUP(store_deinit) struct store store = {0};
    CLEANUP(account_free) struct account *account = calloc(1, sizeof(*account));
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    struct cli_arguments arguments;
    int r = options_read(&explain_command, argc, argv, &arguments);
    if (!r)
        r = cli_load(cli, &settings);
    if (!r)
        r = store_open(&store, &settings->redis);
    if (r)
        return r;
    if (!account) {
        fprintf(stderr, "roiwatch explain: out of memory\n");
        return CLI_FAILED;
    }
    account->id = span_of(arguments.positional[0]);
    account->currency = settings->account.currency;
    r = account_read(&store, account);
    if (r)
        return r;
    char why[IDENTITY_KEY_WHY_SIZE];
    if (!identity_rules_load(&settings->attribution, &settings->identities, why))
        account->seen.unknown = memcpy(account->seen.why, why, sizeof(why));
    else
        r = seen_touches_read(settings, &store, &account->ledger, &account->seen);
    if (r)
        return r;
    if (cli->json)
        account_json(&out, account);
    else
        account_text(&out, account);
    return text_flush(&out);
}

const struct cli_command explain_command = {
    .name = "explain",
    .arguments = "ORDER",
    .summary = "print who got an order's credit by which touches, and what refunds took back",
    .n_positional = 1,
    .run = run,
};
