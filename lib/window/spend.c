#include "lib/window/spend.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/table.h"

enum { FIRST_RECORDS = 8 };

void spend_deinit(struct spend *spend)
{
    free(spend->ranges.records);
    free(spend->moments.records);
    *spend = SPEND_INIT;
}

static int list_add(struct spend_list *list, const struct spend_record *record)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : FIRST_RECORDS;
        struct spend_record *records = realloc(list->records, capacity * sizeof(*records));
        if (!records)
            return -ENOMEM;
        list->records = records;
        list->capacity = capacity;
    }
    list->records[list->n++] = *record;
    return 0;
}

int spend_collect(struct spend *spend, int64_t from_ms, int64_t to_ms, int64_t amount_micros)
{
    const struct spend_record record = {.from_ms = from_ms, .to_ms = to_ms, .amount_micros = amount_micros};
    return list_add(from_ms == to_ms ? &spend->moments : &spend->ranges, &record);
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* By end; what is equal in that by the rest, so that the hash depends on the records alone. */
static int compare_records(const void *left, const void *right)
{
    const struct spend_record *a = left, *b = right;
    int order = compare(a->to_ms, b->to_ms);
    order = order ? order : compare(a->from_ms, b->from_ms);
    return order ? order : compare(a->amount_micros, b->amount_micros);
}

static void list_sort(struct spend_list *list, struct spend *spend)
{
    if (list->n > 1)
        qsort(list->records, list->n, sizeof(*list->records), compare_records);
    __int128 through = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct spend_record *record = &list->records[i];
        through += record->amount_micros;
        record->through_micros = through;
        int64_t lasts_ms = record->to_ms - record->from_ms;
        if (lasts_ms > spend->longest_ms)
            spend->longest_ms = lasts_ms;
        int64_t end_ms = record->to_ms + (lasts_ms == 0);
        if (end_ms > spend->latest_ms)
            spend->latest_ms = end_ms;
        const int64_t parts[] = {(int64_t)spend->hash, record->from_ms, record->to_ms, record->amount_micros};
        spend->hash = hash_bytes(span_from(parts, sizeof(parts)));
    }
}

void spend_sort(struct spend *spend)
{
    list_sort(&spend->moments, spend);
    list_sort(&spend->ranges, spend);
}

/* Index of the first record that ends at or after an instant. */
static size_t find_end(const struct spend_list *list, int64_t at_ms)
{
    size_t low = 0, high = list->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->records[middle].to_ms < at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static __int128 sum_before(const struct spend_list *list, size_t index)
{
    return index ? list->records[index - 1].through_micros : 0;
}

/* Of all ranges what lies before an instant: those that have ended are whole. */
static __int128 spread_until(const struct spend *spend, int64_t at_ms)
{
    const struct spend_list *list = &spend->ranges;
    size_t first = find_end(list, at_ms);
    __int128 sum = sum_before(list, first);
    for (size_t i = first; i < list->n && list->records[i].to_ms - spend->longest_ms < at_ms; i++) {
        const struct spend_record *record = &list->records[i];
        if (record->from_ms < at_ms)
            sum += (__int128)record->amount_micros * (at_ms - record->from_ms) /
                   (record->to_ms - record->from_ms);
    }
    return sum;
}

static bool fits(__int128 sum, int64_t *ret_micros)
{
    if (sum < INT64_MIN || sum > INT64_MAX)
        return false;
    *ret_micros = (int64_t)sum;
    return true;
}

bool spend_between(const struct spend *spend, int64_t from_ms, int64_t to_ms, bool total,
                   struct spend_sums *ret_sums)
{
    const struct spend_list *moments = &spend->moments;
    size_t first = total ? 0 : find_end(moments, from_ms),
           end = total ? moments->n : find_end(moments, to_ms);
    struct spend_sums sums;
    if (!fits(end > first ? sum_before(moments, end) - sum_before(moments, first) : 0, &sums.moments_micros))
        return false;
    __int128 spread = spread_until(spend, to_ms) - (total ? 0 : spread_until(spend, from_ms));
    if (!fits(spread, &sums.spread_micros))
        return false;
    *ret_sums = sums;
    return true;
}
