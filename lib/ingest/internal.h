/*
 * What the files of this folder share; nothing outside includes it.
 */
#ifndef ROIWATCH_INGEST_INTERNAL_H
#define ROIWATCH_INGEST_INTERNAL_H

#include "lib/attribution/ledger.h"
#include "lib/base/table.h"
#include "lib/ingest/ingest.h"
#include "lib/ingest/lane_rules.h"
#include "lib/ingest/spend.h"

enum {
    PENDING_CELLS_MAX = 2048, /* a shard with more stops the reading until it has sent them */
    CALLS_MAX = 4096,         /* calls in flight */
    CAMPAIGNS_KNOWN_MAX = 1 << 21,
    EXPIRED_MAX = 100,   /* records of refunds without an order that are dealt with at once */
    SWEEP_LOOK = 100,    /* old records that one call looks at */
    SWEEP_MS = 10000,    /* how often, where no order comes along */
    WATERMARK_MS = 1000, /* watermarks alone are written this often */
};

enum admission { ADMISSION_UNKNOWN, ADMISSION_ASKED, ADMISSION_OWN, ADMISSION_OVERFLOW };

/* What is known of a campaign id; lives in ingest->campaigns. */
struct campaign {
    struct span id; /* bytes behind the struct */
    uint32_t shard;
    enum admission admission;
    const struct campaign_rules *rules;
    struct pending_cell *recent; /* the cell that it counted into last, or NULL */
};

/* Sums of one campaign in one base slice that its shard has not been sent yet. */
struct pending_cell {
    struct campaign *campaign;
    int64_t start_ms; /* of the base slice */
    bool late;        /* only for total */
    struct cell sum;
};

/* One shard as this process sees it. Arrays have one element a slot. */
struct shard_feed {
    int64_t *counted; /* the shard stands here */
    int64_t *sent;    /* what is in flight ends here; equal to counted with nothing in flight */
    bool *touched;    /* the slot has something pending in this shard */
    bool in_flight;
    bool any_touched;
    int64_t due_since_ms;        /* when something became pending */
    int64_t full_at_ms;          /* when every slot was last included */
    int64_t swept_at_ms;         /* orders: when old records were last looked for */
    int64_t swept_to_ms;         /* ... and of which event time */
    bool sweep_more;             /* ... and there were more than one look sees */
    struct pending_cell **cells; /* owned pointers, in order of creation */
    size_t n_cells;
    size_t cells_capacity;
    struct pending_cell **index; /* open addressing over cells */
    size_t index_size;
    struct spend_queue spend;
};

/* One partition. */
struct slot {
    char *name; /* TOPIC:PARTITION, owned */
    int64_t start_offset;
    uint32_t index;          /* number in the registry */
    bool fresh;              /* not all shards have an entry yet */
    struct lane_rules ours;  /* what this process reads it by, where all shards are level */
    struct lane_steps steps; /* what the registry says */
    int64_t term;            /* of the shards' positions under these steps */
    struct buffer entry;     /* the registry's text as we know it */
    bool fence;              /* every shard has to be moved to our term */
    bool entry_changed;      /* the registry has to be written before anything is read */
    struct decoder *decoder; /* owned: for `decoding`, where those are not our rules; else NULL */
    struct lane_rules decoding;
    int64_t position;
    int64_t newest_ms[LANES_PER_PARTITION];
    int64_t snapshot_offset; /* a position, and the newest event time there, waiting to be counted by all
                                shards */
    int64_t snapshot_newest_ms;
    int64_t counted_newest_ms;
    int64_t counters[LANES_PER_PARTITION][N_LANE_COUNTERS];      /* pending, of the lane's own shard */
    int64_t sent_counters[LANES_PER_PARTITION][N_LANE_COUNTERS]; /* in flight to it */
    size_t topic;                                                /* in ingest->topics */
};

/* The ledger's record of one order id, as a batch reads and changes it. */
struct record {
    uint32_t shard; /* of the order id */
    bool asked;
    bool changed;         /* and has to be stored */
    int64_t ts_ms;        /* newest event time of what changed it */
    struct buffer before; /* as stored; empty: there is none */
    struct buffer after;  /* with what this batch adds */
    struct span id;       /* bytes behind the struct */
};

/* Bytes in ingest->texts, which may move while it grows. */
struct text_at {
    size_t at;
    uint32_t size;
};

