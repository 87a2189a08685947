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
    bool is_micro = report_is_micro(report_field_unit(snapshot->measures, field));
    return divide_half_even(is_micro ? numerator : numerator * MICRO, denominator, ret_micro);
}

/* How millionths are written for people: in steps of so many, this many of them to the unit that is shown. */
struct form {
    int64_t step;
    int64_t per_unit;
    int n_digits;
    const char *unit; /* what stands behind, with its space; "" for none */
};

static const struct form money_form = {10000, 100, 2, " "};

static struct form metric_form(const struct measures *measures, enum metric metric)
{
    switch (report_field_unit(measures, metric_field(metric))) {
    case REPORT_MONEY:
        return money_form;
    case REPORT_MICRO_ORDERS:
        return (struct form){10000, 100, 2, ""};
    case REPORT_RATIO:
        return metric == METRIC_ROAS ? (struct form){10000, 100, 2, ""} : (struct form){1000, 10, 1, " %"};
    default:
        return (struct form){MICRO, 1, 0, ""};
    }
}

/* One digit more; false where millionths have none. */
static bool form_finer(struct form *form)
{
    if (form->step % 10 != 0 || form->n_digits == 0)
        return false;
    form->step /= 10;
    form->per_unit *= 10;
    form->n_digits++;
    return true;
}

/* The usual form, or with as many digits more as it takes to tell the two apart; equal ones need none. */
static struct form form_that_tells(const struct measures *measures, enum metric metric, int64_t micro,
                                   int64_t other_micro)
{
    const struct form usual = metric_form(measures, metric);
    struct form form = usual;
    int64_t scaled, other;
    while (divide_half_even(micro, form.step, &scaled) && divide_half_even(other_micro, form.step, &other) &&
           scaled == other)
        if (!form_finer(&form))
            return usual;
    return form;
}

/* Rounded half to even. */
static void append_amount(const struct form *form, int64_t micro, const char *currency, struct buffer *buffer)
{
    int64_t scaled;
    if (!divide_half_even(micro, form->step, &scaled))
        return;
    uint64_t size = scaled < 0 ? -(uint64_t)scaled : (uint64_t)scaled, per_unit = (uint64_t)form->per_unit;
    buffer_printf(buffer, "%s%" PRIu64, scaled < 0 ? "-" : "", size / per_unit);
    if (form->n_digits)
        buffer_printf(buffer, ".%0*" PRIu64, form->n_digits, size % per_unit);
    buffer_printf(buffer, "%s%s", form->unit, currency);
}

static void append_money(int64_t micros, const char *currency, struct buffer *buffer)
{
    append_amount(&money_form, micros, currency, buffer);
}

void metric_append(const struct measures *measures, enum metric metric, int64_t micro, int64_t beside_micro,
                   const char *currency, struct buffer *buffer)
{
    struct form form = form_that_tells(measures, metric, micro, beside_micro);
    bool is_money = report_field_unit(measures, metric_field(metric)) == REPORT_MONEY;
    append_amount(&form, micro, is_money ? currency : "", buffer);
}

/* Ratios and prices go by their initials. */
static void append_name(const struct measures *measures, enum metric metric, struct buffer *buffer)
{
    const char *name = metric_name(measures, metric);
    bool initials = report_field_unit(measures, metric_field(metric)) == REPORT_RATIO ||
                    (metric < N_METRICS && strncmp(name, "cp", 2) == 0);
    for (; *name; name++)
        buffer_append_u8(buffer, (uint8_t)(initials ? toupper((unsigned char)*name) : *name));
}

/* What the value has to do with the bound that is named: the goal's, or the recovery threshold where that is another. */
static const char *relation(const struct alert *alert, int64_t *ret_bound_micro)
{
    bool below = alert->spec->below;
    *ret_bound_micro = alert->spec->bound_micro;
    if (alert->state == GOAL_FIRING)
        return below ? " is over its limit " : " is under its goal ";
    if (alert->verdict == VERDICT_BREACH)
        return below ? " has not been over its limit for long enough "
                     : " has not been under its goal for long enough ";
    if (alert->spec->recover_micro != alert->spec->bound_micro) {
        *ret_bound_micro = alert->spec->recover_micro;
        return below ? " has come down to its recovery threshold " : " has reached its recovery threshold ";
    }
    return below ? " is back within its limit " : " is back at its goal ";
}

static void append_comparison(const struct alert *alert, struct buffer *buffer)
{
    const struct measures *measures = alert->spec->measures;
    enum metric metric = alert->spec->metric;
    int64_t bound_micro, micro;
    const char *words = relation(alert, &bound_micro);
    bool defined = metric_micro(alert->snapshot, metric, &micro);
    if (defined)
        metric_append(measures, metric, micro, bound_micro, alert->currency, buffer);
    else
        buffer_append_text(buffer, "(undefined)");
    buffer_append_text(buffer, words);
    metric_append(measures, metric, bound_micro, defined ? micro : bound_micro, alert->currency, buffer);
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
    append_name(alert->spec->measures, alert->spec->metric, buffer);
    buffer_append_u8(buffer, ' ');
    append_comparison(alert, buffer);
    buffer_append_text(buffer, " (cost ");
    append_money(alert->snapshot->cost_micros, alert->currency, buffer);
    buffer_append_text(buffer, ", revenue ");
    append_money(alert->snapshot->sum.column[CELL_REVENUE], alert->currency, buffer);
    buffer_append_u8(buffer, ')');
}
