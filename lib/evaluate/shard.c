#include <errno.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"

static void clear(struct evaluator *evaluator, struct shard *shard)
{
    size_t cursor = 0;
    struct table_entry *entry;
    while ((entry = table_next(&shard->by_id, &cursor)))
        campaign_free(evaluator, entry->value);
    table_deinit(&shard->by_id);
    while (shard->orphans) {
        struct orphan *orphan = shard->orphans;
        shard->orphans = orphan->next;
        free(orphan);
    }
    free(shard->changes);
    deliver_clear(shard);
    if (shard->withdrawals)
        members_expect(evaluator);
    withdraw_clear(shard);
}

static void begin(struct shard *shard, uint32_t number)
{
    *shard = (struct shard){
        .number = number,
        .read_due = true,
        .cursor = "0",
        .as_of_ms = NEVER,
        .min_due_ms = INT64_MAX,
        .min_spread_due_ms = INT64_MAX,
        .pipeline = {.status = GOAL_STATUS_INIT},
        .saved_ms = NEVER,
    };
}

int shard_new(uint32_t number, struct shard **ret_shard)
{
    struct shard *shard = calloc(1, sizeof(*shard));
    if (!shard)
        return -ENOMEM;
    begin(shard, number);
    *ret_shard = shard;
    return 0;
}

void shard_free(struct evaluator *evaluator, struct shard *shard)
{
    if (!shard)
        return;
    clear(evaluator, shard);
    free(shard);
}

void shard_restart(struct evaluator *evaluator, struct shard *shard, int64_t pause_ms)
{
    clear(evaluator, shard);
    begin(shard, shard->number);
    shard->read_due = false;
    shard->not_before_ms = evaluator->steady_ms + pause_ms;
}

static int loading_next(struct evaluator *evaluator, struct shard *shard, struct call *call,
                        enum request *ret_request)
{
    if (shard->read_due) {
        read_call(evaluator, shard, call);
        *ret_request = REQUEST_READ;
    } else if (shard->phase == PHASE_STORED) {
        stored_call(evaluator, shard, call);
        *ret_request = REQUEST_STORED;
    } else if (shard->phase == PHASE_GOALS) {
        goals_scan_call(evaluator, shard, call);
        *ret_request = REQUEST_GOALS;
    } else if (shard->phase == PHASE_NAMES) {
        names_call(evaluator, shard, call);
        *ret_request = REQUEST_NAMES;
    } else {
        return 0;
    }
    return 1;
}

static int live_next(struct evaluator *evaluator, struct shard *shard, struct call *call,
                     enum request *ret_request)
{
    if (index_call(evaluator, shard, call)) { /* first, as nothing else may be asked meanwhile */
        *ret_request = REQUEST_INDEX;
    } else if (save_call(evaluator, shard, call)) {
        *ret_request = REQUEST_SAVE;
    } else if (shard->read_due) {
        read_call(evaluator, shard, call);
        *ret_request = REQUEST_READ;
    } else if (deliver_call(evaluator, shard, call)) {
        *ret_request = REQUEST_DELIVER;
    } else if (shard->as_of_ms != NEVER && goals_call(evaluator, shard, call)) {
        *ret_request = REQUEST_GOAL;
    } else if (withdraw_call(evaluator, shard, call)) { /* before anybody is announced */
        *ret_request = REQUEST_WITHDRAW;
    } else {
        int r = publish_call(evaluator, shard, call, ret_request);
        if (r != 0 || !load_call(evaluator, shard, call))
            return r;
        *ret_request = REQUEST_LOAD;
    }
    return 1;
}

int shard_next(struct evaluator *evaluator, struct shard *shard, struct call *call, enum request *ret_request)
{
    if (evaluator->steady_ms < shard->not_before_ms)
        return 0;
    if (shard->phase != PHASE_LIVE)
        return loading_next(evaluator, shard, call, ret_request);
    return live_next(evaluator, shard, call, ret_request);
}