/* What only refunds have. */
struct refund_at {
    bool all_left;
    bool has_key;
    int64_t amount_micros;
    struct text_at id;
    struct text_at key, value; /* the message, in case that it is refused */
};

/* A dead letter that waits to be taken; key and value are in ingest->texts. */
struct letter_at {
    uint32_t index;
    int64_t offset;
    enum reject_reason reason;
    bool has_key;
    struct text_at key, value;
};

/* A record of refunds whose order never came, on its way to the dead letters. */
struct expired {
    struct expired *next;
    uint32_t shard; /* of orders */
    bool sent;      /* its removal is in flight */
    size_t n_taken; /* letters of its refunds that were taken */
    size_t n_refunds;
    struct buffer json; /* of the letter that was taken last */
    struct buffer id;
    struct buffer bytes;
};

/* An event that cannot be counted before something has been asked. */
struct deferred {
    size_t slot;
    int64_t offset;
    struct campaign *campaign; /* of the event; NULL only for orders: no campaign was named */
    struct record *record;     /* of the orders lane only */
    bool is_order;             /* of the orders lane: an order, or a refund */
    int64_t late_before_ms;    /* an older event counts only in total; NEVER: none is too old */
    enum event_type type;
    int64_t ts_ms, from_ms, to_ms; /* from and to: of spend over a range */
    int64_t cost_micros, revenue_micros, margin_micros;
    char currency[4];    /* of orders, and of refunds that name one */
    struct text_at kind; /* orders; of spend its id */
    unsigned measures;   /* engagements: which count them */
    struct refund_at refund;
    enum ledger_outcome outcome; /* of the orders lane, once the record was read */
    enum reject_reason fault;    /* LEDGER_REFUSED */
};

/* What an order-lane message adds to one campaign at one time. */
struct booking {
    size_t deferred; /* index of the message */
    struct campaign *campaign;
    int64_t ts_ms;
    bool late; /* only for total */
    struct cell sum;
};

enum flight_kind {
    FLIGHT_FREE,
    FLIGHT_REGISTER,
    FLIGHT_OPEN,
    FLIGHT_READY,
    FLIGHT_VECTOR,
    FLIGHT_FENCE,
    FLIGHT_RULES,
    FLIGHT_APPLY,
    FLIGHT_LEDGER,
    FLIGHT_DECIDE,
    FLIGHT_ADMIT,
    FLIGHT_EXPIRE,
};

/* What is asked about a batch, one round after the other. */
enum ask_round {
    ROUND_LEDGER,    /* the order shards: what is known of these order ids? */
    ROUND_DECIDE,    /* the order shards: store this, if it is still so */
    ROUND_CAMPAIGNS, /* the campaign shards: are these counted under their own name? */
};

/* One call in flight. */
struct flight {
    enum flight_kind kind;
    uint32_t shard; /* index into feeds where the call is a shard's */
    size_t slot;    /* REGISTER, OPEN, READY, RULES */
    size_t first;   /* LEDGER, ADMIT: where its questions begin in ingest->asked */
    size_t n;
};

struct ingest {
    struct ingest_rules rules;
    struct decoder *decoder;
    enum ingest_phase phase;
    enum ingest_phase after; /* SETTLING: what comes then */
    char fault[256];
    char aside[512]; /* what was set aside last */
    uint64_t epoch;

    struct slot *slots;
    size_t n_slots;
    struct ingest_topic *topics; /* owned */
    size_t n_topics;

    struct shard_feed *feeds; /* n_shards campaign shards, then n_shards order shards */
    uint32_t n_feeds;
    size_t n_pending_cells;
    size_t n_letters;

    struct table campaigns;
    struct campaign *unattributed;
    struct campaign *overflow;

    struct deferred *deferred;
    size_t n_deferred;
    size_t deferred_capacity;
    struct buffer texts;     /* of the deferred events */
    struct table records;    /* order id -> struct record *, owned: of the deferred orders */
    struct ledger ledger;    /* scratch */
    struct letter_at *found; /* owned: letters that the records gave rise to */
    size_t n_found;
    size_t found_capacity;
    size_t n_found_taken;
    struct expired *expired; /* owned, a list */
    size_t n_expired;
    struct booking *bookings; /* owned: what the deferred orders come to */
    size_t n_bookings;
    size_t bookings_capacity;
    bool asking; /* questions about deferred events are in flight */
    enum ask_round round;
    uint32_t ask_shard; /* next feed to ask in this round */
    uint32_t ask_end;   /* the round's last feed + 1 */

