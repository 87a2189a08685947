/*
 * Prints the tables of docs/CONTRACT.md and docs/METRICS.md as Markdown, from those in the code; compare.py puts
 * them there or compares.
 *
 * DESIGN
 *   Names, units and formulas come from the code's tables. Which fields a type of event reads is no table
 * that can be seen from outside, so it is found out: each field of a complete event is made wrong and left
 * out, and what the decoder says of it is the answer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/cli/letters.h"
#include "daemon/health.h"
#include "daemon/metrics.h"
#include "lib/config/schema.h"
#include "lib/event/decode.h"
#include "lib/event/message.h"
#include "lib/goal/alert.h"
#include "lib/report/report.h"
#include "lib/window/window_settings.h"
#include "tests/docs/print_presets.h"

static void fail(const char *what)
{
    fprintf(stderr, "roiwatch-tables: %s\n", what);
    exit(1);
}

/* A heading for compare.py, then the table's first two lines. */
static void begin(const char *name, const char *columns, int n_columns)
{
    printf("<!-- table %s -->\n| %s |\n|", name, columns);
    for (int i = 0; i < n_columns; i++)
        printf("---|");
    printf("\n");
}

/* --- events
 * -------------------------------------------------------------------------------------------------- */

/* A value that every type takes for the field; NULL where no type of this version reads it. */
static const char *const sample_values[N_FIELDS] = {
    [FIELD_TS] = "1790000000000",   [FIELD_CAMPAIGN_ID] = "\"c\"",
    [FIELD_EVENT_ID] = "\"e\"",     [FIELD_CLICK_ID] = "\"k\"",
    [FIELD_USER_ID] = "\"u\"",      [FIELD_ORDER_ID] = "\"o\"",
    [FIELD_REVENUE] = "1",          [FIELD_COST] = "1",
    [FIELD_CURRENCY] = "\"EUR\"",   [FIELD_MARGIN] = "1",
    [FIELD_KIND] = "\"sale\"",      [FIELD_AD_ID] = "\"a\"",
    [FIELD_REFUND_ID] = "\"r\"",    [FIELD_AMOUNT] = "1",
    [FIELD_ACTION] = "\"like\"",    [FIELD_SPEND_ID] = "\"s\"",
    [FIELD_FROM] = "1790000000000", [FIELD_TO] = "1790000001000",
};

/* What the decoder says of a complete event in which one field has another value, or none (NULL). */
static int decode_with(struct decoder *decoder, enum event_type type, enum field changed, const char *value,
                       const char **ret_field)
{
    char text[1024];
    int size = snprintf(text, sizeof(text), "{\"type\":\"%s\"", event_type_name(type));
    for (enum field field = FIELD_TYPE + 1; field < N_FIELDS; field++) {
        const char *used = field == changed ? value : sample_values[field];
        if (used)
            size += snprintf(text + size, sizeof(text) - (size_t)size, ",\"%s\":%s", field_name(field), used);
    }
    size += snprintf(text + size, sizeof(text) - (size_t)size, "}");
    struct event event;
    *ret_field = "";
    return decode(decoder, span_from(text, (size_t)size), NO_RECORD_TIME, EVENT_NONE, &event, ret_field);
}

static bool is_read(struct decoder *decoder, enum event_type type, enum field field)
{
    const char *refused;
    return decode_with(decoder, type, field, "[]", &refused) == REJECT_BAD_TYPE &&
           strcmp(refused, field_name(field)) == 0;
}

static bool is_required(struct decoder *decoder, enum event_type type, enum field field)
{
    const char *refused;
    return decode_with(decoder, type, field, NULL, &refused) == REJECT_MISSING_FIELD;
}

static void print_fields_of(struct decoder *decoder, enum event_type type, bool required)
{
    const char *between = "";
    for (enum field field = FIELD_TYPE + 1; field < N_FIELDS; field++) {
        bool when = field == FIELD_TS || field == FIELD_FROM || field == FIELD_TO;
        if (!is_read(decoder, type, field) || is_required(decoder, type, field) != required ||
            (type == EVENT_SPEND && when))
            continue;
        printf("%s`%s`", between, field_name(field));
        between = ", ";
    }
}

static void print_events(void)
{
    static const struct decode_rules rules = {.message_bytes = 65536, .currency = "EUR"};
    struct decoder *decoder;
    if (decoder_new(&rules, &decoder) < 0)
        fail("no decoder");
    begin("events", "type | topics of | required | optional", 4);
    for (enum event_type type = EVENT_NONE + 1; type < N_EVENT_TYPES; type++) {
        printf("| `%s` | `kafka.topics.%s` | ", event_type_name(type), event_type_topic_key(type));
        const char *refused;
        if (decode_with(decoder, type, FIELD_NONE, NULL, &refused) != 0)
            fail("the sample event is refused");
        if (type == EVENT_SPEND) /* either will do: leaving out one of them finds nothing */
            printf("`ts` or `from` and `to`, ");
        print_fields_of(decoder, type, true);
        printf(" | ");
        print_fields_of(decoder, type, false);
        printf(" |\n");
    }
    decoder_free(decoder);
}

