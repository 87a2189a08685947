/*
 * The book of dead letters: what stands in the dead-letter topic, one entry for each message that was refused, and what may
 * become of it. Pure but for memory: records come in, states come out.
 *
 * DESIGN
 *   Letters are written at least once, and a recount writes them anew. So an entry's *letter* is the latest of its newest
 * count (daemon/letter_headers.h); the others are repeats. A mark that replay has left holds in its own count only, as the copy
 * does that was sent with it.
 *   Retention takes the oldest records of a partition first. A mark behind its letter in one partition therefore outlives it;
 * a letter that was repeated behind its mark gets another mark.
 */
#ifndef ROIWATCH_DAEMON_CLI_LETTERS_H
#define ROIWATCH_DAEMON_CLI_LETTERS_H

#include <librdkafka/rdkafka.h>

#include "daemon/cli/lanes.h"
#include "daemon/cli/options.h"
#include "lib/base/table.h"

/* What becomes of a letter. X(enum, name in JSON, meaning) */
#define LETTER_STATES(X)                                                                                     \
    X(LETTER_TO_SEND, "to_send", "would be sent back to its topic")                                          \
    X(LETTER_SENT, "sent", "is sent back to its topic by this call")                                         \
    X(LETTER_DONE, "done", "was sent back before")                                                           \
    X(LETTER_NOT_CHOSEN, "not_chosen", "is left by the options; another call can send it")                   \
    X(LETTER_NOT_COUNTED, "not_counted", "its message is still to be counted, and may be accepted now")      \
    X(LETTER_RECOUNTED, "recounted", "is of an earlier count; its message was read again since")             \
    X(LETTER_NO_TOPIC, "no_topic", "its topic is not configured")                                            \
    X(LETTER_NO_PARTITION, "no_partition", "its topic has no such partition any more")                       \
    X(LETTER_TRUNCATED, "truncated", "has no value, as it was too large for the dead-letter topic")          \
    X(LETTER_REFUSED, "refused", "Kafka does not take it: see what is said of it")

#define LETTER_STATE_ENUM(id, name, meaning) id,
enum letter_state { LETTER_STATES(LETTER_STATE_ENUM) N_LETTER_STATES };
#undef LETTER_STATE_ENUM

const char *letter_state_name(enum letter_state state);
const char *letter_state_meaning(enum letter_state state);
/* Whether nothing that replay could do later would send it. */
bool letter_is_stuck(enum letter_state state);

enum { PLACE_NONE = -1 };

struct letter_entry {
    const char *topic; /* of the refused message; the book's */
    int32_t partition;
    int64_t offset;
    int64_t count_id;   /* in which the letter was written */
    int64_t written_ms; /* when: the letter's own record timestamp */
    enum reject_reason reason;
    bool truncated;
    enum letter_state state;
    struct {
        int32_t partition; /* of the dead-letter topic */
        int64_t offset;    /* PLACE_NONE: there is none */
    } letter, mark;        /* where the letter stands, and the last mark of this count */
};

struct letter_book {
    const char *group;
    int64_t count_id;     /* in force */
    struct table entries; /* of struct letter_entry, by identity */
    struct table topics;  /* of char *, by name */
    struct buffer key;
    size_t n_foreign; /* records that are no letters of this group */
};

enum { LETTERS_MAX = 1 << 23 };

void book_init(struct letter_book *book, const char *group, int64_t count_id);
void book_deinit(struct letter_book *book);

/* Takes a record of the dead-letter topic in. 0, -ENOMEM, or -E2BIG beyond LETTERS_MAX. */
MUST_CHECK int book_add(struct letter_book *book, const rd_kafka_message_t *record);

/* Which letters are wanted. */
struct letter_filter {
    bool reasons[N_REJECT_REASONS]; /* none: all */
    const char *topics[EACH_MAX];   /* n_topics 0: all */
    size_t n_topics;
    int64_t since_ms; /* letters written then or later */
};
/* Says of every letter what may become of it. Lanes as lanes_read_vectors has filled them. */
void book_judge(struct letter_book *book, const struct letter_filter *filter, const struct lanes *lanes);

/* The entry whose letter this very record is; NULL for repeats, marks and others. -ENOMEM. */
MUST_CHECK int book_find(struct letter_book *book, const rd_kafka_message_t *record,
                         struct letter_entry **ret_entry);
/* Whether a letter that was sent back stands without a mark behind it in its partition. */
bool letter_lacks_mark(const struct letter_entry *entry);

/* Next entry with a letter (start *cursor at 0), in no particular order; NULL at the end. */
struct letter_entry *book_next(const struct letter_book *book, size_t *cursor);
size_t book_count(const struct letter_book *book, enum letter_state state);

#endif
