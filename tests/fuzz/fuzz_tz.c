#include "lib/base/tz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t instants[] = {INT64_MIN, -1, 0, 1795303612345, 4102444800000, INT64_MAX};
    struct tz *tz;
    if (tz_parse(span_from(data, size), &tz) != 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(instants); i++) {
        int64_t date = tz_date(tz, instants[i]);
        if (tz_first_instant(tz, date) > tz_first_instant(tz, date + 1))
            abort();
    }
    tz_free(tz);
    return 0;
}
