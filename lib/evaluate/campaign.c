#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/evaluate/state.h"

void queue_push(struct campaign_queue *queue, enum place place, struct campaign *campaign)
{
    campaign->place = place;
    campaign->next = NULL;
    if (queue->last)
        queue->last->next = campaign;
    else
        queue->first = campaign;
    queue->last = campaign;
    queue->n++;
}

void queue_push_front(struct campaign_queue *queue, enum place place, struct campaign *campaign)
{
    campaign->place = place;
    campaign->next = queue->first;
    queue->first = campaign;
    if (!queue->last)
        queue->last = campaign;
    queue->n++;
}

struct campaign *queue_pop(struct campaign_queue *queue)
{
    struct campaign *campaign = queue->first;
    if (!campaign)
        return NULL;
    queue->first = campaign->next;
    if (!queue->first)
        queue->last = NULL;
    queue->n--;
    campaign->next = NULL;
    campaign->place = PLACE_NONE;
    return campaign;
}

void queue_move(struct campaign_queue *from, struct campaign_queue *to, enum place place)
{
    struct campaign *campaign;
    while ((campaign = queue_pop(from)))
        queue_push(to, place, campaign);
}

static void free_slices(const struct evaluator *evaluator, struct campaign *campaign)
{
    for (size_t i = 0; campaign->tiers && i <= evaluator->book->tiers.n; i++)
        slices_deinit(&campaign->tiers[i]);
    free(campaign->tiers);
    campaign->tiers = NULL;
}

void campaign_free(struct evaluator *evaluator, struct campaign *campaign)
{
    if (!campaign)
        return;
    campaign_unload(evaluator, campaign);
    free(campaign->goals);
    free(campaign->windows);
    free(campaign);
    evaluator->stats.n_campaigns--;
}

void campaign_unload(struct evaluator *evaluator, struct campaign *campaign)
{
    evaluator->stats.n_cells -= campaign_n_cells(evaluator, campaign);
    free_slices(evaluator, campaign);
    spend_deinit(&campaign->spend);
    campaign->loaded = false;
    campaign->spend_loaded = false;
}

bool campaign_is_loaded(const struct campaign *campaign)
{
    return campaign->loaded && campaign->spend_loaded;
}

void evaluator_set_aside(struct evaluator *evaluator, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(evaluator->aside, sizeof(evaluator->aside), format, args);
    va_end(args);
    evaluator->stats.n_aside++;
}

static int campaign_new(struct evaluator *evaluator, struct span id, struct campaign **ret_campaign)
{
    struct campaign *campaign = calloc(1, sizeof(*campaign) + id.size);
    if (!campaign)
        return -ENOMEM;
    evaluator->stats.n_campaigns++;
    memcpy(campaign + 1, id.data, id.size);
    campaign->id = span_from(campaign + 1, id.size);
    campaign->rules = rule_book_find(evaluator->book, id);
    campaign->spend = SPEND_INIT;
    campaign->due_ms = INT64_MAX;
    campaign->spread_due_ms = INT64_MAX;
    campaign->judged_ms = NEVER;
    campaign->goals_due_ms = NEVER;
    campaign->goals_dirty = true;
    campaign->goals = calloc(campaign->rules->n_goals + 1, sizeof(*campaign->goals));
    campaign->windows = calloc(evaluator->book->n_windows + 1, sizeof(*campaign->windows));
    if (!campaign->goals || !campaign->windows) {
        campaign_free(evaluator, campaign);
        return -ENOMEM;
    }
    for (size_t i = 0; i < campaign->rules->n_goals; i++)
        campaign->goals[i].status = GOAL_STATUS_INIT;
    *ret_campaign = campaign;
    return 0;
}

int campaign_get(struct evaluator *evaluator, struct shard *shard, struct span id,
                 struct campaign **ret_campaign)
{
    struct campaign *campaign = table_get(&shard->by_id, id);
    if (!campaign) {
        int r = campaign_new(evaluator, id, &campaign);
        if (r < 0)
            return r;
        r = table_put(&shard->by_id, id, campaign);
        if (r < 0) {
            campaign_free(evaluator, campaign);
            return r;
        }
    }
    *ret_campaign = campaign;
    return 0;
}

void campaign_want(struct shard *shard, struct campaign *campaign)
{
    if (campaign->place != PLACE_NONE)
        return;
    if (campaign_is_loaded(campaign))
        queue_push(&shard->publish, PLACE_PUBLISH, campaign);
    else
        queue_push(&shard->load, PLACE_LOAD, campaign);
}

bool campaign_has_cells(const struct evaluator *evaluator, const struct campaign *campaign)
{
    return campaign_n_cells(evaluator, campaign) > 0;
}

size_t campaign_n_cells(const struct evaluator *evaluator, const struct campaign *campaign)
{
    size_t n = spend_n(&campaign->spend);
    for (size_t i = 0; campaign->tiers && i <= evaluator->book->tiers.n; i++)
        n += campaign->tiers[i].n;
    return n;
}

struct rolling campaign_rolling(const struct evaluator *evaluator, const struct campaign *campaign)
{
    return (struct rolling){&evaluator->book->tiers, campaign->rules, campaign->tiers, &campaign->spend,
                            &evaluator->book->measures};
}

int tier_index(const struct evaluator *evaluator, uint32_t slice_minutes)
{
    const struct tiers *tiers = &evaluator->book->tiers;
    if (slice_minutes == 0)
        return (int)tiers->n;
    for (size_t i = 0; i < tiers->n; i++)
        if (tiers->tier[i].slice_ms == slice_minutes * MINUTE_MS)
            return (int)i;
    return -1;
}
