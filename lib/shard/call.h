/*
 * Calls: what the core wants the store (Redis) to do, as data; and replies, what came back.
 *
 * The core builds a call, the shell sends it (EVALSHA with the script's text as fallback, or a plain command)
 * and gives the reply tree back. The simulator interprets the same calls on a model.
 */
#ifndef ROIWATCH_SHARD_CALL_H
#define ROIWATCH_SHARD_CALL_H

#include "lib/base/buffer.h"
#include "lib/shard/scripts.h"

/* One command: for a script, args are KEYS then ARGV; for SCRIPT_NONE they are the command itself. */
struct call {
    enum script script;
    size_t n_keys;       /* how many of the first arguments are keys (scripts only) */
    struct buffer bytes; /* the arguments one after the other */
    size_t *ends;        /* owned: end of each argument in bytes */
    size_t n_args;
    size_t capacity;
    int error; /* 0 or -ENOMEM, sticky */
};

void call_init(struct call *call);
void call_deinit(struct call *call);
/* Empties the call, keeps its memory. */
void call_begin(struct call *call, enum script script);
void call_key(struct call *call, struct span key); /* all keys before the first call_arg */
void call_arg(struct call *call, struct span arg);
void call_arg_text(struct call *call, const char *text);
void call_arg_i64(struct call *call, int64_t value); /* as decimal text */
MUST_CHECK int call_status(const struct call *call);
struct span call_get(const struct call *call, size_t index);

enum reply_type {
    REPLY_NIL,
    REPLY_INTEGER,
    REPLY_TEXT,  /* bulk and status replies */
    REPLY_ARRAY, /* also maps and sets, flattened */
    REPLY_ERROR, /* text is the server's error line */
};

/* A reply tree, owned by whoever made it; holds for the call that passes it. */
struct reply {
    enum reply_type type;
    int64_t integer;
    struct span text;
    const struct reply *elements;
    size_t n_elements;
};

/* Element i where the reply is an array that has one, else a nil reply: never NULL. */
const struct reply *reply_at(const struct reply *reply, size_t i);
/* The integer of an integer reply or of decimal text; fallback for anything else. */
int64_t reply_i64(const struct reply *reply, int64_t fallback);

#endif
