#include "daemon/redis_errors.h"

#include <string.h>

#define ERROR_NAME(name, text, word, refuses) text,
#define ERROR_WORD(name, text, word, refuses) word,
#define ERROR_REFUSES(name, text, word, refuses) refuses,

static const char *const names[] = {REDIS_ERRORS(ERROR_NAME)};
static const char *const words[] = {REDIS_ERRORS(ERROR_WORD)};
static const bool refusals[] = {REDIS_ERRORS(ERROR_REFUSES)};

const char *redis_error_name(enum redis_error error)
{
    return names[error];
}

enum redis_error redis_error_classify(const char *line)
{
    size_t size = strcspn(line, " \r\n");
    for (enum redis_error error = 0; error < REDIS_ERROR_OTHER; error++)
        if (strlen(words[error]) == size && memcmp(words[error], line, size) == 0)
            return error;
    return REDIS_ERROR_OTHER;
}

bool redis_error_refuses(enum redis_error error)
{
    return refusals[error];
}
