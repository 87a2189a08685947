/*
 * State: what the files of the evaluator share. Not for others.
 *
 *   a campaign's way      names, journal -> load -> fresh -> publish -> (announce -> publish) -> none
 *                                                              |  ^
 *                                                              v  |  once a second at most
 *                                                            deferred
 *
 * A campaign that was loaded is fresh until the next read: only then its cells, the shard's as_of and the rev
 * are of one moment.
 */
#ifndef ROIWATCH_EVALUATE_STATE_H
#define ROIWATCH_EVALUATE_STATE_H

#include "lib/evaluate/evaluate.h"
#include "lib/evaluate/rolling.h"
#include "lib/shard/lanes.h"

enum {
    LOAD_CHUNK = 8,       /* campaigns a load call */
    FRESH_MOST = 64,      /* campaigns loaded before the next read */
    PUBLISH_MOST = 256,   /* campaigns that wait to be published while more are loaded */
    SCAN_COUNT = 500,     /* names a scan */
    ANNOUNCE_CHUNK = 500, /* campaigns an SADD */
    GOAL_CHUNK = 50,      /* changes of goals a call */
    ALERT_CHUNK = 16,     /* alerts of the outbox a read */
    TRIM_CHUNK = 500,     /* slices an HDEL */
    LOOK_CHUNK = 512,     /* campaigns looked at before the shell gets its turn */
    STREAM_ID_SIZE = 48,
    RETIRED_MAX = 256, /* window names that are no longer configured */
    PARTITIONS_MAX = 65536,
    ERROR_SIZE = 400,
    ASIDE_SIZE = 1024,
};

#define WRITE_EVERY_MS 1000   /* a reader key at most so often */
#define SPREAD_EVERY_MS 60000 /* where only a spread cost moved */
#define RETRY_MS 1000         /* after an error reply */
#define ASIDE_MS 30000        /* before a step is tried again that a key of foreign type had stopped */
#define SAVE_AGAIN_MS                                                                                        \
    10000 /* a shard's position is written again, in case another evaluator wrote an older one */

enum place { PLACE_NONE, PLACE_LOAD, PLACE_FRESH, PLACE_ANNOUNCE, PLACE_PUBLISH, PLACE_DEFERRED, PLACE_CALL };

/* What was last written of a window. */
struct window_state {
    bool written;
    struct rolling_hashes hashes;
    int64_t written_ms; /* steady */
};

struct goal_record {
    struct goal_status status; /* as stored */
    struct goal_status next;   /* what change makes of it */
    enum goal_change change;   /* GOAL_UNCHANGED, or it waits to be stored */
    enum goal_verdict verdict; /* the latest */
    bool has_snapshot;
    struct snapshot snapshot; /* as judged */
    int64_t as_of_ms;         /* as judged */
    bool aside;               /* its stored bytes are not ours */
};

struct campaign {
    struct campaign *next; /* in its queue */
    enum place place;
    struct span id; /* its bytes follow the struct */
    const struct campaign_rules *rules;
    bool member;       /* belongs to roi:campaigns */
    bool announced;    /* is there, and in the index of names */
    bool loaded;       /* its cells are in memory */
    bool spend_loaded; /* and its spend, as it is stored now */
    bool aside;        /* one of its keys has a foreign type */
    bool beyond;       /* the money of a window left int64 */
    bool purged;       /* keys of windows that are no longer configured are deleted */
    bool in_checkpoint;
    bool written; /* any of its keys, at written_ms (steady) */
    int64_t written_ms;
    int64_t due_ms;        /* as_of at which it is to be looked at without new data */
    int64_t spread_due_ms; /* steady: when a spread cost that moved is to be written; INT64_MAX: none moved */
    bool goals_dirty;      /* data changed since it was judged */
    bool judged_stale;
    int64_t judged_ms; /* minute edge, NEVER */
    int64_t goals_due_ms;
    bool summary_written;
    uint64_t summary_hash;
    struct slices *tiers;         /* owned: the book's tiers, then total */
    struct spend spend;           /* owned */
    struct window_state *windows; /* owned: the book's windows */
    struct goal_record *goals;    /* owned: the rules' goals */
};

