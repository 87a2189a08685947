#include "lib/goal/alert.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/money.h"
#include "lib/base/table.h"
#include "lib/goal/summary.h"

#define FIELD_NAME(name, text, in_goal) text,
#define FIELD_IN_GOAL(name, text, in_goal) in_goal,
static const char *const field_names[] = {ALERT_FIELDS(FIELD_NAME)};
static const bool field_in_goal[] = {ALERT_FIELDS(FIELD_IN_GOAL)};

/* How a value stands in JSON. */
enum form { FORM_NULL, FORM_TEXT, FORM_RAW };

void alert_id(struct span campaign, const char *goal, int64_t fired_ms, char ret_id[ALERT_ID_SIZE])
{
    /* Hash of hashes: a campaign's bytes and a goal's name cannot run into each other. */
    int64_t parts[] = {(int64_t)hash_bytes(campaign), (int64_t)hash_bytes(span_of(goal)), fired_ms};
    snprintf(ret_id, ALERT_ID_SIZE, "%016" PRIx64, hash_bytes(span_from(parts, sizeof(parts))));
}

static enum form append_number(int64_t value, struct buffer *buffer)
{
    if (value == NEVER)
        return FORM_NULL;
    buffer_printf(buffer, "%" PRId64, value);
    return FORM_RAW;
}

static enum form append_micros(int64_t micros, struct buffer *buffer)
{
    char text[MICROS_TEXT_SIZE];
    micros_text(micros, text);
    buffer_append_text(buffer, text);
    return FORM_TEXT;
}

static enum form append_text(const char *text, struct buffer *buffer)
{
    buffer_append_text(buffer, text);
    return FORM_TEXT;
}

static enum form append_labels(const struct alert *alert, struct buffer *buffer)
{
    size_t n = alert->rules ? alert->rules->n_labels : 0;
    buffer_append_u8(buffer, '{');
    for (size_t i = 0; i < n; i++) {
        const struct campaign_label *label = &alert->rules->labels[i];
        if (i)
            buffer_append_u8(buffer, ',');
        json_append_text(buffer, span_of(label->name));
        buffer_append_u8(buffer, ':');
        json_append_text(buffer, span_of(label->value));
    }
    buffer_append_u8(buffer, '}');
    return FORM_RAW;
}

static enum form append_id(const struct alert *alert, struct buffer *buffer)
{
    char id[ALERT_ID_SIZE];
    alert_id(alert->campaign, alert->goal, alert->fired_ms, id);
    return append_text(id, buffer);
}

/* Fields that come from the goal's rule or from its numbers; the others are told by append_value. */
static enum form append_numbers(const struct alert *alert, enum alert_field field, struct buffer *buffer)
{
    const struct goal_spec *spec = alert->spec;
    const struct snapshot *snapshot = alert->snapshot;
    int64_t micro;
    if (spec && field == ALERT_METRIC)
        return append_text(metric_name(spec->measures, spec->metric), buffer);
    if (spec && field == ALERT_TARGET)
        return append_micros(spec->bound_micro, buffer);
    if (spec && field == ALERT_WINDOW)
        return append_text(spec->window.name, buffer);
    if (!snapshot)
        return FORM_NULL;
    switch (field) {
    case ALERT_VALUE:
        return spec && metric_micro(snapshot, spec->metric, &micro) ? append_micros(micro, buffer)
                                                                    : FORM_NULL;
    case ALERT_COST:
        return append_number(snapshot->cost_micros, buffer);
    case ALERT_REVENUE:
        return append_number(snapshot->sum.column[CELL_REVENUE], buffer);
    case ALERT_EXCLUDED:
        return append_number(snapshot->sum.column[CELL_EXCLUDED], buffer);
    default: /* low, high, maturity: a threshold has none */
        return FORM_NULL;
    }
}

/* The field as text in the buffer; as_alert: as receivers see it, else as the goal's own object says it. */
static enum form append_value(const struct alert *alert, enum alert_field field, bool as_alert,
                              struct buffer *buffer)
{
    switch (field) {
    case ALERT_ID:
        return append_id(alert, buffer);
    case ALERT_CAMPAIGN:
        buffer_append_span(buffer, alert->campaign);
        return FORM_TEXT;
    case ALERT_GOAL:
        return append_text(alert->goal, buffer);
    case ALERT_STATE:
        if (as_alert)
            return append_text(alert->state == GOAL_FIRING ? "firing" : "resolved", buffer);
        return append_text(goal_state_name(alert->state), buffer);
    case ALERT_CURRENCY:
        return append_text(alert->currency, buffer);
    case ALERT_SINCE:
        return append_number(alert->since_ms, buffer);
    case ALERT_AT:
        return append_number(alert->at_ms, buffer);
    case ALERT_AS_OF:
        return append_number(alert->as_of_ms, buffer);
    case ALERT_SUMMARY:
        alert_append_summary(alert, buffer);
        return FORM_TEXT;
    case ALERT_REASON:
        return append_text(goal_reason(alert->state, alert->verdict), buffer);
    case ALERT_LABELS:
        return append_labels(alert, buffer);
    default:
        return append_numbers(alert, field, buffer);
    }
}

static bool belongs(enum alert_field field, bool as_alert)
{
    return as_alert ? field != ALERT_REASON : field_in_goal[field];
}

static void append_json(const struct alert *alert, bool as_alert, struct buffer *buffer)
{
    CLEANUP(buffer_deinit) struct buffer value = BUFFER_INIT;
    const char *before = "{\"";
    for (enum alert_field field = 0; field < N_ALERT_FIELDS; field++) {
        if (!belongs(field, as_alert))
            continue;
        buffer_clear(&value);
        enum form form = append_value(alert, field, as_alert, &value);
        buffer_append_text(buffer, before);
        buffer_append_text(buffer, field_names[field]);
        buffer_append_text(buffer, "\":");
        if (form == FORM_NULL)
            buffer_append_text(buffer, "null");
        else if (form == FORM_RAW)
            buffer_append_span(buffer, buffer_span(&value));
        else
            json_append_text(buffer, buffer_span(&value));
        if (value.error)
            buffer->error = value.error;
        before = ",\"";
    }
    buffer_append_u8(buffer, '}');
}

void alert_append_json(const struct alert *alert, struct buffer *buffer)
{
    append_json(alert, true, buffer);
}

void goal_append_json(const struct alert *alert, struct buffer *buffer)
{
    append_json(alert, false, buffer);
}

int alert_fields(const struct alert *alert, void (*emit)(void *context, const char *name, struct span value),
                 void *context)
{
    CLEANUP(buffer_deinit) struct buffer value = BUFFER_INIT;
    for (enum alert_field field = 0; field < N_ALERT_FIELDS; field++) {
        if (!belongs(field, true))
            continue;
        buffer_clear(&value);
        enum form form = append_value(alert, field, true, &value);
        int r = buffer_status(&value);
        if (r < 0)
            return r;
        if (form != FORM_NULL)
            emit(context, field_names[field], buffer_span(&value));
    }
    return 0;
}
