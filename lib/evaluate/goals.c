/*
 * DESIGN: a goal is judged when as_of has passed a minute edge and its numbers or its clock say that the
 * answer may differ. A change is held in the goal's record until Redis has compared and stored it; till then
 * the goal is not judged again. A lost compare means that another evaluator was faster: its state is taken
 * over and judged again at once: there may be no further edge.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"
#include "lib/goal/alert.h"

static const char pipeline_goal[] = "pipeline";

static int add_change(struct shard *shard, const struct change *change)
{
    if (shard->n_changes == shard->changes_capacity) {
        size_t capacity = shard->changes_capacity ? shard->changes_capacity * 2 : GOAL_CHUNK;
        struct change *changes = realloc(shard->changes, capacity * sizeof(*changes));
        if (!changes)
            return -ENOMEM;
        shard->changes = changes;
        shard->changes_capacity = capacity;
    }
    shard->changes[shard->n_changes++] = *change;
    return 0;
}

/* Judges one goal whose verdict is in its record. */
static int judge(struct shard *shard, const struct change *change, const struct goal_spec *spec,
                 int64_t edge_ms)
{
    struct goal_record *record = change->record;
    record->as_of_ms = shard->as_of_ms;
    record->change = goal_judge(spec, &record->status, record->verdict, edge_ms, &record->next);
    return record->change == GOAL_UNCHANGED ? 0 : add_change(shard, change);
}

static enum goal_verdict look(struct evaluator *evaluator, struct shard *shard,
                              const struct campaign *campaign, const struct goal_spec *spec,
                              struct goal_record *record)
{
    struct rolling rolling = campaign_rolling(evaluator, campaign);
    record->has_snapshot = rolling_snapshot(&rolling, &spec->window, shard->as_of_ms, &record->snapshot);
    if (shard->stale)
        return VERDICT_STALE;
    return record->has_snapshot ? goal_verdict(spec, &record->snapshot) : VERDICT_UNDEFINED;
}

/* Judges all goals of the campaign; *ret_due_ms is when an answer may differ without new data. */
static int judge_all(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign,
                     int64_t edge_ms, int64_t *ret_due_ms)
{
    struct rolling rolling = campaign_rolling(evaluator, campaign);
    int64_t due_ms = INT64_MAX;
    campaign->goals_dirty = false;
    for (size_t i = 0; i < campaign->rules->n_goals; i++) {
        const struct goal_spec *spec = &campaign->rules->goals[i];
        struct goal_record *record = &campaign->goals[i];
        if (record->aside)
            continue;
        record->verdict = look(evaluator, shard, campaign, spec, record);
        struct change change = {campaign, record, spec, spec->name};
        int r = judge(shard, &change, spec, edge_ms);
        if (r < 0)
            return r;
        int64_t clock_ms = goal_due_ms(spec, record->change ? &record->next : &record->status, edge_ms);
        int64_t window_ms = rolling_due_ms(&rolling, &spec->window, shard->as_of_ms);
        due_ms = clock_ms < due_ms ? clock_ms : due_ms;
        due_ms = window_ms < due_ms ? window_ms : due_ms;
    }
    *ret_due_ms = due_ms;
    return 0;
}

bool goals_waiting(const struct campaign *campaign)
{
    for (size_t i = 0; i < campaign->rules->n_goals; i++)
        if (campaign->goals[i].change != GOAL_UNCHANGED)
            return true;
    return false;
}

int goals_judge(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign)
{
    int64_t edge_ms = floor_to(shard->as_of_ms, MINUTE_MS);
    if (campaign->rules->n_goals == 0)
        return 0;
    if (goals_waiting(campaign)) {
        campaign->goals_dirty =
            true; /* looked at again when the change is stored: this edge is not judged yet */
        return 0;
    }
    if (shard->stale && campaign->judged_stale && !campaign->goals_dirty)
        return 0;
    bool at_edge =
        edge_ms > campaign->judged_ms && (campaign->goals_dirty || campaign->goals_due_ms <= shard->as_of_ms);
    if (!shard->stale && !at_edge)
        return 0;
    int r = judge_all(evaluator, shard, campaign, edge_ms, &campaign->goals_due_ms);
    campaign->judged_ms = edge_ms;
    campaign->judged_stale = shard->stale;
    return r;
}