static void print_reasons(void)
{
    begin("reasons", "reason | meaning", 2);
    for (enum reject_reason reason = REJECT_NONE + 1; reason < N_REJECT_REASONS; reason++)
        printf("| `%s` | %s |\n", reject_reason_name(reason), reject_reason_meaning(reason));
}

/* --- reader keys
 * --------------------------------------------------------------------------------------------- */

static const char *unit_text(enum report_field field)
{
    if (field == REPORT_MEASURE)
        return "count or 1e-6 orders";
    switch (report_field_unit(NULL, field)) {
    case REPORT_COUNT:
        return "count";
    case REPORT_MICRO_ORDERS:
        return "1e-6 orders";
    case REPORT_MONEY:
        return "1e-6 currency";
    case REPORT_RATIO:
        return "ratio";
    case REPORT_TIME:
        return "ms";
    }
    return "";
}

/* What report_fields adds behind the table's fields, in its order. */
static const struct {
    const char *name, *unit, *meaning;
} closing_fields[] = {
    {"from_ms", "ms", "the window's bounds, half-open: from_ms <= time < to_ms"},
    {"to_ms", "ms", "its end"},
    {"as_of_ms", "ms", "nothing before this event time is still expected"},
    {"currency", "ISO 4217", "the account's currency"},
    {"rev", "count", "grows with every write; never goes back"},
};

static void check_closing(void *context, const char *name, const char *text)
{
    size_t *n = context;
    size_t n_fields = report_n_fields(NULL), at = (*n)++ - n_fields;
    (void)text;
    if (*n > n_fields && (at >= ARRAY_SIZE(closing_fields) || strcmp(closing_fields[at].name, name) != 0))
        fail("report_fields ends with other fields than are told here");
}

static void print_fields(void)
{
    struct snapshot snapshot = {.cost_micros = 1};
    for (int i = 0; i < N_CELL_COLUMNS; i++)
        snapshot.sum.column[i] = 1;
    size_t n = 0;
    report_fields(&snapshot, "EUR", 1, check_closing, &n);
    if (n != report_n_fields(NULL) + ARRAY_SIZE(closing_fields))
        fail("report_fields gives fewer fields than are told here");
    begin("fields", "field | unit | meaning | absent where", 4);
    for (enum report_field field = 0; field < N_REPORT_FIELDS; field++)
        printf("| `%s` | %s | %s | %s |\n", report_field_name(NULL, field), unit_text(field),
               report_field_meaning(field), report_field_undefined(field));
    for (size_t i = 0; i < ARRAY_SIZE(closing_fields); i++)
        printf("| `%s` | %s | %s | |\n", closing_fields[i].name, closing_fields[i].unit,
               closing_fields[i].meaning);
}

static const char *minutes_text(int64_t ms, char text[32])
{
    snprintf(text, 32, "%lld min", (long long)(ms / MINUTE_MS));
    return text;
}

/* The default windows, out of the text of their row. */
static void print_slices(void)
{
    char list[256];
    char text[32];
    snprintf(list, sizeof(list), "%s", windows_row.fallback);
    begin("slices", "window | slice", 2);
    for (char *rest = list, *word; (word = strtok_r(rest, "[, ]", &rest));) {
        struct window_spec window;
        if (window_parse(span_of(word), &window) != 0)
            fail("a default window is no window");
        printf("| `%s` | %s |\n", word,
               window.slice_ms ? minutes_text(window.slice_ms, text) : "none: all in one");
    }
}

static void print_metrics(void)
{
    begin("metrics", "metric | field | unit of `target` and `below` | undefined where", 4);
    for (enum metric metric = 0; metric < N_METRICS; metric++) {
        enum report_field field = metric_field(metric);
        bool money = report_field_unit(NULL, field) == REPORT_MONEY;
        printf("| `%s` | `%s` | %s | %s |\n", metric_name(NULL, metric), report_field_name(NULL, field),
               money                     ? "currency"
               : field == REPORT_MEASURE ? "count or orders"
                                         : unit_text(field),
               report_field_undefined(field));
    }
}

/* --- goals and lanes
 * ----------------------------------------------------------------------------------------- */

static const char *const state_meanings[N_GOAL_STATES] = {
    [GOAL_OK] = "no breach",
    [GOAL_INSUFFICIENT] = "the metric is undefined, or cost or orders are below `min_cost`, `min_orders`",
    [GOAL_STALE] = "no verdict: the pipeline is behind, or a topic has gone silent",
    [GOAL_PENDING] = "a breach that has not lasted for `for`",
    [GOAL_RECOVERING] = "at or past `recover`, not yet for `keep_firing_for`; counts as firing for receivers",
    [GOAL_FIRING] = "a breach that has lasted for `for`, and all that follows until it has recovered",
};

