#include "tests/sim/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void partition_init(struct sim_partition *partition, const char *topic, int32_t number,
                           enum event_type type)
{
    *partition = (struct sim_partition){.number = number, .type = type};
    snprintf(partition->topic, sizeof(partition->topic), "%s", topic);
}

void log_init(struct sim_log *log, struct random *random)
{
    static const struct {
        const char *topic;
        enum event_type type;
    } topics[] = {{"views", EVENT_IMPRESSION},
                  {"clicks", EVENT_CLICK},
                  {"orders", EVENT_ORDER},
                  {"refunds", EVENT_REFUND},
                  {"mixed", EVENT_NONE}};
    *log = (struct sim_log){.random = random, .clock_ms = SIM_T0, .newest_ms = NEVER};
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        int64_t n = random_in(random, i == 2 ? 1 : 0, i == 3 ? 1 : 3);
        for (int32_t k = 0; k < n && log->n_partitions < SIM_PARTITIONS_MAX; k++)
            partition_init(&log->partitions[log->n_partitions++], topics[i].topic, k, topics[i].type);
    }
    log->n_campaigns = (size_t)random_in(random, 4, SIM_CAMPAIGNS_MAX);
    for (size_t i = 0; i < log->n_campaigns; i++)
        snprintf(log->campaigns[i], sizeof(log->campaigns[i]), i % 7 == 6 ? "c{%zu}%%" : "c%zu", i);
    log->disorder_ms = random_in(random, 0, 60000);
    log->lateness_ms = random_chance(random, 700) ? random_in(random, 0, 8 * 3600000) : 0;
    log->ids_cross = random_chance(random, 300);
    log->hidden_too = random_chance(random, 300);
    log->n_users = random_in(random, 1, 8);
}

void log_deinit(struct sim_log *log)
{
    for (size_t p = 0; p < log->n_partitions; p++) {
        struct sim_partition *partition = &log->partitions[p];
        for (size_t i = 0; i < partition->n_messages; i++) {
            free(partition->messages[i]->value);
            free(partition->messages[i]);
        }
        free(partition->messages);
    }
    free(log->orders);
}

