#include "daemon/settings_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/files.h"
#include "lib/config/yaml.h"

enum { FILES_MAX = 100000 };

static int read_yaml(struct arena *arena, const char *path, struct config_errors *errors,
                     struct config_node **ret_root)
{
    CLEANUP(buffer_deinit) struct buffer bytes = BUFFER_INIT;
    *ret_root = NULL;
    const char *name = arena_text(arena, span_of(path));
    int r = name ? file_read(path, YAML_BYTES_MAX + 1, &bytes) : -ENOMEM;
    if (r == -ENOMEM)
        return r;
    if (r == -EFBIG) {
        config_error_add(errors, (struct config_place){.file = path}, "", "is larger than 64 MiB");
        return 0;
    }
    if (r < 0) {
        config_error_add(errors, (struct config_place){.file = path}, "", "cannot be read: %s", strerror(-r));
        return 0;
    }
    return yaml_parse(arena, buffer_span(&bytes), name, true, errors, ret_root);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size > end_size && strcmp(text + size - end_size, end) == 0;
}

static int is_campaign_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && (ends_with(entry->d_name, ".yaml") || ends_with(entry->d_name, ".yml"));
}

static int byte_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int merge_file(struct arena *arena, const char *path, struct config_node *root, struct table *seen,
                      struct config_errors *errors)
{
    struct config_node *more;
    if (ends_with(path, ".yml")) {
        config_warning_add(errors, (struct config_place){.file = path}, "",
                           "is not read: only files that end in .yaml are");
        return 0;
    }
    int r = read_yaml(arena, path, errors, &more);
    if (r < 0 || !more || !root)
        return r;
    return config_node_merge(arena, root, more, "campaigns", seen, errors);
}

static int merge_directory(struct arena *arena, const char *directory, struct config_node *root,
                           struct config_errors *errors)
{
    CLEANUP(table_deinit) struct table seen = {0};
    struct dirent **entries = NULL;
    int n = scandir(directory, &entries, is_campaign_file, byte_order), r = 0;
    if (n < 0 && errno == ENOMEM)
        return -ENOMEM;
    if (n < 0 && errno != ENOENT)
        config_error_add(errors, (struct config_place){.file = directory}, "", "cannot be read: %s",
                         strerror(errno));
    if (n > FILES_MAX)
        config_error_add(errors, (struct config_place){.file = directory}, "", "holds more than %d files",
                         FILES_MAX);
    for (int i = 0; i < n; i++) {
        char path[4096];
        if (r == 0 && n <= FILES_MAX &&
            snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name) < (int)sizeof(path))
            r = merge_file(arena, path, root, &seen, errors);
        free(entries[i]);
    }
    free(entries);
    return r;
}

/* A value that begins like a list, a map or a quoted text is YAML; anything else stands for itself. */
static int set_value(struct arena *arena, const char *text, struct config_errors *errors,
                     struct config_node **ret_node)
{
    if (text[0] && strchr("[{\"'", text[0]))
        return yaml_parse(arena, span_of(text), "--set", false, errors, ret_node);
    struct config_node *node = arena_alloc(arena, sizeof(*node));
    char *copy = arena_text(arena, span_of(text));
    if (!node || !copy)
        return -ENOMEM;
    *node = (struct config_node){.kind = CONFIG_SCALAR, .plain = true, .text = copy, .place.file = "--set"};
    node->key_place = node->place;
    *ret_node = node;
    return 0;
}

/* The path to set; names of librdkafka's properties have dots, so what follows kafka.properties is one name.
 */
static int set_path(struct arena *arena, struct span given, struct span *ret_path)
{
    static const char prefix[] = "kafka.properties.";
    size_t prefix_size = sizeof(prefix) - 1;
    *ret_path = given;
    if (given.size <= prefix_size || memcmp(given.data, prefix, prefix_size) != 0 ||
        given.data[prefix_size] == '"')
        return 0;
    CLEANUP(buffer_deinit) struct buffer quoted = BUFFER_INIT;
    buffer_printf(&quoted, "%s\"%.*s\"", prefix, (int)(given.size - prefix_size), given.data + prefix_size);
    char *copy = buffer_status(&quoted) == 0 ? arena_text(arena, buffer_span(&quoted)) : NULL;
    if (!copy)
        return -ENOMEM;
    *ret_path = span_of(copy);
    return 0;
}

static int apply_set(struct arena *arena, const char *set, struct config_node *root,
                     struct config_errors *errors)
{
    struct config_node *value = NULL;
    const char *equals = strchr(set, '=');
    if (!equals) {
        config_error_add(errors, (struct config_place){.file = "--set"}, "",
                         "\"%.64s\" has no value; allowed is KEY=VALUE, such as redis.flush=100ms", set);
        return 0;
    }
    struct span path;
    int r = set_value(arena, equals + 1, errors, &value);
    if (r < 0 || !value)
        return r;
    r = set_path(arena, span_from(set, (size_t)(equals - set)), &path);
    if (r < 0)
        return r;
    return config_node_set(arena, root, path, value, errors);
}

int settings_files_read(struct arena *arena, const char *path, const char *const *sets, size_t n_sets,
                        struct config_errors *errors, struct config_node **ret_root)
{
    char directory[4096];
    struct config_node *root;
    const char *slash = strrchr(path, '/');
    int r = read_yaml(arena, path, errors, &root);
    if (r < 0)
        return r;
    if (snprintf(directory, sizeof(directory), "%.*scampaigns.d", slash ? (int)(slash - path) + 1 : 0, path) <
        (int)sizeof(directory))
        r = merge_directory(arena, directory, root, errors);
    for (size_t i = 0; i < n_sets && r == 0 && root; i++)
        r = apply_set(arena, sets[i], root, errors);
    if (r == 0)
        *ret_root = root;
    return r;
}
