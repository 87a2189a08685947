/*
 * Scripts: everything that changes a shard does it in one of these, atomically. (And rights asks what we may do at all.)
 *
 * Each is a file in lib/shard/lua/ that says what its keys, arguments and reply are; the build embeds them.
 * They start with a #!lua line, so that Redis refuses them before the first write when it may not write. No
 * arithmetic on counters in Lua: its numbers are doubles.
 */
#ifndef ROIWATCH_SHARD_SCRIPTS_H
#define ROIWATCH_SHARD_SCRIPTS_H

#include "lib/base/span.h"

/* X(enum, file name without .lua) */
#define SCRIPTS(X)                                                                                           \
    X(SCRIPT_APPLY, apply)                                                                                   \
    X(SCRIPT_DECIDE, decide)                                                                                 \
    X(SCRIPT_EXPIRE, expire)                                                                                 \
    X(SCRIPT_LOOK, look)                                                                                     \
    X(SCRIPT_KEEP, keep)                                                                                     \
    X(SCRIPT_ADMIT, admit)                                                                                   \
    X(SCRIPT_META, meta)                                                                                     \
    X(SCRIPT_ADVANCE, advance)                                                                               \
    X(SCRIPT_REGISTER, register)                                                                             \
    X(SCRIPT_SET_LANE, set_lane)                                                                             \
    X(SCRIPT_OPEN_LANE, open_lane)                                                                           \
    X(SCRIPT_READ, read)                                                                                     \
    X(SCRIPT_LOAD, load)                                                                                     \
    X(SCRIPT_PUBLISH, publish)                                                                               \
    X(SCRIPT_GOAL, goal)                                                                                     \
    X(SCRIPT_RIGHTS, rights)

#define SCRIPT_ENUM(name, file) name,
enum script { SCRIPT_NONE, SCRIPTS(SCRIPT_ENUM) N_SCRIPTS };
#undef SCRIPT_ENUM

/* The file's text and name; empty for SCRIPT_NONE. */
struct span script_text(enum script script);
const char *script_name(enum script script);

#endif