    struct flight flights[CALLS_MAX];
    uint32_t free_flights[CALLS_MAX]; /* a stack */
    size_t n_free;
    void **asked; /* records or campaigns of the questions of this round, in call order */
    size_t n_asked;
    size_t asked_capacity;

    size_t step_slot;       /* REGISTERING, OPENING: next slot to send for */
    uint32_t step_shard;    /* OPENING, READING: next feed */
    size_t step_open;       /* answers outstanding */
    struct buffer *vectors; /* READING: one a feed */

    uint32_t next_feed; /* round robin over due shards */
    int64_t now_ms;
    int64_t passed_ms;
    struct buffer scratch;
    struct ingest_counts counts;
};

static inline struct shard_feed *feed_campaign(struct ingest *ingest, uint32_t shard)
{
    return &ingest->feeds[shard];
}

static inline struct shard_feed *feed_order(struct ingest *ingest, uint32_t shard)
{
    return &ingest->feeds[ingest->rules.layout.n_shards + shard];
}

static inline bool feed_is_order(const struct ingest *ingest, uint32_t feed)
{
    return feed >= ingest->rules.layout.n_shards;
}

/* Key of a feed's shard. */
void feed_key(struct ingest *ingest, uint32_t feed, const char *part, struct buffer *buffer);
/* The campaign shard that keeps a lane's counters. */
static inline uint32_t lane_shard(const struct ingest *ingest, uint32_t lane)
{
    return lane % ingest->rules.layout.n_shards;
}

/* ingest.c */
int flight_take(struct ingest *ingest, struct flight flight,
                uint64_t *ret_tag); /* -EAGAIN: too many in flight */
void ingest_break(struct ingest *ingest, const char *format, ...) PRINTF_LIKE(2, 3);
/* Counts something that is left alone, and keeps its name. */
void ingest_set_aside(struct ingest *ingest, struct span name);
void ingest_lose(struct ingest *ingest, const char *format, ...) PRINTF_LIKE(2, 3);
int ingest_checked(struct ingest *ingest,
                   int r); /* gives r back; a failure breaks, as half of something may be done */
void ingest_start_over(struct ingest *ingest, enum ingest_phase after);

/* sync.c: from an assignment to a partition that may be read */
int sync_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
int sync_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
void sync_begin(struct ingest *ingest, enum ingest_phase phase);
int sync_send(struct ingest *ingest, struct flight flight, struct call *call, uint64_t *ret_tag);
/* Call that makes the registry's entry of a slot what the slot says, if nobody has changed it. */
int sync_set_lane(struct ingest *ingest, struct flight flight, struct call *call, uint64_t *ret_tag);
void sync_run(struct ingest *ingest);

/* level.c: rules that change */
int level_take(struct ingest *ingest, size_t slot, int64_t least, int64_t most); /* 0, or -EINVAL: broken */
int level_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
void level_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);

/* topics.c */
MUST_CHECK int topic_find(struct ingest *ingest, const char *name, size_t *ret_topic);
void topics_free(struct ingest *ingest);
/* A shard has counted what was sent to it. */
void topics_counted(struct ingest *ingest, uint32_t shard);

/* campaigns.c */
int campaign_find(struct ingest *ingest, struct span id, struct campaign **ret_campaign);
/* Empties the table; nothing may point into it. -ENOMEM leaves it as it was. */
MUST_CHECK int campaigns_forget(struct ingest *ingest);
/* The same, and everything is looked up in another rule book from now on. */
MUST_CHECK int campaigns_set_book(struct ingest *ingest, const struct rule_book *book);

/* campaigns.c, admission */
int admit_next(struct ingest *ingest, uint32_t shard, struct call *call, uint64_t *ret_tag);
void admit_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* The campaign that has to be asked about before anything is counted for this one; NULL: none. */
struct campaign *campaign_asked(struct ingest *ingest, struct campaign *campaign);

/* count.c: events into pending cells */
int count_event(struct ingest *ingest, const struct deferred *event);
/* Adds the sum to the campaign's cell of that time, unless its shard has passed the offset. */
int count_sum(struct ingest *ingest, size_t slot, int64_t offset, struct campaign *campaign, int64_t ts_ms,
              bool late, const struct cell *sum);
