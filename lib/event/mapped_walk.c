/* The walk: a message's members into the slots of its mapping. */
#include "lib/event/mapped.h"

#include "lib/event/json_text.h"

enum { NAME_BYTES_MAX = PATH_BYTES_MAX };

/* Where the walk stands: the parts of one object or array. */
struct level {
    struct mapped *mapped;
    uint16_t node;
    uint32_t index;       /* of the next element */
    struct span wanted;   /* while an element is looked into: the member's name */
    struct span selected; /* ... and what stands there */
};

void mapped_reset(struct mapped *mapped, const struct mapping *mapping, struct message *message,
                  uint8_t *nesting, char *scratch)
{
    mapped->mapping = mapping;
    mapped->message = message;
    mapped->nesting = nesting;
    mapped->scratch = scratch;
    mapped->n_times = 0;
    memset(mapped->visited, 0, sizeof(mapped->visited));
    memset(mapped->seen, 0, sizeof(mapped->seen));
    memset(mapped->taken, 0, sizeof(mapped->taken));
}

/* Whether what is written between two quotes is this text. */
static bool written_is(struct span written, struct span text)
{
    char unescaped[6 * NAME_BYTES_MAX];
    size_t size;

    if (!memchr(written.data, '\\', written.size))
        return span_equal(written, text);
    return written.size <= sizeof(unescaped) && json_unescape(written, unescaped, &size) &&
           span_equal(span_from(unescaped, size), text);
}

static bool take_value(struct mapped *mapped, uint16_t slot, struct span raw)
{
    struct value *value = &mapped->values[slot];

    mapped->seen[slot / 64] |= UINT64_C(1) << (slot % 64);
    value->text = raw;
    if (!json_kind_of(raw, &value->kind, &value->number))
        return false;
    if (value->kind == JSON_ARRAY_OR_OBJECT)
        return json_check(raw, mapped->nesting, &value->text.size);
    if (value->kind != JSON_STRING)
        return true;
    value->text = span_from(raw.data + 1, raw.size - 2);
    return !memchr(value->text.data, '\\', value->text.size) ||
           json_unescape(value->text, (char *)value->text.data, &value->text.size);
}

static bool on_member(void *context, struct span name, struct span raw);
static bool on_element(void *context, struct span name, struct span raw);

/* Goes into the object or array at a node, where a path goes on. */
static bool go_down(struct mapped *mapped, uint16_t at, struct span raw)
{
    struct level level = {.mapped = mapped, .node = at};
    bool goes_on = mapped->mapping->nodes[at].first_child != MAPPING_NONE;

    if (goes_on && raw.data[0] == '{')
        return json_parts(raw, mapped->nesting, on_member, &level);
    if (goes_on && raw.data[0] == '[')
        return json_parts(raw, mapped->nesting, on_element, &level);
    return json_skippable(raw, mapped->nesting);
}

static bool take(struct mapped *mapped, uint16_t at, struct span raw)
{
    const struct mapping_node *node = &mapped->mapping->nodes[at];
    uint64_t bit = UINT64_C(1) << (at % 64);

    if (mapped->visited[at / 64] & bit && mapped->message->repeated == FIELD_NONE)
        mapped->message->repeated = node->field;
    mapped->visited[at / 64] |= bit;
    if (node->slot != MAPPING_NONE && !take_value(mapped, node->slot, raw))
        return false;
    if (node->slot != MAPPING_NONE && raw.data[0] != '{' && raw.data[0] != '[')
        return true;
    return go_down(mapped, at, raw);
}

static bool on_member(void *context, struct span name, struct span raw)
{
    const struct level *level = context;
    const struct mapping_node *nodes = level->mapped->mapping->nodes;
    bool escaped = memchr(name.data, '\\', name.size) != NULL;
    size_t size;

    if (escaped && !json_unescape(name, NULL, &size))
        return false;
    for (uint16_t i = nodes[level->node].first_child; i != MAPPING_NONE; i = nodes[i].next) {
        const struct path_step *step = &nodes[i].step;
        if (step->kind == STEP_NAME &&
            (escaped ? written_is(name, step->name) : span_equal(name, step->name)))
            return take(level->mapped, i, raw);
    }
    return json_skippable(raw, level->mapped->nesting);
}

/* Looks for the member that tells an element. */
static bool on_key(void *context, struct span name, struct span raw)
{
    struct level *level = context;

    if (!level->selected.data && written_is(name, level->wanted))
        level->selected = raw;
    return true;
}

/* Whether this element is the one that a child of the array means; its first, where several are. */
static bool is_element(struct level *level, const struct path_step *step, struct span raw, bool *ret_valid)
{
    struct span text;

    if (step->kind == STEP_INDEX)
        return step->index == level->index;
    if (step->kind != STEP_SELECT || raw.data[0] != '{')
        return false;
    if (!level->wanted.data) { /* all steps of one array have the same key */
        level->wanted = step->key;
        level->selected = (struct span){NULL, 0};
        *ret_valid = json_parts(raw, level->mapped->nesting, on_key, level);
    }
    if (!level->selected.data || level->selected.data[0] != '"')
        return false;
    text = span_from(level->selected.data + 1, level->selected.size - 2);
    return written_is(text, step->name);
}

static bool on_element(void *context, struct span name, struct span raw)
{
    struct level *level = context;
    const struct mapped *mapped = level->mapped;
    const struct mapping_node *nodes = mapped->mapping->nodes;
    uint16_t i = nodes[level->node].first_child;
    bool valid = true;

    (void)name;
    level->wanted = (struct span){NULL, 0};
    while (i != MAPPING_NONE && valid && !is_element(level, &nodes[i].step, raw, &valid))
        i = nodes[i].next;
    level->index++;
    if (!valid)
        return false;
    if (i == MAPPING_NONE || mapped->visited[i / 64] >> (i % 64) & 1)
        return json_skippable(raw, mapped->nesting);
    return take(level->mapped, i, raw);
}

bool mapped_on_member(void *context, struct span name, struct span raw)
{
    struct level top = {.mapped = context};

    return on_member(&top, name, raw);
}
