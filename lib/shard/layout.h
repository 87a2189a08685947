/*
 * Layout: the one place that names Redis keys and packs bytes.
 *
 * DESIGN
 *   A shard is a set of keys with one hash tag {FAMILY SHARD . GENERATION}, so that one script changes it
 *   atomically. Internal keys begin with the prefix and `~`; nothing outside this file knows their names.
 *
 *     PREFIX~meta       HASH   layout, shards, currency, group, generation, begun, slices
 *     PREFIX~lanes.G    HASH   TOPIC:PARTITION -> "INDEX START STATE RULES TERM"   (the lane registry)
 *     PREFIX~rules.G    HASH   VERSION -> "NUMBER TEXT": counting rules that lanes name  (lib/ingest/versions.c)
 *     PREFIX~marks.G    HASH   INDEX -> what the partition's reader says (lib/shard/lanes.h)
 *     PREFIX~shards.G   HASH   SHARD -> "AS_OF TIP"   (what a shard's evaluator has published)
 *     PREFIX~names      ZSET   the members of PREFIXcampaigns, all with score 0: in the order of their bytes
 *     PREFIX~windows    SET    window names that ever had keys
 *   campaign shard {cSHARD.G}:
 *     :vec        STRING 16 bytes a lane: next position, newest event time (int64, big endian); -1 is unset
 *     :campaigns  HASH   campaign -> "1" (admitted)
 *     :s:MINUTES:CAMPAIGN  HASH  slice start (u32 minutes) -> cell; MINUTES 0 is total
 *     :spend:CAMPAIGN  HASH  spend item -> SPEND_VALUE_SIZE bytes: from, to, amount (int64, big endian); spend at one
 *                            moment has to = from. An item is "s" SPEND_ID, in (overflow) "s" SPEND_ID NUL CAMPAIGN,
 *                            or without an id "p" lane (u32) offset (i64)
 *     :lags:CAMPAIGN       HASH  0 (u32) -> how late its orders came (lib/attribution/lag.h); without a campaign: day of
 *                          the touch (u32, days since the epoch) -> the same of the account's orders in this shard
 *     :lanes      HASH   lane (u32) -> lane counters
 *     :journal    STREAM one entry an apply: c = which cells changed, v = their new values; or r = read again
 *     :rev        STRING counter of atomic reads
 *     :goals      HASH   CAMPAIGN NUL GOAL -> goal state
 *     :outbox     STREAM alerts that are not delivered yet
 *     :scratch    STRING arithmetic inside a script; absent between calls
 *   order shard {oSHARD.G}:
 *     :vec        as above, orders lanes only used
 *     :orders     HASH   order id -> its record in the ledger (lib/attribution/ledger_bytes.c)
 *     :expiry     ZSET   order id by event time
 *     :refused    HASH   lane (decimal) -> refunds that came by it and whose order never came
 *   user shard {uSHARD.G}:
 *     :vec        as above
 *     :touches    HASH   identity -> its touches (lib/attribution/touch_record.h)
 *
 *   A partition of a topic has two lanes, numbered 2 INDEX (touches and all else) and 2 INDEX + 1 (orders).
 */
#ifndef ROIWATCH_SHARD_LAYOUT_H
#define ROIWATCH_SHARD_LAYOUT_H

#include "lib/base/buffer.h"
#include "lib/base/time.h"
#include "lib/shard/columns.h"

enum shard_family { SHARD_CAMPAIGN = 'c', SHARD_ORDER = 'o', SHARD_USER = 'u' };
enum { N_SHARD_FAMILIES = 3 };

struct layout {
    struct span prefix; /* "roi:" */
    uint32_t n_shards;
    int64_t generation; /* 1 at the first start, one more with every rebuild */
};

uint32_t layout_shard_of(const struct layout *layout, struct span id);