void count_lane(struct ingest *ingest, size_t slot, int64_t offset, int lane, int column);
/* Counts a rejection; false where the shard that keeps the lane's counters has passed it already. */
bool count_rejected(struct ingest *ingest, size_t slot, int64_t offset, int lane, enum reject_reason reason);
void feed_clear(struct ingest *ingest, struct shard_feed *feed);
void feed_deinit(struct ingest *ingest, struct shard_feed *feed);

/* orders.c: what has to be asked first */
int defer_event(struct ingest *ingest, const struct event *event, struct deferred deferred);
/* Bytes that the batch keeps. */
MUST_CHECK int text_keep(struct ingest *ingest, struct span text, struct text_at *ret_at);
struct span text_of(const struct ingest *ingest, struct text_at at);
int orders_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
int orders_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* Forgets all deferred events and what is known for them. */
void orders_forget(struct ingest *ingest);
/* Remembers what a question of this round is about. */
MUST_CHECK int asked_push(struct ingest *ingest, void *subject);

/* letters.c: dead letters that records give rise to */
MUST_CHECK int letter_of_message(struct ingest *ingest, const struct deferred *refund);
/* The fields of a refund as JSON. */
void refund_json(struct span order_id, const struct ledger_refund *refund, struct buffer *json);
/* Of a refund that waited and failed: its fields. */
MUST_CHECK int letter_of_refund(struct ingest *ingest, struct span order_id,
                                const struct ledger_refund *refund);
/* Whether letters were found that are not taken, or not acknowledged. */
bool letters_wait(const struct ingest *ingest);

/* expiry.c: refunds whose order never came */
/* TOPIC:PARTITION of one of our partitions; NULL for others. */
const char *partition_name(const struct ingest *ingest, uint32_t index);
/* The next letter of an expired refund; false where there is none. */
bool expiry_next_letter(struct ingest *ingest, struct ingest_letter *ret_letter);
void expiry_letter_taken(struct ingest *ingest);
MUST_CHECK int expiry_found(struct ingest *ingest, uint32_t shard, struct span id, struct span bytes);
int expiry_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
void expiry_reply(struct ingest *ingest, const struct reply *reply);
void expiry_forget(struct ingest *ingest);

/* records.c: the ledger's records of a batch */
MUST_CHECK int record_find(struct ingest *ingest, struct span order_id, struct record **ret_record);
void records_forget(struct ingest *ingest);
int record_read_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
MUST_CHECK int record_read_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
struct ledger_place place_of(const struct ingest *ingest, const struct deferred *deferred);
/* Lets every deferred order find or take its place in its record. */
MUST_CHECK int records_judge(struct ingest *ingest);
int decide_next(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
MUST_CHECK int decide_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);

/* bookings.c: from records to what is counted */
MUST_CHECK int bookings_make(struct ingest *ingest);
MUST_CHECK int bookings_count(struct ingest *ingest);

/* Looks for old records in order shards where nothing else does: 1 with a call. */
int sweep_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
/* Moves an order shard's positions without any order. */
int decide_watermarks(struct ingest *ingest, uint32_t feed, struct call *call, uint64_t *ret_tag);
/* A decide call of ranges only. */
void decide_empty(struct ingest *ingest, uint32_t feed, struct span ranges, struct call *call);

/* flush.c: pending cells into apply calls */
int flush_next(struct ingest *ingest, struct call *call, uint64_t *ret_tag);
int flush_reply(struct ingest *ingest, struct flight flight, const struct reply *reply);
/* An apply call of ranges only. */
void apply_empty(struct ingest *ingest, uint32_t shard, struct span ranges, struct call *call);
/* Appends the ranges [sent, position) of a feed: all slots, or only the touched ones. The number of slots. */
size_t ranges_append(struct ingest *ingest, struct shard_feed *feed, bool all, struct buffer *buffer);
/* Marks those ranges as sent / as counted. */
void ranges_sent(struct ingest *ingest, struct shard_feed *feed, bool all);
void ranges_counted(struct ingest *ingest, struct shard_feed *feed);
bool flush_is_due(const struct ingest *ingest, const struct shard_feed *feed);

#endif
