#include "lib/event/mapping_settings.h"

#include <errno.h>

#include "lib/config/read.h"
#include "lib/config/value.h"
#include "lib/event/mapping.h"
#include "lib/event/message.h"

enum { SOURCES_MAX = 16, PATHS_MAX = 16, WORDS_MAX = 64, TOPICS_MAX = 64 };

#define FIELD_WORD(name, text, first, last) text,
static const char *const field_words[] = {FIELDS(FIELD_WORD) NULL};
#undef FIELD_WORD

#define UNIT_WORD(name, text, is_time, power) [name] = text,
static const char *const unit_words[] = {MAPPING_UNITS(UNIT_WORD) NULL};
#undef UNIT_WORD

static const char *const sign_words[] = {
    [SIGN_KEEP] = "keep", [SIGN_NEGATE] = "negate", [SIGN_DROP] = "drop", NULL};
static const char *const negative_words[] = {
    [NEGATIVE_ORDERS_REJECT] = "reject", [NEGATIVE_ORDERS_REFUND] = "refund", NULL};
#define PRESET_WORD(name) #name,
static const char *const preset_words[] = {MAPPING_PRESETS(PRESET_WORD) NULL};
#undef PRESET_WORD
static const char *const source_words[] = {"from",   "value",      "unit", "sign",
                                           "values", "after_last", "for",  NULL};

/* The index of a scalar's text among the words; -1 after an error. */
static int read_word(struct config_run *run, const struct config_node *node, const char *const *words)
{
    const char *text = config_scalar(run, node, "word");

    if (!text)
        return -1;
    for (int i = 0; words[i]; i++)
        if (words[i][0] && strcmp(words[i], text) == 0)
            return i;
    config_fail_word(run, node, words);
    return -1;
}

static void *source_alloc(struct config_run *run, size_t size)
{
    void *memory = arena_alloc(run->arena, size);

    if (!memory)
        run->error = -ENOMEM;
    return memory;
}

static bool read_path(struct config_run *run, const struct config_node *node, struct path *ret_path)
{
    const char *text = config_scalar(run, node, "path"), *why;
    int r;

    if (!text)
        return false;
    r = path_parse(run->arena, text, ret_path, &why);
    if (r < 0)
        run->error = r;
    else if (r > 0)
        config_fail(run, node, "\"%.64s\" is no path: it %s", text, why);
    return r == 0;
}

/* One path or a list. */
static bool read_paths(struct config_run *run, const struct config_node *node, struct mapping_source *source)
{
    bool list = node->kind == CONFIG_SEQUENCE, ok = true;
    size_t n = list ? node->n_children : 1;

    if (n == 0 || n > PATHS_MAX) {
        config_fail(run, node, "must be a path or a list of 1 to %d of them", PATHS_MAX);
        return false;
    }
    source->paths = source_alloc(run, n * sizeof(*source->paths));
    if (!source->paths)
        return false;
    for (const struct config_node *child = list ? node->first : node; child && ok;
         child = list ? child->next : NULL)
        ok = read_path(run, child, &source->paths[source->n_paths++]);
    return ok;
}

static bool read_words(struct config_run *run, const struct config_node *node, struct mapping_source *source)
{
    if (node->kind != CONFIG_MAPPING || node->n_children == 0 || node->n_children > WORDS_MAX) {
        config_fail(run, node,
                    "`values` must be a map of 1 to %d words and what they mean, such as {purchase: order}",
                    WORDS_MAX);
        return false;
    }
    source->words = source_alloc(run, node->n_children * sizeof(*source->words));
    if (!source->words)
        return false;
    for (const struct config_node *child = node->first; child; child = child->next) {
        const char *means = config_scalar(run, child, "word");
        if (!means)
            return false;
        source->words[source->n_words++] = (struct mapping_word){child->key, means};
    }
    return true;
}

static bool read_types(struct config_run *run, const struct config_node *node, struct mapping_source *source)
{
#define TYPE_WORD(name, text, topic_key) text,
    static const char *const words[] = {EVENT_TYPES(TYPE_WORD) NULL};
#undef TYPE_WORD
    bool list = node->kind == CONFIG_SEQUENCE;

    for (const struct config_node *child = list ? node->first : node; child;
         child = list ? child->next : NULL) {
        int word = read_word(run, child, words);
        if (word < 0)
            return false;
        source->types |= 2u << word;
    }
    return true;
}

static bool read_after_last(struct config_run *run, const struct config_node *node,
                            struct mapping_source *source)
{
    source->after_last = config_scalar(run, node, "character");
    if (!source->after_last)
        return false;
    if (strlen(source->after_last) != 1)
        config_fail(run, node, "`after_last` must be one character, such as \".\"");
    return strlen(source->after_last) == 1;
}

