/*
 * DESIGN: fields are of two kinds. Base fields are integers of the snapshot; derived ones are fractions of
 * base fields. Everything that is said about a field starts from its exact fraction, so that nothing is
 * rounded twice. The content hash needs the base fields only, as the derived ones are functions of them.
 */
#include "lib/report/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/table.h"

enum { PER_MILLE = 1000, MICRO = 1000000 };

/* False where the field is a derived one. */
static bool base_field(const struct snapshot *snapshot, enum report_field field, int64_t *ret_value)
{
    static const enum cell_column columns[N_REPORT_FIELDS] = {
        [REPORT_IMPRESSIONS] = CELL_IMPRESSIONS,
        [REPORT_CLICKS] = CELL_CLICKS,
        [REPORT_ORDERS] = CELL_ORDERS,
        [REPORT_CONVERSIONS] = CELL_CONVERSIONS,
        [REPORT_REFUNDED_CONVERSIONS] = CELL_REFUNDED_CONVERSIONS,
        [REPORT_MEDIA_COST] = CELL_MEDIA_COST,
        [REPORT_REVENUE] = CELL_REVENUE,
        [REPORT_REFUNDED] = CELL_REFUNDED,
        [REPORT_COHORT_REVENUE] = CELL_COHORT_REVENUE,
        [REPORT_EXCLUDED] = CELL_EXCLUDED,
    };
    if (field >= N_REPORT_FIELDS) {
        *ret_value = snapshot->sum.column[CELL_MEASURE_1 + (field - N_REPORT_FIELDS) / 2];
        return report_field_row(field) == REPORT_MEASURE;
    }
    switch (field) {
    case REPORT_MEASURE:
    case REPORT_COST_PER:
    case REPORT_ROI:
    case REPORT_ROAS:
    case REPORT_CTR:
    case REPORT_CVR:
    case REPORT_CPC:
    case REPORT_CPM:
    case REPORT_CPA:
    case REPORT_AOV:
        return false;
    case REPORT_COST:
        *ret_value = snapshot->cost_micros;
        return true;
    case REPORT_VALUE:
        *ret_value = snapshot->value_micros;
        return true;
    case REPORT_COHORT_VALUE:
        *ret_value = snapshot->cohort_value_micros;
        return true;
    default:
        *ret_value = snapshot->sum.column[columns[field]];
        return true;
    }
}

struct fraction {
    __int128 numerator;
    __int128 denominator;
};

static struct fraction derived_field(const struct snapshot *snapshot, enum report_field field)
{
    const int64_t *column = snapshot->sum.column;
    __int128 cost = snapshot->cost_micros;
    __int128 conversions_micro = column[CELL_CONVERSIONS];
    int64_t measure;
    if (field >= N_REPORT_FIELDS) {
        (void)base_field(snapshot, field, &measure);
        bool of_orders = snapshot->measures->items[(field - N_REPORT_FIELDS) / 2].of_orders;
        return (struct fraction){of_orders ? cost * MICRO : cost, measure};
    }
    switch (field) {
    case REPORT_MEASURE: /* the rows are no fields */
    case REPORT_COST_PER:
        return (struct fraction){0};
    case REPORT_ROI:
        return (struct fraction){snapshot->value_micros - cost, cost};
    case REPORT_ROAS:
        return (struct fraction){snapshot->value_micros, cost};
    case REPORT_CTR:
        return (struct fraction){column[CELL_CLICKS], column[CELL_IMPRESSIONS]};
    case REPORT_CVR:
        return (struct fraction){conversions_micro, (__int128)column[CELL_CLICKS] * MICRO};
    case REPORT_CPC:
        return (struct fraction){cost, column[CELL_CLICKS]};
    case REPORT_CPM:
        return (struct fraction){cost * PER_MILLE, column[CELL_IMPRESSIONS]};
    case REPORT_CPA:
        return (struct fraction){cost * MICRO, conversions_micro};
    default: /* REPORT_AOV */
        return (struct fraction){(__int128)column[CELL_REVENUE] * MICRO, conversions_micro};
    }
}

