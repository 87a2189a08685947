/*
 * A desk for tests of ingest: two shards, one or two partitions, and a store that answers every call as if
 * all went well, unless the test says otherwise. What was sent last is kept for looking at.
 */
#ifndef ROIWATCH_TESTS_DESK_H
#define ROIWATCH_TESTS_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/attribution/ledger.h"
#include "lib/ingest/ingest.h"

enum {
    DESK_SHARDS = 2,
    DESK_FEEDS = N_SHARD_FAMILIES * DESK_SHARDS, /* campaign shards, order shards, user shards */
    DESK_CALLS_MAX = 256,
    DESK_ANSWERS_MAX = 1100,
    DISORDER_MS = 30000,
    REACH_MS = 300000,
    FLUSH_MS = 250,
    LOOKBACK_MS = 3600000,
    HOLD_MS = 600000
};

#define T0 INT64_C(1795300200000)

/* A test may wrap what the desk asks of ingest. */
#ifndef DESK_ANSWER
#define DESK_ANSWER(call) (call)
#endif

struct desk {
    struct ingest *ingest;
    struct rule_book book;
    struct price price;
    struct campaign_rules priced;
    int64_t now_ms;
    const char *registry[2];                   /* what the registry says of each partition */
    struct lane_mark stands[DESK_FEEDS][2][2]; /* of each feed, partition and lane */
    const char *verdict;                       /* of apply and decide */
    int64_t first;              /* whether the ledger knows no order; else another message has brought each */
    const char *foreign_record; /* instead of such a record */
    bool keeps_record;          /* what decide stores last is the ledger's record of every order */
    struct buffer record;
    int64_t admitted;  /* admit's answer about every campaign but the reserved ones */
    int64_t unchanged; /* set_lane's answer: the registry still says what was read */
    bool no_vectors;
    int n_calls[N_SCRIPTS];            /* answered */
    struct call calls[DESK_CALLS_MAX]; /* sent and not answered */
    uint64_t tags[DESK_CALLS_MAX];
    size_t n;
    struct call apply[DESK_SHARDS]; /* the last apply of each shard */
    const char *expires;            /* the order whose record decide gives out; NULL: none */
    struct span expired_bytes;      /* of that record; empty: the ledger's */
    struct call decide;             /* the last decide */
    struct call expire;             /* the last expire */
    struct call command;            /* the last change of the registry */
    struct call opened;             /* the last opening of a lane */
    struct call keep;               /* the last keep that stores something */
    struct buffer touches;          /* what every identity has */
};

static void desk_book(struct desk *desk)
{
    static struct window_spec window;
    assert_int_equal(window_parse(span_of("5m"), &window), 0);
    desk->book =
        (struct rule_book){.currency = "EUR", .windows = &window, .n_windows = 1, .disorder_ms = DISORDER_MS};
    assert_true(tiers_plan(&window, 1, &desk->book.tiers));
    desk->price = (struct price){.from_ms = T0 + 30000};
    desk->priced =
        (struct campaign_rules){.id = span_of("priced"), .cost = {.prices = &desk->price, .n_prices = 1}};
    assert_int_equal(table_put(&desk->book.by_id, desk->priced.id, &desk->priced), 0);
}

static struct ingest_rules desk_rules(const struct desk *desk)
{
    return (struct ingest_rules){
        .layout = {span_of("roi:"), DESK_SHARDS, 1},
        .decode = {.future_ms = 300000, .message_bytes = 1000, .currency = "EUR"},
        .book = &desk->book,
        .attribution = {.touches = {.click_lookback_ms = LOOKBACK_MS, .max_touches = 50},
                        .model = MODEL_LINEAR,
                        .order_hold_ms = HOLD_MS,
                        .trust_order_campaign = true},
        .campaigns_limit = 100,
        .refund_horizon_ms = 86400000,
        .flush_ms = FLUSH_MS,
        .cells_due = 8,
    };
}

