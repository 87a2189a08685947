/*
 * The app: owns everything of the process and connects the core with the outside.
 *
 * DESIGN
 *   One loop. Each turn (app_turn) lets the group's wishes, the core's phases, reading and sending each go a
 * step; what cannot go on waits for the next turn. Nothing here decides what is counted; the core does.
 *
 *     app.c         the loop, signals, start and stop
 *     app_meta.c    what is fixed at the first start: the generation, fencing
 *     app_loss.c    loss of data: counting again, or stopping
 *     app_place.c   partitions: given by the group, placed at an offset, given up
 *     app_reload.c  SIGHUP: another configuration
 *     app_lookup.c  which campaign an ad belongs to: tables, and their refresh
 *     app_rules.c   counting rules of earlier configurations
 *     app_faults.c  what is set aside or refused, said while the rest goes on
 *     app_topics.c  which topics exist
 *     app_pulse.c   once a second: marks, registry, ownership, roi:meta, commits
 *     app_status.c  once a second: one line for the service manager
 *     app_http.c    what is answered over HTTP
 */
#ifndef ROIWATCH_DAEMON_APP_H
#define ROIWATCH_DAEMON_APP_H

#include <systemd/sd-event.h>

#include "daemon/app_lookup.h"
#include "daemon/fail_point.h"
#include "daemon/health.h"
#include "daemon/http.h"
#include "daemon/kafka_letters.h"
#include "daemon/kafka_source.h"
#include "daemon/redis_store.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "lib/evaluate/evaluate.h"
#include "lib/ingest/ingest.h"
#include "lib/ingest/marks.h"

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DENIED = 77, EXIT_CONFIGURATION = 78 };

/* How far the process is with its foundations in Redis. */
enum app_phase {
    APP_OFFLINE,  /* no Redis */
    APP_WAITING,  /* Redis refuses to say or to write PREFIX~meta; asked again every second */
    APP_META,     /* asking for PREFIX~meta */
    APP_SCANNING, /* no meta: is the prefix really empty? */
    APP_OPENING,  /* writing the meta of a first start */
    APP_READY,    /* ingest and evaluator exist */
};

/* What became of the partitions that the group gives. */
enum app_partitions {
    PARTITIONS_NONE,
    PARTITIONS_OFFERED, /* given by the group, not looked at yet */
    PARTITIONS_PLACING, /* asking for the registry */
    PARTITIONS_TAKEN,   /* ingest has them */
    PARTITIONS_PAUSED,  /* ours, but ingest is finishing before other rules hold */
    PARTITIONS_LEAVING, /* taken back by the group, ingest is finishing */
};

struct registry_entry {
    char *name; /* TOPIC:PARTITION, owned */
    uint32_t index;
    int64_t start_offset;
};

/* The lane registry as last read. */
struct registry {
    struct registry_entry *entries; /* owned */
    size_t n;
};

/* Where the configuration comes from, at the start and at each reload. The texts outlive the app. */
struct app_source {
    const char *path; /* NULL: the default */
    const char *const *sets;
    size_t n_sets;
};

/* What became of SIGHUP. */
struct app_reload {
    bool wanted;
    struct settings *next;     /* checked, waits for ingest to finish; owned */
    struct app_lookup *lookup; /* of next; held */
    int64_t paused_since_ms;
    int64_t since_ms; /* steady: when the last one was taken */
    bool failed;      /* the file was not taken at the last try */
    int64_t n_taken;
    int64_t n_failed;
    int64_t taken_ms; /* wall clock: when the configuration in force was read */
};

/* When a partition's mark changed last. */
struct lane_progress {
    struct partition_mark mark;
    int64_t since_ms; /* steady */
    bool said;        /* it was said that orders do not wait for it */
};

/* One stored text of counting rules, as it was read. */
struct rules_entry {
    struct buffer version, text;
};

struct rules_entries {
    struct rules_entry *items; /* owned */
    size_t n;
};

