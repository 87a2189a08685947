/*
 * The characters of JSON values: what simdjson's walk leaves unchecked.
 *
 * All of it is for texts that json_walk has been over: valid UTF-8, strings closed and free of bare control
 * bytes.
 */
#ifndef ROIWATCH_EVENT_JSON_TEXT_H
#define ROIWATCH_EVENT_JSON_TEXT_H

#include "lib/base/must.h"
#include "lib/base/number.h"
#include "lib/base/span.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY_OR_OBJECT };

/*
 * What a value is, from its characters. A number is taken apart to *ret_number, which is not set otherwise; a
 * string's escapes and the inside of an array or object are not looked at. False where it is nothing.
 */
MUST_CHECK bool json_kind_of(struct span value, enum json_kind *ret_kind, struct number *ret_number);

/*
 * Resolves the escapes of what stands between a string's quotes. ret_text has room for raw.size bytes and may
 * be raw's own memory; NULL only checks. False at an unknown escape or a lone surrogate; ret_text is garbage
 * then.
 */
MUST_CHECK bool json_unescape(struct span raw, char *ret_text, size_t *ret_size);

/* Bytes of `nesting` that texts of `size` bytes need: a bit for each bracket that can be open. */
static inline size_t json_nesting_size(size_t size)
{
    return size / 8 + 1;
}

/* Checks the value at the start of text in full. False where it is not JSON. *ret_size is the value's length.
 */
MUST_CHECK bool json_check(struct span text, uint8_t *nesting, size_t *ret_size);

/*
 * Whether a value under a name that nobody reads can be skipped: its strings are closed, and so are its
 * brackets, each by its own kind; outside of strings there is no backslash. Nothing else is asked. As in
 * json_walk's members, an array or object may be followed by the rest of the text.
 */
MUST_CHECK bool json_skippable(struct span value, uint8_t *nesting);

/* A member (its name as written between its quotes) or an element (an empty name), and its value's characters. */
typedef bool (*json_part_fn)(void *context, struct span name, struct span value);

/*
 * Walks the members of the object, or the elements of the array, at the start of text, in order. Brackets, commas
 * and colons are in place; names and values are as json_skippable asks. False where they are not, or on_part said
 * so. What stands between the quotes of a value may be written to.
 */
MUST_CHECK bool json_parts(struct span text, uint8_t *nesting, json_part_fn on_part, void *context);

#endif