__attribute__((unused)) static void desk_init(struct desk *desk)
{
    *desk = (struct desk){.now_ms = 1000,
                          .registry = {"0 0 ready none/300000/1000", "1 0 ready none/300000/1000"},
                          .verdict = "ok",
                          .first = 1,
                          .admitted = 1,
                          .unchanged = 1};
    for (size_t i = 0; i < DESK_FEEDS; i++)
        for (size_t k = 0; k < 4; k++)
            desk->stands[i][k / 2][k % 2] = (struct lane_mark){0, NEVER};
    desk_book(desk);
    struct ingest_rules rules = desk_rules(desk);
    assert_int_equal(ingest_new(&rules, &desk->ingest), 0);
}

__attribute__((unused)) static void desk_deinit(struct desk *desk)
{
    ingest_free(desk->ingest);
    for (size_t i = 0; i < DESK_CALLS_MAX; i++)
        call_deinit(&desk->calls[i]);
    for (size_t i = 0; i < DESK_SHARDS; i++)
        call_deinit(&desk->apply[i]);
    call_deinit(&desk->decide);
    call_deinit(&desk->expire);
    buffer_deinit(&desk->record);
    call_deinit(&desk->command);
    call_deinit(&desk->opened);
    call_deinit(&desk->keep);
    buffer_deinit(&desk->touches);
    table_deinit(&desk->book.by_id);
}

static void call_copy(struct call *to, const struct call *from)
{
    call_begin(to, from->script);
    for (size_t i = 0; i < from->n_args; i++)
        call_arg(to, call_get(from, i));
    to->n_keys = from->n_keys;
}

/* Asks for all calls that ingest has now. How many came. */
__attribute__((unused)) static size_t desk_send(struct desk *desk)
{
    size_t before = desk->n;
    while (desk->n < DESK_CALLS_MAX &&
           ingest_next(desk->ingest, &desk->calls[desk->n], &desk->tags[desk->n]) == 1)
        desk->n++;
    return desk->n - before;
}

/* Number of the shard in a key, campaign shards first. */
static size_t key_feed(struct span key)
{
    size_t shard = (size_t)(key.data[strlen("roi:~{c")] - '0');
    const char family = key.data[strlen("roi:~{")];
    return family == 'o' ? DESK_SHARDS + shard : family == 'u' ? 2 * DESK_SHARDS + shard : shard;
}

static struct reply text_reply(struct span text)
{
    return (struct reply){.type = REPLY_TEXT, .text = text};
}

static uint32_t desk_shard(const char *campaign)
{
    const struct layout layout = {span_of("roi:"), DESK_SHARDS, 1};
    return layout_shard_of(&layout, span_of(campaign));
}

/* The record of an order that another lane has brought. */
static void record_elsewhere(struct buffer *bytes)
{
    struct ledger_share whole = {span_of("elsewhere"), T0, 1000000, 1, 0};
    struct ledger ledger = {
        .has_order = true,
        .order = {.place = {77, 5}, .ts_ms = T0, .revenue_micros = 1, .model = LEDGER_NO_MODEL},
        .shares = &whole,
        .n_shares = 1};
    ledger_pack(&ledger, bytes);
}

