#include <errno.h>

#include "lib/base/table.h"
#include "lib/evaluate/state.h"
#include "lib/goal/alert.h"

struct writer {
    struct call *call;
    size_t n;
};

static void emit_count(void *context, const char *name, const char *text)
{
    (void)name;
    (void)text;
    ((struct writer *)context)->n++;
}

static void emit_field(void *context, const char *name, const char *text)
{
    struct writer *writer = context;
    call_arg_text(writer->call, name);
    call_arg_text(writer->call, text);
}

static enum goal_state worst_state(const struct campaign *campaign)
{
    enum goal_state worst = GOAL_OK;
    for (size_t i = 0; i < campaign->rules->n_goals; i++) {
        const struct goal_status *status = &campaign->goals[i].status;
        if (status->known && status->state > worst)
            worst = status->state;
    }
    return worst;
}

static void add_goal_field(struct evaluator *evaluator, const struct campaign *campaign, size_t goal)
{
    const struct goal_spec *spec = &campaign->rules->goals[goal];
    const struct goal_record *record = &campaign->goals[goal];
    struct alert alert = {
        .campaign = campaign->id,
        .goal = spec->name,
        .state = record->status.state,
        .verdict = record->verdict,
        .spec = spec,
        .snapshot = record->has_snapshot ? &record->snapshot : NULL,
        .rules = campaign->rules,
        .currency = evaluator->book->currency,
        .since_ms = record->status.since_ms,
        .at_ms = record->status.at_ms,
    };
    buffer_printf(fresh_key(evaluator), "goal:%s", spec->name);
    add_key_arg(evaluator, &evaluator->words);
    goal_append_json(&alert, fresh_key(evaluator));
    add_key_arg(evaluator, &evaluator->words);
}

/* The fields of roi:{CAMPAIGN} without as_of_ms and rev, as words. */
static void build_summary(struct evaluator *evaluator, const struct campaign *campaign)
{
    struct call *words = &evaluator->words;
    call_begin(words, SCRIPT_NONE);
    call_arg_text(words, "state");
    call_arg_text(words, goal_state_name(worst_state(campaign)));
    for (size_t i = 0; i < campaign->rules->n_goals; i++)
        if (campaign->goals[i].status.known)
            add_goal_field(evaluator, campaign, i);
    call_arg_text(words, "currency");
    call_arg_text(words, evaluator->book->currency);
    for (size_t i = 0; i < campaign->rules->n_labels; i++) {
        buffer_printf(fresh_key(evaluator), "label:%s", campaign->rules->labels[i].name);
        add_key_arg(evaluator, words);
        call_arg_text(words, campaign->rules->labels[i].value);
    }
}

static void add_summary(struct evaluator *evaluator, const struct shard *shard, struct call *call)
{
    const struct call *words = &evaluator->words;
    call_arg_i64(call, (int64_t)words->n_args / 2 + 2);
    for (size_t i = 0; i < words->n_args; i++)
        call_arg(call, call_get(words, i));
    call_arg_text(call, "as_of_ms");
    call_arg_i64(call, shard->as_of_ms);
    call_arg_text(call, "rev");
    call_arg_i64(call, shard->rev);
}

static bool is_due(const struct evaluator *evaluator, struct campaign *campaign,
                   const struct window_state *state, const struct rolling_hashes *hashes)
{
    if (!state->written)
        return true;
    if (state->hashes.content == hashes->content)
        return false;
    int64_t due_ms = state->written_ms + SPREAD_EVERY_MS;
    if (state->hashes.without_spread != hashes->without_spread || evaluator->steady_ms >= due_ms)
        return true;
    if (due_ms < campaign->spread_due_ms)
        campaign->spread_due_ms = due_ms;
    return false;
}

/* Which windows are to be written, into the publication, their snapshots beside it. */
static void choose_windows(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign,
                           struct snapshot *snapshots)
{
    struct publication *publication = &shard->publication;
    struct rolling rolling = campaign_rolling(evaluator, campaign);
    for (size_t i = 0; i < evaluator->book->n_windows; i++) {
        struct snapshot *snapshot = &snapshots[publication->n_windows];
        struct rolling_hashes *hashes = &publication->hashes[publication->n_windows];
        if (!rolling_snapshot(&rolling, &evaluator->book->windows[i], shard->as_of_ms, snapshot) ||
            !rolling_hash(&rolling, snapshot, hashes)) {
            if (!campaign->beyond)
                evaluator_set_aside(evaluator, "campaign \"%.*s\": the sums of window %s leave 64 bits",
                                    (int)campaign->id.size, campaign->id.data,
                                    evaluator->book->windows[i].name);
            campaign->beyond = true;
            continue;
        }
        if (is_due(evaluator, campaign, &campaign->windows[i], hashes))
            publication->window[publication->n_windows++] = i;
    }
}

static void add_keys(struct evaluator *evaluator, const struct publication *publication, struct call *call)
{
    const struct campaign *campaign = publication->campaign;
    for (size_t i = 0; i < publication->n_windows; i++) {
        const struct window_spec *window = &evaluator->book->windows[publication->window[i]];
        layout_reader_key(&evaluator->layout, campaign->id, window->name, fresh_key(evaluator));
        add_key(evaluator, call);
    }
    if (publication->has_summary) {
        layout_reader_key(&evaluator->layout, campaign->id, NULL, fresh_key(evaluator));
        add_key(evaluator, call);
    }
    for (size_t i = 0; i < publication->n_purged; i++) {
        layout_reader_key(&evaluator->layout, campaign->id, evaluator->retired[i], fresh_key(evaluator));
        add_key(evaluator, call);
    }
}

static void add_contents(struct evaluator *evaluator, struct shard *shard, const struct snapshot *snapshots,
                         struct call *call)
{
    const struct publication *publication = &shard->publication;
    call_arg_i64(call, shard->rev);
    for (size_t i = 0; i < publication->n_windows; i++) {
        struct writer writer = {.call = call};
        report_fields(&snapshots[i], evaluator->book->currency, shard->rev, emit_count, &writer);
        call_arg_i64(call, (int64_t)writer.n);
        report_fields(&snapshots[i], evaluator->book->currency, shard->rev, emit_field, &writer);
    }
    if (publication->has_summary)
        add_summary(evaluator, shard, call);
    for (size_t i = 0; i < publication->n_purged; i++)
        call_arg_i64(call, 0);
}

int content_call(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign,
                 struct call *call, bool *ret_any)
{
    struct snapshot snapshots[WINDOWS_MAX];
    struct publication *publication = &shard->publication;
    *publication = (struct publication){.campaign = campaign};
    campaign->spread_due_ms = INT64_MAX;
    choose_windows(evaluator, shard, campaign, snapshots);
    build_summary(evaluator, campaign);
    int r = call_status(&evaluator->words);
    if (r < 0)
        return r;
    publication->summary_hash = hash_bytes(buffer_span(&evaluator->words.bytes));
    publication->has_summary =
        !campaign->summary_written || campaign->summary_hash != publication->summary_hash;
    publication->n_purged = campaign->purged ? 0 : evaluator->n_retired;
    *ret_any = publication->n_windows || publication->has_summary || publication->n_purged;
    if (!*ret_any)
        return 0;
    call_begin(call, SCRIPT_PUBLISH);
    add_keys(evaluator, publication, call);
    add_contents(evaluator, shard, snapshots, call);
    return 0;
}
