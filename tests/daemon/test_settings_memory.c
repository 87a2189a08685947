/*
 * Loading with memory that runs out: at every allocation of the house in turn. The result must be -ENOMEM or
 * as if nothing had happened, and (the sanitizers see to it) nothing may leak.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/settings.h"
#include "tests/lib/scripted_allocator.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
    return allocation_fails() ? NULL : __real_reallocarray(old, n, size);
}

static int load(const char *path, const char *const *sets, size_t n_sets, bool *ret_failed)
{
    CLEANUP(config_errors_deinit) struct config_errors errors = CONFIG_ERRORS_INIT;
    struct settings *settings = NULL;
    int r = settings_load(path, sets, n_sets, &settings, &errors);
    *ret_failed = n_until_failure < 0;
    n_until_failure = -1;
    settings_free(settings);
    return r;
}

/* Returns how many allocations there are. */
static long fail_each_in_turn(const char *path, const char *const *sets, size_t n_sets, int expected)
{
    long n = 0;
    for (;; n++) {
        bool failed;
        n_until_failure = n;
        int r = load(path, sets, n_sets, &failed);
        if (!failed) {
            assert_int_equal(r, expected);
            return n;
        }
        assert_true(r == -ENOMEM || r == expected);
    }
}

static void loading_survives_a_failure_of_any_allocation(void **state)
{
    (void)state;
    assert_true(fail_each_in_turn(SOURCE_ROOT "/conf/roiwatch.yaml", NULL, 0, 0) > 20);
}

static void refusing_survives_it_as_well(void **state)
{
    (void)state;
    static const char *const sets[] = {"redis.flsh=1", "windows=[x]", "kafka.properties.a.b=1",
                                       "account.timezone=Nowhere"};
    assert_true(
        fail_each_in_turn(SOURCE_ROOT "/conf/roiwatch.yaml", sets, ARRAY_SIZE(sets), SETTINGS_INVALID) > 20);
}

int main(void)
{
    armed = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_survives_a_failure_of_any_allocation),
        cmocka_unit_test(refusing_survives_it_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