void goals_data_came(const struct shard *shard, struct campaign *campaign)
{
    int64_t edge_ms = shard->as_of_ms == NEVER ? NEVER : floor_to(shard->as_of_ms, MINUTE_MS);
    bool settled = !campaign->goals_dirty && campaign->goals_due_ms > shard->as_of_ms;
    if (settled && edge_ms > campaign->judged_ms)
        campaign->judged_ms = edge_ms;
    campaign->goals_dirty = true;
}

int64_t goals_due_ms(const struct shard *shard, const struct campaign *campaign)
{
    if (campaign->rules->n_goals == 0 || shard->stale)
        return INT64_MAX;
    int64_t next_edge_ms = campaign->judged_ms + MINUTE_MS;
    if (campaign->goals_dirty || campaign->goals_due_ms < next_edge_ms)
        return next_edge_ms;
    return campaign->goals_due_ms;
}

static int judge_pipeline(struct evaluator *evaluator, struct shard *shard)
{
    static const struct goal_spec spec = {.name = pipeline_goal};
    if (shard->number != 0 || shard->pipeline.change != GOAL_UNCHANGED || shard->pipeline.aside)
        return 0;
    /* It is about the clock, and as_of stands still meanwhile: its edges are those of the clock. An alert's id
     * is made of the edge where it fired, so it fires once an edge. */
    int64_t edge_ms = floor_to(evaluator->now_ms, MINUTE_MS);
    if (shard->stale && shard->pipeline.status.known && edge_ms <= shard->pipeline.status.at_ms)
        return 0;
    shard->pipeline.verdict = shard->stale ? VERDICT_BREACH : VERDICT_GOOD;
    struct change change = {NULL, &shard->pipeline, NULL, pipeline_goal};
    return judge(shard, &change, &spec, edge_ms);
}

static void wake_goals(struct shard *shard)
{
    size_t cursor = 0;
    struct table_entry *entry;
    while ((entry = table_next(&shard->by_id, &cursor))) {
        struct campaign *campaign = entry->value;
        if (campaign->rules->n_goals == 0 || !campaign->member)
            continue;
        campaign->goals_dirty = true;
        campaign_want(shard, campaign);
    }
}

int goals_update_stale(struct evaluator *evaluator, struct shard *shard)
{
    if (!evaluator->book->clock || shard->phase != PHASE_LIVE || shard->as_of_ms == NEVER)
        return 0;
    bool stale = evaluator->silent || evaluator->now_ms - shard->as_of_ms > evaluator->book->stale_after_ms;
    if (stale != shard->stale) {
        shard->stale = stale;
        wake_goals(shard);
    }
    return judge_pipeline(evaluator, shard);
}

int goals_add_orphan(struct shard *shard, struct campaign *campaign, struct span goal,
                     const struct goal_status *status)
{
    struct orphan *orphan = calloc(1, sizeof(*orphan) + goal.size + 1);
    if (!orphan)
        return -ENOMEM;
    memcpy(orphan->goal, goal.data, goal.size);
    orphan->next = shard->orphans;
    shard->orphans = orphan;
    orphan->record.status = *status;
    orphan->record.next = GOAL_STATUS_INIT;
    orphan->record.next.at_ms = status->at_ms;
    orphan->record.as_of_ms = NEVER;
    orphan->record.change = status->fired_ms == NEVER ? GOAL_CHANGED : GOAL_RESOLVED;
    struct change change = {campaign, &orphan->record, NULL, orphan->goal};
    return add_change(shard, &change);
}

static void emit_word(void *context, const char *name, struct span value)
{
    struct call *words = context;
    call_arg_text(words, name);
    call_arg(words, value);
}

