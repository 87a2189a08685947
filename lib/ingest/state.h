/*
 * What ingest knows, in structs that the files of this folder share; nothing outside includes it.
 */
#ifndef ROIWATCH_INGEST_STATE_H
#define ROIWATCH_INGEST_STATE_H

#include "lib/attribution/identity.h"
#include "lib/attribution/lag.h"
#include "lib/attribution/ledger.h"
#include "lib/attribution/touch_record.h"
#include "lib/base/table.h"
#include "lib/ingest/ingest.h"
#include "lib/ingest/reading.h"
#include "lib/ingest/spend.h"
#include "lib/shard/lanes.h"

enum {
    PENDING_CELLS_MAX = 2048, /* a shard with more stops the reading until it has sent them */
    CALLS_MAX = 4096,         /* calls in flight */
    CAMPAIGNS_KNOWN_MAX = 1 << 21,
    EXPIRED_MAX = 100,   /* records of refunds without an order that are dealt with at once */
    SWEEP_LOOK = 100,    /* old records that one call looks at */
    SWEEP_MS = 10000,    /* how often, where no order comes along */
    WATERMARK_MS = 1000, /* watermarks alone are written this often */
    WAITING_LEAST = 256, /* orders in memory of each partition, where the rules allow so many in all */
    WAITING_FEW = 16,    /* ... of which so many may be of any size, */
    WAITING_BYTES_MOST = 64 << 20, /* and the others together of this, over all partitions */
    RELEASED_MOST = 1000,          /* orders that are decided at once */
    TOUCHES_DUE = 500,             /* touches that are stored at once */
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

/* How late orders came, of one campaign or one day of the account; lives in a feed's lags. */
struct pending_lag {
    uint32_t day; /* of the touches; 0 for a campaign's */
    int64_t columns[LAG_COLUMNS];
};

/* One shard as this process sees it. counted and sent have one element a lane: slot_lane(slot, lane). */
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
    int64_t fade_at_ms;          /* users: when old touches were last looked for ... */
    uint64_t fade_cursor;        /* ... and how far */
    struct pending_cell **cells; /* owned pointers, in order of creation */
    size_t n_cells;
    size_t cells_capacity;
    struct table lags;           /* day (u32), campaign -> struct pending_lag *, owned */
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
    struct slot_reading reading;
    int64_t position;     /* read up to here: the touch lane ends here, see lane_end */
    struct waiting *head; /* owned, in offset order: what the orders lane has read and not decided */
    struct waiting *tail;
    size_t n_waiting;
    size_t waiting_bytes;
    size_t n_released;                      /* the first of them that are being decided */
    int64_t decided_from;                   /* below, every shard had passed the orders lane at the start */
    int64_t skipped_from;                   /* orders from here on were read and not kept; LANE_UNSET: none */
    int64_t newest_ms[LANES_PER_PARTITION]; /* of what the lane has passed (orders: decided) */
    int64_t read_newest_ms;                 /* of all that was read */
    int64_t snapshot_offset; /* a position, and the newest event time there, waiting to be counted by all
                                shards */
    int64_t snapshot_newest_ms;
    int64_t counted_newest_ms;
    int64_t read_newest_from;        /* read_newest_ms is that of the position from this offset on */
    int64_t decided_newest_ms;       /* of what the orders lane has passed; what is being decided aside */
    int64_t decided_snapshot_offset; /* of the orders lane, what the three before are of the touch lane */
    int64_t decided_snapshot_newest_ms;
    int64_t decided_counted_newest_ms;
    int64_t counters[LANES_PER_PARTITION][N_LANE_COUNTERS];      /* pending, of the lane's own shard */
    int64_t sent_counters[LANES_PER_PARTITION][N_LANE_COUNTERS]; /* in flight to it */
    size_t topic;                                                /* in ingest->topics */
};

/* The ledger's record of one order id, as a batch reads and changes it. */
struct record {
    uint32_t shard; /* of the order id */
    bool asked;
    bool changed;         /* and has to be stored */
    int64_t ts_ms;        /* newest event time of what is in it */
    struct buffer before; /* as stored; empty: there is none */
    struct buffer after;  /* with what this batch adds */
    struct span id;       /* bytes behind the struct */
};

/* What a user shard holds of one identity, as a batch reads and changes it. */
struct person {
    uint32_t shard; /* of users */
    bool asked;
    bool changed;         /* and has to be stored */
    struct buffer before; /* as stored; empty: there is none */
    struct buffer after;  /* with what this batch adds */
    struct span key;      /* the identity; bytes behind the struct */
    struct person *next;  /* in ingest->fading */
};

/* Bytes in ingest->texts, which may move while it grows. */
struct text_at {
    size_t at;
    uint32_t size;
};

/*
 * An order or a refund that was read and is not decided yet: until every touch lane is complete beyond its time, or
 * only until the batch is over. Spans point behind the struct.
 */
