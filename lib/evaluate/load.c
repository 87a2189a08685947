/*
 * DESIGN: a shard is loaded after its journal's tip was read. Cells that are loaded later are newer than
 * that, and the journal's entries since then are absolute values, so that following it from the tip ends at
 * the truth. Reads go on between the chunks, because the journal keeps a few entries only. Of a campaign whose
 * spend has changed that alone is loaded again.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"

void stored_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HGET");
    layout_common_key(&evaluator->layout, "shards", fresh_key(evaluator));
    add_key_arg(evaluator, call);
    call_arg_i64(call, shard->number);
}

int stored_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply)
{
    (void)evaluator;
    struct span text = reply->type == REPLY_TEXT ? reply->text : (struct span){0};
    const char *blank = text.size ? memchr(text.data, ' ', text.size) : NULL;
    struct reply number = {.type = REPLY_TEXT, .text = {text.data, blank ? (size_t)(blank - text.data) : 0}};
    int64_t as_of_ms = reply_i64(&number, NEVER);
    if (as_of_ms > shard->as_of_ms)
        shard->as_of_ms = as_of_ms;
    shard->phase = PHASE_GOALS;
    return 0;
}

static void scan_call(struct evaluator *evaluator, struct shard *shard, const char *part, struct call *call)
{
    call_begin(call, SCRIPT_NONE);
    call_arg_text(call, "HSCAN");
    layout_shard_key(&evaluator->layout, SHARD_CAMPAIGN, shard->number, part, fresh_key(evaluator));
    add_key_arg(evaluator, call);
    call_arg_text(call, shard->cursor);
    call_arg_text(call, "COUNT");
    call_arg_i64(call, SCAN_COUNT);
}

/* Keeps the cursor; *ret_more is false after the last chunk. */
static int scan_reply(struct shard *shard, const struct reply *reply, bool *ret_more)
{
    const struct reply *cursor = reply_at(reply, 0);
    if (cursor->type != REPLY_TEXT || cursor->text.size == 0 || cursor->text.size >= sizeof(shard->cursor))
        return -EBADMSG;
    memcpy(shard->cursor, cursor->text.data, cursor->text.size);
    shard->cursor[cursor->text.size] = '\0';
    *ret_more = strcmp(shard->cursor, "0") != 0;
    return 0;
}

void goals_scan_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    scan_call(evaluator, shard, ":goals", call);
}

static struct goal_record *find_goal(struct campaign *campaign, struct span goal)
{
    for (size_t i = 0; i < campaign->rules->n_goals; i++)
        if (span_equal(goal, span_of(campaign->rules->goals[i].name)))
            return &campaign->goals[i];
    return NULL;
}

static int take_goal(struct evaluator *evaluator, struct shard *shard, struct span field, struct span bytes)
{
    const char *zero = field.size ? memchr(field.data, '\0', field.size) : NULL;
    if (!zero)
        return 0;
    struct span id = {field.data, (size_t)(zero - field.data)};
    struct span goal = {zero + 1, field.size - id.size - 1};
    struct campaign *campaign = NULL;
    struct goal_record *record = &shard->pipeline;
    if (id.size) {
        int r = campaign_get(evaluator, shard, id, &campaign);
        if (r < 0)
            return r;
        record = find_goal(campaign, goal);
    }
    struct goal_status status;
    bool ours = goal_status_unpack(bytes, &status) == 0;
    if (!record)
        return ours ? goals_add_orphan(shard, campaign, goal, &status) : 0;
    record->aside = !ours;
    if (ours)
        record->status = status;
    else
        evaluator_set_aside(evaluator,
                            "goal \"%.*s\" of campaign \"%.*s\": its stored state is not understood",
                            (int)goal.size, goal.data, (int)id.size, id.data);
    return 0;
}

int goals_scan_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply)
{
    bool more;
    int r = scan_reply(shard, reply, &more);
    const struct reply *pairs = reply_at(reply, 1);
    for (size_t i = 0; r == 0 && i + 1 < pairs->n_elements; i += 2)
        r = take_goal(evaluator, shard, reply_at(pairs, i)->text, reply_at(pairs, i + 1)->text);
    if (r == 0 && !more)
        shard->phase = PHASE_NAMES;
    return r;
}

void names_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    scan_call(evaluator, shard, ":campaigns", call);
}

static int take_name(struct evaluator *evaluator, struct shard *shard, struct span id, bool member)
{
    struct campaign *campaign;
    int r = campaign_get(evaluator, shard, id, &campaign);
    if (r < 0)
        return r;
    campaign->member = campaign->member || member;
    campaign_want(shard, campaign);
    return 0;
}

/* Configured campaigns have keys without any event; the reserved ones only once they are used. */
static int take_configured(struct evaluator *evaluator, struct shard *shard)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < evaluator->book->n_campaigns; i++) {
        struct span id = evaluator->book->campaigns[i].id;
        if (layout_shard_of(&evaluator->layout, id) == shard->number)
            r = take_name(evaluator, shard, id, true);
    }
    const char *reserved;
    for (size_t i = 0; r == 0 && (reserved = reserved_campaign(i)); i++)
        if (layout_shard_of(&evaluator->layout, span_of(reserved)) == shard->number)
            r = take_name(evaluator, shard, span_of(reserved), false);
    return r;
}

