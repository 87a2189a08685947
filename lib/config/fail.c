#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/config/read.h"
#include "lib/config/read_parts.h"

enum { FAIL_TEXT_MAX = 900 };

void config_path_add(struct config_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(run->path + run->path_size, sizeof(run->path) - run->path_size, format, arguments);
    va_end(arguments);
    size_t room = sizeof(run->path) - 1 - run->path_size;
    run->path_size += n > 0 && (size_t)n < room ? (size_t)n : room;
}

void config_path_add_key(struct config_run *run, const char *key)
{
    const char *dot = run->path_size ? "." : "";
    config_path_add(run, strchr(key, '.') ? "%s\"%s\"" : "%s%s", dot, key);
}

void config_path_cut(struct config_run *run, size_t size)
{
    run->path_size = size;
    run->path[size] = '\0';
}

static void fail_at(struct config_run *run, struct config_place place, const char *format, va_list arguments)
{
    char text[FAIL_TEXT_MAX];
    vsnprintf(text, sizeof(text), format, arguments);
    config_error_add(run->errors, place, run->path, "%s", text);
}

void config_fail(struct config_run *run, const struct config_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail_at(run, node ? node->place : run->place, format, arguments);
    va_end(arguments);
}

void config_fail_key(struct config_run *run, const struct config_node *record, const char *key,
                     const char *format, ...)
{
    const struct config_node *node = config_node_child(record, key);
    size_t size = run->path_size;
    va_list arguments;
    va_start(arguments, format);
    config_path_add_key(run, key);
    fail_at(run, node ? node->place : run->place, format, arguments);
    config_path_cut(run, size);
    va_end(arguments);
}

void config_fail_item(struct config_run *run, const struct config_node *record, const char *key, size_t i,
                      const char *format, ...)
{
    const struct config_node *list = config_node_child(record, key);
    const struct config_node *node = list && list->kind == CONFIG_SEQUENCE ? list->first : NULL;
    size_t size = run->path_size;
    for (size_t j = 0; node && j < i; j++)
        node = node->next;
    va_list arguments;
    va_start(arguments, format);
    config_path_add_key(run, key);
    config_path_add(run, "[%zu]", i);
    fail_at(run, node ? node->place : run->place, format, arguments);
    config_path_cut(run, size);
    va_end(arguments);
}

const char *config_scalar(struct config_run *run, const struct config_node *node, const char *what)
{
    if (node->kind != CONFIG_SCALAR) {
        config_fail(run, node, "must be a %s, not a %s", what, node->kind == CONFIG_MAPPING ? "map" : "list");
        return NULL;
    }
    if (config_node_is_null(node)) {
        config_fail(run, node, "must be a %s, but is empty", what);
        return NULL;
    }
    return node->text;
}

void config_fail_word(struct config_run *run, const struct config_node *node, const char *const *words)
{
    CLEANUP(buffer_deinit) struct buffer allowed = BUFFER_INIT;
    struct nearest nearest;
    nearest_start(&nearest, span_of(node->text));
    for (size_t i = 0; words[i]; i++) {
        nearest_offer(&nearest, words[i]);
        buffer_printf(&allowed, "%s%s", i ? ", " : "", words[i]);
    }
    if (buffer_status(&allowed) < 0)
        run->error = -ENOMEM;
    else if (nearest.best)
        config_fail(run, node, "\"%.64s\" is not allowed; allowed are %.*s; did you mean \"%s\"?", node->text,
                    (int)allowed.size, allowed.data, nearest.best);
    else
        config_fail(run, node, "\"%.64s\" is not allowed; allowed are %.*s", node->text, (int)allowed.size,
                    allowed.data);
}
