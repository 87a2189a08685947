#include "daemon/cli/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/text.h"
#include "lib/base/money.h"

enum {
    NAME_COLUMNS = 20,
    MONEY_COLUMNS = 14,
    ROI_COLUMNS = 10,
    STATE_COLUMNS = 13,
    GOAL_COLUMNS = 22,
    GAP_COLUMNS = 2
};

void board_deinit(struct board *board)
{
    for (size_t i = 0; i < board->n; i++) {
        buffer_deinit(&board->rows[i]->id);
        free(board->rows[i]);
    }
    free(board->rows);
    table_deinit(&board->by_id);
    *board = (struct board){0};
}

static void free_row(struct board_row **row)
{
    if (*row)
        buffer_deinit(&(*row)->id);
    free(*row);
}

struct board_row *board_row(struct board *board, struct span id)
{
    struct board_row *found = table_get(&board->by_id, id);
    if (found)
        return found;
    CLEANUP(free_row) struct board_row *row = calloc(1, sizeof(*row));
    struct board_row **rows = realloc(board->rows, (board->n + 1) * sizeof(*rows));
    if (rows)
        board->rows = rows;
    if (!row || !rows)
        return NULL;
    row->sampled_ms = NEVER;
    buffer_append_span(&row->id, id);
    if (buffer_status(&row->id) || table_put(&board->by_id, id, row))
        return NULL;
    rows[board->n++] = row;
    return STEAL(row);
}

static void copy_text(char *ret_text, size_t size, struct span text)
{
    size_t n = text.size < size ? text.size : size - 1;
    if (n)
        memcpy(ret_text, text.data, n);
    ret_text[n] = '\0';
}

/* Badness of a state; also of one that this program does not know. */
static int rank(const char *state)
{
    static const char *const worst_first[] = {"firing", "recovering",   "pending",  "at_risk",
                                              "stale",  "insufficient", "immature", "ok"};
    for (int i = 0; i < (int)ARRAY_SIZE(worst_first); i++) {
        if (strcmp(worst_first[i], state) == 0)
            return i;
    }
    return (int)ARRAY_SIZE(worst_first);
}

/* The text of one member of a flat JSON object of ours; strings without their quotes. Empty where it is
 * absent or null. */
static struct span json_member(struct span object, const char *name)
{
    char quoted[40];
    int size = snprintf(quoted, sizeof(quoted), "\"%s\":", name);
    const char *at = memmem(object.data, object.size, quoted, (size_t)size);
    if (!at)
        return (struct span){0};
    at += size;
    const char *end = object.data + object.size;
    bool text = at < end && *at == '"';
    const char *stop = at += text;
    while (stop < end && *stop != (text ? '"' : ',') && (text || *stop != '}'))
        stop++;
    struct span value = span_from(at, (size_t)(stop - at));
    return !text && span_equal(value, span_of("null")) ? (struct span){0} : value;
}

/* "0.500000" is "0.5". */
static struct span without_zeros(struct span decimal)
{
    if (!decimal.size || !memchr(decimal.data, '.', decimal.size))
        return decimal;
    while (decimal.data[decimal.size - 1] == '0')
        decimal.size--;
    if (decimal.data[decimal.size - 1] == '.')
        decimal.size--;
    return decimal;
}

/* Keeps the worst goal's text: "roi 24h 0.2". */
static void set_goal(struct board_row *row, const redisReply *campaign)
{
    int worst = -1;
    row->n_goals = 0;
    row->goal[0] = '\0';
    for (size_t i = 0; campaign->type == REDIS_REPLY_ARRAY && i + 1 < campaign->elements; i += 2) {
        struct span name = reply_span(campaign->element[i]);
        struct span value = reply_span(campaign->element[i + 1]);
        char state[16];
        if (name.size < 5 || memcmp(name.data, "goal:", 5) != 0)
            continue;
        row->n_goals++;
        copy_text(state, sizeof(state), json_member(value, "state"));
        if (worst >= 0 && rank(state) >= worst)
            continue;
        worst = rank(state);
        struct span metric = json_member(value, "metric");
        struct span window = json_member(value, "window");
        struct span target = without_zeros(json_member(value, "target"));
        snprintf(row->goal, sizeof(row->goal), "%.*s %.*s %.*s", (int)metric.size,
                 metric.size ? metric.data : "", (int)window.size, window.size ? window.data : "",
                 (int)target.size, target.size ? target.data : "");
    }
}