struct waiting {
    struct waiting *next;
    size_t bytes; /* of memory */
    int64_t offset;
    enum event_type type;
    enum reject_reason
        rejected; /* a message that was rejected, to be counted in its turn; else REJECT_NONE */
    int64_t ts_ms;
    int64_t until_ms; /* its touches before this are waited for: ts_ms, unless that is ahead of every clock */
    int64_t revenue_micros, margin_micros;
    int64_t amount_micros; /* of a refund, in its currency */
    bool all_left;         /* of a refund without an amount */
    bool waits;            /* its touches decide: it must not be decided before their lanes are complete */
    bool has_key;
    char currency[4]; /* of orders, and of refunds that name one */
    struct span order_id, kind, refund_id;
    struct span campaign_id;               /* where the order names one that is trusted; else empty */
    struct span identity[IDENTITIES_MOST]; /* keys of its user and click, as touches are stored; or empty */
    struct span key, value;                /* refunds: the message, in case that it is refused */
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
    struct campaign *campaign;   /* touch lane only */
    const struct waiting *order; /* orders lane only: the order or refund */
    struct record *record;       /* orders lane only */
    int64_t late_before_ms;      /* an older event counts only in total; NEVER: none is too old */
    enum event_type type;
    int64_t ts_ms, from_ms, to_ms;          /* from and to: of spend over a range */
    int64_t cost_micros;                    /* of spend: its amount */
    struct text_at spend_id;                /* spend only */
    unsigned measures;                      /* engagements: which count them */
    struct person *person[IDENTITIES_MOST]; /* whose touches it adds to, or looks at; NULL: none */
    bool is_touch;                          /* touch lane: it has to be stored under its persons */
    bool is_behind;                         /* it is later than lateness.disorder */
    bool repeat;                            /* touch lane: a click that was counted before */
    bool has_id;
    uint8_t id[TOUCH_ID_SIZE];   /* what the click is recognised by */
    enum ledger_outcome outcome; /* of the orders lane, once the record was read */
    enum reject_reason fault;    /* LEDGER_REFUSED */
};

/* What an order-lane message adds to one campaign at one time. */
struct booking {
    size_t deferred; /* index of the message */
    struct campaign *campaign;
    int64_t ts_ms;
    bool late;    /* only for total */
    bool has_lag; /* a touch earned it: sum's cohort revenue counts under its lag, too */
    int lag_bucket;
    int64_t lag_touch_ms;
    int64_t lag_conversions_micro;
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
    FLIGHT_VERSIONS,
    FLIGHT_APPLY,
    FLIGHT_LEDGER,
    FLIGHT_DECIDE,
    FLIGHT_ADMIT,
    FLIGHT_EXPIRE,
    FLIGHT_LOOK,
    FLIGHT_KEEP,
    FLIGHT_SCAN,
    FLIGHT_FADE,
};

/* How far touches are complete, as the readers of all partitions say: a copy of what ingest_look was given. */
struct completeness {
    struct lanes lanes; /* owned arrays */
    bool settled;
    int64_t by_marks_ms; /* what the marks alone say; NEVER: nothing is known */
};

/* What is asked about a batch, one round after the other. */
enum ask_round {
    ROUND_LOOK,      /* the user shards: what is known of these identities? */
    ROUND_KEEP,      /* the user shards: store these touches, if it is still so */
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
    struct versions versions;
    struct ingest_topic *topics; /* owned */
    size_t n_topics;

    struct shard_feed *feeds; /* n_shards each: campaign shards, order shards, user shards */
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
    struct table persons; /* identity -> struct person *, owned: of the deferred touches and orders */
    struct touch_record touches[IDENTITIES_MOST]; /* scratch */
    struct person *fading;  /* owned: records of one user shard of which something has to go */
    struct touch *seen;     /* owned: scratch, touches of the order that is being decided ... */
    enum touch_fate *fates; /* owned: ... and what becomes of each */
    size_t seen_capacity;
    int64_t *
        look_complete_ms; /* owned: to which event time a user shard's touch lanes were complete at the look */
    struct completeness complete;
    char **lane_names; /* owned: TOPIC:PARTITION by registry number; NULL where it is not known */
    size_t n_lane_names;
    size_t n_waiting;          /* orders in memory */
    int64_t deferred_since_ms; /* when the first of the deferred events came */
    bool urgent;               /* a deferred event is not to wait for more */
    bool asking;               /* questions about deferred events are in flight */
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

/* Of the touch lane, and not counted before. */
static inline bool touch_counts(const struct deferred *deferred)
{
    return !deferred->order && !deferred->repeat;
}

static inline struct shard_feed *feed_campaign(struct ingest *ingest, uint32_t shard)
{
    return &ingest->feeds[shard];
}

static inline struct shard_feed *feed_order(struct ingest *ingest, uint32_t shard)
{
    return &ingest->feeds[ingest->rules.layout.n_shards + shard];
}

static inline struct shard_feed *feed_user(struct ingest *ingest, uint32_t shard)
{
    return &ingest->feeds[2 * ingest->rules.layout.n_shards + shard];
}

/* Families of feeds, in their order. */
static inline enum shard_family feed_family(const struct ingest *ingest, uint32_t feed)
{
    static const enum shard_family families[N_SHARD_FAMILIES] = {SHARD_CAMPAIGN, SHARD_ORDER, SHARD_USER};
    return families[feed / ingest->rules.layout.n_shards];
}

/* Index into a feed's counted and sent. */
static inline size_t slot_lane(size_t slot, int lane)
{
    return slot * LANES_PER_PARTITION + (size_t)lane;
}

/* The campaign shard that keeps a lane's counters. */
static inline uint32_t lane_shard(const struct ingest *ingest, uint32_t lane)
{
    return lane % ingest->rules.layout.n_shards;
}

#endif