struct app {
    struct app_source source_of_settings;
    struct settings *started;  /* as at the start; the caller's. kafka and redis point into it for good */
    struct settings *settings; /* in force: `started`, or owned */
    struct app_reload reload;
    struct app_lookups lookups;
    struct rules_entries old_rules; /* between two answers: what may be cleared away */
    bool rules_cleared;             /* since these settings hold */
    sd_event *event;
    sd_event_source *timer;
    sd_event_source *again; /* enabled while there is more to read */
    struct redis_store *store;
    struct kafka_source *source;
    struct kafka_letters *letters; /* NULL where dead_letter is ~ */
    struct http *http;             /* NULL where http.listen is ~ */
    size_t n_queries;              /* requests of the API that Redis is being asked for */
    struct ingest *ingest;         /* from APP_READY on */
    struct evaluator *evaluator;
    uint64_t core_number; /* grows with every core: answers to an earlier one are dropped */
    struct call call;     /* reused */
    struct buffer scratch;

    enum app_phase phase;
    struct layout layout;
    bool rebuilding;         /* this generation was begun because of a loss */
    int64_t rebuilt_from;    /* the generation before, while rebuilding */
    int64_t count_id;        /* of this generation, see letter_headers.h */
    bool meta_refused;       /* it was said that Redis refuses */
    bool loss_asked;         /* what became of Redis is being looked at */
    bool accepted_loss;      /* the operator said: count what Kafka still holds */
    unsigned n_slices_apart; /* times in a row that PREFIX~meta named other slices than ours */
    int64_t left_generation; /* APP_SCANNING: the highest that has left keys behind */
    int64_t sweep_cursor;    /* of the scan for keys of earlier generations; -1: done */

    enum app_partitions partitions;
    bool reassigning; /* ours, and on the way back from PARTITIONS_PAUSED */
    bool revoke_wanted;
    int64_t leaving_since_ms;
    uint64_t placed_epoch; /* ingest's epoch at which the source was set */
    int64_t *ends;         /* one a slot: the end of partition last seen, or -1 */
    bool *reads_headers;   /* one a slot: whether the rules look at headers of its records */
    size_t n_slots;

    struct registry registry;
    struct registry old_registry; /* of the generation before, while rebuilding */
    struct partition_mark *marks; /* by registry number, as last read */
    size_t n_marks;
    struct partition_mark *own_marks; /* by slot: written last */
    struct lane_progress *progress;   /* by registry number: what orders wait for */
    size_t n_progress;
    int64_t orders_looked_ms;      /* steady: when marks were looked at last, for orders */
    int64_t unregistered_since_ms; /* steady: since when a partition is not in the registry */
    int32_t *partition_counts;     /* by configured topic */
    bool counts_known;
    int64_t counts_at_ms;
    struct buffer missing_said; /* names of the topics that do not exist, as last logged */

    int64_t now_ms;        /* wall clock, lesser of ours and Redis' */
    int64_t redis_skew_ms; /* Redis TIME less our clock, at last look */
    int64_t steady_ms;
    int64_t pulse_at_ms;
    int64_t evaluate_at_ms;
    int64_t retry_at_ms; /* BROKEN: when to start over */
    int64_t broken_said_ms;
    bool retry_set;   /* BROKEN: retry_at_ms is that of this time */
    int64_t retry_ms; /* grows while starting over fails */
    int64_t refused_said_ms;
    uint64_t errors_seen;    /* of the evaluator, as last looked at */
    int64_t aside_said;      /* cells and campaigns set aside, as last logged */
    int64_t shards_as_of_ms; /* least as_of of all shards as published; NEVER */
    int64_t began_ms;        /* wall clock: when the process began */
    struct service service;
    struct fail_at fail_at;
    int64_t shards_moved_ms; /* when that changed last */
    bool stopping;
    bool farewell_open; /* roi:meta is being told that we stop */
    int exit_code;
};

/* app.c */
/* SIGTERM, SIGINT and SIGHUP are blocked by the caller. */
/* Until the end. The settings stay the caller's. */
MUST_CHECK int app_run(struct settings *settings, const struct app_source *source);
void app_turn(struct app *app);
void app_stop(struct app *app, int exit_code);
/* Sends app->call; a call that cannot be sent is answered with NULL at once. */
void app_send(struct app *app, redis_answer answer, uint64_t tag);
/* For answers that nobody waits for. */
void app_ignore(void *context, uint64_t tag, const struct reply *reply);
struct span app_common_key(struct app *app, const char *name);