static bool read_option(struct config_run *run, const struct config_node *node, struct mapping_source *source)
{
    int word;

    if (strcmp(node->key, "from") == 0)
        return read_paths(run, node, source);
    if (strcmp(node->key, "value") == 0)
        return (source->constant = config_scalar(run, node, "value")) != NULL;
    if (strcmp(node->key, "values") == 0)
        return read_words(run, node, source);
    if (strcmp(node->key, "for") == 0)
        return read_types(run, node, source);
    if (strcmp(node->key, "after_last") == 0)
        return read_after_last(run, node, source);
    if (strcmp(node->key, "unit") != 0 && strcmp(node->key, "sign") != 0) {
        struct config_node key = {.kind = CONFIG_SCALAR, .text = node->key, .place = node->key_place};
        config_fail_word(run, &key, source_words);
        return false;
    }
    word = read_word(run, node, node->key[0] == 'u' ? unit_words : sign_words);
    if (word >= 0 && node->key[0] == 'u')
        source->unit = (enum mapping_unit)word;
    else if (word >= 0)
        source->sign = (enum mapping_sign)word;
    return word >= 0;
}

static bool source_read(struct config_run *run, const struct config_node *node, void *ret_value)
{
    struct mapping_source source = {0};
    bool ok = true;

    if (node->kind != CONFIG_MAPPING) {
        ok = read_paths(run, node, &source);
    } else {
        for (const struct config_node *child = node->first; child && ok; child = child->next)
            ok = read_option(run, child, &source);
        if (ok && !source.constant == !source.n_paths) {
            config_fail(run, node, "needs either `from`, a path, or `value`, a constant");
            ok = false;
        }
    }
    if (ok)
        *(struct mapping_source *)ret_value = source;
    return ok;
}

static void write_paths(const struct mapping_source *source, struct buffer *buffer)
{
    if (source->n_paths > 1)
        buffer_append_text(buffer, "[");
    for (size_t i = 0; i < source->n_paths; i++) {
        buffer_append_text(buffer, i ? ", " : "");
        value_write_text(source->paths[i].text, true, buffer);
    }
    if (source->n_paths > 1)
        buffer_append_text(buffer, "]");
}

/* `, "name": "text"`; in flow style YAML reads what JSON writes. */
static void write_option(const char *name, const char *text, struct buffer *buffer)
{
    buffer_printf(buffer, ", \"%s\": ", name);
    value_write_text(text, true, buffer);
}

static void write_words(const struct mapping_source *source, struct buffer *buffer)
{
    buffer_append_text(buffer, ", \"values\": {");
    for (size_t i = 0; i < source->n_words; i++) {
        buffer_append_text(buffer, i ? ", " : "");
        value_write_text(source->words[i].written, true, buffer);
        buffer_append_text(buffer, ": ");
        value_write_text(source->words[i].means, true, buffer);
    }
    buffer_append_text(buffer, "}");
}

static void write_types(unsigned types, struct buffer *buffer)
{
    const char *between = "";

    buffer_append_text(buffer, ", \"for\": [");
    for (enum event_type type = EVENT_NONE + 1; type < N_EVENT_TYPES; type++) {
        if (!(types & 1u << type))
            continue;
        buffer_printf(buffer, "%s\"%s\"", between, event_type_name(type));
        between = ", ";
    }
    buffer_append_text(buffer, "]");
}

static void source_write(const void *value, bool json, struct buffer *buffer)
{
    const struct mapping_source *source = value;
    bool plain = source->n_paths == 1 && !source->unit && !source->sign && !source->n_words &&
                 !source->types && !source->after_last;

    if (plain) {
        value_write_text(source->paths[0].text, json, buffer);
        return;
    }
    buffer_append_text(buffer, source->n_paths ? "{\"from\": " : "{\"value\": ");
    if (source->n_paths)
        write_paths(source, buffer);
    else
        value_write_text(source->constant ? source->constant : "", true, buffer);
    if (source->after_last)
        write_option("after_last", source->after_last, buffer);
    if (source->n_words)
        write_words(source, buffer);
    if (source->unit)
        write_option("unit", unit_words[source->unit], buffer);
    if (source->sign)
        write_option("sign", sign_words[source->sign], buffer);
    if (source->types)
        write_types(source->types, buffer);
    buffer_append_text(buffer, "}");
}

static const struct config_custom source_custom = {
    .name = "path or map",
    .size = sizeof(struct mapping_source),
    .read = source_read,
    .write = source_write,
};

static const struct config_row source_element = {.type = CONFIG_CUSTOM, .custom = &source_custom};

