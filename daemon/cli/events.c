#include "daemon/cli/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/market.h"

#define MICRO INT64_C(1000000)
#define MINUTE INT64_C(60000)
#define DAY INT64_C(86400000)

enum { NAME_SIZE = 40, USERS = 200000, CLICK_DELAY_MS = 90000, REPEAT_DELAY_MS = 20000 };
enum { UNATTRIBUTED_MICRO = 20000 }; /* share of orders that name no campaign */

struct campaign {
    struct market_campaign market;
    char name[NAME_SIZE];
    int64_t weight_up_to; /* sum of weights up to and with this one */
};

/* Something that follows from an earlier event. */
struct pending {
    int64_t at_us;
    uint64_t number; /* of the click or order: equal times stay in order */
    uint64_t user;
    int64_t campaign; /* -1: an order that names none */
    int64_t ts_ms;    /* a repeat's: that of the order; else 0 */
    int64_t revenue_micros;
    enum event_type type;
};

struct events {
    struct events_options options;
    struct campaign *campaigns; /* owned */
    struct pending *heap;       /* owned; the earliest first */
    size_t n_heap, heap_size;
    uint64_t random;
    uint64_t number;  /* of events so far: ids are made from it */
    int64_t clock_us; /* of the next impression */
    struct buffer key, value;
};