/* One sample a step of as_of; the spark line then shows event time, not how often somebody looked. */
static void add_sample(struct board *board, struct board_row *row)
{
    int64_t micro;
    bool negative;
    if (board->as_of_ms == row->sampled_ms || money_parse(span_of(row->roi), &micro, &negative))
        return;
    row->sampled_ms = board->as_of_ms;
    if (row->n_history == HISTORY_MAX)
        memmove(row->history, row->history + 1, --row->n_history * sizeof(row->history[0]));
    row->history[row->n_history++] = micro;
}

void board_row_set(struct board *board, struct board_row *row, const redisReply *campaign,
                   const redisReply *window)
{
    row->present = true;
    row->known = window->elements > 0;
    row->cost_micros = span_i64(reply_field(window, "cost_micros"), 0);
    row->revenue_micros = span_i64(reply_field(window, "revenue_micros"), 0);
    copy_text(row->roi, sizeof(row->roi), reply_field(window, "roi"));
    copy_text(row->state, sizeof(row->state), reply_field(campaign, "state"));
    set_goal(row, campaign);
    add_sample(board, row);
}

static int worse_first(const void *a, const void *b)
{
    const struct board_row *left = *(struct board_row *const *)a, *right = *(struct board_row *const *)b;
    if (left->present != right->present)
        return left->present ? -1 : 1;
    if (rank(left->state) != rank(right->state))
        return rank(left->state) - rank(right->state);
    if (left->cost_micros != right->cost_micros)
        return left->cost_micros > right->cost_micros ? -1 : 1;
    return span_compare(buffer_span(&left->id), buffer_span(&right->id));
}

void board_sort(struct board *board)
{
    if (board->n)
        qsort(board->rows, board->n, sizeof(*board->rows), worse_first);
}

static const char *colour_of(const char *state)
{
    if (strcmp(state, "firing") == 0)
        return "\033[1;31m";
    if (strcmp(state, "recovering") == 0 || strcmp(state, "pending") == 0 || strcmp(state, "at_risk") == 0)
        return "\033[33m";
    if (strcmp(state, "ok") == 0)
        return "\033[32m";
    return "\033[2m";
}

static void draw_spark(const struct board_row *row, struct buffer *out)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (size_t i = 0; i < row->n_history; i++) {
        low = row->history[i] < low ? row->history[i] : low;
        high = row->history[i] > high ? row->history[i] : high;
    }
    for (size_t i = 0; i < row->n_history; i++)
        text_spark(out, row->history[i], low, high);
}

enum board_number { NUMBER_COST, NUMBER_REVENUE, NUMBER_ROI, N_NUMBERS };

static const struct {
    const char *title;
    size_t columns; /* at least */
} numbers[N_NUMBERS] = {
    [NUMBER_COST] = {"cost", MONEY_COLUMNS},
    [NUMBER_REVENUE] = {"revenue", MONEY_COLUMNS},
    [NUMBER_ROI] = {"ROI", ROI_COLUMNS},
};

static void number_text(const struct board_row *row, enum board_number number, struct buffer *text)
{
    buffer_clear(text);
    if (number == NUMBER_ROI)
        text_percent(text, span_of(row->roi));
    else
        text_money(text, number == NUMBER_COST ? row->cost_micros : row->revenue_micros);
}