static const struct config_row sources_element = {
    .type = CONFIG_LIST,
    .flags = CONFIG_ONE_OR_LIST,
    .least = 1,
    .most = SOURCES_MAX,
    .offset = offsetof(struct mapping_field, sources),
    .element = &source_element,
    .item_size = sizeof(struct mapping_source),
};

#define FIELDS_ROW                                                                                           \
    {                                                                                                        \
        .key = "fields", .type = CONFIG_MAP, .fallback = "{}", .effect = EFFECT_FROM_NOW_ON,                 \
        .offset = offsetof(struct mapping_spec, fields), .words = field_words, .item = "FIELD",              \
        .element = &sources_element, .item_size = sizeof(struct mapping_field),                              \
        .help =                                                                                              \
            "Where each field stands: a path such as `properties.total` or a list of them, of which the "    \
            "first "                                                                                         \
            "that is there wins; or maps with `from` (or a constant `value`), `unit`, `sign`, `values`, "    \
            "`after_last`, `for`.",                                                                          \
    }

#define SPEC_ROWS                                                                                            \
    {                                                                                                        \
        .key = "preset",                                                                                     \
        .type = CONFIG_WORD,                                                                                 \
        .fallback = "none",                                                                                  \
        .effect = EFFECT_FROM_NOW_ON,                                                                        \
        .offset = offsetof(struct mapping_spec, preset),                                                     \
        .words = preset_words,                                                                               \
        .help = "Whose names hold for the fields that are not named below; none: the contract's.",           \
    },                                                                                                       \
        {                                                                                                    \
            .key = "confluent_header",                                                                       \
            .type = CONFIG_BOOL,                                                                             \
            .fallback = "false",                                                                             \
            .effect = EFFECT_FROM_NOW_ON,                                                                    \
            .offset = offsetof(struct mapping_spec, confluent_header),                                       \
            .help = "The 5 bytes of Confluent's schema registry before the JSON are passed over.",           \
        },                                                                                                   \
        {                                                                                                    \
            .key = "negative_orders",                                                                        \
            .type = CONFIG_WORD,                                                                             \
            .fallback = "reject",                                                                            \
            .effect = EFFECT_FROM_NOW_ON,                                                                    \
            .offset = offsetof(struct mapping_spec, negative_orders),                                        \
            .words = negative_words,                                                                         \
            .help = "An order with a revenue below zero is rejected, or is a refund of that amount.",        \
        },                                                                                                   \
        FIELDS_ROW

static const struct config_row spec_rows[] = {SPEC_ROWS};

static void spec_check(struct config_run *run, const struct config_node *node, void *record)
{
    mapping_compile(run, node, record);
}

static const struct config_shape spec_shape = {
    .rows = spec_rows,
    .n_rows = ARRAY_SIZE(spec_rows),
    .size = sizeof(struct mapping_spec),
    .check = spec_check,
};

static const struct config_row topic_element = {
    .type = CONFIG_RECORD,
    .shape = &spec_shape,
    .offset = offsetof(struct topic_mapping, spec),
};

static const struct config_row mapping_rows[] = {
    SPEC_ROWS,
    {
        .key = "topics",
        .type = CONFIG_MAP,
        .fallback = "{}",
        .most = TOPICS_MAX,
        .effect = EFFECT_FROM_NOW_ON,
        .offset = offsetof(struct mapping_settings, topics),
        .item = "TOPIC",
        .element = &topic_element,
        .item_size = sizeof(struct topic_mapping),
        .help = "Topics with a mapping of their own, which takes nothing from the one above; {} gives a "
                "topic the "
                "contract's names.",
    },
};

static const struct config_shape mapping_shape = {
    .rows = mapping_rows,
    .n_rows = ARRAY_SIZE(mapping_rows),
    .size = sizeof(struct mapping_settings),
    .check = spec_check,
};

const struct config_row mapping_row = {
    .key = "mapping",
    .type = CONFIG_RECORD,
    .shape = &mapping_shape,
    .help = "Other names for the fields of events: docs/MAPPING.md.",
};

static const struct config_row fields_rows[] = {FIELDS_ROW};

const struct config_shape mapping_fields_shape = {
    .rows = fields_rows,
    .n_rows = ARRAY_SIZE(fields_rows),
    .size = sizeof(struct mapping_spec),
};

const struct mapping *mapping_of(const struct mapping_settings *settings, const char *topic)
{
    for (size_t i = 0; topic && i < settings->topics.n; i++)
        if (strcmp(settings->topics.items[i].topic, topic) == 0)
            return settings->topics.items[i].spec.mapping;
    return settings->all.mapping;
}
