/*
 * DESIGN. On-Demand, not DOM: DOM converts every number, so it refuses valid big numbers in fields that
 * nobody reads and loses the characters of money. All members are walked in order, since looking fields up by
 * name finds neither a repeated name nor one that is written with escapes.
 *
 * On-Demand trusts its caller in places, and each is made up for here: a value may be a closing bracket, a
 * colon or a comma (skipping it would unbalance the walk), or text with a colon behind it (skipping takes it
 * for a name); brackets of both kinds close each other; the end of the text is not looked at unless asked
 * for; a byte-order mark passes in later versions. The kernel that does the work per byte is chosen by
 * simdjson at run time.
 *
 * Built without simdjson's throwing accessors, and every allocation is nothrow: no exception can reach C.
 */
#define SIMDJSON_EXCEPTIONS 0
#include <cerrno>
#include <new>
#include <utility>

#include <simdjson.h>

#include "lib/event/json.h"

namespace ondemand = simdjson::ondemand;

static_assert(JSON_PADDING >= simdjson::SIMDJSON_PADDING,
              "the callers' padding is too short for this simdjson");

struct json_reader {
    ondemand::parser parser;
};

extern "C" int json_reader_new(struct json_reader **ret_reader)
{
    json_reader *reader = new (std::nothrow) json_reader;
    if (!reader)
        return -ENOMEM;
    *ret_reader = reader;
    return 0;
}

extern "C" void json_reader_free(struct json_reader *reader)
{
    delete reader;
}

extern "C" int json_reader_reserve(struct json_reader *reader, size_t capacity)
{
    return reader->parser.allocate(capacity) == simdjson::SUCCESS ? 0 : -ENOMEM;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/*
 * simdjson says where a name starts, not where it ends: its quote is the last byte before the colon before
 * the value.
 */
static span name_before(const char *name, const char *value)
{
    const char *end = value;
    while (*--end != ':') {
    }
    while (*--end != '"') {
    }
    return {name, size_t(end - name)};
}

static span value_text(std::string_view token, const char *end_of_text)
{
    if (token[0] == '{' || token[0] == '[')
        return {token.data(), size_t(end_of_text - token.data())};
    size_t size = token.size();
    while (size > 1 && is_space(token[size - 1]))
        size--;
    return {token.data(), size};
}

/* What On-Demand would take for a value, or, before a colon, for a name on its way over a value. */
static bool is_value(std::string_view token)
{
    char first = token[0], behind = token.data()[token.size()];
    return first != '}' && first != ']' && first != ':' && first != ',' && (first != '"' || behind != ':');
}

/* False where the object is not well-formed or a member was refused. */
static bool walk_object(ondemand::object &object, const char *end_of_text, json_member_fn on_member,
                        void *context)
{
    for (simdjson::simdjson_result<ondemand::field> result : object) {
        ondemand::field field;
        if (std::move(result).get(field) != simdjson::SUCCESS)
            return false;
        std::string_view token = field.value().raw_json_token();
        if (token.empty() || !is_value(token))
            return false;
        struct span name = name_before(field.key().raw(), token.data());
        if (!on_member(context, name, value_text(token, end_of_text)))
            return false;
    }
    return true;
}

static bool starts_with_mark(struct span text)
{
    return text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0;
}

extern "C" int json_walk(struct json_reader *reader, struct span text, json_member_fn on_member,
                         void *context)
{
    ondemand::document document;
    ondemand::object object;
    const char *trailing;

    if (starts_with_mark(text))
        return JSON_BROKEN;
    auto status = reader->parser.iterate(text.data, text.size, text.size + JSON_PADDING).get(document);
    if (status == simdjson::MEMALLOC)
        return -ENOMEM;
    if (status != simdjson::SUCCESS)
        return JSON_BROKEN;
    status = document.get_object().get(object);
    if (status == simdjson::INCORRECT_TYPE)
        return JSON_NOT_AN_OBJECT;
    if (status != simdjson::SUCCESS || !walk_object(object, text.data + text.size, on_member, context))
        return JSON_BROKEN;
    return document.current_location().get(trailing) == simdjson::OUT_OF_BOUNDS ? 0 : JSON_BROKEN;
}