struct campaign_queue {
    struct campaign *first;
    struct campaign *last;
    size_t n;
};

/* A change of a goal that waits to be stored. */
struct change {
    struct campaign *campaign; /* NULL: the pipeline's own goal */
    struct goal_record *record;
    const struct goal_spec *spec; /* NULL: the pipeline's, or a goal that is no longer configured */
    const char *goal;
};

/* A stored goal that is no longer configured. */
struct orphan {
    struct orphan *next;
    struct goal_record record;
    char goal[]; /* NUL-terminated */
};

/* An alert of the outbox on its way to the stream. */
struct delivery {
    char id[STREAM_ID_SIZE];
    struct call add;
    struct buffer json;
};

/* The campaign whose keys the call in flight writes. */
struct publication {
    struct campaign *campaign;
    size_t n_windows;
    size_t window[WINDOWS_MAX];
    struct rolling_hashes hashes[WINDOWS_MAX];
    bool has_summary;
    uint64_t summary_hash;
    size_t n_purged;
};

enum phase { PHASE_FIRST_READ, PHASE_STORED, PHASE_GOALS, PHASE_NAMES, PHASE_LIVE };

enum request {
    REQUEST_NONE,
    REQUEST_READ,
    REQUEST_STORED,
    REQUEST_GOALS,
    REQUEST_NAMES,
    REQUEST_LOAD,
    REQUEST_DELIVER,
    REQUEST_GOAL,
    REQUEST_ANNOUNCE,
    REQUEST_INDEX,
    REQUEST_PUBLISH,
    REQUEST_TRIM,
    REQUEST_SAVE,
    REQUEST_WITHDRAW,
    REQUEST_MARKS,
    REQUEST_WINDOWS_READ,
    REQUEST_WINDOWS_WRITE,
    REQUEST_MEMBERS,
};

struct slot {
    enum request request; /* in flight */
    uint16_t sequence;
};

struct position {
    int64_t as_of_ms;
    char tip[STREAM_ID_SIZE];
};

struct shard {
    uint32_t number;
    struct slot slot;
    enum phase phase;
    bool lost;
    bool read_due;
    bool stale;
    int64_t not_before_ms; /* steady: pause after an error */
    int64_t deliver_at_ms; /* steady: the stream of alerts took none; when to try again */
    char cursor[STREAM_ID_SIZE];
    char tip[STREAM_ID_SIZE];
    int64_t rev;
    int64_t as_of_ms;
    int64_t min_due_ms;        /* the least due_ms of campaigns in no queue */
    int64_t min_spread_due_ms; /* likewise */
    struct table by_id;        /* id -> struct campaign *, owned */
    struct campaign_queue load;
    struct campaign_queue fresh;
    struct campaign_queue announce;
    struct campaign_queue publish;
    struct campaign_queue deferred;
    struct campaign_queue asked; /* of the call in flight */
    bool index_due;              /* what was asked is announced and goes to the index of names next */
    struct publication publication;
    struct change *changes; /* owned */
    size_t n_changes;
    size_t n_changes_asked;
    size_t changes_capacity;
    struct orphan *orphans; /* owned */
    struct goal_record pipeline;
    struct delivery *deliveries; /* owned; the first is on its way */
    size_t n_deliveries;
    size_t delivered;               /* of them */
    int delivery_step;              /* 0 XADD, 1 PUBLISH, 2 XDEL */
    struct withdrawal *withdrawals; /* owned; the first is on its way */
    bool checkpoint_open;
    size_t checkpoint_left; /* campaigns that are not published as of it */
    struct position checkpoint;
    struct position saved;
    int64_t saved_ms; /* steady, NEVER */
};

