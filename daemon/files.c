#include "daemon/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
