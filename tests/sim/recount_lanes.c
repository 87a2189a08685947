#include <inttypes.h>
#include <stdlib.h>

#include "tests/sim/recount.h"

/* One step "TYPE/FUTURE_MS/MESSAGE_BYTES/REPEAT_MS/-" or "...<UNTIL:" at *text, which moves behind it. */
static bool step_read(const char **text, struct recount_step *step)
{
    char type[16];
    int size = 0;
    *step = (struct recount_step){.until = INT64_MAX};
    if (sscanf(*text, "%15[a-z]/%" SCNd64 "/%" SCNd64 "%n", type, &step->rules.future_ms,
               &step->rules.message_bytes, &size) != 3)
        return false;
    *text += size;
    int64_t repeat_ms; /* all have the same */
    size = 0;
    if (**text == '/' && (sscanf(*text, "/%" SCNd64 "/-%n", &repeat_ms, &size) != 1 || size == 0))
        return false;
    *text += size;
    step->rules.type = event_type_find(span_of(type));
    if (**text != '<')
        return **text == '\0' || **text == ' ';
    size = 0;
    if (sscanf(*text, "<%" SCNd64 ":%n", &step->until, &size) != 1 || size == 0)
        return false;
    *text += size;
    return true;
}

/* "INDEX START STATE RULES TERM", TERM left out for 0 */
static bool entry_read(const char *text, struct recount_lane *ret_lane)
{
    int size = 0;
    if (sscanf(text, "%" SCNu32 " %" SCNd64 " %*[a-z] %n", &ret_lane->index, &ret_lane->start, &size) != 2 ||
        size == 0)
        return false;
    text += size;
    do {
        if (ret_lane->n_steps == SIM_STEPS_MAX || !step_read(&text, &ret_lane->steps[ret_lane->n_steps]))
            return false;
    } while (ret_lane->steps[ret_lane->n_steps++].until != INT64_MAX);
    return true;
}

static const struct sim_rules *rules_at(const struct recount_lane *lane, int64_t offset)
{
    size_t i = 0;
    while (lane->steps[i].until <= offset)
        i++;
    return &lane->steps[i].rules;
}

static bool rules_equal(const struct sim_rules *a, const struct sim_rules *b)
{
    return a->type == b->type && a->future_ms == b->future_ms && a->message_bytes == b->message_bytes;
}

/* What a shard has passed and another has not is still read by the rules by which it was passed. */
static void rules_compare(struct recount *recount, size_t p, const char *text)
{
    const struct recount_lane *lane = &recount->lanes[p];
    const struct sim_partition *partition = &recount->log->partitions[p];
    int64_t least = recount_least(recount, p);
    for (size_t i = partition_find(partition, least > lane->start ? least : lane->start); i < lane->n_judged;
         i++) {
        const struct sim_message *message = partition->messages[i];
        if (!rules_equal(&message->rules, rules_at(lane, message->offset)))
            fail(recount->failure,
                 "offset %" PRId64
                 " of %s:%d was passed by a shard, and now the registry reads it by other rules: %s",
                 message->offset, partition->topic, partition->number, text);
    }
}

void lane_follow(struct recount *recount, size_t p)
{
    struct recount_lane *lane = &recount->lanes[p], told = {0};
    const struct sim_partition *partition = &recount->log->partitions[p];
    char name[40], text[600];
    snprintf(name, sizeof(name), "%s:%d", partition->topic, partition->number);
    struct span entry = store_field(store_find(recount->store, span_of("roi:~lanes.1")), span_of(name));
    if (!entry.size || span_equal(entry, buffer_span(&lane->entry)))
        return;
    buffer_clear(&lane->entry);
    buffer_append_span(&lane->entry, entry);
    snprintf(text, sizeof(text), "%.*s", (int)entry.size, entry.data);
    if (!entry_read(text, &told)) {
        fail(recount->failure, "the registry says of %s: %s", name, text);
        return;
    }
    if (!lane->registered) {
        lane->n_judged = partition_find(partition, told.start);
        lane->newest_ms[TOUCHES] = lane->newest_ms[ORDERS] = NEVER;
    } else if (lane->index != told.index || lane->start != told.start) {
        fail(recount->failure, "the registry changed what it says of %s: %s", name, text);
    }
    recount->n_changes += lane->registered && !rules_equal(&lane->steps[lane->n_steps - 1].rules,
                                                           &told.steps[told.n_steps - 1].rules);
    lane->registered = true;
    lane->index = told.index;
    lane->start = told.start;
    lane->n_steps = told.n_steps;
    memcpy(lane->steps, told.steps, sizeof(told.steps));
    rules_compare(recount, p, text);
}

/* In offset order from the start: what is it, is it late, and which order had its id first in this partition?
 */
static void message_judge(struct recount *recount, struct recount_lane *lane, struct sim_message *message)
{
    int64_t reach_ms = recount->book->tiers.longest_reach_ms;
    message->rules = *rules_at(lane, message->offset);
    message->late_before_ms = NEVER;
    message->reason = message_meaning(message, &message->rules, &message->type);
    if (message->reason == REJECT_NONE) {
        int which = message->type == EVENT_ORDER || message->type == EVENT_REFUND ? ORDERS : TOUCHES;
        int64_t newest_ms = lane->newest_ms[which], disorder_ms = recount->book->disorder_ms;
        if (reach_ms > 0 && newest_ms != NEVER && message->type != EVENT_SPEND)
            message->late_before_ms = newest_ms - reach_ms - disorder_ms;
        int64_t read_ms = lane->newest_ms[!which] > newest_ms ? lane->newest_ms[!which] : newest_ms;
        message->behind = read_ms != NEVER && message->ts_ms < read_ms - disorder_ms;
        if (message->ts_ms && message->ts_ms > newest_ms)
            lane->newest_ms[which] = message->ts_ms;
    }
    memcpy(message->newest_ms, lane->newest_ms, sizeof(message->newest_ms));
    if (message->reason == REJECT_NONE && message->type == EVENT_CLICK)
        click_judge(recount, lane, message);
    if (message->reason != REJECT_NONE || message->type != EVENT_ORDER)
        return;
    struct span id = span_of(message->order_id);
    const struct sim_message *first = table_get(&lane->first, id);
    message->first_offset = first ? first->offset : message->offset;
    if (!first && table_put(&lane->first, id, message) < 0)
        abort();
}

void lane_judge(struct recount *recount, size_t p, int64_t offset)
{
    struct recount_lane *lane = &recount->lanes[p];
    struct sim_partition *partition = &recount->log->partitions[p];
    while (lane->n_judged < partition->n_messages && partition->messages[lane->n_judged]->offset < offset)
        message_judge(recount, lane, partition->messages[lane->n_judged++]);
}
