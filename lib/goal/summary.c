#include "lib/goal/summary.h"

#include <ctype.h>
#include <inttypes.h>

#include "lib/base/money.h"

#define MICRO 1000000

bool metric_micro(const struct snapshot *snapshot, enum metric metric, int64_t *ret_micro)
{
    __int128 numerator, denominator;
    enum report_field field = metric_field(metric);
    if (!report_fraction(snapshot, field, &numerator, &denominator))
        return false;
    return divide_half_even(report_field_unit(field) == REPORT_MONEY ? numerator : numerator * MICRO,
                            denominator, ret_micro);
}

/* Millionths, rounded half to even to so many digits. */
static void append_decimal(int64_t micro, int64_t step, int64_t per_unit, int n_digits, struct buffer *buffer)
{
    int64_t scaled;
    if (!divide_half_even(micro, step, &scaled))
        return;
    uint64_t size = scaled < 0 ? -(uint64_t)scaled : (uint64_t)scaled;
    buffer_printf(buffer, "%s%" PRIu64, scaled < 0 ? "-" : "", size / (uint64_t)per_unit);
    if (n_digits)
        buffer_printf(buffer, ".%0*" PRIu64, n_digits, size % (uint64_t)per_unit);
}

static void append_money(int64_t micros, const char *currency, struct buffer *buffer)
{
    append_decimal(micros, 10000, 100, 2, buffer);
    buffer_printf(buffer, " %s", currency);
}

void metric_append(enum metric metric, int64_t micro, const char *currency, struct buffer *buffer)
{
    switch (report_field_unit(metric_field(metric))) {
    case REPORT_MONEY:
        append_money(micro, currency, buffer);
        break;
    case REPORT_RATIO:
        if (metric == METRIC_ROAS) {
            append_decimal(micro, 10000, 100, 2, buffer);
            break;
        }
        append_decimal(micro, 1000, 10, 1, buffer);
        buffer_append_text(buffer, " %");
        break;
    default:
        append_decimal(micro, MICRO, 1, 0, buffer);
    }
}

/* Ratios and prices go by their initials. */
static void append_name(enum metric metric, struct buffer *buffer)
{
    const char *name = metric_name(metric);
    bool initials = report_field_unit(metric_field(metric)) == REPORT_RATIO || strncmp(name, "cp", 2) == 0;
    for (; *name; name++)
        buffer_append_u8(buffer, (uint8_t)(initials ? toupper((unsigned char)*name) : *name));
}

static void append_value(const struct alert *alert, struct buffer *buffer)
{
    int64_t micro;
    if (metric_micro(alert->snapshot, alert->spec->metric, &micro))
        metric_append(alert->spec->metric, micro, alert->currency, buffer);
    else
        buffer_append_text(buffer, "(undefined)");
}

static const char *relation(const struct alert *alert)
{
    bool below = alert->spec->below;
    if (alert->state == GOAL_FIRING)
        return below ? " is over its limit " : " is under its goal ";
    if (alert->verdict == VERDICT_BREACH)
        return below ? " has not been over its limit for long enough "
                     : " has not been under its goal for long enough ";
    return below ? " is back within its limit " : " is back at its goal ";
}

static void append_pipeline(const struct alert *alert, struct buffer *buffer)
{
    buffer_append_text(
        buffer, alert->state == GOAL_FIRING
                    ? "roiwatch is behind or a topic is silent: goals get no verdict until it has caught up"
                    : "roiwatch is up to date again: goals are judged");
}

void alert_append_summary(const struct alert *alert, struct buffer *buffer)
{
    if (alert->campaign.size == 0) {
        append_pipeline(alert, buffer);
        return;
    }
    buffer_append_span(buffer, alert->campaign);
    if (!alert->spec || !alert->snapshot) {
        buffer_printf(buffer, ": goal %s is no longer configured", alert->goal);
        return;
    }
    buffer_printf(buffer, ": %s ", alert->spec->window.name);
    append_name(alert->spec->metric, buffer);
    buffer_append_u8(buffer, ' ');
    append_value(alert, buffer);
    buffer_append_text(buffer, relation(alert));
    metric_append(alert->spec->metric, alert->spec->bound_micro, alert->currency, buffer);
    buffer_append_text(buffer, " (cost ");
    append_money(alert->snapshot->cost_micros, alert->currency, buffer);
    buffer_append_text(buffer, ", revenue ");
    append_money(alert->snapshot->sum.column[CELL_REVENUE], alert->currency, buffer);
    buffer_append_u8(buffer, ')');
}
