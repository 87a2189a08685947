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

const char *report_field_name(enum report_field field)
{
    return field_names[field];
}

enum report_unit report_field_unit(enum report_field field)
{
    return field_units[field];
}

const char *report_field_meaning(enum report_field field)
{
    return field_meanings[field];
}

const char *report_field_undefined(enum report_field field)
{
    return field_undefined[field];
}

const char *metric_name(enum metric metric)
{
    return metric_names[metric];
}

enum report_field metric_field(enum metric metric)
{
    return metric_fields[metric];
}
