#include "daemon/cli/letters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/letter_headers.h"

#define STATE_NAME(id, name, meaning) [id] = name,
static const char *const names[] = {LETTER_STATES(STATE_NAME)};
#undef STATE_NAME
#define STATE_MEANING(id, name, meaning) [id] = meaning,
static const char *const meanings[] = {LETTER_STATES(STATE_MEANING)};
#undef STATE_MEANING

const char *letter_state_name(enum letter_state state)
{
    return names[state];
}

const char *letter_state_meaning(enum letter_state state)
{
    return meanings[state];
}

bool letter_is_stuck(enum letter_state state)
{
    return state == LETTER_NO_TOPIC || state == LETTER_NO_PARTITION || state == LETTER_TRUNCATED ||
           state == LETTER_REFUSED;
}

void book_init(struct letter_book *book, const char *group, int64_t count_id)
{
    *book = (struct letter_book){.group = group, .count_id = count_id};
}

static void free_values(struct table *table)
{
    size_t cursor = 0;
    for (struct table_entry *entry; (entry = table_next(table, &cursor));)
        free(entry->value);
    table_deinit(table);
}

void book_deinit(struct letter_book *book)
{
    free_values(&book->entries);
    free_values(&book->topics);
    buffer_deinit(&book->key);
}

/* What a record of the dead-letter topic says of itself. */
struct record {
    struct span topic;
    int32_t partition;
    int64_t offset;
    int64_t count_id;          /* of a letter: in which it was refused; of a mark: in which it was written */
    enum reject_reason reason; /* REJECT_NONE: a mark */
    bool truncated;
};

static enum reject_reason reason_of(struct span name)
{
    for (enum reject_reason reason = REJECT_NONE + 1; reason < N_REJECT_REASONS; reason++)
        if (span_equal(name, span_of(reject_reason_name(reason))))
            return reason;
    return REJECT_NONE;
}

/* False for what is no letter and no mark of the group. */
static bool record_read(const rd_kafka_message_t *message, const char *group, struct record *ret_record)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) ||
        !span_equal(header_get(headers, HEADER_GROUP), span_of(group)))
        return false;
    bool mark = header_get(headers, HEADER_REPLAYED).size > 0;
    int64_t partition = header_get_i64(headers, HEADER_PARTITION, -1);
    struct record record = {
        .topic = header_get(headers, HEADER_TOPIC),
        .partition = (int32_t)partition,
        .offset = header_get_i64(headers, HEADER_OFFSET, -1),
        .count_id = header_get_i64(headers, mark ? HEADER_REPLAYED : HEADER_COUNT, -1),
        .reason = mark ? REJECT_NONE : reason_of(header_get(headers, HEADER_REASON)),
        .truncated = header_get(headers, HEADER_TRUNCATED).size > 0,
    };
    if (record.topic.size == 0 || partition < 0 || partition > INT32_MAX || record.offset < 0 ||
        record.count_id < 0 || (!mark && record.reason == REJECT_NONE))
        return false;
    *ret_record = record;
    return true;
}

static const char *keep_topic(struct letter_book *book, struct span name)
{
    char *known = table_get(&book->topics, name);
    if (known)
        return known;
    known = strndup(name.data, name.size);
    if (known && table_put(&book->topics, name, known) < 0) {
        free(known);
        known = NULL;
    }
    return known;
}

static struct span key_of(struct letter_book *book, const struct record *record)
{
    buffer_clear(&book->key);
    buffer_append_i64(&book->key, record->offset);
    buffer_append_u32(&book->key, (uint32_t)record->partition);
    buffer_append_span(&book->key, record->topic);
    return buffer_span(&book->key);
}

static int entry_make(struct letter_book *book, const struct record *record, struct span key,
                      struct letter_entry **ret_entry)
{
    const char *topic = keep_topic(book, record->topic);
    struct letter_entry *entry = calloc(1, sizeof(*entry));
    if (!topic || !entry || table_put(&book->entries, key, entry) < 0) {
        free(entry);
        return -ENOMEM;
    }
    entry->topic = topic;
    entry->partition = record->partition;
    entry->offset = record->offset;
    entry->letter.offset = entry->mark.offset = PLACE_NONE;
    *ret_entry = entry;
    return 0;
}

/* A letter of a later count holds, and of one count the latest. */
static bool letter_wins(const struct letter_entry *entry, const struct record *record, int64_t written_ms)
{
    if (entry->letter.offset == PLACE_NONE || record->count_id != entry->count_id)
        return entry->letter.offset == PLACE_NONE || record->count_id > entry->count_id;
    return written_ms >= entry->written_ms;
}

static void entry_take_letter(struct letter_entry *entry, const struct record *record,
                              const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t kind;
    int64_t written_ms = rd_kafka_message_timestamp(message, &kind);
    if (!letter_wins(entry, record, written_ms))
        return;
    entry->count_id = record->count_id;
    entry->written_ms = written_ms;
    entry->reason = record->reason;
    entry->truncated = record->truncated;
    entry->letter.partition = message->partition;
    entry->letter.offset = message->offset;
}

