#include "daemon/metrics_text.h"

#include <inttypes.h>

#include "lib/base/money.h"

static const char *const kind_names[] = {"counter", "gauge", "histogram"};

const char *metric_kind_name(enum metric_kind kind)
{
    return kind_names[kind];
}

static void append_escaped(struct buffer *buffer, const char *text, bool quotes)
{
    for (; *text; text++) {
        if (*text == '\n') {
            buffer_append_text(buffer, "\\n");
            continue;
        }
        if (*text == '\\' || (quotes && *text == '"'))
            buffer_append_u8(buffer, '\\');
        buffer_append_u8(buffer, (uint8_t)*text);
    }
}

static void append_label(struct buffer *buffer, const char *name, const char *value, bool *any)
{
    if (!name || !value)
        return;
    buffer_append_text(buffer, *any ? "," : "{");
    buffer_append_text(buffer, name);
    buffer_append_text(buffer, "=\"");
    append_escaped(buffer, value, true);
    buffer_append_u8(buffer, '"');
    *any = true;
}

/* The sample's name and labels; suffix and bound are those of a histogram's parts. */
static void append_series(struct metrics_page *page, const char *suffix, const char *first,
                          const char *second, const char *bound)
{
    bool any = false;
    buffer_append_text(page->buffer, page->row->name);
    buffer_append_text(page->buffer, suffix);
    append_label(page->buffer, page->row->labels[0], first, &any);
    append_label(page->buffer, page->row->labels[1], second, &any);
    append_label(page->buffer, "le", bound, &any);
    buffer_append_text(page->buffer, any ? "} " : " ");
}

static void append_micro(struct buffer *buffer, int64_t micro)
{
    char text[MICROS_TEXT_SIZE];
    micros_text(micro, text);
    buffer_append_text(buffer, text);
    buffer_append_u8(buffer, '\n');
}

void metric_add(struct metrics_page *page, int64_t value, const char *first, const char *second)
{
    append_series(page, "", first, second, NULL);
    buffer_printf(page->buffer, "%" PRId64 "\n", value);
}

void metric_add_micro(struct metrics_page *page, int64_t micro, const char *first, const char *second)
{
    append_series(page, "", first, second, NULL);
    append_micro(page->buffer, micro);
}

void metric_add_histogram(struct metrics_page *page, const struct histogram *histogram, const char *first)
{
    uint64_t so_far = 0;
    for (size_t i = 0; i <= N_HISTOGRAM_BUCKETS; i++) {
        so_far += histogram->buckets[i];
        append_series(page, "_bucket", first, NULL, i < N_HISTOGRAM_BUCKETS ? histogram_bound(i) : "+Inf");
        buffer_printf(page->buffer, "%" PRIu64 "\n", so_far);
    }
    append_series(page, "_sum", first, NULL, NULL);
    append_micro(page->buffer, histogram->sum_us);
    append_series(page, "_count", first, NULL, NULL);
    buffer_printf(page->buffer, "%" PRIu64 "\n", histogram->count);
}

void metrics_append(struct buffer *buffer, const struct metric_table *table, const void *module)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct metric_row *row = &table->rows[i];
        struct metrics_page page = {buffer, row};
        buffer_printf(buffer, "# HELP %s ", row->name);
        append_escaped(buffer, row->help, false);
        buffer_printf(buffer, "\n# TYPE %s %s\n", row->name, metric_kind_name(row->kind));
        row->emit(module, &page);
    }
}
