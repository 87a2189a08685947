/*
 * Mappings, compiled: which names to look for in a message, and what becomes of the values.
 *
 * DESIGN
 *   All paths of a mapping are one tree, so that a message is walked once however many paths there are, and what
 * no path leads to is skipped. The tree's leaves are *slots*; further slots are parameters of a URL in another
 * slot, and headers. A field has its alternatives in order, each a slot or a constant. At one place of the tree
 * elements of an array are told either by index or by one key: so no part of a message is read twice, and text can
 * be unescaped where it stands.
 *
 *   Made once, read-only, in the settings' arena. What a message leaves in the slots is struct mapped (mapped.h).
 */
#ifndef ROIWATCH_EVENT_MAPPING_H
#define ROIWATCH_EVENT_MAPPING_H

#include "lib/event/mapping_settings.h"
#include "lib/event/message.h"

struct config_node;
struct config_run;

enum {
    MAPPING_NODES_MAX = 256,
    MAPPING_SLOTS_MAX = 128,
    MAPPING_ALTERNATIVES_MAX = 256,
    MAPPING_NONE = 0xFFFF
};

/* A place in the tree; node 0 is the message itself. */
struct mapping_node {
    struct path_step step;
    enum field field;     /* the first that reads it or something below it */
    uint16_t first_child; /* MAPPING_NONE: no path goes on here */
    uint16_t next;        /* sibling */
    uint16_t slot;        /* MAPPING_NONE: no path ends here */
};

enum slot_kind { SLOT_VALUE, SLOT_PARAMETER, SLOT_HEADER };

struct mapping_slot {
    enum slot_kind kind;
    struct span name; /* of the parameter or header */
    uint16_t url;     /* SLOT_PARAMETER: the slot of its URL */
};

/* What a field may be taken from. */
struct alternative {
    const struct mapping_source *source;
    const char *from; /* the path as it is written; the constant where slot is MAPPING_NONE */
    uint16_t slot;
};

struct mapping {
    bool confluent_header;
    enum negative_orders negative_orders;
    struct mapping_node nodes[MAPPING_NODES_MAX];
    struct mapping_slot slots[MAPPING_SLOTS_MAX];
    struct alternative alternatives[MAPPING_ALTERNATIVES_MAX]; /* those of a field in a row */
    uint16_t n_nodes, n_slots, n_alternatives;
    uint16_t first[N_FIELDS], n[N_FIELDS]; /* a field's alternatives */
};

/*
 * Sets spec->mapping from what spec says: NULL where that is only the contract's own names. Adds errors at the
 * record's node (NULL: nothing was given).
 */
void mapping_compile(struct config_run *run, const struct config_node *node, struct mapping_spec *spec);

#endif