/* Each appends one key name to a cleared or fresh buffer. part is ":vec", ":journal" … */
void layout_shard_key(const struct layout *layout, enum shard_family family, uint32_t shard, const char *part,
                      struct buffer *buffer);
void layout_cells_key(const struct layout *layout, uint32_t shard, uint32_t slice_minutes,
                      struct span campaign, struct buffer *buffer);
void layout_spend_key(const struct layout *layout, uint32_t shard, struct span campaign,
                      struct buffer *buffer);
/* campaign empty: the account's. */
void layout_lags_key(const struct layout *layout, uint32_t shard, struct span campaign,
                     struct buffer *buffer);
/* PREFIXname: what belongs to no generation: "campaigns", "alerts", "meta", "~names", "~windows". */
void layout_root_key(const struct layout *layout, const char *name, struct buffer *buffer);
/* PREFIX~name.G */
void layout_common_key(const struct layout *layout, const char *name, struct buffer *buffer);
/* Reader keys: PREFIX{CAMPAIGN} and PREFIX{CAMPAIGN}:WINDOW, the id percent-encoded as the contract says. */
void layout_reader_key(const struct layout *layout, struct span campaign, const char *window,
                       struct buffer *buffer);

/* Lanes. */
enum { LANE_TOUCH = 0, LANE_ORDER = 1, LANES_PER_PARTITION = 2, VECTOR_ENTRY_SIZE = 16 };
#define LANE_UNSET INT64_C(-1)

struct lane_mark {
    int64_t offset;    /* next offset that the shard has not counted; LANE_UNSET where the shard does not know
                          the lane */
    int64_t newest_ms; /* newest event time of the lane below that offset, NEVER without any */
};

/* Entry of a lane in a packed vector; a vector that is too short has it unset. */
struct lane_mark vector_get(struct span vector, uint32_t lane);
/* mark.offset is written as it is: an offset, of term 0, or a position. */
void vector_append(struct buffer *buffer, struct lane_mark mark);

/*
 * What a shard compares is a position: a term in the upper 16 bits, the offset below. The term grows with
 * every change of the rules by which the lane is read, so that whoever goes on under an earlier term is
 * refused, although the shard may still stand at his offset.
 */
enum { LANE_TERM_MAX = 32767 };
int64_t lane_position(int64_t term, int64_t offset);
/* The term of a lane; 0 where it is unset. */
int64_t vector_term(struct span vector, uint32_t lane);

/* Cells: packed big endian, trailing zero bytes cut. */
void cell_append(struct buffer *buffer, const int64_t *columns, size_t n_columns);
/* Missing bytes are zeros; more than n_columns are ignored. */
void cell_unpack(struct span bytes, int64_t *ret_columns, size_t n_columns);

enum { SPEND_VALUE_SIZE = 24 };

/* Rev of a reader key: the shard's counter of atomic reads, above all revs of earlier generations. */
int64_t layout_rev(const struct layout *layout, int64_t counter);

/*
 * A journal entry's field c: which cells changed. For each campaign and slice length: campaign size (u16),
 * campaign, slice minutes (u16), columns of a cell (u16), number of cells (u16), then each cell's start (u32 minutes).
 * Field v: those cells' new values, each padded to its columns, in the same order (more bytes may follow). A group
 * without columns says that the campaign's spend has changed.
 */
void journal_append_group(struct buffer *buffer, struct span campaign, uint32_t slice_minutes,
                          size_t n_columns, const uint32_t *starts, size_t n_starts);
void journal_append_spend(struct buffer *buffer, struct span campaign);

/* cell NULL: the campaign's spend. */
typedef int (*journal_visit)(void *context, struct span campaign, uint32_t slice_minutes,
                             uint32_t start_minutes, const struct cell *cell);
/* Visits every cell of an entry, and spend. Forwards the first result of visit that is not 0; -EBADMSG for
 * malformed bytes. */
MUST_CHECK int journal_decode(struct span c, struct span v, journal_visit visit, void *context);

#endif