static void print_states(void)
{
    begin("states", "state | meaning", 2);
    for (int state = N_GOAL_STATES - 1; state >= 0; state--)
        printf("| `%s` | %s |\n", goal_state_name((enum goal_state)state), state_meanings[state]);
}

static const char *const alert_meanings[N_ALERT_FIELDS] = {
    [ALERT_ID] =
        "16 hex digits: a hash of campaign, goal and the `at_ms` of the firing; the same for its resolve",
    [ALERT_CAMPAIGN] = "the id as it is; empty for the pipeline's own alert",
    [ALERT_GOAL] = "its name",
    [ALERT_STATE] = "of an alert `firing` or `resolved`; of the goal one of the states",
    [ALERT_METRIC] = "the goal's metric",
    [ALERT_TARGET] = "the bound, `target` or `below`; decimal text",
    [ALERT_WINDOW] = "the goal's window",
    [ALERT_VALUE] = "the metric as it was judged; decimal text",
    [ALERT_LOW] = "null until there are lag-aware goals",
    [ALERT_HIGH] = "the same",
    [ALERT_MATURITY] = "the same",
    [ALERT_COST] = "all cost in the goal's window",
    [ALERT_REVENUE] = "revenue in it",
    [ALERT_CURRENCY] = "the account's",
    [ALERT_EXCLUDED] = "as in the reader key",
    [ALERT_SINCE] = "where the breach began: a minute edge of event time",
    [ALERT_AT] = "where the state changed: the same",
    [ALERT_AS_OF] = "`as_of_ms` at the judgement",
    [ALERT_SUMMARY] = "one sentence with the numbers",
    [ALERT_REASON] = "why the goal is in this state",
    [ALERT_LABELS] = "the campaign's labels; an object, in the stream its JSON",
};

static void print_alert_fields(void)
{
#define NAME(name, text, in_goal) text,
#define IN_GOAL(name, text, in_goal) in_goal,
    static const char *const names[] = {ALERT_FIELDS(NAME)};
    static const bool in_goal[] = {ALERT_FIELDS(IN_GOAL)};
#undef NAME
#undef IN_GOAL
    begin("alert-fields", "field | in alerts | in `goal:NAME` | meaning", 4);
    for (int field = 0; field < N_ALERT_FIELDS; field++)
        printf("| `%s` | %s | %s | %s |\n", names[field], field == ALERT_REASON ? "" : "yes",
               in_goal[field] ? "yes" : "", alert_meanings[field]);
}

static void print_lane_counters(void)
{
    begin("lane-counters", "counter | meaning", 2);
#define ROW(name, text, what) printf("| `%s` | %s |\n", text, what);
    LANE_COLUMNS(ROW)
#undef ROW
    printf("| `rejected` | rejected messages by reason; those that are 0 are absent |\n");
}

/* --- HTTP --- */

static const char *unit_of(const char *name)
{
    static const char *const units[] = {"seconds", "bytes"};
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        const char *found = strstr(name, units[i]);
        if (found && (found[strlen(units[i])] == '\0' || found[strlen(units[i])] == '_'))
            return units[i];
    }
    return "";
}

static void print_metrics_page(void)
{
    begin("metrics-page", "metric | type | labels | unit | meaning", 5);
    const struct metric_row *row;
    for (size_t i = 0; (row = metrics_row(i)); i++) {
        printf("| `%s` | %s | ", row->name, metric_kind_name(row->kind));
        for (size_t l = 0; l < ARRAY_SIZE(row->labels) && row->labels[l]; l++)
            printf("%s`%s`", l ? ", " : "", row->labels[l]);
        printf(" | %s | %s |\n", unit_of(row->name), row->help);
    }
}

static void print_unready(void)
{
    begin("unready-reasons", "reason | meaning", 2);
    for (enum unready_reason reason = 0; reason < N_UNREADY_REASONS; reason++)
        printf("| `%s` | %s |\n", unready_reason_name(reason), unready_reason_meaning(reason));
}

static void print_letter_states(void)
{
    begin("letter-states", "state | a letter that", 2);
    for (enum letter_state state = 0; state < N_LETTER_STATES; state++)
        printf("| `%s` | %s |\n", letter_state_name(state), letter_state_meaning(state));
    printf("\n");
}

int main(void)
{
    print_events();
    print_reasons();
    print_fields();
    print_slices();
    print_metrics();
    print_states();
    print_alert_fields();
    print_lane_counters();
    print_letter_states();
    print_metrics_page();
    print_unready();
    print_presets();
    return fflush(stdout) == 0 ? 0 : 1;
}
