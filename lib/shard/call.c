#include "lib/shard/call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ARGS = 16 };

void call_init(struct call *call)
{
    *call = (struct call){0};
}

void call_deinit(struct call *call)
{
    free(call->ends);
    buffer_deinit(&call->bytes);
    *call = (struct call){0};
}

void call_begin(struct call *call, enum script script)
{
    call->script = script;
    call->n_keys = 0;
    call->n_args = 0;
    call->error = 0;
    buffer_clear(&call->bytes);
}

void call_arg(struct call *call, struct span arg)
{
    if (call->n_args == call->capacity) {
        size_t capacity = call->capacity ? call->capacity * 2 : FIRST_ARGS;
        size_t *ends = realloc(call->ends, capacity * sizeof(*ends));
        if (!ends) {
            call->error = -ENOMEM;
            return;
        }
        call->ends = ends;
        call->capacity = capacity;
    }
    buffer_append_span(&call->bytes, arg);
    call->ends[call->n_args++] = call->bytes.size;
}

void call_key(struct call *call, struct span key)
{
    call_arg(call, key);
    call->n_keys = call->n_args;
}

void call_arg_text(struct call *call, const char *text)
{
    call_arg(call, span_of(text));
}

void call_arg_i64(struct call *call, int64_t value)
{
    char text[24];
    int size = snprintf(text, sizeof(text), "%" PRId64, value);
    call_arg(call, span_from(text, (size_t)size));
}

int call_status(const struct call *call)
{
    return call->error ? call->error : buffer_status(&call->bytes);
}

struct span call_get(const struct call *call, size_t index)
{
    if (index >= call->n_args)
        return (struct span){0};
    size_t start = index ? call->ends[index - 1] : 0;
    return (struct span){call->bytes.data + start, call->ends[index] - start};
}

const struct reply *reply_at(const struct reply *reply, size_t i)
{
    static const struct reply nil = {.type = REPLY_NIL};
    if (reply->type != REPLY_ARRAY || i >= reply->n_elements)
        return &nil;
    return &reply->elements[i];
}

int64_t reply_i64(const struct reply *reply, int64_t fallback)
{
    if (reply->type == REPLY_INTEGER)
        return reply->integer;
    if (reply->type != REPLY_TEXT || reply->text.size == 0 || reply->text.size > 20)
        return fallback;
    char text[24];
    memcpy(text, reply->text.data, reply->text.size);
    text[reply->text.size] = '\0';
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno || *end ? fallback : value;
}
