/*
 * Schema: the rows that describe a configuration. Every module that has settings declares its rows beside its
 * code; the shell joins them. Reading, defaults, `roiwatch config`, samples and the reference all come from
 * them.
 *
 * A row says where in its module's struct the value goes (offset) and as what:
 *
 *     CONFIG_BOOL      bool
 *     CONFIG_INT       int64_t
 *     CONFIG_DURATION  int64_t, ms
 *     CONFIG_SIZE      int64_t, bytes
 *     CONFIG_MONEY     int64_t, micro-units
 *     CONFIG_DECIMAL   int64_t, millionths
 *     CONFIG_DATE      int64_t, days since 1970-01-01
 *     CONFIG_TEXT      const char *, NULL for ~
 *     CONFIG_WORD      an enum that counts the words from 0
 *     CONFIG_CUSTOM    whatever `custom` reads
 *     CONFIG_RECORD    the struct that `shape` describes
 *     CONFIG_LIST      struct config_list of what `element` describes
 *     CONFIG_MAP       the same; an item begins with its key (const char *), sorted by it
 *     CONFIG_LATER     nothing: any value that equals the default is accepted
 */
#ifndef ROIWATCH_CONFIG_SCHEMA_H
#define ROIWATCH_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buffer.h"
#include "lib/config/node.h"

enum config_type {
    CONFIG_BOOL,
    CONFIG_INT,
    CONFIG_DURATION,
    CONFIG_SIZE,
    CONFIG_MONEY,
    CONFIG_DECIMAL,
    CONFIG_DATE,
    CONFIG_TEXT,
    CONFIG_WORD,
    CONFIG_CUSTOM,
    CONFIG_RECORD,
    CONFIG_LIST,
    CONFIG_MAP,
    CONFIG_LATER,
};

/* What a change of the value does to a running roiwatch. X(enum, text for people) */
#define CONFIG_EFFECTS(X)                                                                                    \
    X(EFFECT_RESTART, "at the next start")                                                                   \
    X(EFFECT_LIVE, "live")                                                                                   \
    X(EFFECT_FROM_NOW_ON, "from now on")                                                                     \
    X(EFFECT_REBUILD, "needs a rebuild")                                                                     \
    X(EFFECT_REFUSED, "refused")

#define CONFIG_EFFECT_ENUM(name, text) name,
enum config_effect { CONFIG_EFFECTS(CONFIG_EFFECT_ENUM) N_CONFIG_EFFECTS };
#undef CONFIG_EFFECT_ENUM

enum config_flags {
    CONFIG_REQUIRED = 1 << 0,    /* no default */
    CONFIG_OPTIONAL = 1 << 1,    /* ~ is a value: none; the default where `fallback` is NULL */
    CONFIG_MARKED = 1 << 2,      /* the bool at mark_offset says whether it was given */
    CONFIG_ONE_OR_LIST = 1 << 3, /* CONFIG_LIST: a single item needs no list */
    CONFIG_NOT_YET = 1 << 4,     /* only the default (or ~) in this version */
};

struct config_run; /* one pass of reading, see read.h */

struct config_list {
    void *items;
    size_t n;
};

/* A type that a module reads itself. */
struct config_custom {
    const char *name; /* for the reference */
    size_t size;      /* of the value */
    /* Reads a scalar or other node. False after an error was added. */
    bool (*read)(struct config_run *run, const struct config_node *node, void *ret_value);
    /* Writes it as JSON, or as YAML of one line. */
    void (*write)(const void *value, bool json, struct buffer *buffer);
};

struct config_row;

/* The rows of one struct. */
struct config_shape {
    const struct config_row *rows;
    size_t n_rows;
    size_t size; /* of the struct */
    /* Looks at the rows together, after all were read; or NULL. Values that were in error are 0 here. node
     * may be NULL. */
    void (*check)(struct config_run *run, const struct config_node *node, void *record);
};

struct config_row {
    const char *key;
    enum config_type type;
    unsigned flags;
    const char *fallback; /* the default as YAML; NULL: none */
    int64_t least, most;  /* limits of the value, of a text's bytes, of a list's items; both 0: none */
    enum config_effect effect;
    const char *help;    /* one or two sentences */
    const char *example; /* CONFIG_REQUIRED: what the sample says */
    const char *item;    /* CONFIG_MAP: what its keys are, for the reference: "ID" */
    size_t offset;
    size_t mark_offset;
    const char *const *words; /* CONFIG_WORD: its words; CONFIG_MAP: the only keys; ends in NULL */
    const struct config_custom *custom;
    const struct config_shape *shape;
    const struct config_row *element;
    size_t item_size; /* CONFIG_LIST, CONFIG_MAP */
};

const char *config_effect_name(enum config_effect effect);
const char *config_type_name(const struct config_row *row);
/* The limits as "1s to 400d", at most 64 bytes with the NUL; "" where there are none. */
void config_limits_text(const struct config_row *row, char ret_text[64]);
/* One value of a scalar row (CONFIG_BOOL to CONFIG_CUSTOM) as canonical text. */
void config_write_scalar(const struct config_row *row, const void *value, bool json, struct buffer *buffer);

#endif
