/*
 * A model of Redis for the calls of ingest: each call does what its script in lib/shard/lua says, on byte
 * strings.
 *
 * Nothing of lib/ingest is used here; a call that no script would understand is a failure of the run.
 */
#ifndef ROIWATCH_TESTS_SIM_STORE_H
#define ROIWATCH_TESTS_SIM_STORE_H

#include "lib/base/table.h"
#include "lib/shard/call.h"
#include "tests/sim/failure.h"

/* What the model can be told to do wrong, so that the simulator shows that it would be found. */
enum sim_fault {
    SIM_FAULT_NONE,
    SIM_FAULT_APPLY_AT_OR_AFTER, /* a range is taken by a shard that stands at its start or anywhere beyond */
    SIM_FAULT_OFFSETS_FIRST,     /* offsets are written before counters, and a crash may come in between */
    SIM_FAULT_RULES_AT_ONCE,     /* the registry forgets the rules that held before */
    SIM_FAULT_TERMS_IGNORED,     /* a range is taken from whoever knows the offset, under whatever term */
    SIM_FAULT_LOOK_STALE, /* a look now and then gives touches as they were before they were stored last */
    SIM_FAULT_KEEP_UNCOMPARED,   /* touches are written over whatever is there */
    SIM_FAULT_DECIDE_UNCOMPARED, /* records of the ledger too */
    SIM_FAULT_MARKS_AHEAD,       /* not of the store: readers say that more is complete than is */
    SIM_FAULT_FORGETS_EARLY,     /* ... and that more is passed than is */
};

struct sim_object {
    struct buffer text;  /* of a string */
    struct table fields; /* of a hash: struct buffer, owned */
};

struct sim_store {
    struct table objects; /* struct sim_object, owned */
    enum sim_fault fault;
    int64_t n_looks;
    struct failure *failure;
};

/* A reply that outlives its call. */
struct sim_answer {
    struct reply reply;
    struct reply *elements; /* owned */
    struct buffer text;     /* the one text that is not a constant */
};

void store_init(struct sim_store *store, enum sim_fault fault, struct failure *failure);
void store_deinit(struct sim_store *store);
void answer_deinit(struct sim_answer *answer);

/* half: only with SIM_FAULT_OFFSETS_FIRST, an apply stops after its offsets. The answer is owned by the
 * caller. */
void store_execute(struct sim_store *store, const struct call *call, bool half,
                   struct sim_answer *ret_answer);

/* NULL where there is none. */
struct sim_object *store_find(const struct sim_store *store, struct span key);
struct sim_object *store_make(struct sim_store *store, struct span key);
/* Empty where the field is absent. */
struct span store_field(const struct sim_object *object, struct span field);
void store_field_set(struct sim_object *object, struct span field, struct span value);

/* Big endian integers of the stored bytes. */
int64_t bytes_i64(struct span bytes, size_t at);
uint32_t bytes_u32(struct span bytes, size_t at);

/* Within the model. */
void store_decide(struct sim_store *store, const struct call *call, struct sim_answer *answer);
void store_expire(struct sim_store *store, const struct call *call, struct sim_answer *answer);
void store_keep(struct sim_store *store, const struct call *call, struct sim_answer *answer);
void store_look(struct sim_store *store, const struct call *call, struct sim_answer *answer);
void store_hscan(struct sim_store *store, const struct call *call, struct sim_answer *answer);
struct reply reply_text(struct span text);
void store_apply(struct sim_store *store, const struct call *call, bool half, struct sim_answer *answer);
bool store_ranges_match(struct sim_store *store, const struct sim_object *vec, struct span ranges);
void store_ranges_set(struct sim_object *vec, struct span ranges);
struct reply *answer_array(struct sim_answer *answer, size_t n);
void answer_refused(struct sim_answer *answer, const struct sim_object *vec);
void answer_lost(struct sim_answer *answer);
int64_t call_number(const struct call *call, size_t index);

#endif
