#include "lib/goal/rules.h"

#include "lib/base/ids.h"

static const char *const reserved_ids[] = {CAMPAIGN_UNATTRIBUTED, CAMPAIGN_OVERFLOW};

const char *reserved_campaign(size_t index)
{
    return index < ARRAY_SIZE(reserved_ids) ? reserved_ids[index] : NULL;
}

const struct campaign_rules *rule_book_find(const struct rule_book *book, struct span campaign)
{
    const struct campaign_rules *rules = table_get(&book->by_id, campaign);
    if (rules)
        return rules;
    for (size_t i = 0; i < ARRAY_SIZE(reserved_ids); i++)
        if (span_equal(campaign, span_of(reserved_ids[i])))
            return &book->reserved;
    return &book->defaults;
}