/* splitmix64 */
static uint64_t draw(struct events *events)
{
    uint64_t z = events->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Even in [0, n). */
static int64_t draw_below(struct events *events, int64_t n)
{
    return n > 0 ? (int64_t)(draw(events) % (uint64_t)n) : 0;
}

static bool draw_chance(struct events *events, int64_t micro)
{
    return draw_below(events, MICRO) < micro;
}

/* Short delays are likelier than long ones: a product of two even draws. */
static int64_t draw_delay_ms(struct events *events, int64_t longest_ms)
{
    int64_t a = draw_below(events, 1024), b = draw_below(events, 1024);
    return longest_ms * (a * b + 1) / (1024 * 1024);
}

static bool earlier(const struct pending *a, const struct pending *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static int heap_push(struct events *events, struct pending pending)
{
    if (events->n_heap == events->heap_size) {
        size_t size = events->heap_size ? events->heap_size * 2 : 256;
        struct pending *heap = realloc(events->heap, size * sizeof(*heap));
        if (!heap)
            return -ENOMEM;
        events->heap = heap;
        events->heap_size = size;
    }
    size_t i = events->n_heap++;
    for (; i > 0 && earlier(&pending, &events->heap[(i - 1) / 2]); i = (i - 1) / 2)
        events->heap[i] = events->heap[(i - 1) / 2];
    events->heap[i] = pending;
    return 0;
}

static struct pending heap_pop(struct events *events)
{
    struct pending first = events->heap[0];
    struct pending last = events->heap[--events->n_heap];
    size_t i = 0;
    for (size_t child = 1; child < events->n_heap; child = 2 * i + 1) {
        if (child + 1 < events->n_heap && earlier(&events->heap[child + 1], &events->heap[child]))
            child++;
        if (!earlier(&events->heap[child], &last))
            break;
        events->heap[i] = events->heap[child];
        i = child;
    }
    events->heap[i] = last;
    return first;
}

void events_free(struct events *events)
{
    if (!events)
        return;
    free(events->campaigns);
    free(events->heap);
    buffer_deinit(&events->key);
    buffer_deinit(&events->value);
    free(events);
}

static void release(struct events **events)
{
    events_free(*events);
}

int events_new(const struct events_options *options, struct events **ret_events)
{
    CLEANUP(release) struct events *events = calloc(1, sizeof(*events));
    if (!events)
        return -ENOMEM;
    events->options = *options;
    events->random = options->seed;
    events->clock_us = options->start_ms * 1000;
    events->campaigns = calloc((size_t)options->n_campaigns, sizeof(*events->campaigns));
    if (!events->campaigns)
        return -ENOMEM;
    int64_t sum = 0;
    for (int64_t i = 0; i < options->n_campaigns; i++) {
        struct campaign *campaign = &events->campaigns[i];
        campaign->market = market_campaign(i, campaign->name, sizeof(campaign->name));
        campaign->weight_up_to = sum += campaign->market.weight;
    }
    *ret_events = STEAL(events);
    return 0;
}

static int64_t draw_campaign(struct events *events)
{
    int64_t low = 0, high = events->options.n_campaigns - 1;
    int64_t at = draw_below(events, events->campaigns[high].weight_up_to);
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (at < events->campaigns[middle].weight_up_to)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The event's own time at a place in the flow: usually the place, a little earlier with disorder, much
 * earlier if late. */
static int64_t draw_ts(struct events *events, int64_t place_ms)
{
    int64_t ts_ms = place_ms - draw_below(events, events->options.disorder_ms + 1);
    if (draw_chance(events, events->options.late_micro))
        ts_ms -= DAY + draw_below(events, 99 * DAY);
    return ts_ms;
}

static void append_money(struct buffer *value, const char *name, int64_t micros)
{
    buffer_printf(value, ",\"%s\":%lld.%06lld", name, (long long)(micros / MICRO),
                  (long long)(micros % MICRO));
}

/* What a platform says of the day so far: restated under one id. */
static void write_spend(struct events *events, const struct pending *what)
{
    struct buffer *value = &events->value;
    const struct campaign *campaign = &events->campaigns[what->campaign];
    int64_t at_ms = what->at_us / 1000, from_ms = at_ms - at_ms % DAY;
    buffer_printf(&events->key, "s%lld-%lld", (long long)what->campaign, (long long)(from_ms / DAY));
    buffer_printf(
        value, "{\"type\":\"spend\",\"from\":%lld,\"to\":%lld,\"campaign_id\":\"%s\",\"spend_id\":\"%.*s\"",
        (long long)from_ms, (long long)(from_ms + DAY), campaign->name, (int)events->key.size,
        events->key.data);
    append_money(value, "amount", campaign->market.cpc_micros * (1 + (at_ms - from_ms) / MINUTE));
    buffer_append_u8(value, '}');
}

static void write_event(struct events *events, const struct pending *what, int64_t ts_ms)
{
    static const char *const actions[] = {"like", "share", "comment"};
    struct buffer *value = &events->value, *key = &events->key;
    unsigned long long number = what->number, user = what->user;
    const struct campaign *campaign = what->campaign < 0 ? NULL : &events->campaigns[what->campaign];
    buffer_printf(value, "{\"type\":\"%s\",\"ts\":%lld", event_type_name(what->type), (long long)ts_ms);
    if (campaign)
        buffer_printf(value, ",\"campaign_id\":\"%s\"", campaign->name);
    buffer_printf(value, ",\"user_id\":\"u%llu\"", user);
    if (what->type == EVENT_ORDER) {
        buffer_printf(key, "o%llu", number);
        buffer_printf(value, ",\"order_id\":\"o%llu\"", number);
        append_money(value, "revenue", what->revenue_micros);
    } else {
        buffer_printf(key, "u%llu", user);
        buffer_printf(value, ",\"event_id\":\"e%llu\"", number);
        if (what->type == EVENT_CLICK)
            buffer_printf(value, ",\"click_id\":\"c%llu\"", number);
        if (what->type == EVENT_ENGAGEMENT)
            buffer_printf(value, ",\"action\":\"%s\"", actions[number % ARRAY_SIZE(actions)]);
        int64_t cost =
            what->type == EVENT_CLICK ? campaign->market.cpc_micros : campaign->market.cpm_micros / 1000;
        if (what->type != EVENT_ENGAGEMENT)
            append_money(value, "cost", cost);
    }
    buffer_append_u8(value, '}');
}

/* Every kind of message that has to be rejected, in turn. %lld is the time. */
static const char *const bad_values[] = {
    "",
    "not json at all",
    "[1,2,3]",
    "{\"type\":\"click\",\"ts\":%lld,\"campaign_id\":\"a\",\"campaign_id\":\"b\"}",
    "{\"type\":\"purchase\",\"ts\":%lld,\"campaign_id\":\"a\"}",
    "{\"type\":\"impression\",\"ts\":%lld}",
    "{\"type\":\"impression\",\"ts\":true,\"campaign_id\":\"a\"}",
    "{\"type\":\"impression\",\"ts\":1700000000,\"campaign_id\":\"a\"}",
    "{\"type\":\"impression\",\"ts\":9%lld,\"campaign_id\":\"a\"}",
    "{\"type\":\"click\",\"ts\":%lld,\"campaign_id\":\"a\",\"cost\":\"1,50\"}",
    "{\"type\":\"click\",\"ts\":%lld,\"campaign_id\":\"a\",\"cost\":-1}",
    "{\"type\":\"order\",\"ts\":%lld,\"order_id\":\"x\",\"revenue\":1e30}",
    "{\"type\":\"impression\",\"ts\":%lld,\"campaign_id\":\"a\\u0000b\"}",
    "{\"type\":\"impression\",\"ts\":%lld,\"campaign_id\":\"(overflow)\"}",
    "{\"type\":\"click\",\"ts\":%lld,\"campaign_id\":\"a\",\"cost\":1,\"currency\":\"XXQ\"}",
};

static void write_bad(struct events *events, int64_t ts_ms)
{
    const char *text = bad_values[draw_below(events, ARRAY_SIZE(bad_values))];
    const char *mark = strstr(text, "%lld");
    buffer_printf(&events->key, "u%llu", (unsigned long long)(draw(events) % USERS));
    buffer_append(&events->value, text, mark ? (size_t)(mark - text) : strlen(text));
    if (mark)
        buffer_printf(&events->value, "%lld%s", (long long)ts_ms, mark + 4);
}

static struct pending draw_impression(struct events *events)
{
    int64_t percent = market_traffic_percent(events->clock_us / 1000);
    struct pending impression = {
        .at_us = events->clock_us,
        .number = ++events->number,
        .user = draw(events) % USERS,
        .campaign = draw_campaign(events),
        .type = EVENT_IMPRESSION,
    };
    events->clock_us += (1 + draw_below(events, 2 * events->options.gap_us)) * 100 / percent;
    return impression;
}

/* What else follows from an impression. Where none is asked for, nothing is drawn: the rest stays as it is. */
static int follow_costs(struct events *events, const struct pending *what)
{
    const int64_t chances[] = {events->options.engagements_micro, events->options.spend_micro};
    static const enum event_type types[] = {EVENT_ENGAGEMENT, EVENT_SPEND};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (what->type != EVENT_IMPRESSION || !chances[i] || !draw_chance(events, chances[i]))
            continue;
        struct pending next = *what;
        next.type = types[i];
        next.number = ++events->number;
        next.at_us += draw_delay_ms(events, CLICK_DELAY_MS) * 1000;
        int r = heap_push(events, next);
        if (r)
            return r;
    }
    return 0;
}

/* What follows from an event: a click, an order, a repeat of the order. */
static int follow(struct events *events, const struct pending *what, int64_t ts_ms)
{
    const struct market_campaign *market =
        what->campaign < 0 ? NULL : &events->campaigns[what->campaign].market;
    struct pending next = *what;
    next.number = ++events->number;
    if (what->type == EVENT_IMPRESSION && draw_chance(events, market->ctr_micro)) {
        next.type = EVENT_CLICK;
        next.at_us += draw_delay_ms(events, CLICK_DELAY_MS) * 1000;
        return heap_push(events, next);
    }
    if (what->type == EVENT_CLICK && draw_chance(events, market->cvr_micro)) {
        next.type = EVENT_ORDER;
        next.at_us += draw_delay_ms(events, events->options.longest_delay_ms) * 1000;
        int64_t average = market_order_micros(market, next.at_us / 1000);
        next.revenue_micros = average * (500 + draw_below(events, 1001)) / 1000 / 10000 * 10000;
        if (draw_chance(events, UNATTRIBUTED_MICRO))
            next.campaign = -1;
        return heap_push(events, next);
    }
    if (what->type == EVENT_ORDER && !what->ts_ms && draw_chance(events, events->options.duplicates_micro)) {
        next.number = what->number;
        next.ts_ms = ts_ms;
        next.at_us += draw_delay_ms(events, REPEAT_DELAY_MS) * 1000;
        return heap_push(events, next);
    }
    return 0;
}

int events_next(struct events *events, struct generated *ret_message)
{
    bool follows = events->n_heap && events->heap[0].at_us <= events->clock_us;
    struct pending what = follows ? heap_pop(events) : draw_impression(events);
    int64_t place_ms = what.at_us / 1000;
    int64_t ts_ms = what.ts_ms ? what.ts_ms : draw_ts(events, place_ms);
    buffer_clear(&events->key);
    buffer_clear(&events->value);
    if (!follows && draw_chance(events, events->options.bad_micro)) {
        write_bad(events, place_ms);
    } else {
        if (what.type == EVENT_SPEND)
            write_spend(events, &what);
        else
            write_event(events, &what, ts_ms);
        int r = follow(events, &what, ts_ms);
        r = r ? r : follow_costs(events, &what);
        if (r)
            return r;
    }
    if (buffer_status(&events->key) || buffer_status(&events->value))
        return -ENOMEM;
    *ret_message =
        (struct generated){what.type, buffer_span(&events->key), buffer_span(&events->value), place_ms};
    if (!events->value.size)
        ret_message->value.data = NULL;
    return 0;
}