int book_add(struct letter_book *book, const rd_kafka_message_t *message)
{
    struct record record;
    if (!record_read(message, book->group, &record)) {
        book->n_foreign++;
        return 0;
    }
    bool mark = record.reason == REJECT_NONE;
    if (mark && record.count_id != book->count_id)
        return 0; /* so is its copy: of counts that are gone */
    struct span key = key_of(book, &record);
    int r = buffer_status(&book->key);
    struct letter_entry *entry = r < 0 ? NULL : table_get(&book->entries, key);
    if (r == 0 && !entry)
        r = book->entries.count == LETTERS_MAX ? -E2BIG : entry_make(book, &record, key, &entry);
    if (r < 0)
        return r;
    if (mark) {
        entry->mark.partition = message->partition;
        entry->mark.offset = message->offset;
    } else {
        entry_take_letter(entry, &record, message);
    }
    return 0;
}

static bool is_chosen(const struct letter_entry *entry, const struct letter_filter *filter)
{
    bool any = false, topic = filter->n_topics == 0;
    for (size_t i = 0; i < N_REJECT_REASONS; i++)
        any = any || filter->reasons[i];
    for (size_t i = 0; i < filter->n_topics; i++)
        topic = topic || strcmp(filter->topics[i], entry->topic) == 0;
    return topic && (!any || filter->reasons[entry->reason]) && entry->written_ms >= filter->since_ms;
}

/* The message's partition; ret_topic: whether its topic has any. */
static const struct partition_state *lane_of(const struct lanes *lanes, const struct letter_entry *entry,
                                             bool *ret_topic)
{
    *ret_topic = false;
    for (size_t i = 0; i < lanes->n; i++) {
        if (strcmp(lanes->items[i].topic, entry->topic) != 0)
            continue;
        *ret_topic = true;
        if (lanes->items[i].partition == entry->partition)
            return &lanes->items[i];
    }
    return NULL;
}

/* Only what every shard has passed was refused for good: the rest is read again, perhaps by other rules. */
static bool is_counted(const struct partition_state *state, int64_t offset)
{
    for (int lane = 0; lane < LANES_PER_PARTITION; lane++)
        if (state->lane[lane].next == LANE_UNSET || state->lane[lane].next <= offset)
            return false;
    return state->index != NOT_REGISTERED;
}

static enum letter_state judge(const struct letter_book *book, const struct letter_entry *entry,
                               const struct letter_filter *filter, const struct lanes *lanes)
{
    bool topic;
    const struct partition_state *state = lane_of(lanes, entry, &topic);
    if (entry->mark.offset != PLACE_NONE)
        return LETTER_DONE;
    if (!state)
        return topic ? LETTER_NO_PARTITION : LETTER_NO_TOPIC;
    if (!is_counted(state, entry->offset))
        return LETTER_NOT_COUNTED;
    /* Of an earlier count, it holds only where the log no longer had its message for a recount. */
    if (entry->count_id != book->count_id && entry->offset >= state->start)
        return LETTER_RECOUNTED;
    if (entry->truncated)
        return LETTER_TRUNCATED;
    return is_chosen(entry, filter) ? LETTER_TO_SEND : LETTER_NOT_CHOSEN;
}

void book_judge(struct letter_book *book, const struct letter_filter *filter, const struct lanes *lanes)
{
    size_t cursor = 0;
    for (struct letter_entry *entry; (entry = book_next(book, &cursor));)
        entry->state = judge(book, entry, filter, lanes);
}

int book_find(struct letter_book *book, const rd_kafka_message_t *message, struct letter_entry **ret_entry)
{
    struct record record;
    struct letter_entry *entry = NULL;
    if (record_read(message, book->group, &record) && record.reason != REJECT_NONE)
        entry = table_get(&book->entries, key_of(book, &record));
    if (entry && (entry->letter.partition != message->partition || entry->letter.offset != message->offset))
        entry = NULL;
    *ret_entry = entry;
    return buffer_status(&book->key);
}

bool letter_lacks_mark(const struct letter_entry *entry)
{
    return entry->mark.partition != entry->letter.partition || entry->mark.offset < entry->letter.offset;
}

struct letter_entry *book_next(const struct letter_book *book, size_t *cursor)
{
    for (struct table_entry *found; (found = table_next(&book->entries, cursor));) {
        struct letter_entry *entry = found->value;
        if (entry->letter.offset != PLACE_NONE)
            return entry;
    }
    return NULL;
}

size_t book_count(const struct letter_book *book, enum letter_state state)
{
    size_t n = 0, cursor = 0;
    for (const struct letter_entry *entry; (entry = book_next(book, &cursor));)
        n += entry->state == state;
    return n;
}
