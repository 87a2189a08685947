#include <errno.h>

#include "lib/evaluate/state.h"

bool announce_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    if (!shard->announce.first)
        return false;
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "SADD");
    layout_root_key(&evaluator->layout, "campaigns", fresh_key(evaluator));
    add_key_arg(evaluator, call);
    for (int n = 0; n < ANNOUNCE_CHUNK && shard->announce.first; n++) {
        struct campaign *campaign = queue_pop(&shard->announce);
        call_arg(call, campaign->id);
        queue_push(&shard->asked, PLACE_CALL, campaign);
    }
    return true;
}

void announce_reply(struct shard *shard)
{
    shard->index_due = true;
}

bool index_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    if (!shard->index_due)
        return false;
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "ZADD");
    layout_root_key(&evaluator->layout, "~names", fresh_key(evaluator));
    add_key_arg(evaluator, call);
    for (const struct campaign *campaign = shard->asked.first; campaign; campaign = campaign->next) {
        call_arg_text(call, "0");
        call_arg(call, campaign->id);
    }
    return true;
}

void index_reply(struct shard *shard)
{
    shard->index_due = false;
    for (struct campaign *campaign = shard->asked.first; campaign; campaign = campaign->next)
        campaign->announced = true;
    queue_move(&shard->asked, &shard->publish, PLACE_PUBLISH);
}

static int64_t due_ms(const struct evaluator *evaluator, const struct shard *shard,
                      const struct campaign *campaign)
{
    struct rolling rolling = campaign_rolling(evaluator, campaign);
    int64_t due_ms = goals_due_ms(shard, campaign);
    int64_t trim_ms = trim_due_ms(evaluator, campaign);
    due_ms = trim_ms < due_ms ? trim_ms : due_ms;
    for (size_t i = 0; i < evaluator->book->n_windows; i++) {
        int64_t window_ms = rolling_due_ms(&rolling, &evaluator->book->windows[i], shard->as_of_ms);
        due_ms = window_ms < due_ms ? window_ms : due_ms;
    }
    return due_ms;
}

/* Nothing is left to do for the campaign until data or time move. */
static void finish(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign)
{
    campaign->due_ms = campaign->member && !campaign->aside ? due_ms(evaluator, shard, campaign) : INT64_MAX;
    if (campaign->due_ms < shard->min_due_ms)
        shard->min_due_ms = campaign->due_ms;
    if (campaign->spread_due_ms < shard->min_spread_due_ms)
        shard->min_spread_due_ms = campaign->spread_due_ms;
    checkpoint_pass(shard, campaign);
    if (evaluator->stats.n_cells > evaluator->max_cells)
        campaign_unload(evaluator, campaign);
}

/* One campaign's turn: 1 with a call, 0 where it needs none. */
static int publish_one(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign,
                       struct call *call, enum request *ret_request)
{
    if (trim_call(evaluator, shard, campaign, call)) {
        queue_push_front(&shard->publish, PLACE_PUBLISH, campaign);
        *ret_request = REQUEST_TRIM;
        return 1;
    }
    if (campaign->written && evaluator->steady_ms - campaign->written_ms < WRITE_EVERY_MS) {
        queue_push(&shard->deferred, PLACE_DEFERRED, campaign);
        return 0;
    }
    bool any = false;
    int r = goals_judge(evaluator, shard, campaign);
    if (r == 0 && goals_waiting(campaign))
        return 0; /* wanted again when its goals are stored: then everything is written at once */
    if (r == 0)
        r = content_call(evaluator, shard, campaign, call, &any);
    if (r < 0)
        return r;
    if (!any) {
        finish(evaluator, shard, campaign);
        return 0;
    }
    campaign->place = PLACE_CALL;
    *ret_request = REQUEST_PUBLISH;
    return 1;
}

int publish_call(struct evaluator *evaluator, struct shard *shard, struct call *call,
                 enum request *ret_request)
{
    if (shard->as_of_ms == NEVER || !evaluator->windows_written)
        return 0;
    for (int n = 0; n < LOOK_CHUNK && shard->publish.first; n++) {
        struct campaign *campaign = queue_pop(&shard->publish);
        campaign->member = campaign->member || campaign_has_cells(evaluator, campaign);
        if (!campaign_is_loaded(campaign)) {
            campaign_want(shard, campaign);
        } else if (!campaign->member || campaign->aside) {
            finish(evaluator, shard, campaign);
        } else if (!campaign->announced) {
            queue_push(&shard->announce, PLACE_ANNOUNCE, campaign);
        } else {
            int r = publish_one(evaluator, shard, campaign, call, ret_request);
            if (r != 0)
                return r;
        }
    }
    if (announce_call(evaluator, shard, call)) {
        *ret_request = REQUEST_ANNOUNCE;
        return 1;
    }
    return 0;
}

void publish_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply)
{
    struct publication *publication = &shard->publication;
    struct campaign *campaign = publication->campaign;
    size_t n_written = 0;
    size_t n = publication->n_windows + publication->has_summary;
    for (size_t i = 0; i < n; i++) {
        if (reply_i64(reply_at(reply, i), 0) != 1)
            continue;
        n_written++;
        if (i == publication->n_windows) {
            campaign->summary_written = true;
            campaign->summary_hash = publication->summary_hash;
            continue;
        }
        campaign->windows[publication->window[i]] =
            (struct window_state){true, publication->hashes[i], evaluator->steady_ms};
    }
    evaluator->stats.n_published += n_written;
    evaluator->stats.n_refused += n - n_written;
    campaign->purged = true;
    campaign->written = true;
    campaign->written_ms = evaluator->steady_ms;
    publication->campaign = NULL;
    campaign->place = PLACE_NONE;
    if (n_written < n)
        queue_push(&shard->deferred, PLACE_DEFERRED, campaign);
    else
        finish(evaluator, shard, campaign);
}