struct evaluator {
    const struct rule_book *book;
    struct layout layout;
    int64_t future_ms;
    int64_t stream_length;
    size_t max_calls;
    size_t max_cells;
    struct shard **shards; /* owned; NULL is foreign */
    uint32_t next_shard;
    uint16_t sequence;
    bool ticked; /* the clocks are known */
    int64_t now_ms;
    int64_t steady_ms;
    bool silent;
    struct slot slot; /* of what all shards share */
    bool windows_known;
    bool windows_written;
    bool marks_due;
    int64_t not_before_ms;
    char (*retired)[WINDOW_NAME_SIZE]; /* owned: windows that are no longer configured */
    size_t n_retired;
    uint32_t *partitions; /* owned; NULL: not known yet */
    size_t n_partitions;
    bool partitions_known;
    bool marks_asked;             /* and answered, if only by a refusal: before, as_of would begin too low */
    struct partition_mark *marks; /* owned */
    size_t n_marks;
    bool complete;
    bool members_due;           /* the index of names is to be read for those that are one too many */
    int64_t members_at_ms;      /* steady: not before */
    struct buffer members_last; /* owned; where to go on: `(` and a name; empty: at the first */
    struct buffer key;          /* scratch */
    struct call words;          /* scratch */
    struct evaluator_stats stats;
    int64_t announce_at_ms; /* steady, 0 never: the set of campaigns took none; when to announce all again */
    char error[ERROR_SIZE];
    char aside[ASIDE_SIZE];
};

/* campaign.c */
void queue_push(struct campaign_queue *queue, enum place place, struct campaign *campaign);
void queue_push_front(struct campaign_queue *queue, enum place place, struct campaign *campaign);
struct campaign *queue_pop(struct campaign_queue *queue); /* its place is PLACE_NONE then; NULL where empty */
void queue_move(struct campaign_queue *from, struct campaign_queue *to, enum place place);
/* The campaign of that id, made where it is new: in no queue, not a member. */
MUST_CHECK int campaign_get(struct evaluator *evaluator, struct shard *shard, struct span id,
                            struct campaign **ret_campaign);
void campaign_free(struct evaluator *evaluator, struct campaign *campaign);
void campaign_unload(struct evaluator *evaluator, struct campaign *campaign);
/* Counts something that is left alone, and keeps what and why. */
void evaluator_set_aside(struct evaluator *evaluator, const char *format, ...) PRINTF_LIKE(2, 3);
/* Something changed: puts it where its way begins, unless it is on its way. */
void campaign_want(struct shard *shard, struct campaign *campaign);
/* Whether all of it is in memory. */
bool campaign_is_loaded(const struct campaign *campaign);
bool campaign_has_cells(const struct evaluator *evaluator, const struct campaign *campaign);
struct rolling campaign_rolling(const struct evaluator *evaluator, const struct campaign *campaign);
/* Its cells and records of spend in memory. */
size_t campaign_n_cells(const struct evaluator *evaluator, const struct campaign *campaign);
/* Index of the tier of that slice length (0 is total), or -1 where nothing configured uses it. */
int tier_index(const struct evaluator *evaluator, uint32_t slice_minutes);

/* load.c */
void stored_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
MUST_CHECK int stored_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply);
void goals_scan_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
MUST_CHECK int goals_scan_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply);
void names_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
MUST_CHECK int names_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply);
bool load_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
MUST_CHECK int load_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply);

/* follow.c */
enum follow_result {
    FOLLOW_RELOAD = 1, /* the journal has a gap */
    FOLLOW_LOST,       /* the shard has no vector */
};
void read_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
MUST_CHECK int read_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply);

/* goals.c */
MUST_CHECK int goals_judge(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign);
/* Whether a change of one of its goals is not stored yet. */
bool goals_waiting(const struct campaign *campaign);
/* Its numbers change, as what is read says; as_of is not yet that of the same reading. An edge that was passed before
 * is not judged by them. */