/* Room for the widest of each number: none is cut, and none touches its neighbour. */
static void measure(const struct board *board, size_t ret_columns[N_NUMBERS])
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    for (enum board_number number = 0; number < N_NUMBERS; number++) {
        ret_columns[number] = numbers[number].columns;
        for (size_t i = 0; i < board->n; i++) {
            number_text(board->rows[i], number, &text);
            size_t n = text_columns(buffer_span(&text)) + GAP_COLUMNS;
            if (board->rows[i]->present && n > ret_columns[number])
                ret_columns[number] = n;
        }
    }
}

static void draw_row(const struct board *board, const struct board_row *row, const size_t columns[N_NUMBERS],
                     struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    text_padded(out, buffer_span(&row->id), NAME_COLUMNS, false);
    for (enum board_number number = 0; number < N_NUMBERS; number++) {
        number_text(row, number, &text);
        text_padded(out, buffer_span(&text), columns[number], true);
    }
    buffer_append_text(out, "  ");
    text_padded(out, span_of(row->goal[0] ? row->goal : "-"), GOAL_COLUMNS, false);
    buffer_append_text(out, "  ");
    if (board->colour)
        buffer_append_text(out, colour_of(row->state));
    text_padded(out, span_of(row->state[0] ? row->state : "-"), STATE_COLUMNS, false);
    if (board->colour)
        buffer_append_text(out, "\033[0m");
    draw_spark(row, out);
    buffer_append_u8(out, '\n');
}

static void draw_heading(const struct board *board, const char *window, const size_t columns[N_NUMBERS],
                         struct buffer *out)
{
    buffer_printf(out, "roiwatch  window %s  complete up to ", window);
    if (board->as_of_ms == NEVER)
        buffer_append_text(out, "-");
    else
        text_time(out, board->as_of_ms);
    buffer_printf(out, " UTC  %s  %lld campaigns\n\n", board->status[0] ? board->status : "no daemon yet",
                  (long long)board->n_in_all);
    text_padded(out, span_of("campaign"), NAME_COLUMNS, false);
    for (enum board_number number = 0; number < N_NUMBERS; number++)
        text_padded(out, span_of(numbers[number].title), columns[number], true);
    buffer_append_text(out, "  ");
    text_padded(out, span_of("goal"), GOAL_COLUMNS, false);
    buffer_append_text(out, "  ");
    text_padded(out, span_of("state"), STATE_COLUMNS, false);
    buffer_append_text(out, "ROI over time\n");
}

void board_draw(const struct board *board, const char *window, size_t lines, struct buffer *out)
{
    size_t columns[N_NUMBERS], drawn = 0;
    measure(board, columns);
    draw_heading(board, window, columns, out);
    for (size_t i = 0; i < board->n && drawn < lines; i++) {
        if (!board->rows[i]->present)
            continue;
        draw_row(board, board->rows[i], columns, out);
        drawn++;
    }
}

static void row_json(const struct board_row *row, struct buffer *out)
{
    buffer_append_text(out, "{\"campaign\":");
    json_append_text(out, buffer_span(&row->id));
    buffer_printf(out, ",\"cost_micros\":%lld,\"revenue_micros\":%lld,\"roi\":%s,\"state\":",
                  (long long)row->cost_micros, (long long)row->revenue_micros,
                  row->roi[0] ? row->roi : "null");
    if (row->state[0])
        json_append_text(out, span_of(row->state));
    else
        buffer_append_text(out, "null");
    buffer_append_u8(out, '}');
}

void board_json(const struct board *board, const char *window, struct buffer *out)
{
    bool first = true;
    buffer_append_text(out, "{\"window\":");
    json_append_text(out, span_of(window));
    if (board->as_of_ms == NEVER)
        buffer_append_text(out, ",\"as_of_ms\":null,\"campaigns\":[");
    else
        buffer_printf(out, ",\"as_of_ms\":%lld,\"campaigns\":[", (long long)board->as_of_ms);
    for (size_t i = 0; i < board->n; i++) {
        if (!board->rows[i]->present)
            continue;
        buffer_append_text(out, first ? "\n" : ",\n");
        first = false;
        row_json(board->rows[i], out);
    }
    buffer_append_text(out, "]}\n");
}
