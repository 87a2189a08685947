/*
 * DESIGN: `roiwatch offsets --wait` takes a shard's stored position as "the reader keys contain this". So a
 * position (a checkpoint) is taken at a read, together with all campaigns that are not published as of it,
 * and is stored only when the last of them is acknowledged.
 */
#include <inttypes.h>

#include "lib/evaluate/state.h"

int64_t trim_due_ms(const struct evaluator *evaluator, const struct campaign *campaign)
{
    const struct tiers *tiers = &evaluator->book->tiers;
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; campaign->tiers && i < tiers->n; i++) {
        int64_t tier_due_ms = rolling_trim_due_ms(&tiers->tier[i], &campaign->tiers[i]);
        due_ms = tier_due_ms < due_ms ? tier_due_ms : due_ms;
    }
    return due_ms;
}

static void trim_tier(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign,
                      size_t tier, struct call *call)
{
    struct slices *slices = &campaign->tiers[tier];
    const struct tier *kept = &evaluator->book->tiers.tier[tier];
    size_t n = rolling_expired(kept, slices, shard->as_of_ms);
    n = n < TRIM_CHUNK ? n : TRIM_CHUNK;
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HDEL");
    layout_cells_key(&evaluator->layout, shard->number, (uint32_t)(kept->slice_ms / MINUTE_MS), campaign->id,
                     fresh_key(evaluator));
    add_key_arg(evaluator, call);
    for (size_t i = 0; i < n; i++) {
        buffer_append_u32(fresh_key(evaluator), slices_start_minutes(slices, i));
        add_key_arg(evaluator, call);
    }
    slices_drop(slices, n);
    evaluator->stats.n_cells -= n;
}

bool trim_call(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign, struct call *call)
{
    const struct tiers *tiers = &evaluator->book->tiers;
    for (size_t i = 0; i < tiers->n; i++) {
        if (rolling_trim_due_ms(&tiers->tier[i], &campaign->tiers[i]) > shard->as_of_ms)
            continue;
        trim_tier(evaluator, shard, campaign, i, call);
        return true;
    }
    return false;
}

static void flag_all(struct shard *shard, struct campaign_queue *queue)
{
    for (struct campaign *campaign = queue->first; campaign; campaign = campaign->next)
        campaign->in_checkpoint = true;
    shard->checkpoint_left += queue->n;
}

void checkpoint_begin(struct shard *shard)
{
    if (shard->checkpoint_open && shard->checkpoint_left)
        return;
    shard->checkpoint_open = true;
    shard->checkpoint_left = 0;
    shard->checkpoint.as_of_ms = shard->as_of_ms;
    memcpy(shard->checkpoint.tip, shard->tip, sizeof(shard->tip));
    flag_all(shard, &shard->load);
    flag_all(shard, &shard->fresh);
    flag_all(shard, &shard->announce);
    flag_all(shard, &shard->publish);
    flag_all(shard, &shard->deferred);
}

void checkpoint_pass(struct shard *shard, struct campaign *campaign)
{
    if (campaign->in_checkpoint)
        shard->checkpoint_left--;
    campaign->in_checkpoint = false;
}

bool save_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    if (!shard->checkpoint_open || shard->checkpoint_left)
        return false;
    bool same = shard->saved.as_of_ms == shard->checkpoint.as_of_ms &&
                strcmp(shard->saved.tip, shard->checkpoint.tip) == 0;
    int64_t every_ms = same ? SAVE_AGAIN_MS : WRITE_EVERY_MS;
    if (shard->saved_ms != NEVER && evaluator->steady_ms - shard->saved_ms < every_ms)
        return false;
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HSET");
    layout_common_key(&evaluator->layout, "shards", fresh_key(evaluator));
    add_key_arg(evaluator, call);
    call_arg_i64(call, shard->number);
    buffer_printf(fresh_key(evaluator), "%" PRId64 " %s", shard->checkpoint.as_of_ms, shard->checkpoint.tip);
    add_key_arg(evaluator, call);
    return true;
}

void save_reply(struct evaluator *evaluator, struct shard *shard)
{
    shard->saved = shard->checkpoint;
    shard->saved_ms = evaluator->steady_ms;
    shard->checkpoint_open = false;
}
