#include "lib/evaluate/evaluate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"

enum { DEFAULT_CALLS = 32, DEFAULT_CELLS = 10000000 };

struct buffer *fresh_key(struct evaluator *evaluator)
{
    buffer_clear(&evaluator->key);
    return &evaluator->key;
}

/* A name that could not be built spoils the call that it was for. */
static void check_key(struct evaluator *evaluator, struct call *call)
{
    if (evaluator->key.error)
        call->error = evaluator->key.error;
}

void add_key(struct evaluator *evaluator, struct call *call)
{
    check_key(evaluator, call);
    call_key(call, buffer_span(&evaluator->key));
}

void add_key_arg(struct evaluator *evaluator, struct call *call)
{
    check_key(evaluator, call);
    call_arg(call, buffer_span(&evaluator->key));
}

int evaluator_new(const struct evaluator_options *options, struct evaluator **ret_evaluator)
{
    struct evaluator *evaluator = calloc(1, sizeof(*evaluator));
    if (!evaluator)
        return -ENOMEM;
    evaluator->book = options->book;
    evaluator->layout = options->layout;
    evaluator->future_ms = options->future_ms;
    evaluator->stream_length = options->stream_length;
    evaluator->max_calls = options->max_calls ? options->max_calls : DEFAULT_CALLS;
    evaluator->max_cells = options->max_cells ? options->max_cells : DEFAULT_CELLS;
    evaluator->marks_due = true;
    members_expect(evaluator);
    call_init(&evaluator->words);
    evaluator->shards = calloc(options->layout.n_shards, sizeof(*evaluator->shards));
    if (!evaluator->shards) {
        evaluator_free(evaluator);
        return -ENOMEM;
    }
    *ret_evaluator = evaluator;
    return 0;
}

void evaluator_free(struct evaluator *evaluator)
{
    if (!evaluator)
        return;
    for (uint32_t i = 0; evaluator->shards && i < evaluator->layout.n_shards; i++)
        shard_free(evaluator, evaluator->shards[i]);
    free(evaluator->shards);
    free(evaluator->retired);
    free(evaluator->partitions);
    free(evaluator->marks);
    buffer_deinit(&evaluator->members_last);
    buffer_deinit(&evaluator->key);
    call_deinit(&evaluator->words);
    free(evaluator);
}

/* Whatever is in flight there is ignored when it comes. */
static void forget_call(struct evaluator *evaluator, struct slot *slot)
{
    if (slot->request != REQUEST_NONE)
        evaluator->stats.n_in_flight--;
    slot->request = REQUEST_NONE;
}

static void restart(struct evaluator *evaluator, struct shard *shard, int64_t pause_ms)
{
    forget_call(evaluator, &shard->slot);
    shard_restart(evaluator, shard, pause_ms);
}

void evaluator_set_book(struct evaluator *evaluator, const struct rule_book *book)
{
    /* Campaigns are freed by the book that they were made by. */
    for (uint32_t i = 0; i < evaluator->layout.n_shards; i++)
        if (evaluator->shards[i])
            restart(evaluator, evaluator->shards[i], 0);
    forget_call(evaluator, &evaluator->slot);
    evaluator->book = book;
    evaluator->windows_known = false;
    evaluator->windows_written = false;
    evaluator->marks_due = true;
    members_expect(evaluator);
}

void evaluator_set_limits(struct evaluator *evaluator, int64_t future_ms, int64_t stream_length)
{
    evaluator->future_ms = future_ms;
    evaluator->stream_length = stream_length;
}

int evaluator_own(struct evaluator *evaluator, uint32_t shard, bool own)
{
    struct shard *known = evaluator->shards[shard];
    if (own == (known != NULL))
        return 0;
    if (own) {
        members_expect(evaluator);
        return shard_new(shard, &evaluator->shards[shard]);
    }
    forget_call(evaluator, &known->slot);
    shard_free(evaluator, known);
    evaluator->shards[shard] = NULL;
    return 0;
}

