#include "daemon/cli/letter_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/text.h"

enum { LISTED_MAX = 20, LISTED_JSON_MAX = 10000 };

static int compare_identity(const struct letter_entry *a, const struct letter_entry *b)
{
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Rows of the table first: topic, then reason, then state. */
static int compare(const void *left, const void *right)
{
    const struct letter_entry *a = *(const struct letter_entry *const *)left;
    const struct letter_entry *b = *(const struct letter_entry *const *)right;
    int topic = strcmp(a->topic, b->topic);
    if (topic)
        return topic;
    if (a->reason != b->reason)
        return a->reason < b->reason ? -1 : 1;
    if (a->state != b->state)
        return a->state < b->state ? -1 : 1;
    return compare_identity(a, b);
}

static bool same_row(const struct letter_entry *a, const struct letter_entry *b)
{
    return strcmp(a->topic, b->topic) == 0 && a->reason == b->reason && a->state == b->state;
}

static void row(struct buffer *out, const struct letter_entry *entry, size_t n, bool json, bool first)
{
    const char *reason = reject_reason_name(entry->reason);
    if (json) {
        buffer_append_text(out, first ? "{\"topic\":" : ",\n  {\"topic\":");
        json_append_text(out, span_of(entry->topic));
        buffer_printf(out, ",\"reason\":\"%s\",\"state\":\"%s\",\"letters\":%zu}", reason,
                      letter_state_name(entry->state), n);
        return;
    }
    text_padded(out, span_of(entry->topic), 24, false);
    buffer_printf(out, " %-20s %10zu  %s: %s\n", reason, n, letter_state_name(entry->state),
                  letter_state_meaning(entry->state));
}

static void rows(struct buffer *out, struct letter_entry **entries, size_t n, bool json)
{
    for (size_t i = 0, from = 0; i < n; i++) {
        if (i + 1 < n && same_row(entries[i], entries[i + 1]))
            continue;
        row(out, entries[i], i + 1 - from, json, from == 0);
        from = i + 1;
    }
}

static void stuck(struct buffer *out, const struct letter_entry *entry, bool json, bool first)
{
    const char *reason = reject_reason_name(entry->reason);
    if (json) {
        buffer_append_text(out, first ? "{\"topic\":" : ",\n  {\"topic\":");
        json_append_text(out, span_of(entry->topic));
        buffer_printf(out, ",\"partition\":%d,\"offset\":%lld,\"reason\":\"%s\",\"state\":\"%s\"}",
                      (int)entry->partition, (long long)entry->offset, reason,
                      letter_state_name(entry->state));
        return;
    }
    buffer_append_text(out, first ? "\nCannot be sent:\n  " : "  ");
    text_safe(out, span_of(entry->topic));
    buffer_printf(out, ":%d offset %lld, %s: %s\n", (int)entry->partition, (long long)entry->offset, reason,
                  letter_state_meaning(entry->state));
}

static void all_stuck(struct buffer *out, struct letter_entry **entries, size_t n, bool json)
{
    size_t n_stuck = 0, most = json ? LISTED_JSON_MAX : LISTED_MAX;
    for (size_t i = 0; i < n; i++)
        if (letter_is_stuck(entries[i]->state) && n_stuck++ < most)
            stuck(out, entries[i], json, n_stuck == 1);
    if (!json && n_stuck > most)
        buffer_printf(out, "  and %zu more\n", n_stuck - most);
}

static struct letter_entry **sorted(const struct letter_book *book, size_t *ret_n)
{
    struct letter_entry **entries = calloc(book->entries.count + 1, sizeof(struct letter_entry *));
    size_t n = 0, cursor = 0;
    for (struct letter_entry *entry; entries && (entry = book_next(book, &cursor));)
        entries[n++] = entry;
    if (entries)
        qsort(entries, n, sizeof(struct letter_entry *), compare);
    *ret_n = n;
    return entries;
}

int letters_print(const struct letter_book *book, const char *dead_letter, bool json)
{
    CLEANUP(buffer_deinit) struct buffer out = BUFFER_INIT;
    size_t n;
    struct letter_entry **entries = sorted(book, &n);
    if (!entries)
        return CLI_FAILED;
    if (json) {
        buffer_append_text(&out, "{\"dead_letter\":");
        json_append_text(&out, span_of(dead_letter));
        buffer_printf(&out, ",\"letters\":%zu,\"to_send\":%zu,\"sent\":%zu,\"foreign\":%zu,\n \"rows\":[", n,
                      book_count(book, LETTER_TO_SEND), book_count(book, LETTER_SENT), book->n_foreign);
    } else {
        buffer_printf(&out, "%-24s %-20s %10s  %s\n", "topic", "reason", "letters", "state");
    }
    rows(&out, entries, n, json);
    if (json)
        buffer_append_text(&out, "],\n \"stuck\":[");
    all_stuck(&out, entries, n, json);
    if (json)
        buffer_append_text(&out, "]}\n");
    else if (book->n_foreign)
        buffer_printf(&out, "\n%zu records in %s are no letters of this group.\n", book->n_foreign,
                      dead_letter);
    free(entries);
    return text_flush(&out);
}
