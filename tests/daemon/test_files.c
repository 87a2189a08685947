/* Where secrets are looked for, with and without systemd's credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/files.h"

static void touch(const char *directory, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *directory, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_int_equal(unlink(path), 0);
}

static void a_path_is_meant_as_it_stands(void **state)
{
    char buffer[SECRET_PATH_SIZE];
    (void)state;
    setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
    assert_string_equal(secret_path("/run/secret", buffer), "/run/secret");
    assert_string_equal(secret_path("./secret", buffer), "./secret");
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_string_equal(secret_path("secret", buffer), "/etc/roiwatch/credentials/secret");
}

static void a_credential_goes_before_the_folder_that_it_came_from(void **state)
{
    char directory[] = "/tmp/roiwatch-test-XXXXXX";
    char expected[256], buffer[SECRET_PATH_SIZE];
    (void)state;
    assert_non_null(mkdtemp(directory));
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    assert_string_equal(secret_path("password", buffer), "/etc/roiwatch/credentials/password");
    touch(directory, "roiwatch_password");
    snprintf(expected, sizeof(expected), "%s/roiwatch_password", directory);
    assert_string_equal(secret_path("password", buffer), expected);
    touch(directory, "password");
    snprintf(expected, sizeof(expected), "%s/password", directory);
    assert_string_equal(secret_path("password", buffer), expected);
    drop(directory, "password");
    drop(directory, "roiwatch_password");
    assert_int_equal(rmdir(directory), 0);
    unsetenv("CREDENTIALS_DIRECTORY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_meant_as_it_stands),
        cmocka_unit_test(a_credential_goes_before_the_folder_that_it_came_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