int evaluator_set_partitions(struct evaluator *evaluator, const uint32_t *partitions, size_t n_partitions)
{
    uint32_t *copy = calloc(n_partitions + 1, sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    if (n_partitions)
        memcpy(copy, partitions, n_partitions * sizeof(*copy));
    free(evaluator->partitions);
    evaluator->partitions = copy;
    evaluator->n_partitions = n_partitions;
    evaluator->partitions_known = true;
    return 0;
}

void evaluator_set_complete(struct evaluator *evaluator, bool complete)
{
    evaluator->complete = complete;
}

void evaluator_set_silent(struct evaluator *evaluator, bool silent)
{
    evaluator->silent = silent;
}

static void wake_deferred(struct evaluator *evaluator, struct shard *shard)
{
    for (size_t n = shard->deferred.n; n > 0; n--) {
        struct campaign *campaign = queue_pop(&shard->deferred);
        if (evaluator->steady_ms - campaign->written_ms >= WRITE_EVERY_MS)
            queue_push(&shard->publish, PLACE_PUBLISH, campaign);
        else
            queue_push(&shard->deferred, PLACE_DEFERRED, campaign);
    }
}

void evaluator_tick(struct evaluator *evaluator, int64_t now_ms, int64_t steady_ms)
{
    evaluator->ticked = true;
    evaluator->now_ms = now_ms;
    evaluator->steady_ms = steady_ms;
    evaluator->marks_due = true;
    /* Whoever wrote over the set of campaigns has emptied it. */
    bool announce = evaluator->announce_at_ms && steady_ms >= evaluator->announce_at_ms;
    if (announce)
        evaluator->announce_at_ms = 0;
    for (uint32_t i = 0; i < evaluator->layout.n_shards; i++) {
        struct shard *shard = evaluator->shards[i];
        if (!shard)
            continue;
        if (announce)
            restart(evaluator, shard, 0);
        shard->read_due = true;
        wake_deferred(evaluator, shard);
        if (goals_update_stale(evaluator, shard) < 0)
            restart(evaluator, shard, RETRY_MS);
    }
}

static uint64_t mark_sent(struct evaluator *evaluator, struct slot *slot, enum request request,
                          uint32_t number)
{
    slot->request = request;
    slot->sequence = ++evaluator->sequence;
    evaluator->stats.n_in_flight++;
    return (uint64_t)slot->sequence << 32 | number;
}

/* The shards take turns, so that none starves where calls are few. */
static int next_of_shards(struct evaluator *evaluator, struct call *call, uint64_t *ret_tag)
{
    for (uint32_t n = 0; n < evaluator->layout.n_shards; n++) {
        uint32_t number = evaluator->next_shard;
        struct shard *shard = evaluator->shards[number];
        evaluator->next_shard = (number + 1) % evaluator->layout.n_shards;
        if (!shard || shard->slot.request != REQUEST_NONE)
            continue;
        enum request request;
        int r = shard_next(evaluator, shard, call, &request);
        if (r == 1)
            r = call_status(call) < 0 ? call_status(call) : 1;
        if (r < 0) {
            restart(evaluator, shard, RETRY_MS);
            return r;
        }
        if (r == 1) {
            *ret_tag = mark_sent(evaluator, &shard->slot, request, number);
            return 1;
        }
    }
    return 0;
}

int evaluator_next(struct evaluator *evaluator, struct call *call, uint64_t *ret_tag)
{
    if (!evaluator->ticked || evaluator->stats.n_in_flight >= evaluator->max_calls)
        return 0;
    if (evaluator->slot.request == REQUEST_NONE) {
        enum request request = common_call(evaluator, call);
        if (request != REQUEST_NONE && call_status(call) < 0)
            return call_status(call);
        if (request != REQUEST_NONE) {
            *ret_tag = mark_sent(evaluator, &evaluator->slot, request, evaluator->layout.n_shards);
            return 1;
        }
    }
    return next_of_shards(evaluator, call, ret_tag);
}

/* The slot that waits for this tag, or NULL; *ret_shard is NULL for what all shards share. */
static struct slot *find_slot(struct evaluator *evaluator, uint64_t tag, struct shard **ret_shard)
{
    uint32_t number = (uint32_t)tag;
    struct shard *shard = number < evaluator->layout.n_shards ? evaluator->shards[number] : NULL;
    struct slot *slot = shard ? &shard->slot : number == evaluator->layout.n_shards ? &evaluator->slot : NULL;
    if (!slot || slot->request == REQUEST_NONE || slot->sequence != (uint16_t)(tag >> 32))
        return NULL;
    *ret_shard = shard;
    return slot;
}

static void note_error(struct evaluator *evaluator, const struct shard *shard, enum request request,
                       const struct reply *reply)
{
    struct buffer *key = fresh_key(evaluator);
    request_key(evaluator, shard, request, key);
    evaluator->stats.n_errors++;
    snprintf(evaluator->error, sizeof(evaluator->error), "%.*s: %.*s", (int)key->size,
             key->size ? key->data : "", (int)reply->text.size, reply->text.data);
}

int evaluator_reply(struct evaluator *evaluator, uint64_t tag, const struct reply *reply)
{
    struct shard *shard;
    struct slot *slot = find_slot(evaluator, tag, &shard);
    if (!slot)
        return 0;
    enum request request = slot->request;
    forget_call(evaluator, slot);
    evaluator->marks_asked = evaluator->marks_asked || request == REQUEST_MARKS;
    if (reply->type == REPLY_ERROR) {
        note_error(evaluator, shard, request, reply);
        if (shard && !shard_refused(evaluator, shard, request, reply))
            shard_restart(evaluator, shard, RETRY_MS);
        else if (request == REQUEST_MEMBERS)
            evaluator->members_at_ms = evaluator->steady_ms + ASIDE_MS;
        else if (!shard)
            evaluator->not_before_ms = evaluator->steady_ms + RETRY_MS;
        return 0;
    }
    return shard ? shard_reply(evaluator, shard, request, reply) : common_reply(evaluator, request, reply);
}

void evaluator_fail(struct evaluator *evaluator, uint64_t tag)
{
    struct shard *shard;
    struct slot *slot = find_slot(evaluator, tag, &shard);
    if (!slot)
        return;
    forget_call(evaluator, slot);
    if (shard)
        shard_restart(evaluator, shard, 0);
}

enum evaluator_shard evaluator_shard_state(const struct evaluator *evaluator, uint32_t number)
{
    const struct shard *shard = number < evaluator->layout.n_shards ? evaluator->shards[number] : NULL;
    if (!shard)
        return EVALUATOR_FOREIGN;
    if (shard->lost)
        return EVALUATOR_LOST;
    return shard->phase == PHASE_LIVE && !shard->load.n && !shard->fresh.n ? EVALUATOR_LIVE
                                                                           : EVALUATOR_LOADING;
}

int64_t evaluator_as_of(const struct evaluator *evaluator, uint32_t number)
{
    const struct shard *shard = number < evaluator->layout.n_shards ? evaluator->shards[number] : NULL;
    return shard ? shard->as_of_ms : NEVER;
}

static bool shard_idle(const struct shard *shard)
{
    return shard->phase == PHASE_LIVE && shard->as_of_ms != NEVER && !shard->load.n && !shard->fresh.n &&
           !shard->announce.n && !shard->publish.n && !shard->deferred.n && !shard->n_changes &&
           !shard->n_deliveries && !shard->withdrawals && !shard->asked.n && !shard->publication.campaign &&
           shard->saved.as_of_ms == shard->as_of_ms && strcmp(shard->saved.tip, shard->tip) == 0;
}

bool evaluator_idle(const struct evaluator *evaluator)
{
    for (uint32_t i = 0; i < evaluator->layout.n_shards; i++)
        if (evaluator->shards[i] && !shard_idle(evaluator->shards[i]))
            return false;
    return true;
}

static void count_campaigns(const struct shard *shard, struct evaluator_stats *stats)
{
    size_t cursor = 0;
    struct table_entry *entry;
    while ((entry = table_next(&shard->by_id, &cursor))) {
        const struct campaign *campaign = entry->value;
        stats->n_members += campaign->member;
        for (size_t i = 0; i < campaign->rules->n_goals; i++)
            if (campaign->goals[i].status.known)
                stats->n_goals[campaign->goals[i].status.state]++;
    }
}

void evaluator_get_stats(const struct evaluator *evaluator, struct evaluator_stats *ret_stats)
{
    *ret_stats = evaluator->stats;
    for (uint32_t i = 0; i < evaluator->layout.n_shards; i++) {
        enum evaluator_shard state = evaluator_shard_state(evaluator, i);
        if (state == EVALUATOR_FOREIGN)
            continue;
        ret_stats->n_owned++;
        ret_stats->n_loading += state == EVALUATOR_LOADING;
        ret_stats->n_lost += state == EVALUATOR_LOST;
        count_campaigns(evaluator->shards[i], ret_stats);
    }
}

const char *evaluator_last_aside(const struct evaluator *evaluator)
{
    return evaluator->aside;
}

const char *evaluator_last_error(const struct evaluator *evaluator)
{
    return evaluator->error;
}
