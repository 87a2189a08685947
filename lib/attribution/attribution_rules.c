#include "lib/attribution/attribution_rules.h"

enum attribution_model attribution_model_for(const struct attribution_rules *rules, struct span kind)
{
    struct span name = kind.size ? kind : span_of("sale");
    for (size_t i = 0; i < rules->n_by_kind; i++)
        if (span_equal(span_of(rules->by_kind[i].kind), name))
            return rules->by_kind[i].model;
    return rules->model;
}
