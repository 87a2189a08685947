#include "daemon/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

int file_read(const char *path, size_t size_max, struct buffer *buffer)
{
    char chunk[16 * 1024];
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    for (size_t total = 0;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return buffer_status(buffer);
        total += (size_t)n;
        if (total > size_max)
            return -EFBIG;
        buffer_append(buffer, chunk, (size_t)n);
    }
}

void files_guard_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

void files_guard_secrets(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

const char *secret_path(const char *name, char buffer[SECRET_PATH_SIZE])
{
    static const char *const prefixes[] = {"", "roiwatch_"};
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (strchr(name, '/'))
        return name;
    for (size_t i = 0; credentials && i < ARRAY_SIZE(prefixes); i++) {
        snprintf(buffer, SECRET_PATH_SIZE, "%s/%s%s", credentials, prefixes[i], name);
        if (access(buffer, F_OK) == 0)
            return buffer;
    }
    snprintf(buffer, SECRET_PATH_SIZE, "%s/%s", SECRETS_DIRECTORY, name);
    return buffer;
}

/* Straight into the one buffer: stdio would keep a copy. */
static int read_all(int fd, char *text, size_t size, size_t *ret_n)
{
    size_t n = 0;
    while (n < size) {
        ssize_t r = read(fd, text + n, size - n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        n += (size_t)r;
    }
    *ret_n = n;
    return n < size ? 0 : -EFBIG;
}

int secret_read(const char *name, char **ret_secret)
{
    char path[SECRET_PATH_SIZE];
    CLEANUP(close_fd) int fd = open(secret_path(name, path), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    char *secret = calloc(1, SECRET_SIZE_MAX + 1);
    if (!secret)
        return -ENOMEM;
    size_t n = 0;
    int r = read_all(fd, secret, SECRET_SIZE_MAX + 1, &n);
    while (r == 0 && n > 0 && (secret[n - 1] == '\n' || secret[n - 1] == '\r'))
        secret[--n] = '\0';
    if (r == 0 && n == 0)
        r = -ENODATA;
    if (r < 0) {
        explicit_bzero(secret, SECRET_SIZE_MAX + 1);
        free(secret);
        return r;
    }
    *ret_secret = secret;
    return 0;
}

void secret_free(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}
