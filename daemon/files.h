/*
 * Files: whole small files into memory, and where secrets lie.
 */
#ifndef ROIWATCH_DAEMON_FILES_H
#define ROIWATCH_DAEMON_FILES_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"

/* Appends a file of at most size_max bytes. 0, -EFBIG where it is larger, -EISDIR, or another -errno. */
MUST_CHECK int file_read(const char *path, size_t size_max, struct buffer *buffer);

/* Opens /dev/null for whichever of the descriptors 0, 1 and 2 is closed, so that no socket gets that number and is
 * written to. Output to a closed stdout still fails. */
void files_guard_standard(void);

/* From here on the process leaves no core dump, and no other process of its user may look into it: passwords are in its
 * memory, also in that of its libraries. */
void files_guard_secrets(void);

#define SECRETS_DIRECTORY "/etc/roiwatch/credentials"
enum { SECRET_PATH_SIZE = 4352 };

/*
 * The path behind a `*_file` key. One with a `/` is meant as it stands. A plain name is a systemd credential, either
 * of that name or of the folder that the units load as "roiwatch"; outside of a service it is the file of that name
 * in SECRETS_DIRECTORY, from where systemd takes it. Returns name or buffer.
 */
const char *secret_path(const char *name, char buffer[SECRET_PATH_SIZE]);

enum { SECRET_SIZE_MAX = 65536 };

/*
 * The content of the file behind a `*_file` key, without the line ends at its end; nothing of it stays behind in buffers
 * of this process. 0 with a text for secret_free, -ENODATA where the file is empty, -EFBIG, or another -errno.
 */
MUST_CHECK int secret_read(const char *name, char **ret_secret);
/* Wipes and frees; NULL may come too. */
void secret_free(char **secret);

#endif
