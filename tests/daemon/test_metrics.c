#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>

#include "daemon/metrics.h"

static void emit_some(const void *module, struct metrics_page *page)
{
    metric_add(page, *(const int *)module, "a\"b\\c\nd", "2");
    metric_add(page, -1, "x", NULL);
    metric_add(page, INT64_MAX, NULL, NULL);
    metric_add_micro(page, 1500000, "t", NULL);
    metric_add_micro(page, -1, NULL, "only");
}

static void emit_none(const void *module, struct metrics_page *page)
{
    (void)module;
    (void)page;
}

static void assert_page(const struct metric_row *rows, size_t n, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer buffer = BUFFER_INIT;
    static const int module = 7;
    metrics_append(&buffer, &(struct metric_table){rows, n}, &module);
    buffer_append_u8(&buffer, '\0');
    assert_string_equal(buffer.data, text);
}

static void samples_stand_below_their_help_and_type(void **state)
{
    (void)state;
    static const struct metric_row rows[] = {
        {"roiwatch_some_total", {"one", "two"}, KIND_COUNTER, "A \\ and\na line.", emit_some},
        {"roiwatch_none", {0}, KIND_GAUGE, "Nothing.", emit_none},
    };
    assert_page(rows, 2,
                "# HELP roiwatch_some_total A \\\\ and\\na line.\n# TYPE roiwatch_some_total counter\n"
                "roiwatch_some_total{one=\"a\\\"b\\\\c\\nd\",two=\"2\"} 7\n"
                "roiwatch_some_total{one=\"x\"} -1\n"
                "roiwatch_some_total 9223372036854775807\n"
                "roiwatch_some_total{one=\"t\"} 1.500000\n"
                "roiwatch_some_total{two=\"only\"} -0.000001\n"
                "# HELP roiwatch_none Nothing.\n# TYPE roiwatch_none gauge\n");
}

static void emit_histogram(const void *module, struct metrics_page *page)
{
    struct histogram histogram = {0};
    (void)module;
    histogram_add(&histogram, 0);
    histogram_add(&histogram, 1000);
    histogram_add(&histogram, 1001);
    histogram_add(&histogram, 10000000);
    histogram_add(&histogram, 10000001);
    metric_add_histogram(page, &histogram, "apply");
}

static void buckets_hold_what_is_at_most_their_bound_and_all_below(void **state)
{
    (void)state;
    static const struct metric_row row = {"x_seconds", {"call"}, KIND_HISTOGRAM, "H.", emit_histogram};
    assert_page(&row, 1,
                "# HELP x_seconds H.\n# TYPE x_seconds histogram\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.001\"} 2\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.0025\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.005\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.01\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.025\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.05\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.1\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.25\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"0.5\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"1\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"2.5\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"5\"} 3\n"
                "x_seconds_bucket{call=\"apply\",le=\"10\"} 4\n"
                "x_seconds_bucket{call=\"apply\",le=\"+Inf\"} 5\n"
                "x_seconds_sum{call=\"apply\"} 20.002002\n"
                "x_seconds_count{call=\"apply\"} 5\n");
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), n = strlen(end);
    return size >= n && strcmp(text + size - n, end) == 0;
}

static void every_row_keeps_the_conventions(void **state)
{
    (void)state;
    const struct metric_row *row;
    size_t n = 0;
    for (; (row = metrics_row(n)); n++) {
        print_message("%s\n", row->name);
        assert_true(strncmp(row->name, "roiwatch_", 9) == 0 || strncmp(row->name, "process_", 8) == 0);
        for (const char *c = row->name; *c; c++)
            assert_true(islower(*c) || *c == '_');
        assert_int_equal(ends_with(row->name, "_total"), row->kind == KIND_COUNTER);
        assert_true(row->kind != KIND_HISTOGRAM || ends_with(row->name, "_seconds"));
        assert_true(isupper(row->help[0]) || isdigit(row->help[0]) || strncmp(row->help, "roi", 3) == 0);
        assert_true(ends_with(row->help, ".") || ends_with(row->help, ")"));
        assert_null(strchr(row->help, '|')); /* it stands in a table of the documents */
        assert_true(row->labels[0] || !row->labels[1]);
        assert_non_null(row->emit);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(metrics_row(i)->name, row->name);
    }
    assert_true(n > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_stand_below_their_help_and_type),
        cmocka_unit_test(buckets_hold_what_is_at_most_their_bound_and_all_below),
        cmocka_unit_test(every_row_keeps_the_conventions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
