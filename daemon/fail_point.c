#include "daemon/fail_point.h"

#include <errno.h>
#include <string.h>

#include "lib/config/value.h"

#define FAIL_POINT_NAME(id, name, what) [id] = name,
static const char *const names[] = {FAIL_POINTS(FAIL_POINT_NAME)};
#undef FAIL_POINT_NAME

int fail_at_parse(const char *text, struct fail_at *ret_at)
{
    struct fail_at at = {.point = N_FAIL_POINTS, .left = 1};
    if (!text || !*text) {
        *ret_at = at;
        return 0;
    }
    size_t size = strcspn(text, ":");
    int64_t n = 1;
    if (text[size] && (!value_int(text + size + 1, &n) || n < 1))
        return -EINVAL;
    for (size_t i = 0; i < N_FAIL_POINTS; i++) {
        if (strlen(names[i]) != size || memcmp(names[i], text, size) != 0)
            continue;
        *ret_at = (struct fail_at){.point = (enum fail_point)i, .left = (uint64_t)n};
        return 0;
    }
    return -EINVAL;
}

bool fail_point_hit(struct fail_at *at, enum fail_point point)
{
    return at->point == point && at->left > 0 && --at->left == 0;
}