static int handle(struct evaluator *evaluator, struct shard *shard, enum request request,
                  const struct reply *reply)
{
    switch (request) {
    case REQUEST_READ:
        return read_reply(evaluator, shard, reply);
    case REQUEST_STORED:
        return stored_reply(evaluator, shard, reply);
    case REQUEST_GOALS:
        return goals_scan_reply(evaluator, shard, reply);
    case REQUEST_NAMES:
        return names_reply(evaluator, shard, reply);
    case REQUEST_LOAD:
        return load_reply(evaluator, shard, reply);
    case REQUEST_GOAL:
        return goals_reply(evaluator, shard, reply);
    case REQUEST_DELIVER:
        deliver_reply(evaluator, shard);
        break;
    case REQUEST_ANNOUNCE:
        announce_reply(shard);
        break;
    case REQUEST_INDEX:
        index_reply(shard);
        break;
    case REQUEST_PUBLISH:
        publish_reply(evaluator, shard, reply);
        break;
    case REQUEST_SAVE:
        save_reply(evaluator, shard);
        break;
    case REQUEST_WITHDRAW:
        withdraw_reply(shard);
        break;
    default: /* a trim has nothing to say */
        break;
    }
    return 0;
}

int shard_reply(struct evaluator *evaluator, struct shard *shard, enum request request,
                const struct reply *reply)
{
    int r = handle(evaluator, shard, request, reply);
    if (r == FOLLOW_RELOAD || r == FOLLOW_LOST) {
        shard_restart(evaluator, shard, 0);
        shard->lost = r == FOLLOW_LOST;
        /* A gap is closed at once; a shard without a vector is looked at again at the next tick. */
        shard->read_due = r == FOLLOW_RELOAD;
        return 0;
    }
    if (r < 0)
        shard_restart(evaluator, shard, RETRY_MS);
    return r == -ENOMEM ? r : 0;
}

bool shard_refused(struct evaluator *evaluator, struct shard *shard, enum request request,
                   const struct reply *reply)
{
    static const char foreign[] = "WRONGTYPE";
    if (reply->text.size < sizeof(foreign) - 1 || memcmp(reply->text.data, foreign, sizeof(foreign) - 1) != 0)
        return false;
    if (request == REQUEST_DELIVER) {
        shard->deliver_at_ms = evaluator->steady_ms + ASIDE_MS;
        return true;
    }
    if (request == REQUEST_ANNOUNCE) {
        announce_reply(shard);
        evaluator->announce_at_ms = evaluator->steady_ms + ASIDE_MS;
        return true;
    }
    if (request == REQUEST_WITHDRAW) {
        withdraw_clear(shard);
        members_expect(evaluator);
        evaluator->members_at_ms = evaluator->steady_ms + ASIDE_MS;
        return true;
    }
    return false;
}

void request_key(const struct evaluator *evaluator, const struct shard *shard, enum request request,
                 struct buffer *buffer)
{
    const struct layout *layout = &evaluator->layout;
    switch (request) {
    case REQUEST_MARKS:
        layout_common_key(layout, "marks", buffer);
        break;
    case REQUEST_SAVE:
        layout_common_key(layout, "shards", buffer);
        break;
    case REQUEST_WINDOWS_READ:
    case REQUEST_WINDOWS_WRITE:
        layout_root_key(layout, "~windows", buffer);
        break;
    case REQUEST_MEMBERS:
        layout_root_key(layout, "~names", buffer);
        break;
    case REQUEST_ANNOUNCE:
    case REQUEST_WITHDRAW:
        layout_root_key(layout, "campaigns", buffer);
        break;
    case REQUEST_DELIVER:
        layout_root_key(layout, "alerts", buffer);
        break;
    default:
        layout_shard_key(layout, SHARD_CAMPAIGN, shard ? shard->number : 0, ":*", buffer);
        break;
    }
}
