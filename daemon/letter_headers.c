#include "daemon/letter_headers.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/config/value.h"

enum { NUMBER_SIZE = 24, GENERATIONS_MAX = 1000 };

void header_add_i64(rd_kafka_headers_t *headers, const char *name, int64_t value)
{
    char number[NUMBER_SIZE];
    snprintf(number, sizeof(number), "%" PRId64, value);
    rd_kafka_header_add(headers, name, -1, number, -1);
}

struct span header_get(const rd_kafka_headers_t *headers, const char *name)
{
    const void *value;
    size_t size;
    if (rd_kafka_header_get_last(headers, name, &value, &size) || !value)
        return (struct span){0};
    return span_from(value, size);
}

int64_t header_get_i64(const rd_kafka_headers_t *headers, const char *name, int64_t fallback)
{
    char text[NUMBER_SIZE] = "";
    int64_t value;
    struct span found = header_get(headers, name);
    if (found.size == 0 || found.size >= sizeof(text))
        return fallback;
    memcpy(text, found.data, found.size);
    return value_int(text, &value) ? value : fallback;
}

int64_t count_id_of(int64_t begun_ms, int64_t generation)
{
    return begun_ms * GENERATIONS_MAX + generation;
}

bool header_is_old_copy(const rd_kafka_message_t *message, const char *group, int64_t count_id)
{
    rd_kafka_headers_t *headers;
    return !rd_kafka_message_headers(message, &headers) && header_get(headers, HEADER_REPLAYED).size > 0 &&
           span_equal(header_get(headers, HEADER_GROUP), span_of(group)) &&
           header_get_i64(headers, HEADER_REPLAYED, -1) != count_id;
}