int names_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply)
{
    bool more;
    int r = scan_reply(shard, reply, &more);
    const struct reply *pairs = reply_at(reply, 1);
    for (size_t i = 0; r == 0 && i + 1 < pairs->n_elements; i += 2)
        if (reply_at(pairs, i)->text.size)
            r = take_name(evaluator, shard, reply_at(pairs, i)->text, true);
    if (r == 0 && !more) {
        r = take_configured(evaluator, shard);
        shard->phase = PHASE_LIVE;
    }
    return r;
}

static uint32_t minutes_of_tier(const struct evaluator *evaluator, size_t tier)
{
    const struct tiers *tiers = &evaluator->book->tiers;
    return tier == tiers->n ? 0 : (uint32_t)(tiers->tier[tier].slice_ms / MINUTE_MS);
}

bool load_call(struct evaluator *evaluator, struct shard *shard, struct call *call)
{
    if (!shard->load.first || shard->publish.n >= PUBLISH_MOST)
        return false;
    call_begin(call, SCRIPT_LOAD);
    for (int n = 0; n < LOAD_CHUNK && shard->load.first; n++) {
        struct campaign *campaign = queue_pop(&shard->load);
        queue_push(&shard->asked, PLACE_CALL, campaign);
        for (size_t tier = 0; !campaign->loaded && tier <= evaluator->book->tiers.n; tier++) {
            layout_cells_key(&evaluator->layout, shard->number, minutes_of_tier(evaluator, tier),
                             campaign->id, fresh_key(evaluator));
            add_key(evaluator, call);
        }
        layout_spend_key(&evaluator->layout, shard->number, campaign->id, fresh_key(evaluator));
        add_key(evaluator, call);
    }
    return true;
}

static int load_tier(struct slices *slices, const struct reply *pairs)
{
    for (size_t i = 0; i + 1 < pairs->n_elements; i += 2) {
        struct span field = reply_at(pairs, i)->text;
        struct cell cell;
        if (field.size != sizeof(uint32_t))
            continue;
        cell_unpack(reply_at(pairs, i + 1)->text, cell.column, N_CELL_COLUMNS);
        int r = slices_collect(slices, read_u32(field.data), &cell);
        if (r < 0)
            return r;
    }
    slices_sort(slices);
    return 0;
}

/* The campaign is left alone, as the scratch key is no hash. */
static void set_foreign(struct evaluator *evaluator, struct campaign *campaign)
{
    const struct buffer *key = &evaluator->key;
    if (campaign->aside)
        return;
    campaign->aside = true;
    evaluator_set_aside(evaluator, "campaign \"%.*s\": another program has written over its key %.*s",
                        (int)campaign->id.size, campaign->id.data, (int)key->size, key->data);
}

static int load_cells(struct evaluator *evaluator, const struct shard *shard, struct campaign *campaign,
                      const struct reply *reply, size_t *at)
{
    campaign->tiers = calloc(evaluator->book->tiers.n + 1, sizeof(*campaign->tiers));
    if (!campaign->tiers)
        return -ENOMEM;
    campaign->aside = false;
    int r = 0;
    for (size_t tier = 0; r == 0 && tier <= evaluator->book->tiers.n; tier++) {
        const struct reply *pairs = reply_at(reply, (*at)++);
        if (pairs->type != REPLY_ARRAY) {
            layout_cells_key(&evaluator->layout, shard->number, minutes_of_tier(evaluator, tier),
                             campaign->id, fresh_key(evaluator));
            set_foreign(evaluator, campaign);
        }
        slices_init(&campaign->tiers[tier], measures_columns(&evaluator->book->measures));
        r = load_tier(&campaign->tiers[tier], pairs);
    }
    campaign->loaded = true;
    return r;
}

static int load_spend(struct evaluator *evaluator, const struct shard *shard, struct campaign *campaign,
                      const struct reply *pairs)
{
    spend_deinit(&campaign->spend);
    if (pairs->type != REPLY_ARRAY) {
        layout_spend_key(&evaluator->layout, shard->number, campaign->id, fresh_key(evaluator));
        set_foreign(evaluator, campaign);
    }
    int r = 0;
    for (size_t i = 1; r == 0 && i < pairs->n_elements; i += 2) {
        int64_t parts[SPEND_VALUE_SIZE / 8];
        cell_unpack(reply_at(pairs, i)->text, parts, ARRAY_SIZE(parts));
        if (spend_is_record(parts[0], parts[1], parts[2]))
            r = spend_collect(&campaign->spend, parts[0], parts[1], parts[2]);
    }
    spend_sort(&campaign->spend);
    campaign->spend_loaded = true;
    return r;
}

static int load_campaign(struct evaluator *evaluator, const struct shard *shard, struct campaign *campaign,
                         const struct reply *reply, size_t *at)
{
    int r = 0;
    size_t n = campaign_n_cells(evaluator, campaign);
    if (!campaign->loaded)
        r = load_cells(evaluator, shard, campaign, reply, at);
    if (r == 0)
        r = load_spend(evaluator, shard, campaign, reply_at(reply, (*at)++));
    evaluator->stats.n_cells += campaign_n_cells(evaluator, campaign) - n;
    campaign->goals_dirty = true;
    return r;
}

int load_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply)
{
    size_t at = 0;
    struct campaign *campaign;
    while ((campaign = queue_pop(&shard->asked))) {
        int r = load_campaign(evaluator, shard, campaign, reply, &at);
        if (r < 0)
            return r;
        queue_push(&shard->fresh, PLACE_FRESH, campaign);
    }
    /* So few at a time, so that what is in memory stays bounded. */
    if (shard->fresh.n >= FRESH_MOST || !shard->load.first)
        shard->read_due = true;
    return 0;
}
