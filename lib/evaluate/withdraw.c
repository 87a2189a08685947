/*
 * DESIGN: a campaign that is no longer configured and never had an accepted event must leave roi:campaigns, or
 * its last state would stand there for ever. Who is one too many is only known when all of the log is counted.
 * Then the index of names is read once, and each name that no shard knows as a member is taken out of
 * roi:campaigns, then its keys are deleted, and last it leaves the index: a crash in between is made good by the
 * next read of the index. An event that comes meanwhile makes it a member again: nobody is announced before all
 * who go have gone, so that it is announced and published after that.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"

enum { STEP_SET, STEP_KEYS, STEP_INDEX, N_STEPS };

struct withdrawal {
    struct withdrawal *next;
    int step;
    size_t size;
    char id[];
};

/* A live shard knows its members, but for the reserved campaigns: of those it learns from their cells; once used
 * they stay. */
static bool may_stay(const struct evaluator *evaluator, struct shard *shard, struct span id)
{
    const struct campaign *campaign = table_get(&shard->by_id, id);
    return campaign && (campaign->member || campaign->rules == &evaluator->book->reserved);
}

void members_expect(struct evaluator *evaluator)
{
    evaluator->members_due = true;
    buffer_clear(&evaluator->members_last);
}

bool members_call(struct evaluator *evaluator, struct call *call)
{
    if (!evaluator->members_due || !evaluator->complete || !evaluator->windows_written ||
        evaluator->steady_ms < evaluator->members_at_ms)
        return false;
    for (uint32_t i = 0; i < evaluator->layout.n_shards; i++)
        if (evaluator->shards[i] &&
            (evaluator->shards[i]->phase != PHASE_LIVE || evaluator->shards[i]->withdrawals))
            return false; /* a page at a time: what is on its way out stays bounded */
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "ZRANGEBYLEX");
    layout_root_key(&evaluator->layout, "~names", fresh_key(evaluator));
    add_key_arg(evaluator, call);
    call_arg(call, evaluator->members_last.size ? buffer_span(&evaluator->members_last) : span_of("-"));
    call_arg_text(call, "+");
    call_arg_text(call, "LIMIT");
    call_arg_i64(call, 0);
    call_arg_i64(call, SCAN_COUNT);
    return true;
}

static int add(struct shard *shard, struct span id)
{
    struct withdrawal *withdrawal = calloc(1, sizeof(*withdrawal) + id.size);
    if (!withdrawal)
        return -ENOMEM;
    memcpy(withdrawal->id, id.data, id.size);
    withdrawal->size = id.size;
    withdrawal->next = shard->withdrawals;
    shard->withdrawals = withdrawal;
    return 0;
}

int members_reply(struct evaluator *evaluator, const struct reply *reply)
{
    bool again = false;
    for (size_t i = 0; i < reply->n_elements; i++) {
        struct span id = reply_at(reply, i)->text;
        struct shard *shard = evaluator->shards[layout_shard_of(&evaluator->layout, id)];
        if (!shard)
            continue;
        if (shard->phase != PHASE_LIVE)
            again = true;
        else if (!may_stay(evaluator, shard, id) && add(shard, id) < 0)
            return -ENOMEM;
    }
    if (reply->n_elements < SCAN_COUNT) {
        evaluator->members_due = again;
        buffer_clear(&evaluator->members_last);
        return 0;
    }
    buffer_clear(&evaluator->members_last);
    buffer_append_u8(&evaluator->members_last, '(');
    buffer_append_span(&evaluator->members_last, reply_at(reply, reply->n_elements - 1)->text);
    return buffer_status(&evaluator->members_last);
}

static void drop_first(struct shard *shard)
{
    struct withdrawal *withdrawal = shard->withdrawals;
    shard->withdrawals = withdrawal->next;
    free(withdrawal);
}

void withdraw_clear(struct shard *shard)
{
    while (shard->withdrawals)
        drop_first(shard);
}

static void root_call(struct evaluator *evaluator, const char *command, const char *name, struct span id,
                      struct call *call)
{
    call_arg_text(call, command);
    layout_root_key(&evaluator->layout, name, fresh_key(evaluator));
    add_key_arg(evaluator, call);
    call_arg(call, id);
}

static void keys_call(struct evaluator *evaluator, struct span id, struct call *call)
{
    call_arg_text(call, "UNLINK");
    layout_reader_key(&evaluator->layout, id, NULL, fresh_key(evaluator));
    add_key_arg(evaluator, call);
    for (size_t i = 0; i < evaluator->book->n_windows; i++) {
        layout_reader_key(&evaluator->layout, id, evaluator->book->windows[i].name, fresh_key(evaluator));
        add_key_arg(evaluator, call);
    }
    for (size_t i = 0; i < evaluator->n_retired; i++) {
        layout_reader_key(&evaluator->layout, id, evaluator->retired[i], fresh_key(evaluator));
        add_key_arg(evaluator, call);
    }
}

bool withdraw_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    if (!shard->withdrawals)
        return false;
    struct span id = span_from(shard->withdrawals->id, shard->withdrawals->size);
    call_begin(call, SCRIPT_NONE);
    if (shard->withdrawals->step == STEP_SET)
        root_call(evaluator, "SREM", "campaigns", id, call);
    else if (shard->withdrawals->step == STEP_KEYS)
        keys_call(evaluator, id, call);
    else
        root_call(evaluator, "ZREM", "~names", id, call);
    return true;
}

void withdraw_reply(struct shard *shard)
{
    if (++shard->withdrawals->step == N_STEPS)
        drop_first(shard);
}
