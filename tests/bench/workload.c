#include "tests/bench/workload.h"

#include <inttypes.h>
#include <stdio.h>

enum { PER_MILLE_IMPRESSIONS = 980, PER_MILLE_CLICKS = 15, USERS = 999983 };

/* splitmix64 of a number: draws that depend on nothing else. */
static uint64_t draw(uint64_t number)
{
    uint64_t z = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The third power of an even draw: of 500 campaigns the first 5 have a fifth of the events. */
static int64_t draw_campaign(const struct bench_options *options, int64_t number)
{
    if (options->even)
        return number % options->n_campaigns;
    double even = (double)(draw((uint64_t)number ^ UINT64_C(0xca3)) >> 11) / 9007199254740992.0;
    return (int64_t)((double)options->n_campaigns * even * even * even);
}

static enum event_type draw_type(const struct bench_options *options, int64_t number)
{
    int per_mille = (int)(draw((uint64_t)number) % 1000);
    if (options->people)
        return number % 2 ? EVENT_ORDER : EVENT_CLICK;
    if (per_mille < PER_MILLE_IMPRESSIONS)
        return EVENT_IMPRESSION;
    return per_mille < PER_MILLE_IMPRESSIONS + PER_MILLE_CLICKS ? EVENT_CLICK : EVENT_ORDER;
}

/* Whose event it is: an order that touches decide is the user's of the click before it. */
static int64_t draw_user(const struct bench_options *options, enum event_type type, int64_t number)
{
    int64_t own = number;
    while (options->by_touches && type == EVENT_ORDER && own > options->first &&
           draw_type(options, own) != EVENT_CLICK)
        own--;
    return own * 7919 % USERS;
}

void workload_campaign(int64_t campaign, char ret_id[32])
{
    snprintf(ret_id, 32, "campaign-%06" PRId64, campaign);
}

void workload_event(const struct bench_options *options, int64_t number, struct workload_event *ret_event)
{
    struct workload_event *event = ret_event;
    double place = (double)(number - options->first) / (double)options->n_events;
    int64_t ts_ms = options->start_ms + (int64_t)((double)options->span_ms * place);
    char campaign[32], named[64];
    event->type = draw_type(options, number);
    event->campaign = draw_campaign(options, number);
    int64_t user = draw_user(options, event->type, number);
    workload_campaign(event->campaign, campaign);
    snprintf(named, sizeof(named), "\"campaign_id\":\"%s\",", campaign);
    if (options->by_touches && event->type == EVENT_ORDER)
        named[0] = '\0';
    event->key_size = snprintf(event->key, sizeof(event->key), "u-%09" PRId64, user);
    int n = snprintf(event->value, WORKLOAD_TEXT, "{\"type\":\"%s\",\"ts\":%" PRId64 ",%s",
                     event_type_name(event->type), ts_ms, named);
    if (event->type == EVENT_ORDER)
        n += snprintf(event->value + n, WORKLOAD_TEXT - (size_t)n,
                      "\"order_id\":\"o-%012" PRId64 "\",\"user_id\":\"u-%09" PRId64 "\",\"revenue\":%" PRId64
                      ".%02" PRId64 ",\"currency\":\"EUR\",",
                      number, user, number % 97, number % 100);
    else
        n += snprintf(event->value + n, WORKLOAD_TEXT - (size_t)n,
                      "\"event_id\":\"e-%012" PRId64 "\",\"user_id\":\"u-%09" PRId64
                      "\",\"cost\":0.%05" PRId64 ",\"currency\":\"EUR\",",
                      number, user, event->type == EVENT_CLICK ? 20000 + number % 997 : number % 997);
    n += snprintf(event->value + n, WORKLOAD_TEXT - (size_t)n,
                  "\"placement\":\"sidebar-300x250\",\"country\":\"FR\",\"device\":\"mobile\","
                  "\"page\":\"https://news.example.com/a/%" PRId64 "\"}",
                  number % 100000);
    event->value_size = n;
}