/* The answer to a call; elements and bytes hold what it points to. */
static struct reply desk_answer(struct desk *desk, const struct call *call,
                                struct reply elements[DESK_ANSWERS_MAX], struct buffer *bytes)
{
    size_t n = 0;
    switch (call->script) {
    case SCRIPT_REGISTER:
        return text_reply(span_of(desk->registry[call_get(call, 1).data[call_get(call, 1).size - 1] - '0']));
    case SCRIPT_OPEN_LANE:
        call_copy(&desk->opened, call);
        return (struct reply){.type = REPLY_INTEGER, .integer = 1};
    case SCRIPT_SET_LANE:
        call_copy(&desk->command, call);
        return (struct reply){.type = REPLY_INTEGER, .integer = desk->unchanged};
    case SCRIPT_APPLY:
        call_copy(&desk->apply[key_feed(call_get(call, 0))], call);
        elements[n++] = text_reply(span_of(desk->verdict));
        break;
    case SCRIPT_DECIDE:
        call_copy(&desk->decide, call);
        if (desk->keeps_record && call->n_args > 5) {
            buffer_clear(&desk->record);
            buffer_append_span(&desk->record, call_get(call, 7));
        }
        elements[n++] = text_reply(span_of(desk->verdict));
        if (desk->expires && key_feed(call_get(call, 0)) == DESK_SHARDS + desk_shard(desk->expires)) {
            elements[n++] = (struct reply){.type = REPLY_INTEGER, .integer = 1};
            elements[n++] = text_reply(span_of(desk->expires));
            elements[n++] =
                text_reply(desk->expired_bytes.size ? desk->expired_bytes : buffer_span(&desk->record));
        }
        break;
    case SCRIPT_LOOK:
        for (size_t k = 0; k < 4; k++)
            vector_append(bytes, desk->stands[key_feed(call_get(call, 0))][k / 2][k % 2]);
        elements[n++] = text_reply(buffer_span(bytes));
        for (size_t i = call->n_keys; i < call->n_args; i++)
            elements[n++] = desk->touches.size ? text_reply(buffer_span(&desk->touches))
                                               : (struct reply){.type = REPLY_NIL};
        break;
    case SCRIPT_KEEP:
        if (call->n_args > 3)
            call_copy(&desk->keep, call);
        elements[n++] = text_reply(span_of(desk->verdict));
        break;
    case SCRIPT_EXPIRE:
        call_copy(&desk->expire, call);
        desk->expires = NULL;
        return (struct reply){.type = REPLY_INTEGER, .integer = 1};
    case SCRIPT_ADMIT:
        for (size_t i = 2; i < call->n_args; i += 2)
            elements[n++] = (struct reply){.type = REPLY_INTEGER,
                                           .integer = desk->admitted || call_get(call, i + 1).data[0] == '1'};
        break;
    default:
        if (span_equal(call_get(call, 0), span_of("HMGET")) && desk->record.size) {
            for (size_t i = 2; i < call->n_args; i++)
                elements[n++] = text_reply(buffer_span(&desk->record));
            break;
        }
        if (span_equal(call_get(call, 0), span_of("HMGET"))) {
            if (desk->foreign_record)
                buffer_append_text(bytes, desk->foreign_record);
            else
                record_elsewhere(bytes);
            for (size_t i = 2; i < call->n_args; i++)
                elements[n++] =
                    desk->first ? (struct reply){.type = REPLY_NIL} : text_reply(buffer_span(bytes));
            break;
        }
        if (desk->no_vectors)
            return (struct reply){.type = REPLY_NIL};
        for (size_t k = 0; k < 4; k++)
            vector_append(bytes, desk->stands[key_feed(call_get(call, 1))][k / 2][k % 2]);
        return text_reply(buffer_span(bytes));
    }
    return (struct reply){.type = REPLY_ARRAY, .elements = elements, .n_elements = n};
}

/* Answers the oldest call. */
__attribute__((unused)) static int desk_reply(struct desk *desk)
{
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    CLEANUP(call_deinit) struct call call = desk->calls[0];
    struct reply elements[DESK_ANSWERS_MAX];
    assert_true(desk->n > 0);
    uint64_t tag = desk->tags[0];
    desk->n--;
    memmove(desk->calls, desk->calls + 1, desk->n * sizeof(call));
    memmove(desk->tags, desk->tags + 1, desk->n * sizeof(tag));
    call_init(&desk->calls[desk->n]);
    desk->n_calls[call.script]++;
    struct reply reply = desk_answer(desk, &call, elements, &bytes);
    return DESK_ANSWER(ingest_reply(desk->ingest, tag, &reply));
}

/* Sends and answers until there is nothing more, without time passing. */
__attribute__((unused)) static void desk_run(struct desk *desk)
{
    while (desk_send(desk) > 0 || desk->n > 0)
        assert_int_equal(desk_reply(desk), 0);
}

__attribute__((unused)) static void desk_pass(struct desk *desk, int64_t ms)
{
    desk->now_ms += ms;
    assert_int_equal(ingest_tick(desk->ingest, desk->now_ms), 0);
}

__attribute__((unused)) static void desk_assign(struct desk *desk, size_t n)
{
    const struct ingest_partition partitions[] = {{"mixed", 0, EVENT_NONE, 3}, {"mixed", 1, EVENT_NONE, 3}};
    desk_pass(desk, 0);
    assert_int_equal(ingest_assign(desk->ingest, partitions, n), 0);
}

