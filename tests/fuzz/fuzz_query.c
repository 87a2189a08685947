/*
 * Queries of arbitrary text: what is decoded is UTF-8 or stands as it is written, and encoding it again and decoding
 * that gives the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/utf8.h"
#include "lib/event/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

static void check_value(struct span written)
{
    char *text = malloc(written.size + 1), *encoded = malloc(3 * written.size + 1),
         *again = malloc(3 * written.size + 1);
    struct span decoded, twice;

    MUST(text && encoded && again);
    decoded = query_decode(written, text);
    MUST(decoded.size <= written.size);
    if (decoded.data == text) {
        MUST(utf8_is_valid(decoded));
        for (size_t i = 0; i < decoded.size; i++)
            (void)snprintf(encoded + 3 * i, 4, "%%%02x", (unsigned char)decoded.data[i]);
        twice = query_decode(span_from(encoded, 3 * decoded.size), again);
        MUST(span_equal(decoded, twice));
        MUST(query_name_is(span_from(encoded, 3 * decoded.size), decoded));
        MUST(query_name_is(written, decoded));
    } else {
        MUST(decoded.data == written.data && decoded.size == written.size);
    }
    free(again);
    free(encoded);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query query = query_of(span_from(data, size));
    struct span name, value;
    size_t n = 0;

    while (query_next(&query, &name, &value)) {
        MUST(name.size > 0 && !memchr(name.data, '&', name.size) && !memchr(name.data, '=', name.size));
        MUST(value.size == 0 || !memchr(value.data, '&', value.size));
        check_value(name);
        check_value(value);
        MUST(++n <= size);
    }
    return 0;
}
