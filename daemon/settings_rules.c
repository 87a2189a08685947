#include "daemon/settings_rules.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/zones.h"
#include "lib/config/read.h"

enum { KEY_SIZE = 512 };

static void fail_zone(const char *name, const struct config_node *node, const struct config_node *root,
                      const char *key, int result, struct config_errors *errors)
{
    CLEANUP(buffer_deinit) struct buffer nearest = BUFFER_INIT;
    struct config_place place = node ? node->place : root->place;
    zones_nearest(name, &nearest);
    if (result == ZONES_UNREADABLE)
        config_error_add(errors, place, key,
                         "the file of \"%.64s\" is no time zone; is tzdata installed properly?", name);
    else if (nearest.size)
        config_error_add(errors, place, key, "\"%.64s\" is no time zone; did you mean \"%.*s\"?", name,
                         (int)nearest.size, nearest.data);
    else
        config_error_add(
            errors, place, key,
            "\"%.64s\" is no time zone; allowed are names of the IANA data base such as Europe/Paris; is "
            "tzdata installed?",
            name);
}

static int account_zone(struct settings *settings, const struct config_node *root,
                        struct config_errors *errors, const struct tz **ret_tz)
{
    const char *name = settings->account.timezone ? settings->account.timezone : "UTC"; /* in error: NULL */
    int r = zones_get(settings->zones, name, ret_tz);
    if (r <= 0)
        return r;
    fail_zone(name, config_node_child(config_node_child(root, "account"), "timezone"), root,
              "account.timezone", r, errors);
    return zones_get(settings->zones, "UTC", ret_tz);
}

/* The campaign's zone, or the account's; an error gives the account's. */
static int campaign_zone(struct settings *settings, const struct campaign_settings *campaign,
                         const struct config_node *root, const struct tz *account,
                         struct config_errors *errors, const struct tz **ret_tz)
{
    *ret_tz = account;
    if (!campaign->timezone)
        return 0;
    int r = zones_get(settings->zones, campaign->timezone, ret_tz);
    if (r <= 0)
        return r;
    char key[KEY_SIZE];
    const struct config_node *node = config_node_child(config_node_child(root, "campaigns"), campaign->id);
    snprintf(key, sizeof(key),
             strchr(campaign->id, '.') ? "campaigns.\"%s\".timezone" : "campaigns.%s.timezone", campaign->id);
    fail_zone(campaign->timezone, config_node_child(node, "timezone"), root, key, r, errors);
    *ret_tz = account;
    return 0;
}

int settings_zones_check(struct settings *settings, const struct config_node *root,
                         struct config_errors *errors)
{
    const struct tz *tz;
    int r = account_zone(settings, root, errors, &tz);
    for (size_t i = 0; r == 0 && i < settings->campaigns.configured.n; i++)
        r = campaign_zone(settings, &settings->campaigns.configured.items[i], root, tz, errors, &tz);
    return r;
}

static int campaigns_make(struct settings *settings, const struct config_node *root, const struct tz *account,
                          struct config_errors *errors)
{
    size_t n = settings->campaigns.configured.n;
    struct campaign_rules *rules = arena_alloc(&settings->arena, n * sizeof(*rules));
    if (!rules)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct campaign_settings *campaign = &settings->campaigns.configured.items[i];
        const struct tz *tz;
        int r = campaign_zone(settings, campaign, root, account, errors, &tz);
        if (r == 0)
            r = campaign_rules_make(&settings->arena, &settings->campaigns, campaign, tz,
                                    &settings->book.measures, &rules[i]);
        if (r == 0)
            r = table_put(&settings->book.by_id, rules[i].id, &rules[i]);
        if (r < 0)
            return r;
    }
    settings->book.campaigns = rules;
    settings->book.n_campaigns = n;
    return 0;
}

/* All windows that need slices, each once. */
struct window_set {
    struct window_spec items[WINDOWS_MAX];
    size_t n;
};

/* False where the set is full. */
static bool window_set_add(struct window_set *set, const struct window_spec *window)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->items[i].kind == window->kind && set->items[i].length_ms == window->length_ms)
            return true;
    if (set->n == WINDOWS_MAX)
        return false;
    set->items[set->n++] = *window;
    return true;
}

static bool window_set_add_goals(struct window_set *set, const struct campaign_rules *rules)
{
    for (size_t i = 0; i < rules->n_goals; i++)
        if (!window_set_add(set, &rules->goals[i].window))
            return false;
    return true;
}

static void tiers_make(struct settings *settings, const struct config_node *root,
                       struct config_errors *errors)
{
    struct rule_book *book = &settings->book;
    struct window_set set = {0};
    bool ok = true;
    for (size_t i = 0; i < settings->windows.n; i++)
        ok &= window_set_add(&set, &settings->windows.items[i]);
    ok &= window_set_add_goals(&set, &book->defaults);
    for (size_t i = 0; i < book->n_campaigns; i++)
        ok &= window_set_add_goals(&set, &book->campaigns[i]);
    ok = ok && tiers_plan(set.items, set.n, &book->tiers);
    if (!ok) {
        const struct config_node *node = config_node_child(root, "windows");
        config_error_add(errors, node ? node->place : root->place, "windows",
                         "with those of the goals there are more than %d different windows", WINDOWS_MAX);
    }
}

int settings_rates_make(struct settings *settings, const struct config_node *root,
                        struct config_errors *errors)
{
    const struct tz *account;
    int r = account_zone(settings, root, errors, &account);
    return r < 0 ? r : rates_make(&settings->arena, &settings->rates, account, &settings->account_rates);
}

int settings_rules_make(struct settings *settings, const struct config_node *root,
                        struct config_errors *errors)
{
    struct rule_book *book = &settings->book;
    const struct tz *account;
    int r = account_zone(settings, root, errors, &account);
    if (r < 0)
        return r;
    snprintf(book->currency, sizeof(book->currency), "%s", settings->account.currency);
    book->windows = settings->windows.items;
    book->n_windows = settings->windows.n;
    book->disorder_ms = settings->lateness.disorder_ms;
    book->stale_after_ms = settings->alerts.stale_after_ms;
    book->clock = settings->lateness.idle == IDLE_CLOCK;
    book->reserved = (struct campaign_rules){.tz = account, .cost.tz = account};
    r = measures_make(&settings->arena, &settings->measures, &book->measures);
    if (r == 0)
        r = campaign_rules_make(&settings->arena, &settings->campaigns, NULL, account, &book->measures,
                                &book->defaults);
    if (r == 0)
        r = rates_make(&settings->arena, &settings->rates, account, &settings->account_rates);
    if (r == 0)
        r = campaigns_make(settings, root, account, errors);
    if (r == 0)
        tiers_make(settings, root, errors);
    return r;
}