size_t partition_find(const struct sim_partition *partition, int64_t offset)
{
    size_t low = 0, high = partition->n_messages;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (partition->messages[middle]->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct sim_message *partition_get(const struct sim_partition *partition, int64_t offset)
{
    size_t i = partition_find(partition, offset);
    return i < partition->n_messages && partition->messages[i]->offset == offset ? partition->messages[i]
                                                                                 : NULL;
}

int64_t random_money(struct random *random)
{
    static const int64_t most[] = {1, 20, 1000, 5000000, INT64_C(90000000000)};
    return random_below(random, most[random_below(random, 5)]);
}

static void time_make(struct sim_log *log, struct sim_message *message)
{
    struct random *random = log->random;
    int64_t behind_ms =
        random_below(random, (random_chance(random, 60) ? log->lateness_ms : log->disorder_ms) + 1);
    message->ts_ms = log->clock_ms - behind_ms;
    if (log->lateness_ms > 0 && random_chance(random, 40))
        message->ts_ms = log->clock_ms + random_below(random, 2 * SIM_FUTURE_MS);
}

/* What only costs: an engagement, or spend, a few ids of which are restated again and again. */
static void cost_make(struct sim_log *log, const struct sim_partition *partition, struct sim_message *message)
{
    static const char *const actions[] = {"like", "share", "odd"};
    struct random *random = log->random;
    message->cost_micros = random_money(random);
    if (message->says == EVENT_ENGAGEMENT) {
        snprintf(message->action, sizeof(message->action), "%s", actions[random_below(random, 3)]);
        return;
    }
    if (random_chance(random, 500)) {
        message->from_ms = message->ts_ms - random_below(random, 86400000);
        message->to_ms = message->from_ms + random_in(random, 1, 3 * 86400000);
        message->ts_ms = random_chance(random, 500) ? 0 : message->ts_ms;
    }
    if (random_chance(random, 600))
        snprintf(message->spend_id, sizeof(message->spend_id), "%s-%d-%" PRId64, partition->topic,
                 partition->number, random_below(random, 5));
}

static void accepted_make(struct sim_log *log, const struct sim_partition *partition,
                          struct sim_message *message)
{
    static const enum event_type types[] = {EVENT_IMPRESSION, EVENT_CLICK,      EVENT_ORDER,
                                            EVENT_REFUND,     EVENT_ENGAGEMENT, EVENT_SPEND};
    struct random *random = log->random;
    enum event_type shape = partition->type;
    if (partition->type == EVENT_NONE || random_chance(random, 50))
        shape = types[random_below(random, sizeof(types) / sizeof(types[0]))];
    message->says = random_chance(random, 200) ? EVENT_NONE : shape;
    time_make(log, message);
    message->campaign = (int)random_below(random, random_in(random, 1, (int64_t)log->n_campaigns));
    if (shape == EVENT_ENGAGEMENT || shape == EVENT_SPEND) {
        message->says = shape;
        cost_make(log, partition, message);
    } else if (shape == EVENT_REFUND) {
        message->campaign = -1;
        refund_ids_make(log, partition, message);
    } else if (shape == EVENT_ORDER) {
        if (random_chance(random, 600))
            message->campaign = -1;
        order_ids_make(log, partition, message);
    } else {
        message->cost_micros = random_chance(random, 600) ? random_money(random) : 0;
        touch_ids_make(log, partition, message);
    }
    if (message->ts_ms > log->newest_ms)
        log->newest_ms = message->ts_ms;
}

static void money_print(char text[SIM_MESSAGE_BYTES], int *n, const char *name, int64_t micros)
{
    int64_t size = micros < 0 ? -micros : micros;
    *n += snprintf(text + *n, SIM_MESSAGE_BYTES - (size_t)*n, ",\"%s\":%s%" PRId64 ".%06" PRId64, name,
                   micros < 0 ? "-" : "", size / 1000000, size % 1000000);
}

static void text_print(char text[SIM_MESSAGE_BYTES], int *n, const char *name, const char *value)
{
    if (value[0])
        *n += snprintf(text + *n, SIM_MESSAGE_BYTES - (size_t)*n, ",\"%s\":\"%s\"", name, value);
}

static void value_print(struct sim_message *message, const struct sim_log *log)
{
    char text[SIM_MESSAGE_BYTES];
    int n = snprintf(text, sizeof(text), "{\"pad0\":0");
    if (message->ts_ms)
        n += snprintf(text + n, sizeof(text) - (size_t)n, ",\"ts\":%" PRId64, message->ts_ms);
    if (message->to_ms)
        n += snprintf(text + n, sizeof(text) - (size_t)n, ",\"from\":%" PRId64 ",\"to\":%" PRId64,
                      message->from_ms, message->to_ms);
    text_print(text, &n, "action", message->action);
    text_print(text, &n, "spend_id", message->spend_id);
    text_print(text, &n, "type", message->says != EVENT_NONE ? event_type_name(message->says) : "");
    text_print(text, &n, "campaign_id", message->campaign >= 0 ? log->campaigns[message->campaign] : "");
    text_print(text, &n, "order_id", message->order_id);
    text_print(text, &n, "user_id", message->user_id);
    text_print(text, &n, "click_id", message->click_id);
    text_print(text, &n, "event_id", message->event_id);
    text_print(text, &n, "refund_id", message->refund_id);
    text_print(text, &n, "kind", message->kind);
    if (message->cost_micros || message->says == EVENT_SPEND)
        money_print(text, &n, message->says == EVENT_SPEND ? "amount" : "cost", message->cost_micros);
    if (message->has_revenue) {
        money_print(text, &n, "revenue", message->revenue_micros);
        money_print(text, &n, "margin", message->margin_micros);
    }
    if (message->has_amount)
        money_print(text, &n, "amount", message->amount_micros);
    if (random_chance(log->random, 60))
        n += snprintf(text + n, sizeof(text) - (size_t)n, ",\"pad\":\"%0*d\"",
                      (int)random_below(log->random, SIM_MESSAGE_BYTES - 20 - n), 0);
    n += snprintf(text + n, sizeof(text) - (size_t)n, "}");
    message->value = strdup(text);
    message->value_size = (size_t)n;
}

static void rejected_make(struct sim_log *log, struct sim_message *message)
{
    static const struct {
        enum reject_reason reason;
        const char *text;
    } bad[] = {
        {REJECT_EMPTY, NULL},
        {REJECT_NOT_JSON, "{\"type\":\"click\""},
        {REJECT_NOT_OBJECT, "[1]"},
        {REJECT_UNKNOWN_TYPE, "{\"type\":\"spent\",\"ts\":1795300200000}"},
        {REJECT_MISSING_FIELD, "{\"type\":\"click\",\"ts\":1795300200000}"},
        {REJECT_BAD_TIME, "{\"type\":\"click\",\"ts\":1795300200,\"campaign_id\":\"c0\"}"},
        {REJECT_FUTURE, "{\"type\":\"click\",\"ts\":4070908800000,\"campaign_id\":\"c0\"}"},
        {REJECT_NEGATIVE_MONEY,
         "{\"type\":\"click\",\"ts\":1795300200000,\"campaign_id\":\"c0\",\"cost\":-1}"},
        {REJECT_RESERVED_ID, "{\"type\":\"order\",\"ts\":1795300200000,\"campaign_id\":\"(overflow)\","
                             "\"order_id\":\"x\",\"revenue\":1}"},
        {REJECT_TOO_LARGE, ""},
    };
    size_t i = (size_t)random_below(log->random, sizeof(bad) / sizeof(bad[0]));
    message->flaw = bad[i].reason;
    message->campaign = -1;
    if (bad[i].reason == REJECT_TOO_LARGE) {
        message->value_size = SIM_MESSAGE_BYTES + 1;
        message->value = calloc(1, message->value_size);
    } else if (bad[i].text) {
        message->value_size = strlen(bad[i].text);
        message->value = strdup(bad[i].text);
    }
}

enum reject_reason message_meaning(const struct sim_message *message, const struct sim_rules *rules,
                                   enum event_type *ret_type)
{
    enum event_type type = message->says == EVENT_NONE ? rules->type : message->says;
    if ((int64_t)message->value_size > rules->message_bytes)
        return REJECT_TOO_LARGE;
    if (message->flaw != REJECT_NONE)
        return message->flaw;
    if (type == EVENT_NONE)
        return REJECT_UNKNOWN_TYPE;
    if (message->ts_ms > message->record_ts_ms + rules->future_ms)
        return REJECT_FUTURE;
    bool whole = type == EVENT_ORDER    ? message->order_id[0] && message->has_revenue
                 : type == EVENT_REFUND ? message->order_id[0] != '\0'
                                        : message->campaign >= 0;
    if (!whole)
        return REJECT_MISSING_FIELD;
    *ret_type = type;
    return REJECT_NONE;
}

void log_append(struct sim_log *log)
{
    struct random *random = log->random;
    size_t n = log->hidden_too ? log->n_partitions : log->n_visible;
    struct sim_partition *partition = &log->partitions[random_below(random, (int64_t)n)];
    log->clock_ms += random_below(random, 12000);
    if (random_chance(random, 80))
        partition->end += random_in(random, 1, 3);
    if (random_chance(random, 20))
        return;
    if (partition->n_messages == partition->capacity) {
        partition->capacity = partition->capacity ? partition->capacity * 2 : 64;
        partition->messages =
            realloc(partition->messages, partition->capacity * sizeof(struct sim_message *));
    }
    struct sim_message *message = calloc(1, sizeof(*message));
    message->offset = partition->end++;
    message->record_ts_ms = log->clock_ms;
    if (random_chance(random, 50)) {
        rejected_make(log, message);
    } else {
        accepted_make(log, partition, message);
        value_print(message, log);
    }
    partition->messages[partition->n_messages++] = message;
}