__attribute__((unused)) static void desk_open(struct desk *desk, size_t n)
{
    desk_assign(desk, n);
    desk_run(desk);
    assert_int_equal(ingest_phase(desk->ingest), INGEST_RUNNING);
}

/* One batch of one message. */
__attribute__((unused)) static int desk_read(struct desk *desk, size_t slot, int64_t offset,
                                             const char *value)
{
    int r = ingest_message(desk->ingest, slot, offset, NO_RECORD_TIME, (struct span){0}, span_of(value));
    assert_int_equal(ingest_batch_end(desk->ingest), 0);
    return r;
}

__attribute__((unused)) static int desk_view(struct desk *desk, int64_t offset, const char *campaign,
                                             int64_t ts_ms)
{
    char text[200];
    snprintf(text, sizeof(text), "{\"type\":\"impression\",\"ts\":%ld,\"campaign_id\":\"%s\",\"cost\":2}",
             (long)ts_ms, campaign);
    return desk_read(desk, 0, offset, text);
}

__attribute__((unused)) static int desk_order(struct desk *desk, int64_t offset, const char *id,
                                              const char *campaign)
{
    char text[200];
    snprintf(text, sizeof(text),
             "{\"type\":\"order\",\"ts\":%ld,\"order_id\":\"%s\",\"revenue\":5,\"campaign_id\":\"%s\"}",
             (long)T0, id, campaign);
    return desk_read(desk, 0, offset, text);
}

/* What the last apply of a shard adds: to the column of the field of the hash whose key ends so; 0 for
 * nothing. */
__attribute__((unused)) static int64_t desk_added(const struct desk *desk, uint32_t shard,
                                                  const char *key_end, uint32_t field, int column)
{
    const struct call *call = &desk->apply[shard];
    struct span groups = call_get(call, call->n_keys + 1);
    size_t n_fields = 0, first_column = 0, k = 0;
    for (size_t i = 0; i < groups.size; i += 4)
        n_fields += read_u16(groups.data + i);
    for (size_t g = 0; 4 * g < groups.size; g++) {
        struct span key = call_get(call, 3 + g);
        size_t size = strlen(key_end);
        for (size_t i = 0; i < read_u16(groups.data + 4 * g);
             i++, k++, first_column += read_u16(groups.data + 4 * g + 2)) {
            if (key.size < size || memcmp(key.data + key.size - size, key_end, size) != 0 ||
                read_u32(call_get(call, call->n_keys + 4 + k).data) != field)
                continue;
            char name[24];
            snprintf(name, sizeof(name), "#%zu", first_column + (size_t)column);
            for (size_t at = call->n_keys + 4 + n_fields; at < call->n_args; at += 3) {
                struct reply delta = text_reply(call_get(call, at + 1));
                if (span_equal(call_get(call, at), span_of(name)))
                    return reply_i64(&delta, 0);
            }
        }
    }
    return 0;
}

__attribute__((unused)) static int64_t desk_total(const struct desk *desk, const char *campaign, int column)
{
    char key[64];
    snprintf(key, sizeof(key), ":s:0:%s", campaign);
    return desk_added(desk, desk_shard(campaign), key, 0, column);
}

__attribute__((unused)) static int64_t desk_slice(const struct desk *desk, const char *campaign,
                                                  int64_t ts_ms, int column)
{
    char key[64];
    snprintf(key, sizeof(key), ":s:1:%s", campaign);
    return desk_added(desk, desk_shard(campaign), key, (uint32_t)(ts_ms / 60000), column);
}

/* Partition 0 has the lanes 0 (shard 0) and 1 (shard 1). */
__attribute__((unused)) static int64_t desk_lane(const struct desk *desk, uint32_t lane, int column)
{
    return desk_added(desk, lane % DESK_SHARDS, ":lanes", lane, column);
}

__attribute__((unused)) static int desk_setup(void **state)
{
    struct desk *desk = malloc(sizeof(*desk));
    desk_init(desk);
    *state = desk;
    return 0;
}

__attribute__((unused)) static int desk_teardown(void **state)
{
    desk_deinit(*state);
    free(*state);
    return 0;
}

#define DESK_TEST(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

#endif
