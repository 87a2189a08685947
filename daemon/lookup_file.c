#include "daemon/lookup_file.h"

#include <errno.h>

#include "daemon/files.h"

void lookup_file_path(const struct settings *settings, const char *file, struct buffer *path)
{
    if (file[0] != '/')
        buffer_append_text(path, settings->folder);
    buffer_append_text(path, file);
    buffer_append_u8(path, '\0');
}

/* The stamp is taken before the file is read: one that is written meanwhile is read again. */
int lookup_file_read(const char *path, struct ad_table **ret_table, struct stat *ret_stamp,
                     struct buffer *why)
{
    CLEANUP(buffer_deinit) struct buffer text = BUFFER_INIT;
    size_t line = 0;
    struct stat stamp;
    int r = stat(path, &stamp) < 0 ? -errno : file_read(path, AD_FILE_BYTES_MAX, &text);
    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        buffer_printf(why, "%s: %s", path, r == -EFBIG ? "is larger than 64 MiB" : strerror(-r));
        return LOOKUP_FILE_WRONG;
    }
    r = ad_table_read(text.data ? buffer_span(&text) : span_of(""), ret_table, &line);
    if (r > 0)
        buffer_printf(why, "%s:%zu: %s", path, line, ad_fault_text((enum ad_fault)r));
    if (r == 0)
        *ret_stamp = stamp;
    return r > 0 ? LOOKUP_FILE_WRONG : r;
}

bool lookup_file_is_same(const char *path, const struct stat *stamp)
{
    struct stat now;
    return stat(path, &now) == 0 && now.st_dev == stamp->st_dev && now.st_ino == stamp->st_ino &&
           now.st_size == stamp->st_size && now.st_mtim.tv_sec == stamp->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == stamp->st_mtim.tv_nsec && now.st_ctim.tv_sec == stamp->st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == stamp->st_ctim.tv_nsec;
}

int lookup_file_check(const struct settings *settings, const char *config_path, struct ad_table **ret_table,
                      struct config_errors *errors)
{
    CLEANUP(buffer_deinit) struct buffer path = BUFFER_INIT;
    CLEANUP(buffer_deinit) struct buffer why = BUFFER_INIT;
    struct stat stamp;
    *ret_table = NULL;
    if (!settings->lookup.ad_id.file)
        return 0;
    lookup_file_path(settings, settings->lookup.ad_id.file, &path);
    int r = buffer_status(&path);
    if (r == 0)
        r = lookup_file_read(path.data, ret_table, &stamp, &why);
    if (r <= 0)
        return r;
    config_error_add(errors, (struct config_place){.file = config_path ? config_path : SETTINGS_PATH},
                     "lookup.ad_id.file", "%.*s", (int)why.size, why.size ? why.data : "");
    return errors->no_memory ? -ENOMEM : SETTINGS_INVALID;
}
