/* Ads where memory ends: a table is whole or is not there, and nothing is left behind. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/scripted_allocator.h"

#define malloc scripted_malloc
#define calloc scripted_calloc
#define realloc scripted_realloc
#include "lib/base/buffer.c"
#include "lib/base/table.c"
#include "lib/event/ad_file.c"
#include "lib/event/ad_table.c"
#undef malloc
#undef calloc
#undef realloc

static void a_table_is_whole_or_not_there_whichever_allocation_fails(void **state)
{
    static const char text[] = "ad_id,campaign_id\na,x\n\"b\",\"y\"\nc,x\n";
    int r = -ENOMEM;
    (void)state;
    for (long fails_at = 0; r != 0; fails_at++) {
        struct ad_table *table = NULL;
        size_t line;
        n_until_failure = fails_at;
        armed = true;
        r = ad_table_read(span_of(text), &table, &line);
        armed = false;
        if (r == 0) {
            assert_true(fails_at > 5);
            assert_int_equal(ad_table_count(table), 3);
        } else {
            assert_int_equal(r, -ENOMEM);
            assert_null(table);
        }
        ad_table_free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_whole_or_not_there_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
