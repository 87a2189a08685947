#include "lib/attribution/touch_record.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/table.h"
#include "lib/base/time.h"

enum { VERSION = 1, FLAG_CLICK = 1, FLAG_ID = 2, FLAG_BARE = 4 };

void touch_id_make(enum touch_id_kind kind, struct span id, uint8_t ret_id[TOUCH_ID_SIZE])
{
    hash_bytes_wide(id, (uint64_t)kind, ret_id);
}

void touch_record_deinit(struct touch_record *record)
{
    free(record->entries);
    *record = (struct touch_record){0};
}

int touch_record_add(struct touch_record *record, const struct touch_entry *touch)
{
    if (record->n == record->capacity) {
        size_t capacity = record->capacity ? record->capacity * 2 : 8;
        struct touch_entry *grown = realloc(record->entries, capacity * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        record->entries = grown;
        record->capacity = capacity;
    }
    record->entries[record->n++] = *touch;
    return 0;
}

static struct touch_entry entry_read(struct reader *reader)
{
    struct touch_entry entry = {0};
    uint8_t flags = reader_u8(reader);
    entry.is_click = flags & FLAG_CLICK;
    entry.has_id = flags & FLAG_ID;
    entry.bare = flags & FLAG_BARE;
    entry.ts_ms = reader_i64(reader);
    entry.lane = reader_u32(reader);
    entry.offset = reader_i64(reader);
    if (entry.has_id) {
        struct span id = reader_bytes(reader, TOUCH_ID_SIZE);
        if (id.size == TOUCH_ID_SIZE)
            memcpy(entry.id, id.data, TOUCH_ID_SIZE);
    }
    if (!entry.bare) {
        size_t size = (size_t)reader_u8(reader) + 1;
        entry.campaign = reader_bytes(reader, size);
    }
    return entry;
}

int touch_record_unpack(struct touch_record *record, struct span bytes)
{
    record->n = 0;
    if (bytes.size == 0)
        return 0;
    struct reader reader = {.rest = bytes};
    if (reader_u8(&reader) != VERSION)
        return -EBADMSG;
    while (reader.rest.size > 0) {
        struct touch_entry entry = entry_read(&reader);
        if (reader.failed)
            return -EBADMSG;
        int r = touch_record_add(record, &entry);
        if (r < 0)
            return r;
    }
    return 0;
}

void touch_record_pack(const struct touch_record *record, struct buffer *buffer)
{
    if (record->n == 0)
        return;
    buffer_append_u8(buffer, VERSION);
    for (size_t i = 0; i < record->n; i++) {
        const struct touch_entry *entry = &record->entries[i];
        buffer_append_u8(buffer, (uint8_t)((entry->is_click ? FLAG_CLICK : 0) |
                                           (entry->has_id ? FLAG_ID : 0) | (entry->bare ? FLAG_BARE : 0)));
        buffer_append_i64(buffer, entry->ts_ms);
        buffer_append_u32(buffer, entry->lane);
        buffer_append_i64(buffer, entry->offset);
        if (entry->has_id)
            buffer_append(buffer, entry->id, TOUCH_ID_SIZE);
        if (entry->bare)
            continue;
        buffer_append_u8(buffer, (uint8_t)(entry->campaign.size - 1));
        buffer_append_span(buffer, entry->campaign);
    }
}

enum touch_seen touch_record_seen(const struct touch_record *record, const struct touch_entry *touch,
                                  int64_t remember_ms)
{
    bool repeat = false;
    for (size_t i = 0; i < record->n; i++) {
        const struct touch_entry *entry = &record->entries[i];
        if (entry->lane == touch->lane && entry->offset == touch->offset)
            return TOUCH_SEEN_HERE;
        bool later = entry->lane == touch->lane && entry->offset > touch->offset;
        bool same = touch->is_click && touch->has_id && entry->is_click && entry->has_id &&
                    memcmp(entry->id, touch->id, TOUCH_ID_SIZE) == 0;
        repeat = repeat || (same && !later && touch->ts_ms - entry->ts_ms <= remember_ms);
    }
    return repeat ? TOUCH_SEEN_BEFORE : TOUCH_SEEN_NEVER;
}

/* --- forgetting ---------------------------------------------------------------------------------------- */

static int descending(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a < b) - (a > b);
}

/* Which entries are meant: touches of one kind that are older than a time, or bare ones. */
struct selection {
    bool bare, any_kind, is_click;
    int64_t before_ms;
};

