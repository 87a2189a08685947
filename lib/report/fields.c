/*
 * DESIGN: a field of a measure is N_REPORT_FIELDS + 2 * measure, one more for its cost; metrics are numbered likewise.
 * So a field is one number everywhere, and only its name and unit ask the measures.
 */
#include "lib/report/report.h"

#define FIELD_NAME(name, text, unit, meaning, undefined) text,
#define FIELD_UNIT(name, text, unit, meaning, undefined) unit,
#define FIELD_MEANING(name, text, unit, meaning, undefined) meaning,
#define FIELD_UNDEFINED(name, text, unit, meaning, undefined) undefined,
#define METRIC_NAME(name, text, field) text,
#define METRIC_FIELD(name, text, field) field,

static const char *const field_names[] = {REPORT_FIELDS(FIELD_NAME)};
static const enum report_unit field_units[] = {REPORT_FIELDS(FIELD_UNIT)};
static const char *const field_meanings[] = {REPORT_FIELDS(FIELD_MEANING)};
static const char *const field_undefined[] = {REPORT_FIELDS(FIELD_UNDEFINED)};
static const char *const metric_names[] = {METRICS(METRIC_NAME)};
static const enum report_field metric_fields[] = {METRICS(METRIC_FIELD)};

enum report_field report_field_of(enum report_field row, size_t measure)
{
    return (enum report_field)(N_REPORT_FIELDS + 2 * measure + (row == REPORT_COST_PER));
}

enum report_field report_field_row(enum report_field field)
{
    if (field < N_REPORT_FIELDS)
        return field;
    return (field - N_REPORT_FIELDS) % 2 ? REPORT_COST_PER : REPORT_MEASURE;
}

static const struct measure *field_measure(const struct measures *measures, enum report_field field)
{
    return &measures->items[(field - N_REPORT_FIELDS) / 2];
}

size_t report_n_fields(const struct measures *measures)
{
    size_t n = measures ? measures->n : 0;
    return N_REPORT_FIELDS - 2 + 2 * n;
}

/* The two rows stand one after the other; first come all measures, then all costs. */
enum report_field report_field_at(const struct measures *measures, size_t i)
{
    size_t n = measures ? measures->n : 0;
    if (i < REPORT_MEASURE)
        return (enum report_field)i;
    i -= REPORT_MEASURE;
    if (i < n)
        return report_field_of(REPORT_MEASURE, i);
    if (i < 2 * n)
        return report_field_of(REPORT_COST_PER, i - n);
    return (enum report_field)(REPORT_COST_PER + 1 + i - 2 * n);
}

const char *report_field_name(const struct measures *measures, enum report_field field)
{
    if (field < N_REPORT_FIELDS)
        return field_names[field];
    const struct measure *measure = field_measure(measures, field);
    return report_field_row(field) == REPORT_MEASURE ? measure->field : measure->cost_field;
}

enum report_unit report_field_unit(const struct measures *measures, enum report_field field)
{
    enum report_field row = report_field_row(field);
    if (field != row && row == REPORT_MEASURE && field_measure(measures, field)->of_orders)
        return REPORT_MICRO_ORDERS;
    return field_units[row];
}

const char *report_field_meaning(enum report_field field)
{
    return field_meanings[report_field_row(field)];
}

const char *report_field_undefined(enum report_field field)
{
    return field_undefined[report_field_row(field)];
}

enum metric metric_of(enum metric row, size_t measure)
{
    return (enum metric)(N_METRICS + 2 * measure + (row == METRIC_COST_PER));
}

const char *metric_name(const struct measures *measures, enum metric metric)
{
    if (metric < N_METRICS)
        return metric_names[metric];
    const struct measure *measure = &measures->items[(metric - N_METRICS) / 2];
    return (metric - N_METRICS) % 2 ? measure->cost_name : measure->field;
}

enum report_field metric_field(enum metric metric)
{
    if (metric < N_METRICS)
        return metric_fields[metric];
    return (enum report_field)(N_REPORT_FIELDS + (metric - N_METRICS));
}
