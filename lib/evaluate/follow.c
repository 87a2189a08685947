#include <errno.h>

#include "lib/evaluate/state.h"

void read_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    static const char *const parts[] = {":vec", ":journal", ":rev", ":outbox"};
    call_begin(call, SCRIPT_READ);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        layout_shard_key(&evaluator->layout, SHARD_CAMPAIGN, shard->number, parts[i], fresh_key(evaluator));
        add_key(evaluator, call);
    }
    call_arg_text(call, shard->phase == PHASE_FIRST_READ ? "" : shard->tip);
    call_arg_i64(call, ALERT_CHUNK);
    shard->read_due = false;
}

struct journal_context {
    struct evaluator *evaluator;
    struct shard *shard;
    struct campaign *campaign; /* of the cell before */
};

static int set_cell(struct evaluator *evaluator, struct campaign *campaign, uint32_t slice_minutes,
                    uint32_t start_minutes, const struct cell *cell)
{
    int tier = tier_index(evaluator, slice_minutes);
    if (tier < 0)
        return 0;
    struct slices *slices = &campaign->tiers[tier];
    size_t n = slices->n;
    int r = slices_set(slices, start_minutes, cell);
    evaluator->stats.n_cells += slices->n - n;
    return r;
}

static int visit_cell(void *data, struct span id, uint32_t slice_minutes, uint32_t start_minutes,
                      const struct cell *cell)
{
    struct journal_context *context = data;
    struct campaign *campaign = context->campaign;
    if (!campaign || !span_equal(campaign->id, id)) {
        int r = campaign_get(context->evaluator, context->shard, id, &campaign);
        if (r < 0)
            return r;
        context->campaign = campaign;
        campaign->member = true;
        goals_data_came(context->shard, campaign);
        campaign_want(context->shard, campaign);
    }
    if (!cell) {
        /* Read again: it changes seldom, and one record may replace another. */
        campaign->spend_loaded = false;
        return 0;
    }
    /* What is not loaded is read whole, later than this. */
    return campaign->loaded ? set_cell(context->evaluator, campaign, slice_minutes, start_minutes, cell) : 0;
}

static struct span field_of(const struct reply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->n_elements; i += 2)
        if (span_equal(reply_at(fields, i)->text, span_of(name)))
            return reply_at(fields, i + 1)->text;
    return (struct span){0};
}

static int take_entries(struct evaluator *evaluator, struct shard *shard, const struct reply *entries)
{
    struct journal_context context = {evaluator, shard, NULL};
    for (size_t i = 0; i < entries->n_elements; i++) {
        const struct reply *fields = reply_at(reply_at(entries, i), 1);
        if (field_of(fields, "r").size)
            return FOLLOW_RELOAD;
        int r = journal_decode(field_of(fields, "c"), field_of(fields, "v"), visit_cell, &context);
        if (r < 0)
            return r;
    }
    return 0;
}

static void update_as_of(struct evaluator *evaluator, struct shard *shard, struct span vector)
{
    struct lanes lanes = {
        .partitions = evaluator->partitions,
        .n_partitions = evaluator->n_partitions,
        .marks = evaluator->marks,
        .n_marks = evaluator->n_marks,
        .disorder_ms = evaluator->book->disorder_ms,
        .cap_ms = evaluator->book->clock ? evaluator->now_ms + evaluator->future_ms : INT64_MAX,
    };
    int64_t as_of_ms = lanes_as_of(&lanes, vector);
    if (as_of_ms > shard->as_of_ms)
        shard->as_of_ms = as_of_ms;
}

/* Campaigns that look different only because time moved. */
static void wake_due(const struct evaluator *evaluator, struct shard *shard)
{
    if (shard->as_of_ms < shard->min_due_ms && evaluator->steady_ms < shard->min_spread_due_ms)
        return;
    int64_t min_due_ms = INT64_MAX;
    int64_t min_spread_due_ms = INT64_MAX;
    size_t cursor = 0;
    struct table_entry *entry;
    while ((entry = table_next(&shard->by_id, &cursor))) {
        struct campaign *campaign = entry->value;
        if (campaign->place != PLACE_NONE)
            continue;
        if (campaign->due_ms <= shard->as_of_ms || campaign->spread_due_ms <= evaluator->steady_ms) {
            campaign_want(shard, campaign);
            continue;
        }
        if (campaign->due_ms < min_due_ms)
            min_due_ms = campaign->due_ms;
        if (campaign->spread_due_ms < min_spread_due_ms)
            min_spread_due_ms = campaign->spread_due_ms;
    }
    shard->min_due_ms = min_due_ms;
    shard->min_spread_due_ms = min_spread_due_ms;
}

static int take_position(struct shard *shard, const struct reply *reply)
{
    const struct reply *tip = reply_at(reply, 2);
    if (tip->type != REPLY_TEXT || tip->text.size >= sizeof(shard->tip))
        return -EBADMSG;
    memcpy(shard->tip, tip->text.data, tip->text.size);
    shard->tip[tip->text.size] = '\0';
    return 0;
}

int read_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply)
{
    const struct reply *vector = reply_at(reply, 1);
    bool first = shard->phase == PHASE_FIRST_READ;
    if (reply->type != REPLY_ARRAY)
        return -EBADMSG;
    if (vector->type != REPLY_TEXT)
        return FOLLOW_LOST;
    if (!first && reply_i64(reply_at(reply, 3), 1) != 0)
        return FOLLOW_RELOAD;
    int r = take_entries(evaluator, shard, reply_at(reply, 4));
    if (r != 0)
        return r == -EBADMSG ? FOLLOW_RELOAD : r;
    r = take_position(shard, reply);
    if (r < 0)
        return r;
    shard->rev = layout_rev(&evaluator->layout, reply_i64(reply_at(reply, 0), 0));
    if (evaluator->partitions_known && evaluator->marks_asked)
        update_as_of(evaluator, shard, vector->text);
    queue_move(&shard->fresh, &shard->publish, PLACE_PUBLISH);
    wake_due(evaluator, shard);
    if (first) {
        shard->phase = PHASE_STORED;
        shard->lost = false;
        evaluator->stats.n_reloads++;
    }
    if (shard->phase == PHASE_LIVE && shard->as_of_ms != NEVER)
        checkpoint_begin(shard);
    r = goals_update_stale(evaluator, shard);
    return r < 0 ? r : deliver_take(evaluator, shard, reply_at(reply, 5));
}