static bool is_selected(const struct selection *selection, const struct touch_entry *entry)
{
    return entry->bare == selection->bare && entry->ts_ms < selection->before_ms &&
           (selection->any_kind || entry->is_click == selection->is_click);
}

/*
 * The time from which on the newest `most` of the selected ones are; NEVER where they are not more. Those of the same
 * time all stay, as their order is not known here. Without memory nothing is forgotten this time.
 */
static int64_t keep_from(const struct touch_record *record, const struct selection *selection, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < record->n; i++)
        n += is_selected(selection, &record->entries[i]);
    int64_t *times_ms = n > most ? malloc(n * sizeof(*times_ms)) : NULL;
    if (!times_ms)
        return NEVER;
    n = 0;
    for (size_t i = 0; i < record->n; i++)
        if (is_selected(selection, &record->entries[i]))
            times_ms[n++] = record->entries[i].ts_ms;
    qsort(times_ms, n, sizeof(*times_ms), descending);
    int64_t from_ms = times_ms[most - 1];
    free(times_ms);
    return from_ms;
}

static int newest_first(const void *left, const void *right)
{
    const struct touch_entry *a = left, *b = right;
    if (a->ts_ms != b->ts_ms)
        return (a->ts_ms < b->ts_ms) - (a->ts_ms > b->ts_ms);
    if (a->lane != b->lane)
        return (a->lane < b->lane) - (a->lane > b->lane);
    return (a->offset < b->offset) - (a->offset > b->offset);
}

static bool has_more(const struct touch_record *record, size_t most)
{
    size_t n_bare = 0;
    for (size_t i = 0; i < record->n; i++)
        n_bare += record->entries[i].bare;
    return n_bare > most || record->n - n_bare > most;
}

/* Of many of one time too only `most` touches stay, and as many ids of others. How many touches went. */
static size_t keep_newest(struct touch_record *record, size_t most)
{
    if (!has_more(record, most))
        return 0;
    qsort(record->entries, record->n, sizeof(*record->entries), newest_first);
    size_t n[2] = {0}, kept = 0;
    for (size_t i = 0; i < record->n; i++)
        if (n[record->entries[i].bare]++ < most)
            record->entries[kept++] = record->entries[i];
    record->n = kept;
    return n[false] > most ? n[false] - most : 0;
}

/* Lets the selected ones before a time go: a click with an id stays as a bare entry. How many went. */
static size_t let_go(struct touch_record *record, const struct selection *selection, int64_t before_ms)
{
    size_t kept = 0, gone = 0;
    for (size_t i = 0; i < record->n; i++) {
        struct touch_entry entry = record->entries[i];
        bool goes = is_selected(selection, &entry) && entry.ts_ms < before_ms;
        gone += goes;
        if (goes && (entry.bare || !entry.is_click || !entry.has_id))
            continue;
        if (goes) {
            entry.bare = true;
            entry.campaign = (struct span){0};
        }
        record->entries[kept++] = entry;
    }
    record->n = kept;
    return gone;
}

static void forget_old(struct touch_record *record, const struct touch_limits *limits)
{
    size_t kept = 0;
    for (size_t i = 0; i < record->n; i++) {
        const struct touch_entry *entry = &record->entries[i];
        int64_t keep_ms = entry->is_click ? limits->click_keep_ms : limits->view_keep_ms;
        if (limits->passed_ms == NEVER || entry->ts_ms >= limits->passed_ms - keep_ms)
            record->entries[kept++] = *entry;
    }
    record->n = kept;
}

size_t touch_record_prune(struct touch_record *record, const struct touch_limits *limits, bool *ret_changed)
{
    size_t before = record->n, bared = 0;
    forget_old(record, limits);
    if (limits->passed_ms != NEVER && record->n > limits->max_touches) {
        for (int click = 0; click <= 1; click++) {
            struct selection passed = {.is_click = click, .before_ms = limits->passed_ms};
            bared += let_go(record, &passed, keep_from(record, &passed, limits->max_touches));
        }
    }
    size_t cut = 0;
    if (record->n > TOUCHES_STORED_MOST) {
        struct selection touches = {.any_kind = true, .before_ms = INT64_MAX};
        struct selection bare = {.any_kind = true, .bare = true, .before_ms = INT64_MAX};
        cut = let_go(record, &touches, keep_from(record, &touches, TOUCHES_STORED_MOST));
        bared += let_go(record, &bare, keep_from(record, &bare, TOUCHES_STORED_MOST));
        cut += keep_newest(record, TOUCHES_STORED_MOST);
    }
    *ret_changed = record->n != before || bared > 0 || cut > 0;
    return cut;
}
