/*
 * Settings of mapping: where other people's events keep what the contract's fields say.
 *
 * A field has sources, of which the first that is there wins. A source is a path (path.h), or a map with options.
 * What a mapping says is compiled while the settings are read (mapping.h), so that mistakes are told with their
 * place.
 */
#ifndef ROIWATCH_EVENT_MAPPING_SETTINGS_H
#define ROIWATCH_EVENT_MAPPING_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/event/event.h"
#include "lib/event/path.h"

struct config_row;
struct config_shape;
struct mapping;

/* X(enum name, text, whether it is of times, the power of ten to ms or to currency units) */
#define MAPPING_UNITS(X)                                                                                     \
    X(UNIT_NONE, "", false, 0)                                                                               \
    X(UNIT_MS, "ms", true, 0)                                                                                \
    X(UNIT_S, "s", true, 3)                                                                                  \
    X(UNIT_US, "us", true, -3)                                                                               \
    X(UNIT_CENTS, "cents", false, -2)                                                                        \
    X(UNIT_MICROS, "micros", false, -6)                                                                      \
    X(UNIT_PER_THOUSAND, "per_thousand", false, -3)

#define MAPPING_UNIT_ENUM(name, text, is_time, power) name,
enum mapping_unit { MAPPING_UNITS(MAPPING_UNIT_ENUM) N_MAPPING_UNITS };
#undef MAPPING_UNIT_ENUM

/* X(name): each is the configuration that presets.c has for it; 0 is none */
#define MAPPING_PRESETS(X) X(none) X(segment) X(ga4) X(snowplow) X(cloudevents) X(openrtb)

enum mapping_sign { SIGN_KEEP, SIGN_NEGATE, SIGN_DROP };
enum negative_orders { NEGATIVE_ORDERS_REJECT, NEGATIVE_ORDERS_REFUND };

/* What another word for a value means. */
struct mapping_word {
    const char *written;
    const char *means;
};

struct mapping_source {
    struct path *paths; /* alternatives */
    size_t n_paths;     /* 0: the constant */
    const char *constant;
    const char *after_last; /* one character: what stands behind its last occurrence; NULL: all */
    struct mapping_word *words;
    size_t n_words;
    unsigned types; /* a bit 1 << type for each to which it applies; 0: all */
    enum mapping_unit unit;
    enum mapping_sign sign;
};

struct mapping_field {
    const char *name; /* the contract's */
    struct {
        struct mapping_source *items;
        size_t n;
    } sources;
};

struct mapping_spec {
    unsigned preset; /* 0: none */
    bool confluent_header;
    enum negative_orders negative_orders;
    struct {
        struct mapping_field *items;
        size_t n;
    } fields;
    const struct mapping *mapping; /* NULL: the contract's own names */
};

struct topic_mapping {
    const char *topic;
    struct mapping_spec spec;
};

struct mapping_settings {
    struct mapping_spec all; /* of topics that have no mapping of their own; must stand first */
    struct {
        struct topic_mapping *items;
        size_t n;
    } topics;
};

extern const struct config_row mapping_row;
/* The map `fields` alone, read to the `fields` of a struct mapping_spec: what a preset consists of. */
extern const struct config_shape mapping_fields_shape;

/* The topic's mapping, else that of all; NULL: the contract's own names. topic may be NULL. */
const struct mapping *mapping_of(const struct mapping_settings *settings, const char *topic);

/* A mapping_spec's preset: its name, and its fields as YAML; NULL beyond the last. */
const char *mapping_preset_name(unsigned preset);
const char *mapping_preset_text(unsigned preset);

#endif