/* app_marks.c */
void app_marks_ask(struct app *app);
/* The newest event time of any partition; NEVER before any event. */
int64_t app_marks_furthest(const struct app *app);
/* Whether every partition is read to its end. */
bool app_marks_at_end(const struct app *app);

/* app_orders.c */
/* Tells ingest what orders wait for, after the marks were read. */
void app_orders_look(struct app *app);

/* app_meta.c */
void app_meta_begin(struct app *app);
void app_meta_check(struct app *app);
/* Frees ingest and evaluator; answers that are still out are dropped. */
void app_close_core(struct app *app);
/* One step of unlinking what earlier generations have left. */
void app_sweep(struct app *app);
/* Adds the key PREFIX~meta to a call, as key or as argument. */
void app_meta_key(struct app *app, struct call *call, bool key);
/* From now on only these slices are stored: PREFIX~meta says so. */
void app_store_slices(struct app *app, struct span slices);
/* What ingest reads by, from the settings. */
struct ingest_rules app_ingest_rules(struct app *app);

/* app_loss.c */
/* Redis has lost data: count again from the log where it is whole, else stop and say what is needed. */
void app_lost(struct app *app, const char *what);
/* Begins another generation, as the log holds all of it. */
void app_count_anew(struct app *app, const char *why);

/* app_place.c */
void app_place(struct app *app);
void app_follow_ingest(struct app *app);
void app_leave(struct app *app);
/* app_messages.c */
int app_on_message(void *context, const struct source_message *message);
bool app_wants(void *context, size_t slot);
void app_on_end(void *context, size_t slot, int64_t offset);
/* Dead letters that the ledger has given rise to. */
void app_send_letters(struct app *app);
bool registry_parse(struct registry *registry, const struct reply *reply);
void registry_deinit(struct registry *registry);
const struct registry_entry *registry_find(const struct registry *registry, const char *topic,
                                           int32_t partition);

/* app_reload.c */
void app_reload_ask(struct app *app);
/* One step of what was asked for. */
void app_reload(struct app *app);
void app_reload_close(struct app *app);

/* app_rules.c */
/* Who makes ingest the counting rules of earlier configurations. */
struct counting_source app_counting_source(struct app *app);
/* Once while ingest runs: removes texts of rules that no lane names. */
void app_rules_clear(struct app *app);
void app_rules_close(struct app *app);

/* app_topics.c */
/* Asks Kafka how many partitions the topics have, where it is time to; says which topics do not exist. */
void app_topics_refresh(struct app *app);

/* app_faults.c */
/* Says what is set aside and what the evaluator is refused, where that is new. */
void app_say_aside(struct app *app);
/* Says that Redis refuses the common key of this name, once a minute at most. */
void app_say_refused(struct app *app, const char *name, const struct reply *reply);

/* app_pulse.c */
/* Asks for the whole hash PREFIX~NAME of our generation. */
void app_ask(struct app *app, const char *name, redis_answer answer);
void app_pulse(struct app *app);
void app_own_shards(struct app *app);
/* Tells roi:meta that counting has stopped, if that is ours to say. */
void app_farewell(struct app *app);
/* How far the shards are behind the clock, or behind the newest event with `lateness.idle: log`. */
int64_t app_behind_ms(const struct app *app);
/* What that comes to. */
enum pipeline_status app_pipeline_status(struct app *app);
/* Partitions of all configured topics. */
size_t app_n_partitions(const struct app *app);

/* app_status.c */
void app_status(struct app *app);

/* app_http.c */
/* Opens the listener that the settings say, if any. */
MUST_CHECK int app_open_http(struct app *app);
/* After a reload: another listener where it is another address. */
void app_reopen_http(struct app *app, const struct settings *before);
bool app_health(struct app *app, struct health_facts *ret_facts, struct health *ret_health);

#endif
