/*
 * The text of a lookup file to a table. A value that is written with quotes is put together in a buffer of its
 * own size at most; others are used where they stand.
 */
#include <errno.h>

#include "lib/base/buffer.h"
#include "lib/event/ad_table.h"

enum { COLUMNS = 2 };

struct csv {
    struct span rest;
    size_t line; /* of what comes next, from 1 */
    struct span values[COLUMNS];
    struct buffer texts[COLUMNS]; /* of values in quotes */
    size_t n_values;              /* also those beyond COLUMNS */
};

static void csv_deinit(struct csv *csv)
{
    for (size_t i = 0; i < COLUMNS; i++)
        buffer_deinit(&csv->texts[i]);
}

static void csv_skip(struct csv *csv, size_t n)
{
    if (n)
        csv->rest = span_from(csv->rest.data + n, csv->rest.size - n);
}

/* How many bytes the line's end at the front has; 0 where there is none. */
static size_t line_end(struct span rest)
{
    if (rest.size && rest.data[0] == '\n')
        return 1;
    return rest.size > 1 && rest.data[0] == '\r' && rest.data[1] == '\n' ? 2 : 0;
}

/* Up to the next comma or the end of the line. */
static int plain_value(struct csv *csv, struct span *ret_value)
{
    size_t n = 0;
    while (n < csv->rest.size && csv->rest.data[n] != ',' && csv->rest.data[n] != '\n') {
        if (csv->rest.data[n] == '"')
            return AD_BAD_QUOTE;
        n++;
    }
    if (n && n < csv->rest.size && csv->rest.data[n] == '\n' && csv->rest.data[n - 1] == '\r')
        n--;
    *ret_value = span_from(csv->rest.data, n);
    csv_skip(csv, n);
    return 0;
}

/* Behind the opening quote; a line may end within. */
static int quoted_value(struct csv *csv, struct buffer *text, struct span *ret_value)
{
    buffer_clear(text);
    for (;;) {
        const char *quote = memchr(csv->rest.data, '"', csv->rest.size);
        if (!quote)
            return AD_BAD_QUOTE;
        size_t n = (size_t)(quote - csv->rest.data);
        for (size_t i = 0; i < n; i++)
            csv->line += csv->rest.data[i] == '\n';
        buffer_append(text, csv->rest.data, n);
        csv_skip(csv, n + 1);
        if (!csv->rest.size || csv->rest.data[0] != '"')
            break;
        buffer_append_u8(text, '"');
        csv_skip(csv, 1);
    }
    *ret_value = buffer_span(text);
    return buffer_status(text);
}

/* The values of the next line, with its end. 0, an ad_fault, or -ENOMEM. */
static int csv_line(struct csv *csv)
{
    csv->n_values = 0;
    for (;;) {
        struct span value;
        size_t column = csv->n_values < COLUMNS ? csv->n_values : COLUMNS - 1;
        bool quoted = csv->rest.size && csv->rest.data[0] == '"';
        if (quoted)
            csv_skip(csv, 1);
        int r = quoted ? quoted_value(csv, &csv->texts[column], &value) : plain_value(csv, &value);
        if (r != 0)
            return r;
        csv->values[column] = value;
        csv->n_values++;
        if (!csv->rest.size || line_end(csv->rest))
            break;
        if (csv->rest.data[0] != ',')
            return AD_BAD_QUOTE;
        csv_skip(csv, 1);
    }
    csv_skip(csv, line_end(csv->rest));
    return 0;
}

static bool is_header(const struct csv *csv)
{
    return csv->n_values == COLUMNS && span_equal(csv->values[0], span_of("ad_id")) &&
           span_equal(csv->values[1], span_of("campaign_id"));
}

static int read_rows(struct csv *csv, struct ad_table *table, size_t *ret_line)
{
    bool header = true;
    while (header || csv->rest.size) {
        *ret_line = csv->line;
        size_t end = line_end(csv->rest);
        int r = 0;
        if (end && !header)
            csv_skip(csv, end);
        else
            r = csv_line(csv);
        if (header && (r > 0 || (r == 0 && !is_header(csv))))
            r = AD_BAD_HEADER;
        else if (r == 0 && !header && !end)
            r = csv->n_values == COLUMNS ? ad_table_add(table, csv->values[0], csv->values[1])
                                         : AD_BAD_COLUMNS;
        if (r != 0)
            return r;
        header = false;
        csv->line++;
    }
    return 0;
}

int ad_table_read(struct span text, struct ad_table **ret_table, size_t *ret_line)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* spreadsheets write it */
    CLEANUP(csv_deinit) struct csv csv = {.rest = text, .line = 1};
    struct ad_table *table = NULL;
    if (text.size >= strlen(mark) && memcmp(text.data, mark, strlen(mark)) == 0)
        csv_skip(&csv, strlen(mark));
    int r = ad_table_new(&table);
    if (r == 0)
        r = read_rows(&csv, table, ret_line);
    if (r != 0) {
        ad_table_free(table);
        return r;
    }
    *ret_table = table;
    return 0;
}
