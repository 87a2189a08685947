/*
 * Files: whole small files into memory.
 */
#ifndef ROIWATCH_DAEMON_FILES_H
#define ROIWATCH_DAEMON_FILES_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"

/* Appends a file of at most size_max bytes. 0, -EFBIG where it is larger, -EISDIR, or another -errno. */
MUST_CHECK int file_read(const char *path, size_t size_max, struct buffer *buffer);

#endif
