/*
 * Touch records: what a user shard stores of one identity, its touches and which clicks must not count again.
 *
 * DESIGN
 *   Problem   An order looks for the touches of an identity; a click that comes again must be told from a click that is
 * read again after a crash; and nobody may fill the memory. Approach  One record of bytes an identity, read, changed here
 * and stored under a compare. Each entry says from which message it is (its place), so a message finds itself. An id is
 * kept as a hash of 128 bits. What an order can no longer count, as max_touches newer ones are there that the shard has
 * passed, leaves its campaign and stays as a bare entry as long as its id is remembered. Views and clicks are numbered
 * apart, as views count only where there is no click. Rejected  one key a touch in Redis: twice the memory.
 *
 *   Bytes: version (u8), then each entry: flags (u8), time (i64 ms), lane (u32), offset (i64), the id's hash (16, where
 * it has one), campaign's size less one (u8) and campaign (where it is not bare).
 */
#ifndef ROIWATCH_ATTRIBUTION_TOUCH_RECORD_H
#define ROIWATCH_ATTRIBUTION_TOUCH_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/base/table.h"

enum { TOUCH_ID_SIZE = HASH_WIDE_SIZE, TOUCHES_STORED_MOST = 10000 };

struct touch_entry {
    int64_t ts_ms;
    int64_t offset;
    uint32_t lane; /* its number in the registry */
    bool is_click; /* else a view */
    bool has_id;
    bool bare; /* no touch any more: only its id is remembered */
    uint8_t id[TOUCH_ID_SIZE];
    struct span campaign; /* empty where bare */
};

/* One record in memory. Campaigns point to the bytes that it was read from, or to what was added. */
struct touch_record {
    struct touch_entry *entries; /* owned; in the order in which they were stored */
    size_t n, capacity;
};

/* What a click is recognised by: an event id is no click id. */
enum touch_id_kind { TOUCH_ID_EVENT = 'e', TOUCH_ID_CLICK = 'c' };
void touch_id_make(enum touch_id_kind kind, struct span id, uint8_t ret_id[TOUCH_ID_SIZE]);

void touch_record_deinit(struct touch_record *record);
/* Reads stored bytes, which must outlive the record's use; empty bytes are an empty record. -EBADMSG, -ENOMEM. */
MUST_CHECK int touch_record_unpack(struct touch_record *record, struct span bytes);
/* Appends the record's bytes; nothing where it is empty. */
void touch_record_pack(const struct touch_record *record, struct buffer *buffer);

enum touch_seen {
    TOUCH_SEEN_NEVER,
    TOUCH_SEEN_HERE,  /* this very message was stored before */
    TOUCH_SEEN_BEFORE /* a click with its id came earlier, and is remembered: it is a repeat */
};

/*
 * What the record knows of a touch. A click repeats one that is at most remember_ms older, or newer: of one partition
 * only what stands before it counts, as what stands behind it was judged after it.
 */
enum touch_seen touch_record_seen(const struct touch_record *record, const struct touch_entry *touch,
                                  int64_t remember_ms);
/* -ENOMEM. */
MUST_CHECK int touch_record_add(struct touch_record *record, const struct touch_entry *touch);

struct touch_limits {
    int64_t passed_ms;     /* the event time that all lanes have passed; NEVER: nothing is forgotten */
    int64_t click_keep_ms; /* lookback + order_hold */
    int64_t view_keep_ms;
    size_t max_touches;
};

/*
 * Forgets what no order can count and no repeat can be told by any more. Returns how many touches had to go although
 * they still counted, because there were more than TOUCHES_STORED_MOST. *ret_changed says whether anything went.
 */
size_t touch_record_prune(struct touch_record *record, const struct touch_limits *limits, bool *ret_changed);

#endif
