/*
 * The members of one JSON object, in order, as raw text: the C face of simdjson.
 *
 * What is checked here: valid UTF-8 without a byte-order mark, closed strings without bare control bytes,
 * names and colons and commas in place, one text and nothing after it. What is not: the insides of a value.
 * simdjson lets
 * `-`, `01`, `tru` and lone surrogates through, so the caller judges each value's characters (json_text.h).
 */
#ifndef ROIWATCH_EVENT_JSON_H
#define ROIWATCH_EVENT_JSON_H

#include "lib/base/must.h"
#include "lib/base/span.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that must be readable, and zero, after a text that is walked. */
enum { JSON_PADDING = 64 };

enum json_result {
    JSON_BROKEN = 1,    /* not one JSON text, or a member was refused */
    JSON_NOT_AN_OBJECT, /* may be JSON, but its root is no object; its structure is unchecked */
};

struct json_reader;

/* Owned by the caller, freed with json_reader_free. -ENOMEM. */
MUST_CHECK int json_reader_new(struct json_reader **ret_reader);
void json_reader_free(struct json_reader *reader);

/* Makes room for texts of up to `capacity` bytes, so that walking them allocates nothing. -ENOMEM. */
MUST_CHECK int json_reader_reserve(struct json_reader *reader, size_t capacity);

/*
 * One member. `name` is what stands between its quotes, escapes and all. `value` is a scalar's own characters
 * (a string's with its quotes), or, for an array or object, all that follows from its bracket to the end of
 * the text. False refuses the member and ends the walk. The bytes between a string's quotes may be written
 * to.
 */
typedef bool (*json_member_fn)(void *context, struct span name, struct span value);

/* Walks a padded text of at most the reserved size. -ENOMEM, or an enum json_result. */
MUST_CHECK int json_walk(struct json_reader *reader, struct span text, json_member_fn on_member,
                         void *context);

#ifdef __cplusplus
}
#endif

#endif