void goals_data_came(const struct shard *shard, struct campaign *campaign);
/* When to look at the campaign's goals again. */
int64_t goals_due_ms(const struct shard *shard, const struct campaign *campaign);
/* Looks whether the shard has become stale, or is so no longer. */
MUST_CHECK int goals_update_stale(struct evaluator *evaluator, struct shard *shard);
MUST_CHECK int goals_add_orphan(struct shard *shard, struct campaign *campaign, struct span goal,
                                const struct goal_status *status);
bool goals_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
MUST_CHECK int goals_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply);

/* deliver.c */
MUST_CHECK int deliver_take(struct evaluator *evaluator, struct shard *shard, const struct reply *alerts);
bool deliver_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
void deliver_reply(struct evaluator *evaluator, struct shard *shard);
void deliver_clear(struct shard *shard);

/* publish.c */
/* New members of roi:campaigns, and then the same in the index of names: two keys of different slots. */
bool announce_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
void announce_reply(struct shard *shard);
bool index_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
void index_reply(struct shard *shard);
/* 1 with a call and what it is, 0 where nothing is to be written now, or -ENOMEM. */
MUST_CHECK int publish_call(struct evaluator *evaluator, struct shard *shard, struct call *call,
                            enum request *ret_request);
void publish_reply(struct evaluator *evaluator, struct shard *shard, const struct reply *reply);

/* withdraw.c */
/* Reads the index of names, from the first, as soon as it can be known who is one too many. */
void members_expect(struct evaluator *evaluator);
bool members_call(struct evaluator *evaluator, struct call *call);
MUST_CHECK int members_reply(struct evaluator *evaluator, const struct reply *reply);
bool withdraw_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
void withdraw_reply(struct shard *shard);
void withdraw_clear(struct shard *shard);

/* content.c */
/* Writes what changed of the campaign into a publish call. False where nothing did. */
MUST_CHECK int content_call(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign,
                            struct call *call, bool *ret_any);

/* keep.c */
bool trim_call(struct evaluator *evaluator, struct shard *shard, struct campaign *campaign,
               struct call *call);
int64_t trim_due_ms(const struct evaluator *evaluator, const struct campaign *campaign);
void checkpoint_begin(struct shard *shard);
void checkpoint_pass(struct shard *shard, struct campaign *campaign);
bool save_call(struct evaluator *evaluator, struct shard *shard, struct call *call);
void save_reply(struct evaluator *evaluator, struct shard *shard);

/* common.c */
enum request common_call(struct evaluator *evaluator, struct call *call);
MUST_CHECK int common_reply(struct evaluator *evaluator, enum request request, const struct reply *reply);

/* shard.c */
MUST_CHECK int shard_new(uint32_t number, struct shard **ret_shard);
void shard_free(struct evaluator *evaluator, struct shard *shard);
/* Starts over; nothing is remembered. */
void shard_restart(struct evaluator *evaluator, struct shard *shard, int64_t pause_ms);
MUST_CHECK int shard_next(struct evaluator *evaluator, struct shard *shard, struct call *call,
                          enum request *ret_request);
MUST_CHECK int shard_reply(struct evaluator *evaluator, struct shard *shard, enum request request,
                           const struct reply *reply);

/* An error reply: true where only a step is put off by it, and the shard goes on. */
bool shard_refused(struct evaluator *evaluator, struct shard *shard, enum request request,
                   const struct reply *reply);
/* Appends the key that a request is about, as an operator looks for it. shard is NULL for what all share. */
void request_key(const struct evaluator *evaluator, const struct shard *shard, enum request request,
                 struct buffer *buffer);

/* Clears the scratch key; the names are then appended with layout_… */
struct buffer *fresh_key(struct evaluator *evaluator);
void add_key(struct evaluator *evaluator, struct call *call); /* the scratch key as a KEYS entry */
void add_key_arg(struct evaluator *evaluator,
                 struct call *call); /* the scratch key as a word of a plain command */

#endif