bool report_fraction(const struct snapshot *snapshot, enum report_field field, __int128 *ret_numerator,
                     __int128 *ret_denominator)
{
    struct fraction fraction = {.denominator = 1};
    int64_t value;
    if (base_field(snapshot, field, &value))
        fraction.numerator = value;
    else
        fraction = derived_field(snapshot, field);
    if (fraction.denominator == 0)
        return false;
    *ret_numerator = fraction.numerator;
    *ret_denominator = fraction.denominator;
    return true;
}

bool report_text(const struct snapshot *snapshot, enum report_field field, char ret_text[REPORT_TEXT_SIZE])
{
    __int128 numerator;
    __int128 denominator;
    int64_t value;
    if (!report_fraction(snapshot, field, &numerator, &denominator))
        return false;
    bool ratio = report_field_unit(snapshot->measures, field) == REPORT_RATIO;
    if (!divide_half_even(ratio ? numerator * MICRO : numerator, denominator, &value))
        return false;
    if (ratio)
        micros_text(value, ret_text);
    else
        snprintf(ret_text, REPORT_TEXT_SIZE, "%" PRId64, value);
    return true;
}

void report_fields(const struct snapshot *snapshot, const char *currency, int64_t rev,
                   void (*emit)(void *context, const char *name, const char *text), void *context)
{
    char text[REPORT_TEXT_SIZE];
    for (size_t i = 0; i < report_n_fields(snapshot->measures); i++) {
        enum report_field field = report_field_at(snapshot->measures, i);
        if (report_text(snapshot, field, text))
            emit(context, report_field_name(snapshot->measures, field), text);
    }
    snprintf(text, sizeof(text), "%" PRId64, snapshot->from_ms);
    emit(context, "from_ms", text);
    snprintf(text, sizeof(text), "%" PRId64, snapshot->to_ms);
    emit(context, "to_ms", text);
    snprintf(text, sizeof(text), "%" PRId64, snapshot->as_of_ms);
    emit(context, "as_of_ms", text);
    emit(context, "currency", currency);
    snprintf(text, sizeof(text), "%" PRId64, rev);
    emit(context, "rev", text);
}

uint64_t report_content_hash(const struct snapshot *snapshot)
{
    int64_t values[N_REPORT_FIELDS + 2 * MEASURES_MAX] = {0};
    size_t n = report_n_fields(snapshot->measures);
    for (size_t i = 0; i < n; i++)
        (void)base_field(snapshot, report_field_at(snapshot->measures, i), &values[i]);
    return hash_bytes(span_from(values, n * sizeof(*values)));
}

static bool value_by_rule(const struct value_rule *rule, int64_t revenue, int64_t margin, int64_t *ret_micros)
{
    if (rule->kind == VALUE_MARGIN_RATE)
        return divide_half_even((__int128)revenue * rule->margin_rate_micro, MICRO, ret_micros);
    *ret_micros = rule->kind == VALUE_MARGIN ? margin : revenue;
    return true;
}

bool snapshot_finish(struct snapshot *snapshot, const struct price_sum *prices, const struct cost_plan *plan,
                     const struct value_rule *rule)
{
    const int64_t *column = snapshot->sum.column;
    int64_t priced;
    int64_t cost;
    int64_t value;
    int64_t cohort_value;
    int64_t fixed = fixed_cost_micros(plan, snapshot->from_ms, snapshot->to_ms);
    if (fixed == INT64_MAX || !price_sum_micros(prices, &priced))
        return false;
    if (__builtin_add_overflow(column[CELL_MEDIA_COST], priced, &cost) ||
        __builtin_add_overflow(cost, fixed, &cost))
        return false;
    if (!value_by_rule(rule, column[CELL_REVENUE], column[CELL_MARGIN], &value) ||
        !value_by_rule(rule, column[CELL_COHORT_REVENUE], column[CELL_COHORT_MARGIN], &cohort_value))
        return false;
    snapshot->cost_micros = cost;
    snapshot->value_micros = value;
    snapshot->cohort_value_micros = cohort_value;
    return true;
}
