#include "daemon/redis_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int reserve(struct redis_words *words, size_t n)
{
    if (n <= words->capacity)
        return 0;
    const char **larger = realloc(words->words, n * 2 * sizeof(*larger));
    if (!larger)
        return -ENOMEM;
    words->words = larger;
    size_t *sizes = realloc(words->sizes, n * 2 * sizeof(*sizes));
    if (!sizes)
        return -ENOMEM;
    words->sizes = sizes;
    words->capacity = n * 2;
    return 0;
}

static void add(struct redis_words *words, struct span word)
{
    words->words[words->n] = word.data;
    words->sizes[words->n++] = word.size;
}

int redis_words_fill(struct redis_words *words, const char *sha, const struct call *call)
{
    int r = reserve(words, call->n_args + 3);
    if (r < 0)
        return r;
    words->n = 0;
    if (call->script != SCRIPT_NONE) {
        int size = snprintf(words->n_keys, sizeof(words->n_keys), "%zu", call->n_keys);
        add(words, span_of("EVALSHA"));
        add(words, span_of(sha));
        add(words, span_from(words->n_keys, (size_t)size));
    }
    for (size_t i = 0; i < call->n_args; i++)
        add(words, call_get(call, i));
    return 0;
}

void redis_words_deinit(struct redis_words *words)
{
    free(words->words);
    free(words->sizes);
    *words = (struct redis_words){0};
}
