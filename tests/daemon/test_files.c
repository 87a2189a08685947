/* Where secrets are looked for, with and without systemd's credentials, and what is read of them. */
#include <errno.h>
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

static void fill(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
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

static void a_secret_is_the_text_without_the_line_ends_at_its_end(void **state)
{
    char directory[] = "/tmp/roiwatch-test-XXXXXX";
    char path[256], large[SECRET_SIZE_MAX + 2];
    static const struct {
        const char *text, *secret; /* secret NULL: refused */
        int error;
    } cases[] = {
        {"geheim", "geheim", 0},           {"geheim\n", "geheim", 0},   {"geheim\r\n\r\n", "geheim", 0},
        {"two\nlines\n", "two\nlines", 0}, {" blanks ", " blanks ", 0}, {"", NULL, -ENODATA},
        {"\n\r\n", NULL, -ENODATA},
    };
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/secret", directory);
    char *secret = NULL;
    assert_int_equal(secret_read(path, &secret), -ENOENT);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fill(path, cases[i].text, strlen(cases[i].text));
        assert_int_equal(secret_read(path, &secret), cases[i].error);
        if (cases[i].secret)
            assert_string_equal(secret, cases[i].secret);
        secret_free(&secret);
        assert_null(secret);
    }
    memset(large, 'x', sizeof(large));
    fill(path, large, SECRET_SIZE_MAX);
    assert_int_equal(secret_read(path, &secret), 0);
    assert_int_equal(strlen(secret), SECRET_SIZE_MAX);
    secret_free(&secret);
    fill(path, large, SECRET_SIZE_MAX + 1);
    assert_int_equal(secret_read(path, &secret), -EFBIG);
    drop(directory, "secret");
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_meant_as_it_stands),
        cmocka_unit_test(a_secret_is_the_text_without_the_line_ends_at_its_end),
        cmocka_unit_test(a_credential_goes_before_the_folder_that_it_came_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