static struct alert alert_of(const struct evaluator *evaluator, const struct change *change)
{
    const struct goal_record *record = change->record;
    bool fired = record->change == GOAL_FIRED;
    const struct goal_status *source = fired ? &record->next : &record->status;
    return (struct alert){
        .campaign = change->campaign ? change->campaign->id : (struct span){0},
        .goal = change->goal,
        .state = record->next.state,
        .verdict = record->verdict,
        .spec = change->spec,
        .snapshot = record->has_snapshot ? &record->snapshot : NULL,
        .rules = change->campaign ? change->campaign->rules : NULL,
        .currency = evaluator->book->currency,
        .since_ms = source->since_ms,
        .at_ms = record->next.at_ms,
        .fired_ms = source->fired_ms,
        .as_of_ms = record->as_of_ms,
    };
}

/* The words of the outbox entry: none where no alert is due. */
static void add_alert(struct evaluator *evaluator, const struct change *change, struct call *call)
{
    struct call *words = &evaluator->words;
    call_begin(words, SCRIPT_NONE);
    if (change->record->change == GOAL_FIRED || change->record->change == GOAL_RESOLVED) {
        struct alert alert = alert_of(evaluator, change);
        int r = alert_fields(&alert, emit_word, words);
        struct buffer *json = fresh_key(evaluator);
        alert_append_json(&alert, json);
        emit_word(words, "json", buffer_span(json));
        if (r < 0 || buffer_status(json) < 0)
            words->error = -ENOMEM;
    }
    call_arg_i64(call, (int64_t)words->n_args);
    for (size_t i = 0; i < words->n_args; i++)
        call_arg(call, call_get(words, i));
    if (call_status(words) < 0)
        call->error = call_status(words);
}

static void add_status(struct evaluator *evaluator, const struct goal_status *status, struct call *call)
{
    goal_status_pack(status, fresh_key(evaluator));
    add_key_arg(evaluator, call);
}

static void add_goal(struct evaluator *evaluator, const struct change *change, struct call *call)
{
    struct buffer *field = fresh_key(evaluator);
    if (change->campaign)
        buffer_append_span(field, change->campaign->id);
    buffer_append_u8(field, 0);
    buffer_append_text(field, change->goal);
    add_key_arg(evaluator, call);
    add_status(evaluator, &change->record->status, call);
    add_status(evaluator, &change->record->next, call);
    add_alert(evaluator, change, call);
}

bool goals_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    static const char *const parts[] = {":goals", ":outbox"};
    if (shard->n_changes == 0)
        return false;
    call_begin(call, SCRIPT_GOAL);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        layout_shard_key(&evaluator->layout, SHARD_CAMPAIGN, shard->number, parts[i], fresh_key(evaluator));
        add_key(evaluator, call);
    }
    shard->n_changes_asked = shard->n_changes < GOAL_CHUNK ? shard->n_changes : GOAL_CHUNK;
    for (size_t i = 0; i < shard->n_changes_asked; i++)
        add_goal(evaluator, &shard->changes[i], call);
    return true;
}

static void finish_change(struct evaluator *evaluator, struct shard *shard, const struct change *change,
                          const struct reply *reply)
{
    struct goal_record *record = change->record;
    bool alert = record->change == GOAL_FIRED || record->change == GOAL_RESOLVED;
    record->change = GOAL_UNCHANGED;
    if (reply->type == REPLY_INTEGER) {
        record->status = record->next;
        shard->read_due = shard->read_due || alert;
    } else {
        evaluator->stats.n_lost_compares++;
        record->aside = goal_status_unpack(reply->text, &record->status) < 0;
        if (change->campaign) {
            change->campaign->goals_dirty = true;
            change->campaign->judged_ms = NEVER;
        }
    }
    if (change->campaign && change->campaign->member)
        campaign_want(shard, change->campaign);
}

int goals_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply)
{
    size_t n = shard->n_changes_asked;
    if (reply->n_elements != n)
        return -EBADMSG;
    for (size_t i = 0; i < n; i++)
        finish_change(evaluator, shard, &shard->changes[i], reply_at(reply, i));
    shard->n_changes -= n;
    shard->n_changes_asked = 0;
    memmove(shard->changes, shard->changes + n, shard->n_changes * sizeof(*shard->changes));
    return 0;
}
